"""Urban management: the register of facilities (城市部件) and what is reported of them (部件隐患)."""

from producers.publish.cells import day, decimal, flag, grid, instant, number_of, open_choice
from producers.publish.columns import Department, Export, column, optional, says

# GB/T 30428.2: the five groups of components
FACILITY_KIND = open_choice(
    {
        "public_utility": "公用设施|公用设施类|01",
        "road_traffic": "道路交通|道路交通类|交通设施|02",
        "city_appearance": "市容环境|市容环境类|03",
        "greening": "园林绿化|园林绿化类|04",
        "other": "其他|其他设施|其他设施类|05",
    },
    "other",
)

facility = column("部件编码|部件标识码", number_of)
place = column("网格编码|单元网格编码", grid)
recorded_at = column("录入时间|登记时间", instant)
withdrawn = optional("是否撤销|撤销标志", flag, absent=False)

DEPARTMENT = Department(
    "urban-management",
    "城市管理和综合执法局",
    (
        Export(
            "城市部件登记",
            topic="urban-management.facility",
            head={
                "record": facility,
                "subject": place,
                "occurred_at": column("普查日期|安装日期", instant),
                "recorded_at": recorded_at,
                "withdrawn": withdrawn,
            },
            every_line=[
                says(
                    "FacilityInstalled",
                    facility=facility,
                    facility_kind=column("部件大类|大类", FACILITY_KIND),
                    facility_kind_as_stated=optional("部件大类|大类", FACILITY_KIND.as_stated),
                    what=column("部件名称|小类"),
                    address=optional("位置描述|所在位置"),
                    lon=optional("经度", decimal),
                    lat=optional("纬度", decimal),
                )
            ],
        ),
        Export(
            "部件隐患",
            topic="urban-management.facility",
            head={
                "record": column("案卷编号|上报编号", number_of),
                "subject": place,
                "occurred_at": column("上报时间|发生时间", instant),
                "recorded_at": recorded_at,
                "withdrawn": withdrawn,
            },
            kind_column=column("业务类型|处置状态"),
            kinds={
                "上报|立案": [
                    says(
                        "HazardReported",
                        facility=facility,
                        hazard=column("问题描述|隐患描述"),
                        urgent=optional("是否紧急|紧急", flag, absent=False),
                    )
                ],
                "修复|处置完成|结案": [says("HazardRepaired", on=column("修复日期|处置日期", day))],
            },
        ),
    ),
)
