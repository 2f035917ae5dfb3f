"""Education: the schools' rolls and degrees (学籍与学位)."""

from producers.publish.cells import day, flag, identity, instant, number_of, open_choice
from producers.publish.columns import Department, Export, column, optional, says

STAGE = open_choice(
    {
        "kindergarten": "幼儿园|学前|学前教育",
        "primary": "小学|小学教育",
        "junior": "初中|初级中学|普通初中",
        "senior": "高中|普通高中|高级中学",
        "vocational": "中职|中等职业学校|职业高中|中专|技校|技工学校",
        "university": "高等教育|大学|本科|大专|专科|研究生",
        "other": "其他|特殊教育|特殊教育学校|专门学校|成人教育",
    },
    "other",
)
DEGREE = open_choice(
    {
        "bachelor": "学士|学士学位",
        "master": "硕士|硕士学位",
        "doctor": "博士|博士学位",
        "other": "其他|名誉博士|专业学位",
    },
    "other",
)

school = column("学校名称|学校|授予单位")

DEPARTMENT = Department(
    "education",
    "教育局",
    (
        Export(
            "学籍与学位",
            topic="education.enrolment",
            head={
                # the school's own number: that of the national roll holds the identity number
                "record": column("学校登记编号|校内学号|学位证书编号", number_of),
                "subject": column("公民身份号码|学生身份证号|身份证件号码", identity),
                "occurred_at": column("业务日期|变动日期|发生日期", instant),
                "recorded_at": column("录入时间|登记时间", instant),
                "withdrawn": optional("是否撤销|撤销标志", flag, absent=False),
            },
            kind_column=column("业务类型|变动类型"),
            kinds={
                "入学|注册学籍|转入|招生": [
                    says(
                        "Enrolled",
                        school=school,
                        stage=column("学段|办学类型", STAGE),
                        stage_as_stated=optional("学段|办学类型", STAGE.as_stated),
                        effective_from=column("入学日期|入学时间|转入日期", day),
                    )
                ],
                "离校|毕业|转出|退学|休学": [
                    says(
                        "EnrolmentEnded",
                        effective_from=column("离校日期|变动日期|毕业日期", day),
                        reason=optional("离校原因|变动原因"),
                    )
                ],
                "授予学位|学位授予": [
                    says(
                        "DegreeAwarded",
                        degree=column("学位级别|学位", DEGREE),
                        degree_as_stated=optional("学位级别|学位", DEGREE.as_stated),
                        school=school,
                        on=column("授予日期|学位授予日期", day),
                    )
                ],
            },
        ),
    ),
)
