import assert from "node:assert/strict";
import { test } from "node:test";
import { acknowledging, byRule, delays } from "../static/app/figures.js";
import { placeFor, within } from "../static/app/labels.js";
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

test("a region's shade follows from its own count and its level alone, an ordinary day's is not the darkest", () => {
  for (const [digits, ordinary] of [
    [6, 400],
    [9, 100],
    [12, 30],
    [15, 8],
  ]) {
    const steps = stepsFor(digits);
    assert.equal(shadeOf(0, steps), 0);
    assert.ok(shadeOf(1, steps) > 0);
    assert.ok(shadeOf(ordinary, steps) < steps.length);
    assert.equal(shadeOf(10_000, steps), steps.length);
    assert.ok(steps.every((upTo, i) => i === 0 || upTo > steps[i - 1]));
  }
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

test("of many rules those that found most are parts of a column, and all others are one", () => {
  now.value = Date.parse("2026-03-01T12:30:00+08:00");
  const rows = Array.from({ length: 20 }, (_, i) => ({
    hour: "2026-03-01T03:00:00Z",
    rule: `rule-${i}`,
    count: i + 1,
  }));
  const { series } = byRule(rows);
  assert.equal(series.length, 6);
  assert.deepEqual(
    series.slice(0, 5).map(({ name }) => name),
    [19, 18, 17, 16, 15].map((i) => `rule-${i}`),
  );
  assert.equal(
    series.flatMap(({ data }) => data).reduce((sum, one) => sum + one, 0),
    210,
    "nothing is left out",
  );
});

test("hours apart are dots: no line says that something was acknowledged between them", () => {
  now.value = Date.parse("2026-03-01T12:30:00+08:00");
  const { series } = acknowledging([
    { hour: "2026-03-01T03:00:00Z", p50_seconds: 60, p90_seconds: 120 },
    { hour: "2026-02-28T20:00:00Z", p50_seconds: 60, p90_seconds: 120 },
  ]);
  assert.ok(series.every((line) => line.connectNulls === false && line.symbol !== "none"));
  assert.equal(series[0].data.filter((one) => one != null).length, 2);
});

test("a quiet office with a long limit does not look late, and one that is late by its own limit comes first", () => {
  const office = (department, delay_seconds, limit_seconds) => [
    department,
    { department, delay_seconds, limit_seconds, stale: delay_seconds > limit_seconds },
  ];
  const {
    series,
    yAxis: [names, words],
  } = delays(new Map([office("weather", 7_200, 3_600), office("education", 86_400, 31 * 86_400)]));
  const [bar] = series;
  assert.deepEqual([names.data.length, words.data.length], [2, 2]);
  assert.ok(bar.data[0].value < 0.05, "a day of a month");
  assert.equal(bar.data[1].value, 2, "the one that is late, below is above in a chart");
  assert.notEqual(bar.data[0].itemStyle.color, bar.data[1].itemStyle.color);
});

test("a label stands where it covers no pin, nearest to the middle; without room there is none", () => {
  const region = { x: 100, y: 100, width: 160, height: 160 };
  const label = { width: 60, height: 40 };
  const pin = (x, y) => ({ x, y, width: 36, height: 22 });
  const clear = (place, pins) =>
    pins.every(
      (one) =>
        Math.abs(one.x - place.x) >= (one.width + place.width) / 2 ||
        Math.abs(one.y - place.y) >= (one.height + place.height) / 2,
    );
  assert.deepEqual(placeFor(label, region, []), { x: 100, y: 100, ...label });
  const pins = [pin(100, 100), pin(60, 110), pin(140, 90)];
  assert.ok(clear(placeFor(label, region, pins), pins));
  const crowd = Array.from({ length: 100 }, (_, i) => pin(20 + (i % 10) * 18, 20 + Math.floor(i / 10) * 18));
  assert.equal(placeFor(label, region, crowd), null);
});

test("a label stands within its region, not only within the box around it", () => {
  const corner = [
    { x: 0, y: 0 },
    { x: 100, y: 0 },
    { x: 100, y: 20 },
    { x: 20, y: 20 },
    { x: 20, y: 100 },
    { x: 0, y: 100 },
  ];
  assert.deepEqual([within({ x: 10, y: 90 }, corner), within({ x: 60, y: 60 }, corner)], [true, false]);
  const place = placeFor({ width: 10, height: 8 }, { x: 50, y: 50, width: 100, height: 100 }, [], corner);
  assert.ok(within(place, corner));
});
