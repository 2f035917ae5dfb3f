"""Police, civil affairs, tax and the vehicle office: lives, marriages, benefits, taxes, vehicles."""

from tests.golden.city.said import FIRST, LAST, Change
from tests.golden.city.town import Town

VEHICLES = ("car", "car", "car", "truck", "bus", "disability_scooter", "motorcycle", "e_bike", "other")


def tell(town: Town) -> None:
    for at, each in enumerate(town.numbers):
        person(town, at, each)
    for at in range(len(town.numbers) // 6):
        couple(town, at, *town.random.sample(town.numbers, 2))
    for at in range(len(town.numbers) // 2):
        vehicle(town, f"粤A{at:05d}")
    for at in range(len(town.numbers) // 5):
        applicants = town.dead if town.dead and town.some(0.2) else town.numbers
        benefit(town, f"SA{at:06d}", town.random.choice(applicants))


def person(town: Town, at: int, person: str) -> None:
    home = town.lives[person] = town.random.choice(town.households)
    arrived, record, topic = town.day(FIRST, FIRST + 700), f"HJ{at:06d}", "police.household-registration"
    newcomer = {
        "name": f"测试{at}",
        "sex": town.random.choice(("female", "male")),
        "born": town.born[person],
        "household": home,
        "dwelling": town.lies[home] if town.some(0.9) else None,
        "collective": home in town.collective,
    }
    if town.some(0.15):
        parents = {"mother": town.random.choice((None, *town.numbers[:9])), "father": None}
        town.say(topic, "Birth", person, record, arrived, newcomer | parents)
    else:
        registered: Change = {
            "address": f"示例街{at}号",
            "relation": town.random.choice(("head", "spouse", "child", "other")),
        }
        town.say(topic, "MovedIn", person, record, arrived, newcomer | registered)
    if town.some(0.25):
        there = home if town.some(0.5) else town.random.choice(town.households)
        dwelling = town.random.choice((town.lies[there], town.random.choice(town.dwellings), None))
        place: Change = {"household": there, "dwelling": dwelling, "address": f"新址{at}号"}
        town.say(topic, "Address", person, f"{record}-A", town.day(arrived), place)
    if town.some(0.06):
        left: Change = {"household": home, "destination": town.random.choice((None, "佛山"))}
        town.say(topic, "MovedOut", person, f"{record}-O", town.day(arrived), left)
    if town.some(0.08):
        died = town.day(arrived)
        town.dead.append(person)
        town.say(topic, "Death", person, f"SW{at:06d}", died, {"on": died - town.random.randrange(3)})
    for turn in range(town.random.choice((0, 1, 1, 2))):
        town.say(topic, "Contact", person, f"{record}-C{turn}", town.day(arrived), {"phone": town.phone()})
    for turn in range(town.random.choice((0, 1, 1))):
        kin = {"relative": town.random.choice(town.numbers), "relation": town.random.choice(("parent", "child"))}
        town.say(topic, "Kinship", person, f"{record}-K{turn}", town.day(arrived), kin)
    taxes(town, at, person)


def taxes(town: Town, at: int, person: str) -> None:
    topic = "tax.tax-record"
    if town.some(0.3):
        phone = town.phone() if town.some(0.6) else None
        change: Change = {"taxpayer_type": town.random.choice(("individual", "sole_trader")), "phone": phone}
        town.say(topic, "TaxRegistered", person, f"TX{at:06d}", town.day(), change)
    for kind, share in (("TaxReturn", 0.6), ("Arrears", 0.1)):
        for turn in range(2):
            if town.some(share / 2):
                change = {"period": f"{2023 + turn}", "amount_fen": town.random.randrange(10**7)}
                town.say(topic, kind, person, f"TX{at:06d}-{kind[0]}{turn}", town.day(), change)


def couple(town: Town, at: int, one: str, other: str) -> None:
    day, divorced = town.day(FIRST, LAST - 30), town.some(0.3)
    for subject, spouse in ((one, other), (other, one)):
        topic, record = "civil-affairs.marriage", f"MR{at:06d}"
        town.say(topic, "Married", subject, record, day, {"spouse": spouse, "on": day})
        if divorced:
            later = day + town.random.randrange(30)
            town.say(topic, "Divorced", subject, f"{record}-D", later, {"spouse": spouse, "on": later})


def vehicle(town: Town, plate: str) -> None:
    topic, owner = "transport.vehicle-registration", town.random.choice(town.numbers)
    kind = town.random.choice(VEHICLES)
    day = town.day(FIRST, LAST - 200)
    town.say(topic, "Registered", owner, plate, day, {"vehicle_kind": kind, "owner": owner})
    while town.some(0.3):
        family = [each for each in town.numbers[:60] if town.lives[each] == town.lives[owner]] or town.numbers
        buyer = town.random.choice(family if town.some(0.4) else town.numbers)
        day += town.random.randrange(60)
        sale = {"vehicle_kind": kind, "from_owner": owner, "to_owner": buyer}
        for subject in sorted({owner, buyer} if town.some(0.8) else {buyer}):
            town.say(topic, "Transferred", subject, plate, min(day, LAST), sale)
        owner = buyer
    if town.some(0.15):
        town.say(topic, "Scrapped", owner, plate, town.day(min(day, LAST)), {"vehicle_kind": kind})


def benefit(town: Town, case: str, person: str) -> None:
    topic, granted = "civil-affairs.social-assistance", town.day()
    programme = town.random.choice(("dibao", "dibao", "low_income", "public_rental", "medical"))
    begins = granted + town.random.choice((-60, 0, 1, 15, 400))
    grant = {
        "programme": programme,
        "household": town.random.choice((None, town.lives[person], town.lives[person], town.households[-1])),
        "effective_from": begins,
        "until": begins + town.random.choice((30, 365, 730)) if town.some(0.4) else None,
        "monthly_fen": town.random.choice((None, 120_000)),
        "dwelling": None,
        "phone": town.phone() if town.some(0.4) else None,
    }
    town.say(topic, "Granted", person, case, granted, grant)
    if town.some(0.25):
        end = {"programme": programme, "effective_from": begins + town.random.randrange(500), "reason": None}
        town.say(topic, "Ended", person, case, town.day(granted), end)
