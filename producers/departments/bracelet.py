"""The platform of the residents' bracelets (手环一键呼叫): who pressed which button, and which call was answered."""

from producers.publish.cells import choice, decimal, flag, identity, instant, number_of
from producers.publish.columns import Department, Export, column, optional, says

BUTTON = choice(
    {
        "sos": "SOS|紧急求助|求助|报警",
        "doctor": "社区医生|家庭医生|医生",
        "housekeeper": "管家|社区管家|家政",
    }
)

DEPARTMENT = Department(
    "bracelet",
    "手环服务平台",
    (
        Export(
            "呼叫记录",
            topic="bracelet.button",
            head={
                "record": column("呼叫编号|呼叫流水号", number_of),
                "subject": column("佩戴人身份证号|公民身份号码", identity),
                "occurred_at": column("发生时间|呼叫时间", instant),
                "recorded_at": column("上报时间|登记时间", instant),
                "withdrawn": optional("是否撤销|是否误报", flag, absent=False),
            },
            kind_column=column("业务类型|事件类型"),
            kinds={
                "按键呼叫|呼叫": [
                    says(
                        "Pressed",
                        button=column("按键|呼叫对象", BUTTON),
                        device=column("设备编号|手环编号", number_of),
                        lon=optional("经度", decimal),
                        lat=optional("纬度", decimal),
                    )
                ],
                "应答|已应答": [says("Answered", outcome=optional("处理结果"))],
            },
        ),
    ),
)
