"""Traffic police: the vehicle register (机动车登记)."""

from producers.publish.cells import coded, flag, identity, instant, number_of
from producers.publish.columns import Department, Export, column, optional, says

VEHICLE_KIND = coded(
    "ga-24-4",
    "other",
    {
        "car": "小型轿车",
        "truck": "货车",
        "bus": "客车",
        "disability_scooter": "残疾人机动轮椅车",
        "motorcycle": "摩托车",
        "e_bike": "电动自行车",
        "other": "其他",
    },
)

vehicle_kind = column("车辆类型", VEHICLE_KIND)
vehicle_kind_as_stated = optional("车辆类型", VEHICLE_KIND.as_stated)
owner = column("所有人身份证号|所有人身份证明号码", identity)
former = column("原所有人身份证号|原所有人身份证明号码", identity)
transferred = {
    "vehicle_kind": vehicle_kind,
    "vehicle_kind_as_stated": vehicle_kind_as_stated,
    "from_owner": former,
    "to_owner": owner,
}

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
                "注册登记|新车注册|转入": [
                    says(
                        "Registered",
                        vehicle_kind=vehicle_kind,
                        vehicle_kind_as_stated=vehicle_kind_as_stated,
                        owner=owner,
                    )
                ],
                "转移登记|过户": [
                    says("Transferred", subject=former, **transferred),
                    says("Transferred", subject=owner, **transferred),
                ],
                "注销登记|报废|注销": [
                    says("Scrapped", vehicle_kind=vehicle_kind, vehicle_kind_as_stated=vehicle_kind_as_stated)
                ],
            },
        ),
    ),
)
