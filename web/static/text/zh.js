// All Chinese texts of the pages (tests/contracts/test_page_texts.py keeps both languages alike).

import catalogue from "./zh/catalogue.js";
import department from "./zh/department.js";
import life from "./zh/life.js";
import offices from "./zh/offices.js";
import pages from "./zh/pages.js";
import plate from "./zh/plate.js";
import record from "./zh/record.js";
import shared from "./zh/shared.js";

export default { ...shared, ...catalogue, ...department, ...life, ...offices, ...pages, ...plate, ...record };
