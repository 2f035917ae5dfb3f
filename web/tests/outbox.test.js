import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";
import { dismiss, drain, notesMasked, online, openOutbox, outbox, post, refused } from "../static/app/outbox.js";
import { moves } from "./memory-store.js";

const answers = [];
const sent = [];
const taken = [];
const answer = (status, body) =>
  new Response(JSON.stringify(body), { status, headers: { "content-type": "application/json" } });

beforeEach(async () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  globalThis.fetch = async (url, { body, headers }) => {
    sent.push({ url, body: JSON.parse(body), key: headers["idempotency-key"] });
    const next = answers.shift();
    if (next instanceof Error) throw next;
    return next ?? answer(200, { id: "t" });
  };
  await openOutbox("worker", (task) => taken.push(task));
});

afterEach(async () => {
  for (const one of await moves.all()) await moves.remove(one.number);
  for (const list of [answers, sent, taken]) list.length = 0;
  mock.timers.reset();
});

test("moves are sent in order, and leave the list once the server has taken them", async () => {
  await post("t", "acknowledge");
  await post("t", "complete", { outcome: "done" });
  await drain();
  assert.deepEqual(
    sent.map((one) => one.url),
    ["/api/v1/tasks/t/acknowledge", "/api/v1/tasks/t/complete"],
  );
  assert.deepEqual(outbox, []);
  assert.deepEqual(await moves.all(), []);
  assert.equal(taken.length, 2);
});

test("without a network a move stays on the disk and is sent again under the same key", async () => {
  answers.push(new TypeError("no network"));
  await post("t", "acknowledge");
  await new Promise(setImmediate);
  assert.equal(online.value, false);
  assert.equal((await moves.all()).length, 1);
  await drain();
  assert.equal(online.value, true);
  assert.equal(sent.length, 2);
  assert.equal(sent[0].key, sent[1].key);
  assert.deepEqual(await moves.all(), []);
});

test("a refused move waits for a person, and those behind it go on", async () => {
  answers.push(answer(409, { title: "no", detail: "the task is closed" }));
  await post("t", "complete");
  await post("u", "acknowledge");
  await drain();
  assert.equal(refused.value.length, 1);
  assert.equal(refused.value[0].refused.why, "the task is closed");
  assert.deepEqual(
    taken.map((task) => task.id),
    ["t"],
  );
  await dismiss(refused.value[0].number);
  assert.deepEqual(await moves.all(), []);
});

test("the person hears that an identity number was taken out of a note", async () => {
  answers.push(answer(200, { id: "t", note_masked: true }));
  await post("t", "complete", { outcome: "done", note: "…" });
  await drain();
  assert.equal(notesMasked.value, 1);
  assert.deepEqual(outbox, []);
});

test("that an instruction was read, and its answer, say when, and change nothing of the task", async () => {
  await post("t", "read-instruction", { number: 3 });
  await post("t", "answer-instruction", { number: 3, note: "seen" });
  await drain();
  assert.deepEqual(
    sent.map(({ url, body }) => [url, body.number, typeof body.at]),
    [
      ["/api/v1/tasks/t/read-instruction", 3, "string"],
      ["/api/v1/tasks/t/answer-instruction", 3, "string"],
    ],
  );
  assert.deepEqual(taken, []);
  assert.deepEqual(outbox, []);
});

test("another account's moves are kept and not sent", async () => {
  await moves.add({ account: "colleague", task: "t", move: "acknowledge", body: {}, key: "k" });
  await openOutbox("worker", () => {});
  await drain();
  assert.equal(sent.length, 0);
  assert.equal((await moves.all()).length, 1);
});
