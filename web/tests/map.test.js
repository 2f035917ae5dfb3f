import assert from "node:assert/strict";
import { test } from "node:test";
import { byRule } from "../static/app/figures.js";
import { isMasked, orMasked, recordOf } from "../static/app/masked.js";
import { above, learn, levelOf, pathTo, placeName, shortName } from "../static/app/regions.js";
import { shadeOf, stepsFor } from "../static/app/shades.js";
import { now } from "../static/app/time.js";

const GRID = "440113001002003";

test("a region's code says its level, what is above it, and the way down to it", () => {
  assert.deepEqual([levelOf("440113"), levelOf("440113001"), levelOf(GRID), levelOf("")], [6, 9, 15, 0]);
  assert.equal(above(GRID, "440113"), "440113001002");
  assert.equal(above("440113", "440113"), "440113");
  assert.deepEqual(pathTo(GRID, "440113"), ["440113", "440113001", "440113001002", GRID]);
  assert.deepEqual(pathTo("440113", ""), ["", "440113"]);
});

test("a place is named from the nearest region with a known name, larger first in Chinese and last in English", () => {
  learn("440113001002", { name_zh: "先锋社区", name_en: "Xianfeng" });
  learn(GRID, { name_zh: "先锋社区03网格", name_en: "Grid 03, Xianfeng" });
  assert.equal(shortName(GRID, "zh"), "03网格");
  assert.equal(placeName(GRID, "zh"), "先锋社区 03网格");
  assert.equal(placeName(GRID, "en"), "Grid 03, Xianfeng");
});

test("two alike streets have the same shade, and neither the darkest", () => {
  const steps = stepsFor([10, 10, 0]);
  assert.equal(shadeOf(10, steps), shadeOf(10, steps));
  assert.ok(shadeOf(10, steps) < steps.length);
  assert.equal(shadeOf(0, steps), 0);
  assert.equal(shadeOf(1000, steps), steps.length);
});

test("a masked value is known as such, and of a code nothing readable is left", () => {
  assert.deepEqual(["*", "周*", "1*", "周", 1].map(isMasked), [true, true, true, false, false]);
  assert.equal(orMasked("周*"), "周*");
  assert.notEqual(orMasked("1*"), "1*");
  assert.equal(recordOf("L-1"), "L-1");
  assert.ok(recordOf("粤*").length > 2);
});

test("an hour without an alert is an empty column of the figure", () => {
  now.value = Date.parse("2026-03-01T12:30:00+08:00");
  const option = byRule([
    { hour: "2026-03-01T03:00:00Z", rule: "newly-let", severity: "today", count: 2 },
    { hour: "2026-03-01T03:00:00Z", rule: "newly-let", severity: "urgent", count: 1 },
  ]);
  assert.equal(option.xAxis.data.length, 24);
  assert.equal(option.series.length, 1);
  assert.equal(option.series[0].data.filter((count) => count > 0).length, 1);
  assert.equal(option.series[0].data.at(-2), 3);
});
