import assert from "node:assert/strict";
import { test } from "node:test";
import { dueOf, foreseen, isDone, isOpen, levelOf, metres, stopsOf } from "../static/app/route.js";

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
const keys = (stops) => stops.map((one) => one.key);
const planned = (order, more = {}) => ({
  stops: order.map((key) => ({ key, patrols: [], reasons: [] })),
  left: [],
  moved: [],
  ...more,
});

test("a degree of latitude is 111 kilometres, and a place without coordinates has no distance", () => {
  assert.equal(Math.round(metres({ lon: 113, lat: 22 }, { lon: 113, lat: 23 }) / 1000), 111);
  assert.equal(metres({ lon: 113, lat: 22 }, { lon: null, lat: null }), null);
  assert.equal(metres(null, { lon: 113, lat: 22 }), null);
});

test("the stops stand as the server planned them, and what does not fit says why", () => {
  const [a, b, c] = [task("a", 113), task("b", 113.1), task("c", 113.2)];
  const plan = planned(["c", "a"], { left: [{ key: "b", reason: { kind: "no_time" } }] });
  const stops = stopsOf([a, b, c], plan);
  assert.deepEqual(keys(stops), ["c", "a", "b"]);
  assert.deepEqual(
    stops.map((stop) => stop.left?.kind ?? null),
    [null, null, "no_time"],
  );
  assert.deepEqual(keys(stopsOf([a, c], plan)), ["c", "a"], "what is done falls out");
});

test("findings at one door are one stop, the severest first", () => {
  const here = [task("a", 113, { dwelling: "D-1" }), task("b", 113, { dwelling: "D-1", severity: "urgent" })];
  const [stop, ...others] = stopsOf(here, null);
  assert.deepEqual(ids(stop.tasks), ["b", "a"]);
  assert.equal(others.length, 0);
  assert.equal(levelOf(stop), "urgent");
  assert.equal(stop.key, "D-1");
});

test("what came in since the plan was made is not lost: urgent before it, else behind it", () => {
  const plan = planned(["a"]);
  const late = [task("a", 113), task("new", 113), task("fire", 113, { severity: "urgent" })];
  assert.deepEqual(keys(stopsOf(late, plan)), ["fire", "a", "new"]);
});

test("a recurring visit is a stop, at its door or by itself, until it is sent", () => {
  const patrol = (id) => ({ id, kind: "rental", severity: "planned", address: "右巷 1 号" });
  const plan = planned([]);
  plan.stops = [
    { key: "D-1", patrols: [patrol("p1")], reasons: [], lon: 113, lat: 23 },
    { key: "p2", patrols: [patrol("p2")], reasons: [], lon: 113, lat: 23 },
  ];
  const stops = stopsOf([task("a", 113, { dwelling: "D-1" })], plan);
  assert.deepEqual(
    stops.map((stop) => [stop.tasks.length, stop.patrols.length]),
    [
      [1, 1],
      [0, 1],
    ],
  );
  assert.equal(stops[1].place.address, "右巷 1 号");
  assert.deepEqual(keys(stopsOf([], plan, [{ move: "patrol", task: "p2" }])), ["D-1"]);
});

test("a stop is due when the first of it is; one without a known time never hides another's", () => {
  const at = (respond_by) => task(String(respond_by), 113, { dwelling: "D", respond_by });
  const [stop] = stopsOf([at(null), at("2026-03-02T00:00:00Z"), at("2026-03-01T09:00:00Z")], null);
  assert.equal(dueOf(stop), "2026-03-01T09:00:00Z");
  assert.equal(dueOf(stopsOf([at(null)], null)[0]), null);
});

test("a task shows what its waiting moves will make of it", () => {
  const move = { task: "a", move: "acknowledge" };
  const [moved, other] = foreseen([task("a", 113), task("b", 113)], [move]);
  assert.equal(moved.state, "acknowledged");
  assert.deepEqual(moved.moves, ["complete", "hand-over", "ask-suspension", "ask-extension"]);
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
