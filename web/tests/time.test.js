import assert from "node:assert/strict";
import { test } from "node:test";
import { language, t } from "../static/app/language.js";
import { ago, clock, due, isPast, lasting, now, seconds, when } from "../static/app/time.js";

const NOON = Date.parse("2026-03-01T12:00:00+08:00");
now.value = NOON;

test("a time reads in the city's zone whatever the machine's is", () => {
  assert.equal(clock("2026-03-01T00:05:00Z"), "08:05");
  assert.equal(clock("2026-02-28T15:59:00Z"), "02-28 23:59");
  assert.equal(clock("2024-11-22T04:00:00Z"), "2024-11-22");
});

test("text, milliseconds, microseconds and dates are the same instant", () => {
  for (const instant of [
    "2026-03-01T00:05:00Z",
    NOON - 14_100_000,
    (NOON - 14_100_000) * 1000,
    new Date(NOON - 14_100_000),
  ]) {
    assert.equal(clock(instant), "08:05");
  }
});

test("what is no time shows as such", () => {
  assert.equal(clock("*"), "–");
  assert.equal(ago("*"), "");
  assert.equal(when(null), "–");
});

test("a length of time is in the unit that a person would choose", () => {
  language.value = "en";
  assert.equal(lasting(20_000), t("time.moment"));
  assert.equal(lasting(3 * 60_000), t("time.minutes", { n: 3 }));
  assert.equal(lasting(-2 * 3_600_000), t("time.hours", { n: 2 }));
  assert.equal(lasting(5 * 86_400_000), t("time.days", { n: 5 }));
  assert.equal(lasting(900 * 86_400_000), t("time.years", { n: 2 }));
});

test("past its time a task says for how long", () => {
  assert.equal(isPast(NOON - 1), true);
  assert.equal(isPast(NOON + 1), false);
  assert.equal(isPast(null), false);
  assert.equal(due(NOON - 12 * 60_000), t("time.overdue", { span: lasting(12 * 60_000) }));
  assert.equal(due(NOON + 3_600_000), t("time.by", { at: "13:00" }));
  assert.equal(due(null), t("time.unknown"), "what is not known is said, not left out");
});

test("a figure that is not known is a dash", () => {
  assert.equal(seconds(null), "–");
  assert.equal(seconds(42), t("time.short.seconds", { n: 42 }));
  assert.equal(seconds(240), t("time.short.minutes", { n: 4 }));
});
