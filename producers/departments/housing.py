"""Housing: the dwelling register (房屋登记), tenancy records (租赁备案) and the safety of buildings (房屋安全)."""

from producers.publish.cells import (
    choice,
    day,
    decimal,
    district,
    flag,
    grid,
    identities,
    identity,
    instant,
    last_day,
    last_day_stated,
    number_of,
    open_choice,
    whole,
)
from producers.publish.columns import Department, Export, column, column_of_some, optional, says

USE = open_choice(
    {
        "residential": "住宅|居住|自住",
        "rental": "出租|出租屋|租赁住房|出租住宅",
        "public_rental": "公共租赁住房|公租房",
        "commercial": "商业|商铺|办公|非居住",
        "other": "其他",
    },
    "other",
)

# JGJ 125, as reports write it
GRADE = choice(
    {
        "A": "A|A级|Ａ级|A级:安全|甲",
        "B": "B|B级|Ｂ级|B级:有缺陷|乙",
        "C": "C|C级|Ｃ级|C级:局部危险|局部危险|丙",
        "D": "D|D级|Ｄ级|D级:整幢危险|整幢危险|丁",
    }
)

dwelling = column("房屋编码|标准地址编码", number_of)
recorded_at = column("录入时间|登记时间", instant)
withdrawn = optional("是否撤销|撤销标志", flag, absent=False)
tenant = column("承租人身份证号|承租人证件号码", identity)

DEPARTMENT = Department(
    "housing",
    "住房和城乡建设局",
    (
        Export(
            "房屋登记",
            topic="housing.dwelling-register",
            head={
                "record": column("登记编号|房屋登记编号", number_of),
                "subject": dwelling,
                "occurred_at": column("登记日期|变更日期", instant),
                "recorded_at": recorded_at,
                "withdrawn": withdrawn,
            },
            every_line=[
                says(
                    "DwellingRegistered",
                    grid=column("网格编码|网格编号", grid),
                    address=column("房屋地址|坐落"),
                    floor_area_m2=column("建筑面积|建筑面积(平方米)|建筑面积(平方米)", decimal),
                    use=column("房屋用途|用途", USE),
                    use_as_stated=optional("房屋用途|用途", USE.as_stated),
                    district=column("行政区|行政区划代码", district),
                    lon=optional("经度", decimal),
                    lat=optional("纬度", decimal),
                )
            ],
        ),
        Export(
            "租赁备案",
            topic="housing.tenancy",
            head={
                "record": column("备案编号|租赁备案号", number_of),
                "subject": dwelling,
                "occurred_at": column("发生日期|业务日期", instant),
                "recorded_at": recorded_at,
                "withdrawn": withdrawn,
            },
            kind_column=column("业务类型|变更类型"),
            kinds={
                "租赁备案|新签|出租": [
                    says(
                        "Let",
                        landlord=column("出租人身份证号|出租人证件号码", identity),
                        # a company that rents has no identity number
                        tenants=column_of_some("承租人身份证号|承租人证件号码", identities, absent=[]),
                        start=column("起租日期|租期起", day),
                        until=optional("止租日期|租期止", last_day),
                        rooms=optional("出租间数", whole),
                    )
                ],
                "续租|续签": [says("Renewed", until=column("止租日期|租期止", last_day_stated))],
                "终止租赁|注销备案|退租": [says("TenancyEnded", on=column("终止日期", day))],
                "新增承租人|承租人增加": [says("TenantAdded", tenant=tenant)],
                "承租人退出|承租人减少": [says("TenantLeft", tenant=tenant)],
            },
        ),
        Export(
            "房屋安全鉴定",
            topic="housing.dwelling-safety",
            head={
                "record": column("鉴定编号|鉴定报告编号", number_of),
                "subject": dwelling,
                "occurred_at": column("业务日期|发生日期", instant),
                "recorded_at": recorded_at,
                "withdrawn": withdrawn,
            },
            kind_column=column("业务类型|变更类型"),
            kinds={
                "危险性鉴定|房屋鉴定|鉴定": [
                    says("Graded", grade=column("鉴定等级|危险性等级", GRADE), on=column("鉴定日期", day))
                ],
                "危房加固|加固验收|加固": [
                    says(
                        "Reinforced",
                        on=column("验收日期|加固日期", day),
                        lasts_until=optional("加固有效期止|有效期止", last_day),
                    )
                ],
            },
        ),
    ),
)
