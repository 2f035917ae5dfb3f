"""Meteorological service: weather warning signals (气象灾害预警信号)."""

from producers.publish.cells import choice, decimal, district, end, flag, instant, number_of, open_choice
from producers.publish.columns import Department, Export, column, optional, says

HAZARD = open_choice(
    {
        "rain": "暴雨|暴雨预警|暴雨预警信号|强降雨",
        "typhoon": "台风|台风预警|台风预警信号",
        "thunder": "雷电|雷雨大风|强对流",
        "heat": "高温",
        "cold": "寒冷|寒潮|低温|霜冻",
        "other": "其他|大雾|灰霾|冰雹|道路结冰|森林火险",
    },
    "other",
)
LEVEL = choice(
    {
        "blue": "蓝色|蓝|Ⅳ级|IV级|蓝色预警|蓝色预警信号",
        "yellow": "黄色|黄|Ⅲ级|III级|黄色预警|黄色预警信号",
        "orange": "橙色|橙|Ⅱ级|II级|橙色预警|橙色预警信号",
        "red": "红色|红|Ⅰ级|I级|红色预警|红色预警信号",
    }
)

DEPARTMENT = Department(
    "weather",
    "气象局",
    (
        Export(
            "预警信号",
            topic="weather.warning",
            head={
                "record": column("预警编号|预警信号编号", number_of),
                "subject": column("行政区|行政区划代码|发布范围", district),
                "occurred_at": column("生效时间|发布时间", instant),
                "recorded_at": column("录入时间|登记时间", instant),
                "withdrawn": optional("是否撤销|撤销标志", flag, absent=False),
            },
            kind_column=column("信号状态|业务类型"),
            kinds={
                "发布|变更": [
                    says(
                        "WarningIssued",
                        hazard=column("灾种|预警类型", HAZARD),
                        hazard_as_stated=optional("灾种|预警类型", HAZARD.as_stated),
                        level=column("预警级别|级别", LEVEL),
                        rainfall_mm=optional("雨量|雨量(毫米)|雨量（毫米）", decimal),
                        until=optional("有效期止|失效时间", end),
                    )
                ],
                "解除": [says("WarningLifted")],
            },
        ),
    ),
)
