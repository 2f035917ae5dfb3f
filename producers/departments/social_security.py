"""Human resources and social security: legal persons as employers (单位参保)."""

from runtime.publish.cells import credit_code, day, flag, instant, number_of, period, whole, yuan
from runtime.publish.columns import Department, Export, column, optional, says

recorded_at = column("录入时间|登记时间", instant)
withdrawn = optional("是否撤销|撤销标志", flag, absent=False)

EMPLOYERS = Export(
    "单位参保",
    topic="social-security.employer-insurance",
    head={
        "record": column("单位社保编号|缴费单号", number_of),
        "subject": column("统一社会信用代码", credit_code),
        "occurred_at": column("业务日期", instant),
        "recorded_at": recorded_at,
        "withdrawn": withdrawn,
    },
    kind_column=column("业务类型"),
    kinds={
        "参保登记|单位参保登记|人数变更": [
            says(
                "EmployerInsured",
                insured_persons=column("参保人数", whole),
                effective_from=column("业务日期|参保日期", day),
            )
        ],
        "缴费|到账": [
            says(
                "ContributionPaid",
                period=column("费款所属期|所属期", period),
                insured_persons=column("参保人数|缴费人数", whole),
                amount_fen=column("金额|缴费金额", yuan),
            )
        ],
        "欠费": [
            says(
                "ContributionArrears",
                period=column("费款所属期|所属期", period),
                amount_fen=column("金额|欠费金额", yuan),
            )
        ],
    },
)

DEPARTMENT = Department("social-security", "人力资源和社会保障局", (EMPLOYERS,))
