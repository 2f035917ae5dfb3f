"""Human resources and social security: employers (单位参保), employment (就业登记), people insured (个人参保)."""

from producers.publish.cells import choice, credit_code, day, flag, identity, instant, number_of, period, whole, yuan
from producers.publish.columns import Department, Export, column, optional, says

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
                effective_from=column("参保日期|业务日期", day),
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

EMPLOYMENT = Export(
    "就业登记",
    topic="social-security.employment",
    head={
        "record": column("就业登记编号|登记编号", number_of),
        "subject": column("劳动者身份证号|身份证件号码|公民身份号码", identity),
        "occurred_at": column("业务日期|办理日期", instant),
        "recorded_at": recorded_at,
        "withdrawn": withdrawn,
    },
    kind_column=column("业务类型"),
    kinds={
        "就业登记|录用备案|招用": [
            says(
                "Employed",
                employer=column("用人单位统一社会信用代码|统一社会信用代码", credit_code),
                occupation=optional("职业工种|岗位|职业"),
                effective_from=column("就业日期|录用日期|合同起始日期", day),
            )
        ],
        "终止就业|解除劳动关系|离职备案": [
            says(
                "EmploymentEnded",
                effective_from=column("终止日期|离职日期|解除日期", day),
                reason=optional("终止原因|解除原因|离职原因"),
            )
        ],
    },
)

SCHEME = choice(
    {
        "pension": "养老保险|职工养老|城镇职工基本养老保险|城乡居民基本养老保险|养老",
        "medical": "医疗保险|职工医保|职工基本医疗保险|城乡居民基本医疗保险|医疗",
        "unemployment": "失业保险|失业",
        "injury": "工伤保险|工伤",
        "maternity": "生育保险|生育",
    }
)
scheme = column("险种|险种类型", SCHEME)

INSURANCE = Export(
    "个人参保",
    topic="social-security.insurance",
    head={
        # a participation's own number, one for each scheme: the person's is the identity number
        "record": column("参保登记编号|参保流水号", number_of),
        "subject": column("参保人身份证号|身份证件号码|社会保障号码", identity),
        "occurred_at": column("业务日期|办理日期", instant),
        "recorded_at": recorded_at,
        "withdrawn": withdrawn,
    },
    kind_column=column("业务类型"),
    kinds={
        "参保|参保登记|续保|增员": [
            says(
                "Insured",
                scheme=scheme,
                employer=optional("单位统一社会信用代码|统一社会信用代码", credit_code),
                effective_from=column("参保日期|参保起始日期", day),
            )
        ],
        "停保|减员|退保|终止参保": [
            says("InsuranceEnded", scheme=scheme, effective_from=column("停保日期|终止日期", day))
        ],
    },
)

DEPARTMENT = Department("social-security", "人力资源和社会保障局", (EMPLOYERS, EMPLOYMENT, INSURANCE))
