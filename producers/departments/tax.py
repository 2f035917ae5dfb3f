"""Tax service: registrations, returns and arrears of natural persons (自然人税务记录) and legal ones (单位税务记录)."""

from producers.publish.cells import (
    credit_code,
    day,
    flag,
    identity,
    instant,
    number_of,
    open_choice,
    period,
    phone,
    yuan,
)
from producers.publish.columns import Department, Export, column, optional, says

TAXPAYER_TYPE = open_choice(
    {
        "individual": "自然人|个人",
        "sole_trader": "个体工商户|个体户",
        "withholding_agent": "扣缴义务人",
        "other": "其他",
    },
    "other",
)

recorded_at = column("录入时间|登记时间", instant)
withdrawn = optional("是否作废|是否撤销", flag, absent=False)
tax_period = column("税款所属期|所属期", period)

DEPARTMENT = Department(
    "tax",
    "税务局",
    (
        Export(
            "自然人税务记录",
            topic="tax.tax-record",
            head={
                "record": column("文书号|电子税票号码", number_of),
                "subject": column("纳税人身份证号|身份证件号码", identity),
                "occurred_at": column("业务日期|申报日期", instant),
                "recorded_at": recorded_at,
                "withdrawn": withdrawn,
            },
            kind_column=column("业务类型"),
            kinds={
                "税务登记": [
                    says(
                        "TaxRegistered",
                        taxpayer_type=column("纳税人类型", TAXPAYER_TYPE),
                        taxpayer_type_as_stated=optional("纳税人类型", TAXPAYER_TYPE.as_stated),
                        phone=optional("联系电话", phone),
                    )
                ],
                "纳税申报|申报": [says("TaxReturn", period=tax_period, amount_fen=column("申报税额|税额", yuan))],
                "欠税|欠税登记": [says("Arrears", period=tax_period, amount_fen=column("欠税金额|欠缴税额", yuan))],
            },
        ),
        Export(
            "单位税务记录",
            topic="tax.company-tax",
            head={
                "record": column("文书号|电子税票号码", number_of),
                "subject": column("统一社会信用代码|纳税人识别号", credit_code),
                "occurred_at": column("业务日期|申报日期", instant),
                "recorded_at": recorded_at,
                "withdrawn": withdrawn,
            },
            kind_column=column("业务类型"),
            kinds={
                "税务登记": [says("CompanyTaxRegistered", on=column("登记日期|业务日期", day))],
                "纳税申报|申报": [
                    says("CompanyTaxReturn", period=tax_period, amount_fen=column("申报税额|税额", yuan))
                ],
                "欠税|欠税登记": [
                    says("CompanyArrears", period=tax_period, amount_fen=column("欠税金额|欠缴税额", yuan))
                ],
            },
        ),
    ),
)
