// Why a line or a file was rejected, in Chinese: the doors say it in English (tests/contracts/test_page_reasons.py holds
// that each of their reasons has its line here). `$1` is what stood in the sentence.

import { language } from "./language.js";

const ZH = [
  ["is wrong: (.+)", "有误：$1"],
  ["is (?:empty|missing)", "为空"],
  ["is not among the file's columns", "文件中没有此列"],
  ["must be one of (.+)", "须为以下之一：$1"],
  ["is not a date such as .+", "不是日期，应如 2026-01-31"],
  ["is not a date between 1850 and 2199", "日期须在 1850 年至 2199 年之间"],
  ["is not a time between 1850 and 2199", "时间须在 1850 年至 2199 年之间"],
  ["is not a time after 1850", "时间须在 1850 年之后"],
  ["is a (?:date or time|date|time) that does not exist", "日期或时间不存在"],
  ["is a month that does not exist", "月份不存在"],
  ["is a spreadsheet's number of a day.*", "是电子表格的日期序号：请把该列设为日期格式后重新导出"],
  ["says that there is no end.*", "写的是无期限，但此项须有终止日：请填最后一天"],
  ["lies more than a day ahead.*", "晚于今天一天以上：将来才生效的另有字段"],
  ["lies after the day on which it was recorded", "晚于登记日期"],
  ["lies before the birth that the person's number states", "早于证件号中的出生日期"],
  ["lies before '(.+?)': an end comes after its beginning", "不晚于 $1：终止须在开始之后"],
  ["lies before '(.+?)'", "早于 $1"],
  ["lies outside the city \\((.+)\\).*", "不在本市范围内（$1）：经纬度是否填反，或未知？"],
  ["must be at least (.+)", "不得小于 $1"],
  ["must be at most (.+)", "不得大于 $1"],
  ["must be above (.+)", "须大于 $1"],
  ["is not a number such as 86.5", "不是数字，应如 86.5"],
  ["(?:is not|must be) a whole number(?: from 0 on, below 2\\^63)?", "不是整数"],
  ["is not a (?:32|64)-bit number", "数字过大"],
  ["must be a finite number", "须为有限的数字"],
  ["is not an amount in yuan such as 1234.50", "不是金额（元），应如 1234.50"],
  ["is not an amount of whole fen \\(two decimals\\)", "金额最多两位小数"],
  ["is not a period such as .+", "不是所属期，应如 2026、2026-01 或 2026-Q1"],
  ["is neither 是 nor 否", "应填“是”或“否”"],
  ["holds an identity number, which only identity fields may", "含有身份证号，此列不得填写证件号"],
  ["it holds an identity number", "含有身份证号"],
  ["has \\d+ cells, but the table has (\\d+) columns", "单元格数与表头（$1 列）不符"],
  ["has a quotation mark .*", "引号位置有误，或没有成对"],
  ["has bytes that are not (.+)", "含有不属于 $1 编码的字节"],
  ["has characters that were lost when it was written", "有字符在写出时已丢失（乱码）"],
  ["has (?:a NUL character|half of a surrogate pair.*)", "含有无效字符"],
  ["is too long or holds a NUL byte", "过长，或含有空字节"],
  ["is longer than (\\d+) characters", "超过 $1 个字符"],
  ["may have been cut.*", "可能被截断：没有行尾，最后一格偏短"],
  ["says otherwise than (.+?), which means the same", "与同义的列 $1 不一致"],
  ["was changed into a date by a spreadsheet.*", "被电子表格改成了日期：请以文本导出"],
  ["it was changed by a spreadsheet.*", "被电子表格改动过：请以文本导出该列"],
  ["stands twice", "出现两次"],
  ["has as many numbers as its column of kinds of documents has not", "证件号的个数与证件类型的个数不符"],
  ["the check character of the identity number is wrong", "身份证号校验码不对"],
  ["the check character of the credit code is wrong", "统一社会信用代码校验码不对"],
  ["the check character belongs to .+", "校验码只能用于正确的位数"],
  ["the birth date in the identity number does not exist", "身份证号中的出生日期不存在"],
  ["the birth date in the identity number lies before 1850", "身份证号中的出生日期早于 1850 年"],
  ["the number states a birth in the future", "证件号中的出生日期在将来"],
  ["an identity number has 17 digits .*", "身份证号须为 17 位数字加校验码，或 15 位数字"],
  ["it is neither an identity number .*", "既不是身份证号，也不是其他已知证件的号码"],
  ["it is \\d+ digits(?:, which| that) .*", "纯数字的号码看不出是何种证件：请填写证件类型"],
  ["it is no kind of identity document.*", "证件类型无法识别，应如 身份证、护照、港澳居民来往内地通行证"],
  ["the number does not have the form of the kind of document that is stated", "号码与所填证件类型不符"],
  ["the number is a citizen's by its form.*", "号码是身份证号，但填写的是其他证件类型"],
  ["a Hong Kong identity card is not matched here.*", "此处不用香港身份证：请填回乡证号码"],
  ["a Home Return Permit's number .*", "回乡证号码为 H 或 M 加 8 位数字，换证的为 10 位"],
  ["a credit code has 18 characters.*", "统一社会信用代码为 18 位数字或大写字母（不含 I、O、S、V、Z）"],
  ["a telephone number has 5 to 15 digits", "电话号码为 5 至 15 位数字"],
  ["a plate has .+", "号牌为 3 至 12 个字母、数字或汉字"],
  ["a grid code has 15 digits.*", "网格编码为 15 位：区 6、街道 3、社区 3、网格 3"],
  ["a district code has 6 digits.*", "行政区划代码为 6 位数字"],
  ["the street of a grid code .*", "网格编码中的街道应为 001–099，镇为 100–199"],
  ["the community and the grid of a grid code are not 000", "网格编码中的社区和网格不得为 000"],
  ["a dwelling's number is no district or grid code.*", "房屋编码不得是行政区划或网格编码"],
  ["(?:a dwelling's number|a household's number) holds no blank", "编码中不得有空格"],
  ["it holds a line break or another control character", "含有换行或其他控制字符"],
  ["it is empty", "为空"],
  ["is no field of (.+)", "不是 $1 的字段"],
  ["has a field that .+", "有契约中没有的字段"],
  ["must be (?:text|true or false|a list|an object|an identity number as text|a list of identity numbers).*", "类型不对"],
  ["must be a date(?: or time as text| such as 2026-01-31)", "应为日期，如 2026-01-31"],
  ["must be a time with its zone .*", "应为带时区的时间，如 2026-01-31T08:30:00+08:00"],
  ["is not a pseudonym", "不是假名"],
  ["is (?:not JSON|not a JSON object|neither a line of an export nor a statement).*", "不是可读的 JSON 记录"],
  ["is an object or holds one, not a value", "是嵌套的对象，不是值"],
  ["has a name twice in one object.*", "同一对象中字段名重复"],
  ["breaks off: the list has no end", "列表不完整，没有结尾"],
  ["makes an event of more than (\\d+) bytes.*", "超过 $1 字节：请分开陈述"],
  // of whole files
  [".*: (\\d+) of (\\d+) identity numbers end in 000.*", "$2 个身份证号中有 $1 个以 000 结尾：电子表格只保留了 15 位，请从业务系统以文本重新导出"],
  [".*: the column (.+?) stands (\\d+) times.*", "列“$1”出现 $2 次，无法判断以哪一列为准：请只保留一列"],
  [".*: the column (.+?) may or may not be (.+?)\\. Call it.*", "列“$1”是否就是“$2”？是则改名，不是则删除或另起名"],
  [".*fit no export of .+?\\. The nearest is (.+?); it lacks (.+?)\\. Is it.*", "列名与本部门的任何导出表都不符；最接近“$1”，缺少：$2"],
  ["The file lacks (\\d+) of (\\d+) known statements.*", "全量文件缺少已知 $2 条中的 $1 条，未发布：是否被截断或加了筛选？"],
  [".*is a workbook that is protected by a password.*", "工作簿有密码保护：请去掉密码后再交"],
  [".*is a workbook (?:or an archive )?that (?:is|was) (?:damaged or cut|cut or damaged).*", "工作簿已损坏或不完整：请重新另存为 .xlsx"],
  [".*has formulas whose result is an error.*", "有公式出错或未计算：请在电子表格中更正并保存"],
  [".*is text in UTF-16.*", "是 UTF-16 文本：请另存为 CSV UTF-8"],
  [".*(?:is empty: there is nothing to publish|has no (?:line|row) (?:that can be read|but the columns' names)).*", "文件中没有可发布的内容"],
  [".*stands above the columns' names and is as full as a record.*", "列名上方有像记录的行：请把列名放在所有记录之上"],
  [".*(?: is (?:an? )?(?:picture|PDF document|Word document|ZIP archive|7z archive|RAR archive|text document|gzip archive)).*", "不是表格文件：请从业务系统导出为 CSV 或 .xlsx"],
].map(([pattern, text]) => [new RegExp(`^${pattern}$`, "s"), text]);

/** `reason` in the language in force; what has no Chinese is shown as the door said it. */
export function reasonOf(/** @type {string} */ reason) {
  return language.value === "zh" ? chinese(reason) : reason;
}

/** @returns {string} */
export function chinese(/** @type {string} */ reason) {
  for (const [pattern, text] of ZH) {
    const match = pattern.exec(reason);
    if (match) return text.replace(/\$(\d)/g, (_, n) => chinese(match[Number(n)]));
  }
  return reason;
}
