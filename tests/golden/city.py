"""The golden city: every change of a made-up city, the same for the same seed, with all that makes merging hard.

It holds corrections, withdrawals (also recorded before what they withdraw, and taken back by a restatement), ties of
both times, transfers that were said to one owner only, tenants who joined before the lease was written, grids that
were redrawn, collective households, departments that disagree, benefits that begin or end after the last event.
"""

import random
from datetime import date, timedelta
from typing import Any, NamedTuple
from uuid import UUID, uuid5

SECOND = 1_000_000
DAY = 86_400 * SECOND
EAST_8 = 8 * 3600 * SECOND
"""Asia/Shanghai has been UTC+8 without summer time since 1991; all instants of this city are later."""

_EPOCH = date(1970, 1, 1)
FIRST = (date(2023, 1, 1) - _EPOCH).days
LIVE = (date(2024, 1, 1) - _EPOCH).days
LAST = (date(2025, 10, 31) - _EPOCH).days
LIVE_SINCE = LIVE * DAY - EAST_8
"""Going live: what rests on older facts only is held back."""
NOW = (LAST + 1) * DAY - EAST_8 + 12 * 3600 * SECOND
"""The final clock: noon of the day after the last event."""

VEHICLES = ("car", "car", "car", "truck", "bus", "disability_scooter", "motorcycle", "e_bike", "other")

_EVENT = UUID("0d9e2c4e-6f6d-5d0e-8f43-5a1b7c9d2e11")
Change = dict[str, Any]


class Said(NamedTuple):
    """One statement, with the fields of an event. Times in microseconds UTC, days since 1970-01-01."""

    event_id: str
    department: str
    topic: str
    subject: str
    record: str
    occurred_at: int
    recorded_at: int
    withdrawn: bool
    kind: str
    change: Change

    def renewed(self, **differs: Any) -> "Said":
        """The same with other fields, under the event id that belongs to them."""
        other = self._replace(**differs)
        content = repr((*other[2:9], sorted(other.change.items())))
        return other._replace(event_id=str(uuid5(_EVENT, content)))


def identity_number(district: str, born: int, sequence: int) -> str:
    """A citizen identity number by GB 11643: 17 digits and the check character. `born` in days since 1970-01-01."""
    digits = f"{district}{_EPOCH + timedelta(days=born):%Y%m%d}{sequence:03d}"
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    total = sum(int(digit) * weight for digit, weight in zip(digits, weights, strict=True))
    return digits + "10X98765432"[total % 11]


def golden_city(seed: int = 3, residents: int = 5_000, events: int = 50_000) -> list[Said]:
    """`events` different statements about `residents` people and their dwellings, as recorded one after another.

    Raises ValueError if the people alone need more statements than that (about seven a person).
    """
    city = _City(seed, residents)
    said = city.life()
    if len(said) > events:
        raise ValueError(
            f"{residents} residents make {len(said)} statements already; ask for more events than {events}"
        )
    said |= city.second_thoughts(list(said.values()), events - len(said))
    return sorted(said.values(), key=lambda each: (each.recorded_at, each.event_id))


class _City:
    def __init__(self, seed: int, residents: int) -> None:
        self.random = random.Random(seed)
        self.born: dict[str, int] = {}
        for at in range(residents):
            born = -12_000 + self.random.randrange(2_900) * 10 + at // 1_000  # so that no two numbers are equal
            self.born[identity_number("440113", born, at % 1_000)] = born
        self.numbers = list(self.born)
        self.dwellings = [f"DW{at:07d}" for at in range(max(4, residents * 2 // 5))]
        self.households = [f"4401{at:08d}" for at in range(max(3, residents * 3 // 8))]
        self.lies = {home: self.random.choice(self.dwellings) for home in self.households}
        self.collective = set(self.households[::40])
        self.lives: dict[str, str] = {}
        self.said: dict[str, Said] = {}

    # --- saying -----------------------------------------------------------------------------------------------------

    def day(self, first: int = FIRST, last: int = LAST) -> int:
        return self.random.randint(min(first, last), last)

    def say(self, topic: str, kind: str, subject: str, record: str, day: int, change: Change) -> Said:
        """States it; many things happen, and are written down, at the very same instant."""
        draw = self.random
        occurred = day * DAY - EAST_8 + (0 if draw.random() < 0.4 else draw.randrange(DAY))
        recorded = occurred + draw.choice((0, 0, 3_600 * SECOND, DAY, 9 * DAY, 40 * DAY))
        department = topic.partition(".")[0]
        said = Said("", department, topic, subject, record, occurred, recorded, False, kind, change).renewed()
        self.said[said.event_id] = said
        return said

    def some(self, share: float) -> bool:
        return self.random.random() < share

    def phone(self) -> str:
        return f"139{self.random.randrange(10**8):08d}"

    # --- lives ------------------------------------------------------------------------------------------------------

    def life(self) -> dict[str, Said]:
        for at, dwelling in enumerate(self.dwellings):
            self.dwelling(at, dwelling)
        for at, person in enumerate(self.numbers):
            self.person(at, person)
        for at in range(len(self.numbers) // 6):
            self.couple(at, *self.random.sample(self.numbers, 2))
        for at in range(len(self.numbers) // 2):
            self.vehicle(f"粤A{at:05d}")
        for at in range(len(self.numbers) // 5):
            self.benefit(f"SA{at:06d}", self.random.choice(self.numbers))
        for at in range(len(self.dwellings) * 2 // 3):
            self.lease(f"ZL{at:06d}", self.random.choice(self.dwellings))
        return dict(self.said)

    def dwelling(self, at: int, dwelling: str) -> None:
        for turn in range(1 + self.some(0.12) + self.some(0.05)):
            grid = f"440113{1 + at % 3:03d}{1 + (at + turn) % 4:03d}{1 + (at // 7 + turn) % 9:03d}"
            entry = {
                "grid": grid,
                "address": f"示例街{at % 90 + 1}号{at}房",
                "floor_area_m2": self.random.choice((12.0, 18.5, 24.0, 40.0, 61.25, 90.0)),
                "use": self.random.choice(("residential", "rental", "public_rental", "commercial", "other")),
                "district": grid[:6],
                "lon": self.random.choice((None, 113.36)),
                "lat": self.random.choice((None, 22.94)),
            }
            record = f"FW{at:06d}" if self.some(0.8) else f"FW{at:06d}-{turn}"
            self.say("housing.dwelling-register", "DwellingRegistered", dwelling, record, self.day(), entry)

    def person(self, at: int, person: str) -> None:
        home = self.lives[person] = self.random.choice(self.households)
        arrived, record, topic = self.day(FIRST, FIRST + 700), f"HJ{at:06d}", "police.household-registration"
        newcomer = {
            "name": f"测试{at}",
            "sex": self.random.choice(("female", "male")),
            "born": self.born[person],
            "household": home,
            "dwelling": self.lies[home] if self.some(0.9) else None,
            "collective": home in self.collective,
        }
        if self.some(0.15):
            parents = {"mother": self.random.choice((None, *self.numbers[:9])), "father": None}
            self.say(topic, "Birth", person, record, arrived, newcomer | parents)
        else:
            registered: Change = {
                "address": f"示例街{at}号",
                "relation": self.random.choice(("head", "spouse", "child", "other")),
            }
            self.say(topic, "MovedIn", person, record, arrived, newcomer | registered)
        if self.some(0.25):
            there = home if self.some(0.5) else self.random.choice(self.households)
            dwelling = self.random.choice((self.lies[there], self.random.choice(self.dwellings), None))
            place: Change = {"household": there, "dwelling": dwelling, "address": f"新址{at}号"}
            self.say(topic, "Address", person, f"{record}-A", self.day(arrived), place)
        if self.some(0.06):
            left: Change = {"household": home, "destination": self.random.choice((None, "佛山"))}
            self.say(topic, "MovedOut", person, f"{record}-O", self.day(arrived), left)
        if self.some(0.08):
            died = self.day(arrived)
            self.say(topic, "Death", person, f"SW{at:06d}", died, {"on": died - self.random.randrange(3)})
        for turn in range(self.random.choice((0, 1, 1, 2))):
            self.say(topic, "Contact", person, f"{record}-C{turn}", self.day(arrived), {"phone": self.phone()})
        for turn in range(self.random.choice((0, 1, 1))):
            kin = {"relative": self.random.choice(self.numbers), "relation": self.random.choice(("parent", "child"))}
            self.say(topic, "Kinship", person, f"{record}-K{turn}", self.day(arrived), kin)
        self.taxes(at, person)

    def taxes(self, at: int, person: str) -> None:
        topic = "tax.tax-record"
        if self.some(0.3):
            phone = self.phone() if self.some(0.6) else None
            change: Change = {"taxpayer_type": self.random.choice(("individual", "sole_trader")), "phone": phone}
            self.say(topic, "TaxRegistered", person, f"TX{at:06d}", self.day(), change)
        for kind, share in (("TaxReturn", 0.6), ("Arrears", 0.1)):
            for turn in range(2):
                if self.some(share / 2):
                    change = {"period": f"{2023 + turn}", "amount_fen": self.random.randrange(10**7)}
                    self.say(topic, kind, person, f"TX{at:06d}-{kind[0]}{turn}", self.day(), change)

    def couple(self, at: int, one: str, other: str) -> None:
        day, divorced = self.day(FIRST, LAST - 30), self.some(0.3)
        for subject, spouse in ((one, other), (other, one)):
            topic, record = "civil-affairs.marriage", f"MR{at:06d}"
            self.say(topic, "Married", subject, record, day, {"spouse": spouse, "on": day})
            if divorced:
                later = day + self.random.randrange(30)
                self.say(topic, "Divorced", subject, f"{record}-D", later, {"spouse": spouse, "on": later})

    def vehicle(self, plate: str) -> None:
        topic, owner = "transport.vehicle-registration", self.random.choice(self.numbers)
        kind = self.random.choice(
            ("car", "car", "car", "truck", "bus", "disability_scooter", "motorcycle", "e_bike", "other")
        )
        day = self.day(FIRST, LAST - 200)
        self.say(topic, "Registered", owner, plate, day, {"vehicle_kind": kind, "owner": owner})
        while self.some(0.3):
            family = [each for each in self.numbers[:60] if self.lives[each] == self.lives[owner]] or self.numbers
            buyer = self.random.choice(family if self.some(0.4) else self.numbers)
            day += self.random.randrange(60)
            sale = {"vehicle_kind": kind, "from_owner": owner, "to_owner": buyer}
            for subject in sorted({owner, buyer} if self.some(0.8) else {buyer}):
                self.say(topic, "Transferred", subject, plate, min(day, LAST), sale)
            owner = buyer
        if self.some(0.15):
            self.say(topic, "Scrapped", owner, plate, self.day(min(day, LAST)), {"vehicle_kind": kind})

    def benefit(self, case: str, person: str) -> None:
        topic, granted = "civil-affairs.social-assistance", self.day()
        programme = self.random.choice(("dibao", "dibao", "low_income", "public_rental", "medical"))
        begins = granted + self.random.choice((-60, 0, 1, 15, 400))
        grant = {
            "programme": programme,
            "household": self.random.choice((None, self.lives[person], self.lives[person], self.households[-1])),
            "effective_from": begins,
            "until": begins + self.random.choice((30, 365, 730)) if self.some(0.4) else None,
            "monthly_fen": self.random.choice((None, 120_000)),
            "dwelling": None,
            "phone": self.phone() if self.some(0.4) else None,
        }
        self.say(topic, "Granted", person, case, granted, grant)
        if self.some(0.25):
            end = {"programme": programme, "effective_from": begins + self.random.randrange(500), "reason": None}
            self.say(topic, "Ended", person, case, self.day(granted), end)

    def lease(self, lease: str, dwelling: str) -> None:
        topic, let = "housing.tenancy", self.day()
        tenants = self.random.sample(self.numbers, self.random.choice((1, 1, 2, 3, 5, 8)))
        start = let + self.random.choice((-20, 0, 0, 10, 60))
        until = self.random.choice((None, start + 90, start + 365, start + 900))
        landlord = self.random.choice(self.numbers)
        change: Change = {"landlord": landlord, "tenants": tenants, "start": start, "until": until, "rooms": None}
        self.say(topic, "Let", dwelling, lease, let, change)
        if self.some(0.2):
            self.say(topic, "Renewed", dwelling, lease, self.day(let), {"until": start + self.random.randrange(900)})
        if self.some(0.25):
            self.say(topic, "TenancyEnded", dwelling, lease, self.day(let), {"on": start + self.random.randrange(600)})
        for tenant in (*tenants[:2], self.random.choice(self.numbers)):
            for kind in ("TenantAdded", "TenantLeft"):
                if self.some(0.2):
                    self.say(topic, kind, dwelling, lease, self.day(let - 40), {"tenant": tenant})
        if self.some(0.5):
            outcome = self.random.choice(("done", "done", "nobody_home", "refused"))
            visit = {"task": f"task-{lease}", "outcome": outcome, "note": None, "checks": {"rooms": "2"}}
            self.say("grid.observation", "Visited", dwelling, f"task-{lease}", self.day(let - 20), visit)

    # --- second thoughts --------------------------------------------------------------------------------------------

    def second_thoughts(self, first: list[Said], count: int) -> dict[str, Said]:
        """`count` corrections and withdrawals of what was said first, and of one another."""
        alike: dict[str, list[Said]] = {}
        for said in first:
            alike.setdefault(said.kind, []).append(said)
        made: dict[str, Said] = {}
        known = list(first)
        while len(made) < count:
            said = self.random.choice(known)
            again = self.withdrawn(said) if self.some(0.33) else self.corrected(said, alike[said.kind])
            if again.event_id not in self.said:
                made[again.event_id] = self.said[again.event_id] = again
                known.append(again)
        return made

    def corrected(self, said: Said, alike: list[Said]) -> Said:
        """The record restated: one field as in another statement of the kind, sometimes at another time."""
        name = self.random.choice(sorted(said.change))
        change = said.change | {name: self.random.choice(alike).change[name]}
        moved = self.random.choice((0, 0, 0, -DAY, 5 * DAY, -400 * DAY))
        occurred = min(said.occurred_at + moved, LAST * DAY)
        return said.renewed(change=change, occurred_at=occurred, recorded_at=self.later(said), withdrawn=False)

    def withdrawn(self, said: Said) -> Said:
        return said.renewed(withdrawn=not said.withdrawn or self.some(0.3), recorded_at=self.later(said))

    def later(self, said: Said) -> int:
        """Mostly later; now and then at the same instant, or before the statement that it is about."""
        return said.recorded_at + self.random.choice((0, 1, 3_600 * SECOND, DAY, DAY, 30 * DAY, -DAY))
