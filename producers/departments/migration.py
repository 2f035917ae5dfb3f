"""Migrant-population office: stays and residence permits (来穗人员居住登记)."""

from producers.publish.cells import (
    coded,
    day,
    flag,
    identity,
    instant,
    last_day_stated,
    number_of,
    open_choice,
    phone,
)
from producers.publish.columns import Department, Export, column, optional, says

SEX = coded("gbt-2261-1", "unknown", {"male": "男|M", "female": "女|F"})
PURPOSE = open_choice(
    {
        "work": "务工经商|务工|经商|就业|投资创业",
        "study": "学习|就学|学习培训|培训",
        "family": "投靠亲属|随迁|投亲|随迁子女|婚嫁",
        "other": "其他|探亲访友|治病疗养|旅游",
    },
    "other",
)

dwelling = column("房屋编码|标准地址编码|居住地房屋编码", number_of)

DEPARTMENT = Department(
    "migration",
    "来穗人员服务管理局",
    (
        Export(
            "来穗人员登记",
            topic="migration.residence",
            head={
                # an application's number: the permit itself bears the identity number
                "record": column("登记编号|居住登记编号|受理编号", number_of),
                "subject": column("公民身份号码|身份证件号码|证件号码", identity),
                "occurred_at": column("发生日期|业务日期|办理日期", instant),
                "recorded_at": column("录入时间|登记时间", instant),
                "withdrawn": optional("是否撤销|撤销标志", flag, absent=False),
            },
            kind_column=column("业务类型|办理业务"),
            kinds={
                "居住登记|来穗登记|流动人口登记": [
                    says(
                        "Arrived",
                        name=column("姓名"),
                        sex=column("性别", SEX),
                        sex_as_stated=optional("性别", SEX.as_stated),
                        born=column("出生日期", day),
                        origin=optional("户籍地址|户籍所在地"),
                        dwelling=dwelling,
                        purpose=column("来穗事由|居住事由|来穗原因", PURPOSE),
                        purpose_as_stated=optional("来穗事由|居住事由|来穗原因", PURPOSE.as_stated),
                        phone=optional("联系电话|手机号码", phone),
                    )
                ],
                "居住证签发|居住证首次申领|居住证签注|居住证续签": [
                    says(
                        "PermitIssued",
                        effective_from=column("有效期起|签发日期|有效期开始", day),
                        until=column("有效期止|有效期截止|有效期至", last_day_stated),
                    )
                ],
                "居住证注销|居住证缴销": [says("PermitCancelled", on=column("注销日期", day))],
                "居住地变更|变更登记": [says("Moved", dwelling=dwelling, address=optional("居住地址|现居住地址|住址"))],
                "离穗注销|离穗登记|居住登记注销": [
                    says("Left", on=column("离穗日期|注销日期", day), destination=optional("去往地|离穗去向"))
                ],
            },
        ),
    ),
)
