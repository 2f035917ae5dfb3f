// All English texts of the pages (tests/contracts/test_page_texts.py keeps both languages alike).

import calls from "./en/calls.js";
import catalogue from "./en/catalogue.js";
import department from "./en/department.js";
import life from "./en/life.js";
import noise from "./en/noise.js";
import offices from "./en/offices.js";
import pages from "./en/pages.js";
import plate from "./en/plate.js";
import record from "./en/record.js";
import shared from "./en/shared.js";
import twoWays from "./en/two-ways.js";

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
