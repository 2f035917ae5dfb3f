import assert from "node:assert/strict";
import { test } from "node:test";
import { holdsIdentityNumber } from "../static/app/identity-number.js";

const NUMBER = "99000019610909903X"; // nobody's: 99 is the code of no place

test("an identity number is seen however it is typed", () => {
  for (const typed of [
    NUMBER,
    NUMBER.toLowerCase(),
    `见到其女,证号${NUMBER}。`,
    "990000 19610909 903X",
    "990000-19610909-903X",
    "990000\u200b19610909903X",
    "９９００００１９６１０９０９９０３Ｘ",
    "99000019600909901642",
    "旧证 990000610909903",
  ]) {
    assert.equal(holdsIdentityNumber(typed), true, typed);
  }
});

test("phones, dates, grids and wrong numbers are none", () => {
  for (const typed of ["", "电话13800138000", "2026-11-01 09:00", "网格440113001001003", "990000196109099031"]) {
    assert.equal(holdsIdentityNumber(typed), false, typed);
  }
});
