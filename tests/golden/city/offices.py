"""Health, education, social security, provident fund, the disabled persons' federation: what they state of a few."""

from tests.golden.city.companies import credit_code
from tests.golden.city.said import FIRST, LAST, Change
from tests.golden.city.town import Town


def tell(town: Town) -> None:
    count = len(town.numbers)
    alone = [said.subject for said in town.said.values() if said.record.startswith("HJ-alone")]
    patients = [*town.random.sample(town.numbers, count // 10), *town.random.sample(alone, len(alone) // 2)]
    for at, person in enumerate(patients):
        health(town, at, person)
    for at in range(count // 50):
        birth(town, at, *town.random.sample(town.numbers, 3))
    children = [number for number in town.numbers if town.born[number] > LAST - 18 * 365]
    for at, child in enumerate(children):
        school(town, at, child)
    for at, person in enumerate(town.random.sample(town.numbers, count // 12)):
        work(town, at, person)
    for at, person in enumerate(town.random.sample(town.numbers, count // 25)):
        card(town, at, person)


def health(town: Town, at: int, person: str) -> None:
    topic, record, day = "health.condition", f"YH{at:06d}", town.day()
    condition = town.random.choice(
        ("severe_mental", "severe_mental", "serious_illness", "serious_illness", "contagious")
    )
    level = town.random.choice((None, 0, 2, 4))
    begins = day + town.random.choice((0, -20, 10, 60))
    reported: Change = {"condition": condition, "level": level, "effective_from": begins}
    town.say(topic, "Reported", person, record, day, reported)
    if town.some(0.5):
        ended: Change = {"effective_from": begins + town.random.randrange(400), "reason": None}
        town.say(topic, "ConditionEnded", person, record, town.day(day), ended)


def birth(town: Town, at: int, child: str, mother: str, father: str) -> None:
    day = town.day()
    born: Change = {
        "sex": town.random.choice(("female", "male")),
        "born": town.random.choice((day, town.born[child])),
        "mother": mother,
        "father": town.random.choice((None, father)),
        "hospital": "示例医院",
    }
    subject = child
    if at % 3 == 0:  # under the birth certificate's number; the police may say later which number was given
        subject = f"P{at:09d}"
        town.newborns[subject] = child
    town.say("health.birth-record", "Born", subject, f"FM{at:06d}", day, born)
    topic, record = "health.family-planning", f"SY{at:06d}"
    expecting: Change = {"children": town.random.choice((1, 2, 3)), "on": day - 200}
    town.say(topic, "ServiceRegistered", mother, record, max(FIRST, day - 200), expecting)
    if town.some(0.4):
        town.say(topic, "ServiceEnded", mother, record, town.day(day), {"on": day + 100})


def school(town: Town, at: int, child: str) -> None:
    topic, day = "education.enrolment", town.day()
    for turn in range(town.random.choice((0, 1, 1, 1, 2))):
        record = f"XJ{at:06d}-{turn}"
        stage = town.random.choice(("kindergarten", "primary", "primary", "junior", "other"))
        begins = day + town.random.choice((-30, 0, 30))
        place: Change = {"school": f"示例学校{at % 20}", "stage": stage, "effective_from": begins}
        town.say(topic, "Enrolled", child, record, day, place)
        if town.some(0.35):
            left: Change = {"effective_from": begins + town.random.randrange(500), "reason": None}
            town.say(topic, "EnrolmentEnded", child, record, town.day(day), left)
        day = town.day(day)


def work(town: Town, at: int, person: str) -> None:
    employer, day = credit_code(at % 40), town.day()
    job: Change = {"employer": employer, "occupation": town.random.choice((None, "普工")), "effective_from": day}
    town.say("social-security.employment", "Employed", person, f"JY{at:06d}", day, job)
    if town.some(0.3):
        end: Change = {"effective_from": day + town.random.randrange(300), "reason": None}
        town.say("social-security.employment", "EmploymentEnded", person, f"JY{at:06d}", town.day(day), end)
    scheme = town.random.choice(("pension", "medical", "unemployment", "injury", "maternity"))
    insured: Change = {"scheme": scheme, "employer": town.random.choice((None, employer)), "effective_from": day}
    town.say("social-security.insurance", "Insured", person, f"CB{at:06d}", day, insured)
    if town.some(0.3):
        stopped: Change = {"scheme": scheme, "effective_from": day + 90}
        town.say("social-security.insurance", "InsuranceEnded", person, f"CB{at:06d}", town.day(day), stopped)
    if town.some(0.5):
        fund(town, at, person, employer)
    if town.some(0.2):
        degree = {"degree": town.random.choice(("bachelor", "master", "doctor")), "school": "示例大学", "on": day}
        town.say("education.enrolment", "DegreeAwarded", person, f"XW{at:06d}", day, degree)


def fund(town: Town, at: int, person: str, employer: str) -> None:
    topic, record, day = "provident-fund.account", f"GJ{at:06d}", town.day()
    town.say(topic, "AccountOpened", person, record, day, {"employer": employer, "effective_from": day})
    for month in range(town.random.choice((0, 1, 2))):
        paid: Change = {"period": f"2024-{month + 1:02d}", "amount_fen": town.random.randrange(10**6)}
        town.say(topic, "Deposited", person, f"{record}-{month}", town.day(day), paid)
    if town.some(0.2):
        town.say(topic, "AccountClosed", person, record, town.day(day), {"on": day + 200})


def card(town: Town, at: int, person: str) -> None:
    topic, record, day = "disabled-federation.card", f"CJ{at:06d}", town.day()
    kinds = ("visual", "hearing", "speech", "physical", "intellectual", "mental", "multiple")
    until = town.random.choice((None, day + 200, day + 3_650))
    issued: Change = {
        "disability": town.random.choice(kinds),
        "level": town.random.choice((1, 2, 3, 4)),
        "until": until,
    }
    town.say(topic, "CardIssued", person, record, day, issued)
    if town.some(0.2):
        town.say(topic, "CardCancelled", person, record, town.day(day), {"on": day + 100})
