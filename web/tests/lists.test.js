import assert from "node:assert/strict";
import { test } from "node:test";
import { alertsOf, clustered, pinsOf } from "../static/app/clusters.js";
import { filtersOf, fits, inRegion, isKnownBy, LISTS, onlyFilters } from "../static/app/filters.js";
import { perFrame } from "../static/app/frames.js";
import { byChange, liveList } from "../static/app/live-list.js";
import { severityOf } from "../static/app/severity.js";
import { now } from "../static/app/time.js";

now.value = Date.parse("2026-03-01T12:00:00+08:00");
const alert = (finding_id, more = {}) => ({
  finding_id,
  severity: "today",
  state: "opened",
  call: false,
  opened_at: "2026-03-01T00:00:00Z",
  due: more.task?.respond_by ?? "2026-03-01T05:00:00Z",
  place: { grid: "440113001002003", district: "440113" },
  task: { id: "1", state: "dispatched", queue: "440113001002003", respond_by: "2026-03-01T05:00:00Z" },
  ...more,
});
const ids = (alerts) => alerts.map((one) => one.finding_id);

const put = (list, ...alerts) => list.take(alerts.map((one) => ["alert", one]));

test("the list shows calls for help first, then what is due first, as the server sorts it", () => {
  const list = liveList();
  const call = alert("call", { call: true, due: "2026-03-09T00:00:00Z" });
  const items = [
    alert("b"),
    alert("never", { due: null }),
    alert("a"),
    call,
    alert("soon", { due: "2026-03-01T04:00:01Z" }),
  ];
  list.load({ items, next: "c" });
  assert.deepEqual(ids(list.items.value), ["call", "soon", "a", "b", "never"]);
  assert.equal(list.next.value, "c");
  const changed = (finding_id, hour) =>
    alert(finding_id, { state: "resolved", changed_at: `2026-03-01T0${hour}:00:00Z` });
  list.load({ items: [changed("older", 1), changed("newer", 2)], next: null }, () => true, byChange);
  assert.deepEqual(ids(list.items.value), ["newer", "older"]);
});

test("what waits for the centre is in its lists, whether its alert is resolved or not", () => {
  const done = { state: "completed", outcome: "done", queue: "440113001001001" };
  const isIn = (name, one) => fits(one, { ...LISTS[name], grid: "440113" }, "440113");
  assert.equal(isIn("fed_back", alert("a", { state: "resolved", task: done })), true);
  assert.equal(isIn("fed_back", alert("a", { task: { ...done, outcome: "nobody_home" } })), false);
  assert.equal(isIn("fed_back", alert("a", { task: { ...done, state: "verified" } })), false);
  assert.equal(isIn("asking", alert("a", { task: { state: "acknowledged", asked: "suspension" } })), true);
  const told = (escalated_to, scope) =>
    fits(alert("a", { task: { state: "dispatched", escalated_to } }), { ...LISTS.escalated, grid: scope }, scope);
  assert.deepEqual(
    ["deputy", "community", "street", "district"].map((level) =>
      [12, 9, 6, 0].map((digits) => told(level, "440113001002".slice(0, digits))),
    ),
    [
      [false, false, false, false],
      [true, false, false, false],
      [true, true, false, false],
      [true, true, true, true],
    ],
  );
  assert.equal(isIn("asking", alert("a", { task: { state: "acknowledged", asked: null } })), false);
});

test("an alert from the stream is marked as arrived, and leaves when the filter no longer fits", () => {
  const list = liveList();
  list.load({ items: [alert("a")], next: null }, (one) => one.severity === "today");
  put(list, alert("b"), alert("a"));
  assert.deepEqual([...list.arrived], ["b"]);
  put(list, alert("b", { severity: "planned" }));
  assert.deepEqual(ids(list.items.value), ["a"]);
  assert.equal(list.arrived.size, 0);
});

test("what belongs on a page that was not read yet waits for it", () => {
  const list = liveList();
  list.load({ items: [alert("a"), alert("m")], next: "after m" });
  put(list, alert("z"), alert("b"));
  assert.deepEqual(ids(list.items.value), ["a", "b", "m"]);
});

test("an older task of the finding changes nothing", () => {
  const list = liveList();
  list.load({ items: [alert("a", { task: { id: "2", state: "dispatched", queue: "q" } })], next: null });
  const moved = (id, state) =>
    list.take([["task", { id, finding_id: "a", state, queue: "q", respond_by: "2026-03-02T00:00:00Z" }]]);
  moved("1", "completed");
  assert.equal(list.items.value[0].task.state, "dispatched");
  moved("2", "acknowledged");
  assert.equal(list.items.value[0].task.state, "acknowledged");
  assert.equal(list.items.value[0].due, "2026-03-02T00:00:00Z");
  assert.equal(list.isStale(), false);
  list.take([["task", { id: "3", finding_id: "elsewhere", state: "acknowledged", queue: "q" }]]);
  assert.equal(list.isStale(), true);
});

test("however many events come, they are drawn once a frame", () => {
  const frames = [];
  globalThis.requestAnimationFrame = (draw) => frames.push(draw);
  globalThis.document.hidden = false;
  const drawn = [];
  const received = perFrame((events) => drawn.push(events));
  for (let n = 0; n < 1000; n++) received("alert", n);
  assert.equal(frames.length, 1);
  frames.pop()();
  assert.deepEqual([drawn.length, drawn[0].length, drawn[0][999]], [1, 1000, ["alert", 999]]);
  received("task", 1);
  assert.equal(frames.length, 1);
});

test("an alert is done once it is resolved or its work has ended, not after a visit that met nobody", () => {
  assert.equal(severityOf(alert("a", { state: "resolved" })), "done");
  assert.equal(severityOf(alert("a", { task: { state: "completed", outcome: "done" } })), "done");
  assert.equal(severityOf(alert("a", { task: { state: "completed", outcome: "nobody_home" } })), "today");
});

test("what the stream brings is placed in the list that the server would place it in", () => {
  const isIn = (list, one) => fits(one, { ...LISTS[list], grid: "440113" }, "440113");
  const late = alert("late", { task: { state: "acknowledged", queue: "440113", respond_by: "2026-03-01T03:00:00Z" } });
  assert.equal(isIn("due", alert("a")), true);
  assert.equal(isIn("due", late), false);
  assert.equal(isIn("overdue", late), true);
  assert.equal(isIn("claimed", late), true);
  assert.equal(isIn("waiting", alert("a")), false);
  assert.equal(isIn("waiting", alert("a", { task: { state: "dispatched", queue: "440113" } })), true);
  assert.equal(isIn("overdue", alert("a", { due: late.due, task: { ...late.task, state: "suspended" } })), false);
  assert.equal(isIn("open", alert("a", { state: "resolved" })), false);
});

test("the address says what is shown, and a number leaves no other filter on", () => {
  const address = { list: "due", rule: "newly-let", assignee: "x", case: "c" };
  assert.deepEqual(filtersOf(address, "440113"), {
    task: "running",
    due: "today",
    rule: "newly-let",
    assignee: "x",
    grid: "440113",
  });
  assert.equal(isKnownBy(filtersOf(address, "")), false);
  assert.deepEqual(
    Object.entries(onlyFilters({ list: "overdue" })).filter(([, value]) => value),
    [["list", "overdue"]],
  );
  assert.ok("rule" in onlyFilters({}) && "grid" in onlyFilters({}));
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
    groups.map((group) => ids(group.pins)),
    [["b", "a"], ["c"], ["d"]],
  );
});

test("clusters of the server that touch on the screen are one with both their numbers", () => {
  const feature = (id, alerts, severity) => ({
    id,
    geometry: { type: "Point", coordinates: [113, 22] },
    properties: { finding_id: id, alerts, severity, rule: "newly-let", bounds: [113, 22, 113, 22] },
  });
  const [group, ...others] = clustered(
    pinsOf([feature("a", 40, "planned"), feature("b", 2, "urgent")]),
    () => ({ x: 0, y: 0 }),
    () => false,
  );
  assert.equal(others.length, 0);
  assert.equal(alertsOf(group.pins), 42);
  assert.equal(group.pins[0].finding_id, "b");
});

test("a line is one row: a door that comes in goes under it, and the server is asked what it stands for", () => {
  const list = liveList();
  const head = alert("first", { line: "440113.a", gathered: { alerts: 2 } });
  list.load({ items: [head, alert("alone")], next: null });
  put(list, alert("third", { line: "440113.a", gathered: null }));
  assert.deepEqual(ids(list.items.value), ["alone", "first"]);
  assert.equal(list.isLineStale(), true);
  put(list, alert("first", { line: "440113.a", gathered: null }));
  assert.equal(list.items.value.find((one) => one.finding_id === "first").gathered.alerts, 2);
  list.load({ items: [alert("alone")], next: null });
  put(list, alert("new", { line: "440113.b", gathered: null }));
  assert.equal(list.isLineStale(), true);
});

test("what stands behind another alert is in no list of what is open", () => {
  const behind = alert("a", { inhibited_by: "b" });
  const isIn = (name) => fits(behind, { ...LISTS[name], grid: "440113" }, "440113");
  assert.deepEqual([isIn("open"), isIn("inhibited"), isIn("silenced")], [false, true, false]);
});
