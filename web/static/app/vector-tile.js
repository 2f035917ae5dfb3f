// Reads vector tiles (Mapbox Vector Tile 2.1). Names of layers and the class of
// a feature are all that is taken of what is not geometry. docs/decisions/0048-base-map.md

const text = new TextDecoder();

/** A cursor over Protocol Buffers. */
class Reading {
  /** @param {Uint8Array} bytes */
  constructor(bytes) {
    this.bytes = bytes;
    this.at = 0;
  }

  number() {
    let [value, factor, byte] = [0, 1, 128];
    while (byte > 127) {
      if (this.at >= this.bytes.length) throw new RangeError("a vector tile ends too early");
      byte = this.bytes[this.at++];
      value += (byte & 127) * factor; // not by bits: a number may have more than 32
      factor *= 128;
    }
    return value;
  }

  part() {
    const length = this.number();
    if (this.at + length > this.bytes.length) throw new RangeError("a vector tile ends too early");
    this.at += length;
    return this.bytes.subarray(this.at - length, this.at);
  }

  /**
   * Each field: its number, and its value or its bytes.
   *
   * @returns {Generator<[number, any]>}
   */
  *fields() {
    while (this.at < this.bytes.length) {
      const key = this.number();
      const kind = key % 8;
      if (kind === 2) yield [key >> 3, this.part()];
      else if (kind === 0) yield [key >> 3, this.number()];
      else this.at += kind === 1 ? 8 : 4;
    }
  }
}

const numbers = (/** @type {Uint8Array} */ bytes) => {
  const reading = new Reading(bytes);
  const found = [];
  while (reading.at < bytes.length) found.push(reading.number());
  return found;
};
const signed = (/** @type {number} */ value) => (value % 2 ? -(value + 1) / 2 : value / 2);

/** Lines or rings, each a row of x, y, x, y, …; `closed` for rings. */
function pathsOf(/** @type {Uint8Array} */ bytes) {
  const commands = numbers(bytes);
  const paths = [];
  let [x, y, at] = [0, 0, 0];
  while (at < commands.length) {
    const [command, count] = [commands[at] & 7, commands[at] >> 3];
    at += 1;
    if (command === 7) continue; // closes a ring, which is filled anyway
    for (let one = 0; one < count; one++) {
      x += signed(commands[at]);
      y += signed(commands[at + 1]);
      at += 2;
      if (command === 1) paths.push([x, y]);
      else paths.at(-1)?.push(x, y);
    }
  }
  return paths;
}

const textOf = (/** @type {Uint8Array} */ bytes) => {
  for (const [field, value] of new Reading(bytes).fields()) if (field === 1) return text.decode(value);
  return "";
};

function layerOf(/** @type {Uint8Array} */ bytes) {
  const layer = { name: "", extent: 4096, features: [] };
  const [raw, keys, values] = [[], [], []];
  for (const [field, value] of new Reading(bytes).fields()) {
    if (field === 1) layer.name = text.decode(value);
    else if (field === 2) raw.push(value);
    else if (field === 3) keys.push(text.decode(value));
    else if (field === 4) values.push(textOf(value));
    else if (field === 5) layer.extent = value;
  }
  for (const one of raw) {
    const feature = { kind: 0, class: "", paths: [] };
    for (const [field, value] of new Reading(one).fields()) {
      if (field === 3) feature.kind = value;
      else if (field === 4) feature.paths = pathsOf(value);
      else if (field === 2) {
        const tags = numbers(value);
        for (let at = 0; at < tags.length; at += 2)
          if (keys[tags[at]] === "class" || (keys[tags[at]] === "kind" && !feature.class))
            feature.class = values[tags[at + 1]];
      }
    }
    layer.features.push(feature);
  }
  return layer;
}

/**
 * The layers of a tile. `kind`: 1 points, 2 lines, 3 polygons. Throws RangeError if it is cut off.
 *
 * @param {ArrayBuffer} content
 * @returns {{name: string, extent: number, features: {kind: number, class: string, paths: number[][]}[]}[]}
 */
export function layersOf(content) {
  const layers = [];
  for (const [field, value] of new Reading(new Uint8Array(content)).fields())
    if (field === 3) layers.push(layerOf(value));
  return layers;
}
