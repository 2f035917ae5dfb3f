"""Disabled persons' federation: cards (残疾人证)."""

from producers.publish.cells import coded, day, flag, identity, instant, last_day, number_of
from producers.publish.columns import Department, Export, column, optional, says

DISABILITY = coded("gbt-26341-kinds", None)
LEVELS = coded("gbt-26341-levels", None)


def level(cell: str) -> int:
    """The level of a disability, 1 (gravest) to 4."""
    return int(LEVELS(cell))


DEPARTMENT = Department(
    "disabled-federation",
    "残疾人联合会",
    (
        Export(
            "残疾人证",
            topic="disabled-federation.card",
            head={
                # an application's number: the card's own holds the identity number
                "record": column("受理编号|办证编号|申请编号", number_of),
                "subject": column("身份证号|公民身份号码|持证人身份证号", identity),
                "occurred_at": column("业务日期|发证日期|办理日期", instant),
                "recorded_at": column("录入时间|登记时间", instant),
                "withdrawn": optional("是否撤销|撤销标志", flag, absent=False),
            },
            kind_column=column("业务类型|办理类型"),
            kinds={
                "新办|发证|换领|补办|等级变更": [
                    says(
                        "CardIssued",
                        disability=column("残疾类别", DISABILITY),
                        level=column("残疾等级|残疾级别", level),
                        until=optional("有效期止|有效期至|有效期限", last_day),
                    )
                ],
                "注销|残疾人证注销": [says("CardCancelled", on=column("注销日期", day))],
            },
        ),
    ),
)
