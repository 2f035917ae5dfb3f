import assert from "node:assert/strict";
import { test } from "node:test";
import { clustered } from "../static/app/clusters.js";
import { FILTERS, inRegion } from "../static/app/filters.js";
import { liveList } from "../static/app/live-list.js";
import { severityOf } from "../static/app/severity.js";
import { now } from "../static/app/time.js";

now.value = Date.parse("2026-03-01T12:00:00+08:00");
const alert = (finding_id, more = {}) => ({
  finding_id,
  severity: "today",
  state: "opened",
  opened_at: "2026-03-01T00:00:00Z",
  place: { grid: "440113001002003", district: "440113" },
  task: { id: "1", state: "dispatched", queue: "440113001002003", respond_by: "2026-03-01T05:00:00Z" },
  ...more,
});
const ids = (alerts) => alerts.map((one) => one.finding_id);

test("the list shows the urgent first and the newest first within a severity", () => {
  const list = liveList();
  const newer = alert("newer", { opened_at: "2026-03-01T01:00:00Z" });
  list.load({ items: [alert("older"), newer, alert("urgent", { severity: "urgent" })], next: "c" });
  assert.deepEqual(ids(list.items.value), ["urgent", "newer", "older"]);
  assert.equal(list.next.value, "c");
});

test("an alert from the stream is marked as arrived, and leaves when the filter no longer fits", () => {
  const list = liveList();
  list.load({ items: [alert("a")], next: null });
  list.put(alert("b"), true);
  list.put(alert("a"), true);
  assert.deepEqual([...list.arrived], ["b"]);
  list.put(alert("b"), false);
  assert.deepEqual(ids(list.items.value), ["a"]);
  assert.equal(list.arrived.size, 0);
});

test("an older task of the finding changes nothing", () => {
  const list = liveList();
  list.load({ items: [alert("a", { task: { id: "2", state: "dispatched", queue: "q" } })], next: null });
  list.taskMoved({ id: "1", finding_id: "a", state: "completed", queue: "q" });
  assert.equal(list.items.value[0].task.state, "dispatched");
  list.taskMoved({ id: "2", finding_id: "a", state: "acknowledged", queue: "q" });
  assert.equal(list.items.value[0].task.state, "acknowledged");
});

test("an alert is done once it is resolved or its work has ended, not after a visit that met nobody", () => {
  assert.equal(severityOf(alert("a", { state: "resolved" })), "done");
  assert.equal(severityOf(alert("a", { task: { state: "completed", outcome: "done" } })), "done");
  assert.equal(severityOf(alert("a", { task: { state: "completed", outcome: "nobody_home" } })), "today");
});

test("each head number counts what its name says", () => {
  const late = alert("late", { task: { state: "acknowledged", queue: "440113", respond_by: "2026-03-01T03:00:00Z" } });
  assert.equal(FILTERS.due.fits(alert("a")), true);
  assert.equal(FILTERS.due.fits(late), false);
  assert.equal(FILTERS.overdue.fits(late), true);
  assert.equal(FILTERS.claimed.fits(late), true);
  assert.equal(FILTERS.waiting.fits(alert("a")), false);
  assert.equal(FILTERS.waiting.fits(alert("a", { task: { state: "dispatched", queue: "440113" } })), true);
  assert.equal(FILTERS.overdue.fits(alert("a", { task: { ...late.task, state: "suspended" } })), false);
});

test("a region holds what lies in it; an alert without a place belongs to the whole scope only", () => {
  assert.equal(inRegion(alert("a"), "440113001", "440113"), true);
  assert.equal(inRegion(alert("a"), "440106", "440113"), false);
  assert.equal(inRegion(alert("a", { place: null }), "440113", "440113"), true);
  assert.equal(inRegion(alert("a", { place: null }), "440113001", "440113"), false);
});

test("pins that would lie upon each other are one, the severest in front; the open one stays alone", () => {
  const places = { a: { x: 0, y: 0 }, b: { x: 10, y: 5 }, c: { x: 200, y: 0 }, d: { x: 2, y: 2 } };
  const alerts = [alert("a"), alert("b", { severity: "urgent" }), alert("c"), alert("d")];
  const groups = clustered(
    alerts,
    (one) => places[one.finding_id],
    (one) => one.finding_id === "d",
  );
  assert.deepEqual(
    groups.map((group) => ids(group.alerts)),
    [["b", "a"], ["c"], ["d"]],
  );
});
