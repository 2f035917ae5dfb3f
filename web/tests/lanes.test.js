import assert from "node:assert/strict";
import { test } from "node:test";
import { lanesOf, lately, ticks } from "../static/app/lanes.js";

const NOW = Date.parse("2026-03-01T12:00:00+08:00");
const day = (date) => Date.parse(`${date}T00:00:00+08:00`);
let number = 0;
const statement = (kind, record, on, value = {}) => {
  number += 1;
  return {
    kind,
    record,
    value,
    department: "housing",
    fact: "leases",
    event_id: `e-${number}`,
    occurred_at: `${on}T00:00:00+08:00`,
    withdrawn: false,
    words: "",
    rank: number,
  };
};

test("a lease is a span that its end closes", () => {
  const history = [
    statement("Let", "L-1", "2024-01-01", { start: "2024-01-01" }),
    statement("TenancyEnded", "L-1", "2025-01-01"),
  ];
  const { lanes, from, to } = lanesOf(history, NOW);
  assert.equal(lanes.length, 1);
  const [{ items }] = lanes;
  assert.deepEqual([items[0].from, items[0].to, items[0].once], [day("2024-01-01"), day("2025-01-01"), false]);
  assert.equal(from, day("2024-01-01"));
  assert.equal(to, NOW);
});

test("what has no end yet stays open", () => {
  const { lanes } = lanesOf([statement("Let", "L-1", "2024-01-01", { start: "2024-01-01" })], NOW);
  assert.equal(lanes[0].items[0].to, null);
});

test("what happened once is a point", () => {
  const { lanes } = lanesOf([statement("Visited", "V-1", "2025-05-05", { task: "V-1", outcome: "done" })], NOW);
  assert.equal(lanes[0].items[0].once, true);
});

test("withdrawn statements and masked times draw nothing", () => {
  const withdrawn = { ...statement("Let", "L-1", "2024-01-01"), withdrawn: true };
  const masked = { ...statement("Let", "L-2", "2024-01-01"), occurred_at: "*" };
  assert.equal(lanesOf([withdrawn, masked], NOW), null);
});

test("what happens often has its last month as a history of its own", () => {
  const swipes = Array.from({ length: 5 }, (_, i) => statement("SwipedIn", `S-${i}`, `2026-02-1${i}`, { device: "D" }));
  assert.equal(lately(swipes, NOW).length, 5);
  assert.deepEqual(lately(swipes.slice(1), NOW), []);
});

test("ticks lie within the span", () => {
  for (const [from, to] of [
    ["2000-01-01", "2026-03-01"],
    ["2025-12-01", "2026-03-01"],
    ["2026-02-28", "2026-03-01"],
  ]) {
    const marks = ticks(day(from), day(to));
    assert.ok(marks.length >= 2);
    assert.ok(marks.every(({ instant, label }) => instant > day(from) && instant < day(to) && label));
  }
});
