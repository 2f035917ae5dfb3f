"""Market regulation, tax and social security about legal persons."""

from tests.golden.city.said import FIRST, Change
from tests.golden.city.town import Town

_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)
PERIODS = ("2023", "2023-Q4", "2024-02", "2024-Q3", "2025", "2025-06", "2025-Q3", "2025-09")


def credit_code(number: int) -> str:
    """A unified social credit code by GB 32100: 17 characters and the check character."""
    body = f"91440113MA{number:07d}"
    total = sum(_ALPHABET.index(c) * weight for c, weight in zip(body, _WEIGHTS, strict=True))
    return body + _ALPHABET[(31 - total % 31) % 31]


def tell(town: Town) -> None:
    for at in range(20 + len(town.numbers) // 8):
        company(town, at, credit_code(at))


def company(town: Town, at: int, code: str) -> None:
    registered, draw, topic = town.day(FIRST, FIRST + 500), town.random, "market-regulation.registration"
    seat: Change = {"dwelling": draw.choice((None, *town.dwellings[:40])), "address": f"示例路{at}号"}
    entry: Change = {
        "name": f"示例{at}有限公司",
        "company_kind": draw.choice(("enterprise", "individual_business", "social_organisation")),
        "legal_representative": draw.choice(town.numbers),
        "capital_fen": draw.choice((None, 10**8)),
        "on": registered,
    }
    town.say(topic, "CompanyRegistered", code, f"SD{at:05d}", registered, entry | seat)
    if town.some(0.3):
        day = town.day(registered)
        change: Change = {"legal_representative": draw.choice(town.numbers), "on": day}
        town.say(topic, "RepresentativeChanged", code, f"BG{at:05d}", day, change)
    if town.some(0.3):
        moved: Change = {"dwelling": draw.choice((None, *town.dwellings[:40])), "address": f"新址{at}号"}
        town.say(topic, "AddressChanged", code, f"BG{at:05d}-A", town.day(registered), moved)
    if town.some(0.35):
        day = town.day(registered)
        town.say(
            topic, "LicenceRevoked", code, f"DX{at:05d}", day, {"on": day + draw.choice((0, 40, 200)), "reason": None}
        )
    if town.some(0.1):
        day = town.day(registered)
        town.say(topic, "Deregistered", code, f"ZX{at:05d}", day, {"on": day})
    for year in (2023, 2024):
        if town.some(0.4):
            said = {"year": year, "outcome": draw.choice(("passed", "failed", "not_filed"))}
            town.say("market-regulation.annual-inspection", "Inspected", code, f"NB{at:05d}-{year}", town.day(), said)
    taxes(town, at, code)
    insurance(town, at, code)


def taxes(town: Town, at: int, code: str) -> None:
    topic, draw = "tax.company-tax", town.random
    if town.some(0.8):
        day = town.day()
        town.say(topic, "CompanyTaxRegistered", code, f"SW{at:05d}", day, {"on": day})
    for turn in range(draw.choice((0, 1, 2))):
        filed: Change = {"period": draw.choice(PERIODS), "amount_fen": draw.choice((0, 12_345))}
        town.say(topic, "CompanyTaxReturn", code, f"SB{at:05d}-{turn}", town.day(), filed)
    if town.some(0.2):
        owed: Change = {"period": draw.choice(PERIODS), "amount_fen": 5_000}
        town.say(topic, "CompanyArrears", code, f"QS{at:05d}", town.day(), owed)


def insurance(town: Town, at: int, code: str) -> None:
    topic, draw = "social-security.employer-insurance", town.random
    if town.some(0.6):
        day = town.day()
        insured = {"insured_persons": draw.randrange(90), "effective_from": day}
        town.say(topic, "EmployerInsured", code, f"SI{at:05d}", day, insured)
    if town.some(0.5):
        paid: Change = {"period": draw.choice(PERIODS), "insured_persons": 3, "amount_fen": 90_000}
        town.say(topic, "ContributionPaid", code, f"JF{at:05d}", town.day(), paid)
    if town.some(0.2):
        owed: Change = {"period": draw.choice(PERIODS), "amount_fen": 30_000}
        town.say(topic, "ContributionArrears", code, f"JF{at:05d}-Q", town.day(), owed)
