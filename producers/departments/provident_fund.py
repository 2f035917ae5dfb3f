"""Housing provident fund: accounts and deposits (住房公积金)."""

from producers.publish.cells import credit_code, day, flag, identity, instant, number_of, period, yuan
from producers.publish.columns import Department, Export, column, optional, says

DEPARTMENT = Department(
    "provident-fund",
    "住房公积金管理中心",
    (
        Export(
            "住房公积金账户",
            topic="provident-fund.account",
            head={
                "record": column("业务流水号|个人账号|公积金账号", number_of),
                "subject": column("职工身份证号|身份证件号码|证件号码", identity),
                "occurred_at": column("业务日期|记账日期", instant),
                "recorded_at": column("录入时间|登记时间", instant),
                "withdrawn": optional("是否冲正|是否撤销", flag, absent=False),
            },
            kind_column=column("业务类型|业务摘要"),
            kinds={
                "开户|个人开户|账户设立": [
                    says(
                        "AccountOpened",
                        employer=optional("单位统一社会信用代码|统一社会信用代码", credit_code),
                        effective_from=column("开户日期", day),
                    )
                ],
                "汇缴|补缴|单位汇缴": [
                    says(
                        "Deposited",
                        period=column("汇缴年月|缴存年月", period),
                        amount_fen=column("汇缴金额|缴存金额|发生额", yuan),
                    )
                ],
                "销户|账户注销|销户提取": [says("AccountClosed", on=column("销户日期", day))],
            },
        ),
    ),
)
