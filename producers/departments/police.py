"""Police: the household register's change log (户籍变动), and which numbers are one person's (号码关联)."""

from producers.publish.cells import choice, day, flag, identity, instant, number_of, phone
from producers.publish.columns import Department, Export, column, optional, says

SEX = choice({"male": "男|男性|1", "female": "女|女性|2", "unknown": "未知|未说明|0|9"})
# GB/T 4761: relation to the head of the household, by its groups
RELATION = choice(
    {
        "head": "户主|本人|01|02",
        "spouse": "配偶|夫|妻|夫妻|10|11|12",
        "child": "子|女|儿子|女儿|独生子|独生女|长子|次子|三子|长女|次女|三女|养子|养女|继子|继女|子女|20|30",
        "grandchild": "孙子|孙女|外孙子|外孙女|孙|外孙|40",
        "parent": "父|母|父亲|母亲|父母|公公|婆婆|岳父|岳母|50",
        "grandparent": "祖父|祖母|外祖父|外祖母|祖父母|60",
        "sibling": "兄|弟|姐|妹|哥哥|弟弟|姐姐|妹妹|兄弟姐妹|70",
        "other": "其他|其他亲属|非亲属|儿媳|女婿|寄养|集体户成员|80|90|99",
    }
)

name = column("姓名")
sex = column("性别", SEX)
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
                        born=born,
                        household=household,
                        dwelling=dwelling,
                        address=address,
                        relation=column("与户主关系", RELATION),
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
