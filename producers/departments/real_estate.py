"""Real estate register: who owns a dwelling (不动产权登记)."""

from producers.publish.cells import day, flag, identities, instant, number_of
from producers.publish.columns import Department, Export, column, optional, says

owners = column("权利人证件号|权利人证件号码|权利人身份证号", identities)
registered = column("登簿日期|登记日期", day)

DEPARTMENT = Department(
    "real-estate",
    "不动产登记中心",
    (
        Export(
            "不动产权登记",
            topic="real-estate.ownership",
            head={
                "record": column("不动产权证号|产权证号", number_of),
                "subject": column("房屋编码|标准地址编码", number_of),
                "occurred_at": column("登簿日期|登记日期", instant),
                "recorded_at": column("录入时间|登记时间", instant),
                "withdrawn": optional("是否撤销|撤销标志", flag, absent=False),
            },
            kind_column=column("登记类型|业务类型"),
            kinds={
                "首次登记|首次": [says("OwnershipRegistered", owners=owners, on=registered)],
                # the new certificate's line; the former owners leave theirs by it
                "转移登记|转移|过户": [
                    says(
                        "OwnershipTransferred",
                        from_owners=column("原权利人证件号|原权利人证件号码", identities),
                        owners=owners,
                        on=registered,
                    )
                ],
                "注销登记|注销": [says("OwnershipEnded", on=registered)],
            },
        ),
    ),
)
