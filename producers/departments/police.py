"""Police: the household register's change log (户籍变动), and which numbers are one person's (号码关联)."""

from producers.publish.cells import coded, day, flag, identity, instant, number_of, phone
from producers.publish.columns import Department, Export, column, optional, says

SEX = coded("gbt-2261-1", "unknown", {"male": "男|M", "female": "女|F"})
RELATION = coded("gbt-4761", "other", {"head": "户主|本人"})

name = column("姓名")
sex = column("性别", SEX)
sex_as_stated = optional("性别", SEX.as_stated)
born = column("出生日期", day)
household = column("户号|户口簿号", number_of)
dwelling = optional("房屋编码|标准地址编码", number_of)
address = column("住址|户籍地址|现住址")
collective = optional("是否集体户|集体户", flag, absent=False)
now_known_by = column("现号码|现公民身份号码|保留号码", identity)

DEPARTMENT = Department(
    "police",
    "公安局户政处",
    (
        Export(
            "户籍变动",
            topic="police.household-registration",
            head={
                "record": column("登记编号|业务编号", number_of),
                "subject": column("公民身份号码|身份证号码|身份证号", identity),
                "occurred_at": column("发生日期|变动日期", instant),
                "recorded_at": column("登记时间|录入时间", instant),
                "withdrawn": optional("是否撤销|撤销标志", flag, absent=False),
            },
            kind_column=column("业务类型|变动类型|变更类型"),
            kinds={
                "出生登记|出生": [
                    says(
                        "Birth",
                        name=name,
                        sex=sex,
                        sex_as_stated=sex_as_stated,
                        born=born,
                        household=household,
                        dwelling=dwelling,
                        mother=optional("母亲公民身份号码|母亲身份证号", identity),
                        father=optional("父亲公民身份号码|父亲身份证号", identity),
                        collective=collective,
                    )
                ],
                "死亡注销|死亡登记|死亡": [says("Death", on=column("死亡日期", day))],
                "迁入登记|迁入": [
                    says(
                        "MovedIn",
                        name=name,
                        sex=sex,
                        sex_as_stated=sex_as_stated,
                        born=born,
                        household=household,
                        dwelling=dwelling,
                        address=address,
                        relation=column("与户主关系", RELATION),
                        relation_as_stated=optional("与户主关系", RELATION.as_stated),
                        collective=collective,
                    )
                ],
                "迁出注销|迁出登记|迁出": [says("MovedOut", household=household, destination=optional("迁往地"))],
                "住址变更|户内变动": [says("Address", household=household, dwelling=dwelling, address=address)],
                "联系方式变更|联系方式": [says("Contact", phone=column("联系电话|手机号码", phone))],
                "亲属关系登记|亲属关系": [
                    says(
                        "Kinship",
                        relative=column("亲属公民身份号码|亲属身份证号", identity),
                        relation=column("亲属关系", RELATION),
                        relation_as_stated=optional("亲属关系", RELATION.as_stated),
                    )
                ],
            },
        ),
        Export(
            "号码关联",
            topic="police.identity-linked",
            head={
                "record": column("登记编号|业务编号", number_of),
                "subject": column("原号码|原公民身份号码|出生医学证明编号", identity),
                "occurred_at": column("发生日期|变动日期", instant),
                "recorded_at": column("登记时间|录入时间", instant),
                "withdrawn": optional("是否撤销|撤销标志", flag, absent=False),
            },
            kind_column=column("业务类型|关联类型"),
            kinds={
                "号码变更|身份号码变更": [says("NumberChanged", to=now_known_by)],
                "同一人|一人多号认定": [says("SamePerson", to=now_known_by)],
                "新生儿赋码|赋码": [says("NumberGiven", to=now_known_by)],
            },
        ),
    ),
)
