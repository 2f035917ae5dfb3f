"""Health: states of health to be looked after (重点健康状况), births (出生医学记录), family planning (生育服务)."""

from producers.publish.cells import choice, coded, day, flag, identity, instant, number_of, whole
from producers.publish.columns import Department, Export, column, optional, says

SEX = coded("gbt-2261-1", "unknown", {"male": "男|M", "female": "女|F"})
CONDITION = choice(
    {
        "severe_mental": "严重精神障碍|精神分裂症|分裂情感性障碍|偏执性精神病|双相情感障碍|重性精神病|重性精神疾病",
        "serious_illness": "重大疾病|大病|恶性肿瘤|尿毒症|重症",
        "contagious": "传染病|肺结核|甲类传染病|乙类传染病|丙类传染病",
    }
)

recorded_at = column("录入时间|报告时间|登记时间", instant)
withdrawn = optional("是否撤销|撤销标志|是否作废", flag, absent=False)

CONDITIONS = Export(
    "重点健康状况",
    topic="health.condition",
    head={
        "record": column("个案编号|报告卡编号|档案编号", number_of),
        "subject": column("患者身份证号|身份证件号码|公民身份号码", identity),
        "occurred_at": column("业务日期|报告日期", instant),
        "recorded_at": recorded_at,
        "withdrawn": withdrawn,
    },
    kind_column=column("业务类型|报告类型"),
    kinds={
        "新发报告|患病报告|建档|初次报告": [
            says(
                "Reported",
                condition=column("病种|疾病类别|诊断类别", CONDITION),
                level=optional("危险性等级|危险性评估|分级", whole),
                effective_from=column("起始日期|确诊日期|诊断日期", day),
            )
        ],
        "结案|终止管理|治愈": [
            says(
                "ConditionEnded",
                effective_from=column("结案日期|终止日期|终止管理日期", day),
                reason=optional("结案原因|终止原因"),
            )
        ],
    },
)

BIRTHS = Export(
    "出生医学记录",
    topic="health.birth-record",
    head={
        # the certificate's number stands for the newborn, so the record is the delivery's own
        "record": column("分娩登记编号|接生登记号|分娩记录号", number_of),
        "subject": column("出生医学证明编号|出生证编号", identity),
        "occurred_at": column("出生时间|出生日期", instant),
        "recorded_at": column("录入时间|签发日期|登记时间", instant),
        "withdrawn": withdrawn,
    },
    every_line=[
        says(
            "Born",
            sex=column("性别|新生儿性别", SEX),
            sex_as_stated=optional("性别|新生儿性别", SEX.as_stated),
            born=column("出生日期|出生时间", day),
            mother=column("母亲身份证号|母亲有效身份证件号码|母亲公民身份号码", identity),
            father=optional("父亲身份证号|父亲有效身份证件号码|父亲公民身份号码", identity),
            hospital=optional("接生机构|接生机构名称|医疗机构"),
        )
    ],
)

FAMILY_PLANNING = Export(
    "生育服务登记",
    topic="health.family-planning",
    head={
        "record": column("登记编号|生育登记编号|服务证编号", number_of),
        "subject": column("女方身份证号|母亲身份证号|女方公民身份号码", identity),
        "occurred_at": column("业务日期|办理日期", instant),
        "recorded_at": recorded_at,
        "withdrawn": withdrawn,
    },
    kind_column=column("业务类型"),
    kinds={
        "生育登记|生育服务登记": [
            says(
                "ServiceRegistered",
                children=column("子女数|生育子女数|孩次", whole),
                on=column("登记日期|办理日期", day),
            )
        ],
        "服务终止|注销登记": [says("ServiceEnded", on=column("终止日期|注销日期", day))],
    },
)

DEPARTMENT = Department("health", "卫生健康局", (CONDITIONS, BIRTHS, FAMILY_PLANNING))
