"""The town of which the parts of the golden city tell: its people and places, and how a statement is made."""

import random

from tests.golden.city.said import DAY, EAST_8, FIRST, LAST, SECOND, Change, Said, identity_number


class Town:
    """`random` is the part's own while the part tells, so that a new part changes nothing of what the others say."""

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
        self.newborns: dict[str, str] = {}
        """A birth certificate's number → that of the child."""
        self.dead: list[str] = []
        self.said: dict[str, Said] = {}

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

    def point(self) -> Change:
        """A door leaves half a coordinate out."""
        lon, lat = self.random.choice(((None, None), (113.36, 22.94)))
        return {"lon": lon, "lat": lat}

    def phone(self) -> str:
        return f"139{self.random.randrange(10**8):08d}"
