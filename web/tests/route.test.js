import assert from "node:assert/strict";
import { test } from "node:test";
import { foreseen, inOrder, isDone, isOpen, metres } from "../static/app/route.js";

const NOON = Date.parse("2026-03-01T12:00:00+08:00");
const task = (id, lon, more = {}) => ({
  id,
  severity: "today",
  state: "dispatched",
  place: { lon, lat: 23 },
  dispatched_at: "2026-03-01T00:00:00Z",
  respond_by: "2026-03-02T00:00:00Z",
  moves: ["acknowledge"],
  ...more,
});
const ids = (tasks) => tasks.map((one) => one.id);

test("a degree of latitude is 111 kilometres, and a place without coordinates has no distance", () => {
  assert.equal(Math.round(metres({ lon: 113, lat: 22 }, { lon: 113, lat: 23 }) / 1000), 111);
  assert.equal(metres({ lon: 113, lat: 22 }, { lon: null, lat: null }), null);
  assert.equal(metres(null, { lon: 113, lat: 22 }), null);
});

test("the severest stop comes first, then the nearest to the one before", () => {
  const far = task("far", 113.9);
  const near = task("near", 113.2);
  const urgent = task("urgent", 113.1, { severity: "urgent" });
  assert.deepEqual(ids(inOrder([far, near, urgent], NOON)), ["urgent", "near", "far"]);
});

test("what is overdue goes ahead of what is near", () => {
  const first = task("first", 113, { severity: "urgent" });
  const near = task("near", 113.01);
  const late = task("late", 113.9, { respond_by: "2026-03-01T01:00:00Z" });
  assert.deepEqual(ids(inOrder([near, late, first], NOON)), ["first", "late", "near"]);
});

test("a task shows what its waiting moves will make of it", () => {
  const move = { task: "a", move: "acknowledge" };
  const [moved, other] = foreseen([task("a", 113), task("b", 113)], [move]);
  assert.equal(moved.state, "acknowledged");
  assert.deepEqual(moved.moves, ["complete", "hand-over", "suspend"]);
  assert.equal(moved.unsent, true);
  assert.equal(other.state, "dispatched");
  const [done] = foreseen([task("a", 113)], [move, { task: "a", move: "complete" }]);
  assert.equal(isDone(done), true);
  assert.deepEqual(done.moves, []);
});

test("a task that is handed over is neither open nor done", () => {
  const [given] = foreseen([task("a", 113)], [{ task: "a", move: "hand-over" }]);
  assert.equal(isOpen(given), false);
  assert.equal(isDone(given), false);
});
