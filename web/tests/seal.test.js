import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { closeDrafts, draftsOf, forgetDraft, keepDraft, readDraft } from "../static/app/drafts.js";
import { drain, openOutbox, outbox, post, visitsKept } from "../static/app/outbox.js";
import { seal } from "../static/app/seal.js";
import { endSession, leave } from "../static/app/session.js";
import { drafts, kept, moves } from "./memory-store.js";

const { subtle } = crypto;
const CURVE = { name: "ECDH", namedCurve: "P-256" };
const pair = await subtle.generateKey(CURVE, true, ["deriveBits"]);
const point = new Uint8Array(await subtle.exportKey("raw", pair.publicKey));
const bytes = (text) => new Uint8Array(Buffer.from(text, "base64"));
const NOTE = "老人独居，门锁已坏";

/** What the server does. */
async function opened(sealed) {
  const [id, theirs, iv, data] = sealed.split(".");
  const once = await subtle.importKey("raw", bytes(theirs), CURVE, false, []);
  const shared = await subtle.deriveBits({ name: "ECDH", public: once }, pair.privateKey, 256);
  const root = await subtle.importKey("raw", shared, "HKDF", false, ["deriveKey"]);
  const salt = new Uint8Array([...bytes(theirs), ...point]);
  const info = new TextEncoder().encode("citygrid seal 1");
  const how = { name: "HKDF", hash: "SHA-256", salt, info };
  const key = await subtle.deriveKey(how, root, { name: "AES-GCM", length: 256 }, false, ["decrypt"]);
  const additionalData = new TextEncoder().encode(id);
  const text = await subtle.decrypt({ name: "AES-GCM", iv: bytes(iv), additionalData }, key, bytes(data));
  return JSON.parse(new TextDecoder().decode(text));
}

let network = true;
let signedIn = "worker";
let visit;
const sent = [];
const answer = (status, body) =>
  new Response(status === 204 ? null : JSON.stringify(body), {
    status,
    headers: { "content-type": "application/json" },
  });

beforeEach(async () => {
  network = true;
  visit = undefined;
  globalThis.fetch = async (url, { method, body }) => {
    if (!network) throw new TypeError("no network");
    const path = url.replace("/api/v1", "");
    if (path === "/sealing-key") return answer(200, { id: "k1", key: Buffer.from(point).toString("base64") });
    if (path === "/sealed/open") {
      const { account, content } = await opened(JSON.parse(body).sealed);
      return account === signedIn ? answer(200, { content }) : answer(404, {});
    }
    sent.push({ method, path, body: body && JSON.parse(body) });
    return path === "/session" ? answer(204) : answer(200, { id: "t", visit });
  };
  await openOutbox("worker", () => {});
  draftsOf("worker");
});

afterEach(async () => {
  network = true;
  for (const one of await moves.all()) await moves.remove(one.number);
  sent.length = 0;
  drafts.values.clear();
  localStorage.removeItem("citygrid.signed-out");
});

/** All of the tablet's memory, as whoever finds it reads it. */
const disk = async () => JSON.stringify([await moves.all(), [...drafts.values], [...kept.values]]);

test("what waits is on the disk without a word of it, and is sent after the page was loaded anew", async () => {
  network = false;
  await post("t", "complete", { outcome: "done", note: NOTE });
  await drain();
  assert.equal((await disk()).includes(NOTE), false);
  assert.equal((await disk()).includes("done"), false);
  network = true;
  await openOutbox("worker", () => {}); // another page: nothing is in its memory
  assert.equal(outbox[0].body, undefined);
  await drain();
  const [{ body, path }] = sent;
  assert.deepEqual([path, body.note, body.outcome], ["/tasks/t/complete", NOTE, "done"]);
  assert.deepEqual(await moves.all(), []);
});

test("a visit says when it happened, however late it is sent", async () => {
  network = false;
  const before = Date.now();
  await post("t", "complete", { outcome: "done" });
  await drain();
  const after = Date.now();
  network = true;
  await openOutbox("worker", () => {});
  await drain();
  const at = Date.parse(sent[0].body.seen_at);
  assert.ok(before <= at && at <= after);
});

test("the worker reads that a visit was kept beside its task", async () => {
  visit = { kept_as: "observation", because: "taken_over", seen_at: "x", sent_at: "y", bound: null };
  await post("t", "complete", { outcome: "done" });
  await drain();
  assert.deepEqual(JSON.parse(JSON.stringify(visitsKept)), [visit]);
  visitsKept.splice(0);
  visit = { kept_as: "completion", because: null, seen_at: "x", sent_at: "x", bound: null };
  await post("t", "complete", { outcome: "done" });
  await drain();
  assert.equal(visitsKept.length, 0);
});

test("what is typed is kept in the same breath, and its newest is sealed", async () => {
  for (const note of ["门", "门锁", NOTE]) keepDraft("u", { note });
  assert.equal(drafts.values.get("worker/u").open.note, NOTE, "before anything was waited for");
  await keepDraft("u", { note: NOTE });
  const { sealed } = drafts.values.get("worker/u");
  assert.equal((await opened(sealed)).content.note, NOTE);
  keepDraft("u", { note: "" });
  assert.equal(drafts.values.get("worker/u").sealed, sealed, "until the next one is sealed, the one before stands");
  await forgetDraft("u");
  assert.equal(drafts.values.size, 0);
});

test("signed out without a network, nothing can be read, and what is unsent is sent by its account", async () => {
  await kept.put("day", { tasks: ["周*"] });
  await keepDraft("u", { note: NOTE });
  network = false;
  await post("t", "complete", { outcome: "done", note: NOTE });
  await drain();
  await leave();
  assert.equal((await disk()).includes(NOTE), false);
  assert.equal((await disk()).includes("周*"), false);
  assert.equal(await endSession(), false);
  network = true;
  assert.equal(await endSession(), true);
  assert.deepEqual(
    sent.map(({ method, path }) => `${method} ${path}`),
    ["DELETE /session"],
  );
  assert.equal(await endSession(), true);
  assert.equal(sent.length, 1, "once");

  signedIn = "colleague"; // the tablet opens nothing for anybody else
  draftsOf("colleague");
  assert.equal(await readDraft("u"), undefined);
  draftsOf("worker");
  assert.equal(await readDraft("u"), undefined);
  await openOutbox("colleague", () => {});
  await drain();
  assert.equal(sent.length, 1);

  signedIn = "worker";
  assert.deepEqual(await readDraft("u"), { note: NOTE });
  await openOutbox("worker", () => {});
  await drain();
  assert.equal(sent.at(-1).body.note, NOTE);
});

test("a draft is kept in the order of typing, and is gone once its visit was sent", async () => {
  for (const note of ["a", "ab", "abc"]) keepDraft("u", { note });
  await closeDrafts();
  assert.deepEqual(await readDraft("u"), { note: "abc" });
  await forgetDraft("u");
  assert.equal(await readDraft("u"), undefined);
});

test("two seals of one text have nothing in common", async () => {
  const [one, other] = [await seal("worker", NOTE), await seal("worker", NOTE)];
  const [, ...parts] = one.split(".");
  assert.ok(parts.every((part) => !other.includes(part)));
  assert.deepEqual(await opened(one), { account: "worker", content: NOTE });
});
