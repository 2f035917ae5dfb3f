"""Traffic police: the vehicle register (机动车登记)."""

from producers.publish.cells import choice, flag, identity, instant, number_of
from producers.publish.columns import Department, Export, column, optional, says

# GA 24.4: kinds of vehicle, by what matters for a benefit check
VEHICLE_KIND = choice(
    {
        "car": "小型轿车|轿车|小型普通客车|小型汽车|微型轿车|大型轿车|小型越野客车|小型新能源汽车",
        "truck": "货车|轻型货车|重型货车|中型货车|大型货车|牵引车",
        "bus": "客车|大型客车|中型客车|大型普通客车",
        "disability_scooter": "残疾人机动轮椅车|残疾人专用车|机动轮椅车",
        "motorcycle": "摩托车|普通二轮摩托车|轻便摩托车|三轮摩托车|普通摩托车",
        "e_bike": "电动自行车",
        "other": "其他|挂车|拖拉机|专项作业车",
    }
)

vehicle_kind = column("车辆类型", VEHICLE_KIND)
owner = column("所有人身份证号|所有人身份证明号码", identity)
former = column("原所有人身份证号|原所有人身份证明号码", identity)

DEPARTMENT = Department(
    "transport",
    "交警支队车辆管理所",
    (
        Export(
            "机动车登记",
            topic="transport.vehicle-registration",
            head={
                "record": column("号牌号码|车牌号", number_of),
                "subject": owner,
                "occurred_at": column("业务日期|登记日期", instant),
                "recorded_at": column("录入时间|登记时间", instant),
                "withdrawn": optional("是否撤销|撤销标志", flag, absent=False),
            },
            kind_column=column("业务类型"),
            # the owner's column holds the owner after the business; a transfer is said of both owners
            kinds={
                "注册登记|新车注册|转入": [says("Registered", vehicle_kind=vehicle_kind, owner=owner)],
                "转移登记|过户": [
                    says("Transferred", subject=former, vehicle_kind=vehicle_kind, from_owner=former, to_owner=owner),
                    says("Transferred", subject=owner, vehicle_kind=vehicle_kind, from_owner=former, to_owner=owner),
                ],
                "注销登记|报废|注销": [says("Scrapped", vehicle_kind=vehicle_kind)],
            },
        ),
    ),
)
