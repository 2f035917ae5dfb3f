import assert from "node:assert/strict";
import { test } from "node:test";
import { gcj02, navigation } from "../static/app/gcj02.js";

test("a place in China is shifted as its maps are", () => {
  // the pair that libraries of the formula give as their example
  const { lon, lat } = gcj02({ lon: 116.404, lat: 39.915 });
  assert.ok(Math.abs(lon - 116.41024449916938) < 1e-9, String(lon));
  assert.ok(Math.abs(lat - 39.91640428150164) < 1e-9, String(lat));
});

test("a place outside of China is left as it is", () => {
  assert.deepEqual(gcj02({ lon: 2.35, lat: 48.86 }), { lon: 2.35, lat: 48.86 });
});

test("the phone's navigation gets the place and nothing else", () => {
  assert.match(navigation({ lon: 113.36, lat: 22.94 }), /^geo:22\.9\d{5},113\.36\d{4}\?q=22\.9\d{5},113\.36\d{4}$/);
});
