"""Market regulation: the register of legal persons (市场主体登记) and their annual inspection (年度检验)."""

from producers.publish.cells import (
    choice,
    credit_code,
    day,
    flag,
    identity,
    instant,
    number_of,
    open_choice,
    whole,
    yuan,
)
from producers.publish.columns import Department, Export, column, optional, says

COMPANY_KIND = open_choice(
    {
        "enterprise": "企业|公司|有限责任公司|股份有限公司|合伙企业|个人独资企业|国有企业|外商投资企业|农民专业合作社",
        "individual_business": "个体工商户|个体户",
        "public_institution": "事业单位",
        "social_organisation": "社会团体|民办非企业单位|基金会|社会组织",
        "other": "其他|机关",
    },
    "other",
)
INSPECTION = choice(
    {
        "passed": "通过|合格|正常|已公示",
        "failed": "未通过|不合格|异常",
        "not_filed": "未报送|未年报|未年检|未公示",
    }
)

company = column("统一社会信用代码", credit_code)
recorded_at = column("录入时间|登记时间", instant)
withdrawn = optional("是否撤销|撤销标志", flag, absent=False)
representative = column("法定代表人身份证号|负责人身份证号|经营者身份证号", identity)
seat = optional("房屋编码|标准地址编码", number_of)
address = column("住所|经营场所|住所(经营场所)|住所（经营场所）")
decided = column("核准日期|业务日期", day)

DEPARTMENT = Department(
    "market-regulation",
    "市场监督管理局",
    (
        Export(
            "市场主体登记",
            topic="market-regulation.registration",
            head={
                "record": column("登记编号|文书编号", number_of),
                "subject": company,
                "occurred_at": column("核准日期|业务日期", instant),
                "recorded_at": recorded_at,
                "withdrawn": withdrawn,
            },
            kind_column=column("业务类型|变更类型"),
            kinds={
                "设立登记|设立|开业登记": [
                    says(
                        "CompanyRegistered",
                        name=column("名称|企业名称|字号名称"),
                        company_kind=column("主体类型|企业类型", COMPANY_KIND),
                        company_kind_as_stated=optional("主体类型|企业类型", COMPANY_KIND.as_stated),
                        legal_representative=representative,
                        dwelling=seat,
                        address=address,
                        capital_fen=optional("注册资本|注册资本(元)|注册资本（元）", yuan),
                        on=decided,
                    )
                ],
                "法定代表人变更|负责人变更": [
                    says("RepresentativeChanged", legal_representative=representative, on=decided)
                ],
                "住所变更|经营场所变更": [says("AddressChanged", dwelling=seat, address=address)],
                "吊销|吊销营业执照": [says("LicenceRevoked", on=decided, reason=optional("吊销原因|处罚事由"))],
                "注销|注销登记": [says("Deregistered", on=decided)],
            },
        ),
        Export(
            "年度检验",
            topic="market-regulation.annual-inspection",
            head={
                "record": column("年报编号|年检编号", number_of),
                "subject": company,
                "occurred_at": column("报送日期|年检日期", instant),
                "recorded_at": recorded_at,
                "withdrawn": withdrawn,
            },
            every_line=[
                says(
                    "Inspected",
                    year=column("年度|年报年度", whole),
                    outcome=column("年检结果|年报状态", INSPECTION),
                )
            ],
        ),
    ),
)
