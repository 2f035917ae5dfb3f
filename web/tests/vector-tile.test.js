import assert from "node:assert/strict";
import { test } from "node:test";
import { covering } from "../static/app/base-map.js";
import { layersOf } from "../static/app/vector-tile.js";

// Mapbox Vector Tile 2.1, written by hand: https://github.com/mapbox/vector-tile-spec/tree/master/2.1
const varint = (value) => {
  const bytes = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    bytes.push(rest > 127 ? (rest % 128) | 128 : rest);
    if (rest <= 127) return bytes;
  }
};
const zigzag = (value) => (value < 0 ? -2 * value - 1 : 2 * value);
const number = (field, value) => [...varint(field << 3), ...varint(value)];
const part = (field, bytes) => [...varint((field << 3) | 2), ...varint(bytes.length), ...bytes];
const words = (field, text) => part(field, [...new TextEncoder().encode(text)]);
const [MOVE, LINE, CLOSE] = [1, 2, 7];
/** `steps`: a command with its pairs of differences. */
const geometry = (...steps) =>
  steps.flatMap(([command, ...pairs]) => [
    ...varint(((command === CLOSE ? 1 : pairs.length) << 3) | command),
    ...pairs.flat().flatMap((value) => varint(zigzag(value))),
  ]);
const feature = (kind, tags, shape) =>
  part(2, [...part(2, tags.flatMap(varint)), ...number(3, kind), ...part(4, shape)]);
const layer = (name, features, { keys = ["class"], values = ["primary"], extent } = {}) =>
  part(3, [
    ...number(15, 2), // the specification's version, of which nothing depends
    ...words(1, name),
    ...features.flat(),
    ...keys.flatMap((key) => words(3, key)),
    ...values.flatMap((value) => part(4, words(1, value))),
    ...(extent ? number(5, extent) : []),
  ]);
const read = (...layers) => layersOf(new Uint8Array(layers.flat()).buffer);

test("a line is a row of points, each from the one before", () => {
  const way = geometry([MOVE, [25, 17]], [LINE, [0, 8], [-8, 0]]);
  assert.deepEqual(read(layer("transportation", [feature(2, [0, 0], way)], { extent: 8192 })), [
    {
      name: "transportation",
      extent: 8192,
      features: [{ kind: 2, class: "primary", paths: [[25, 17, 25, 25, 17, 25]] }],
    },
  ]);
});

test("a hole begins where the ring before ended, and a closed ring does not come back to its start", () => {
  const square = [MOVE, [0, 0]];
  const rings = geometry(
    square,
    [LINE, [10, 0], [0, 10], [-10, 0]],
    [CLOSE],
    [MOVE, [2, -8]],
    [LINE, [0, 6], [6, 0]],
    [CLOSE],
  );
  const [{ features }] = read(layer("building", [feature(3, [0, 0], rings)]));
  assert.deepEqual(features[0].paths, [
    [0, 0, 10, 0, 10, 10, 0, 10],
    [2, 2, 2, 8, 8, 8],
  ]);
});

test("the class is by its key, whatever else a feature says; the key `kind` stands where there is none", () => {
  const dot = geometry([MOVE, [1, 1]]);
  const more = { keys: ["name", "class", "kind"], values: ["人民路", "minor", "highway"] };
  const [{ features }] = read(
    layer(
      "roads",
      [feature(2, [0, 0, 1, 1], dot), feature(2, [2, 2], dot), feature(2, [2, 2, 1, 1], dot), feature(2, [], dot)],
      more,
    ),
  );
  assert.deepEqual(
    features.map((one) => one.class),
    ["minor", "highway", "minor", ""],
  );
});

test("layers come in their order, with the extent of the specification where none is said", () => {
  const layers = read(layer("水系", []), layer("building", []));
  assert.deepEqual(
    layers.map(({ name, extent, features }) => [name, extent, features.length]),
    [
      ["水系", 4096, 0],
      ["building", 4096, 0],
    ],
  );
  assert.deepEqual(layersOf(new ArrayBuffer(0)), []);
});

test("what it does not know is passed over: numbers of any length, and values that are no text", () => {
  const rare = [
    ...number(9, 2 ** 40),
    ...varint((10 << 3) | 1),
    ...Array(8).fill(7),
    ...varint((11 << 3) | 5),
    1,
    2,
    3,
    4,
  ];
  const lengths = part(3, [...words(1, "roads"), ...rare, ...words(3, "class"), ...part(4, number(4, 2 ** 45))]);
  assert.deepEqual(read(lengths), [{ name: "roads", extent: 4096, features: [] }]);
});

test("a tile that is cut off anywhere is refused or read as far as it says, and never read beyond its end", () => {
  const whole = layer("roads", [feature(2, [0, 0], geometry([MOVE, [300, 300]], [LINE, [5, 5]]))]);
  for (let end = 1; end < whole.length; end++)
    assert.throws(() => layersOf(new Uint8Array(whole.slice(0, end)).buffer), RangeError, `cut off at ${end}`);
});

test("the tiles of an area are those that it touches, from the coarsest, and no more than are kept", () => {
  const base = { minzoom: 8, maxzoom: 13 };
  const ring = [
    [113.36, 22.93],
    [113.37, 22.93],
    [113.37, 22.94],
    [113.36, 22.93],
  ];
  const area = [{ geometry: { coordinates: [ring] } }];
  const found = covering(base, area);
  assert.deepEqual(found[0], { z: 8, x: 208, y: 111 });
  assert.deepEqual([...new Set(found.map(({ z }) => z))], [8, 9, 10, 11, 12, 13]);
  assert.equal(covering(base, area, 3).length, 3);
  assert.deepEqual(covering(base, []), []);
  assert.deepEqual(covering(base, [{ geometry: null }]), []);
});
