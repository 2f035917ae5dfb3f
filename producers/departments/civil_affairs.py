"""Civil affairs: the marriage register (婚姻登记) and social assistance (社会救助)."""

from producers.publish.cells import choice, day, flag, identity, instant, last_day, number_of, phone, yuan
from producers.publish.columns import Department, Export, column, optional, says

PROGRAMME = choice(
    {
        "dibao": "最低生活保障|低保|城镇低保|农村低保",
        "low_income": "低收入认定|低收入家庭|低收入家庭认定|低收入",
        "public_rental": "公共租赁住房|公租房|公租房保障",
        "medical": "医疗救助",
    }
)

man = column("男方身份证件号码|男方公民身份号码", identity)
woman = column("女方身份证件号码|女方公民身份号码", identity)
registered = column("登记日期", day)
recorded_at = column("录入时间|登记时间", instant)
withdrawn = optional("是否撤销|撤销标志", flag, absent=False)
programme = column("救助项目|救助类别", PROGRAMME)

DEPARTMENT = Department(
    "civil-affairs",
    "民政局",
    (
        Export(
            "婚姻登记",
            topic="civil-affairs.marriage",
            head={
                "record": column("证件字号|登记证字号", number_of),
                "occurred_at": column("登记日期", instant),
                "recorded_at": recorded_at,
                "withdrawn": withdrawn,
            },
            kind_column=column("业务类型|登记类型"),
            # a marriage is said of both: one line, two events
            kinds={
                "结婚登记|结婚|补领结婚证": [
                    says("Married", subject=man, spouse=woman, on=registered),
                    says("Married", subject=woman, spouse=man, on=registered),
                ],
                "离婚登记|离婚|补领离婚证": [
                    says("Divorced", subject=man, spouse=woman, on=registered),
                    says("Divorced", subject=woman, spouse=man, on=registered),
                ],
            },
        ),
        Export(
            "社会救助",
            topic="civil-affairs.social-assistance",
            head={
                "record": column("救助案号|案件编号", number_of),
                "subject": column("申请人身份证号|申请人公民身份号码", identity),
                "occurred_at": column("审批日期|办理日期", instant),
                "recorded_at": recorded_at,
                "withdrawn": withdrawn,
            },
            kind_column=column("变更类型|业务类型"),
            kinds={
                "批准|新增|续保": [
                    says(
                        "Granted",
                        programme=programme,
                        household=optional("户号|户口簿号", number_of),
                        effective_from=column("起始日期|生效日期", day),
                        until=optional("截止日期", last_day),
                        monthly_fen=optional("月金额|月救助金额", yuan),
                        dwelling=optional("房屋编码|标准地址编码", number_of),
                        phone=optional("联系电话", phone),
                    )
                ],
                "终止|停发|退出": [
                    says(
                        "Ended",
                        programme=programme,
                        effective_from=column("终止日期|停发日期", day),
                        reason=optional("终止原因|停发原因"),
                    )
                ],
            },
        ),
    ),
)
