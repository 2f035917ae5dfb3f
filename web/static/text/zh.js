// All Chinese texts of the pages (tests/contracts/test_page_texts.py keeps both languages alike).

import calls from "./zh/calls.js";
import catalogue from "./zh/catalogue.js";
import department from "./zh/department.js";
import life from "./zh/life.js";
import noise from "./zh/noise.js";
import offices from "./zh/offices.js";
import pages from "./zh/pages.js";
import plate from "./zh/plate.js";
import record from "./zh/record.js";
import shared from "./zh/shared.js";
import twoWays from "./zh/two-ways.js";

export default {
  ...shared,
  ...calls,
  ...catalogue,
  ...department,
  ...life,
  ...noise,
  ...offices,
  ...pages,
  ...plate,
  ...record,
  ...twoWays,
};
