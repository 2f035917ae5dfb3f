"""Door access devices: who came and went, as their platform exports it (门禁进出记录)."""

from producers.publish.cells import flag, identity, instant, number_of
from producers.publish.columns import Department, Export, column, optional, says

resident = optional("刷卡人身份证号|住户证件号码", identity)
card = optional("卡号|门禁卡号", number_of)
device = column("设备编号|门禁设备编号", number_of)

DEPARTMENT = Department(
    "door-access",
    "出租屋门禁设备平台",
    (
        Export(
            "门禁进出记录",
            topic="door-access.swipe",
            head={
                "record": column("事件编号|设备事件编号", number_of),
                "subject": column("房屋编码|标准地址编码", number_of),
                "occurred_at": column("刷卡时间|进出时间", instant),
                "recorded_at": column("上报时间|录入时间", instant),
                "withdrawn": optional("是否撤销|撤销标志", flag, absent=False),
            },
            kind_column=column("进出方向|方向"),
            kinds={
                "进|进门|入": [says("SwipedIn", resident=resident, card=card, device=device)],
                "出|出门": [says("SwipedOut", resident=resident, card=card, device=device)],
            },
        ),
    ),
)
