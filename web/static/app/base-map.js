// The base map: where its tiles are, and the tiles. Those of one's own grid are kept on the tablet, in `tiles` of the
// store, which is emptied with all else that was read. They say nothing about anybody.

import { baseMap } from "./api.js";
import { kept, tiles } from "./store.js";
import { layersOf } from "./vector-tile.js";

const MOST_READ = 60; // tiles that are kept in memory as read
const MOST_KEPT = 80; // on the disk: some 1 MB
const read = new Map();
let asked;

/** The base map's description, null without one; without a network as it was last. */
export function described() {
  asked ??= baseMap().then(
    async (found) => {
      await kept.put("base-map", found);
      return found;
    },
    async () => {
      asked = null; // asked again once there is a network
      return (await kept.get("base-map")) ?? null;
    },
  );
  return asked;
}

const addressOf = (base, { z, x, y }) => base.tiles.replace("{z}", z).replace("{x}", x).replace("{y}", y);

async function bytesOf(address) {
  const found = await tiles.get(address);
  if (found) return found.arrayBuffer();
  const answer = await fetch(address);
  if (!answer.ok) throw new Error(`HTTP ${answer.status}`);
  return answer.arrayBuffer();
}

/** The layers of a tile; none where nothing is drawn, or without it. */
export function layersAt(base, place) {
  const address = addressOf(base, place);
  if (!read.has(address)) {
    const asking = bytesOf(address).then(layersOf);
    asking.catch(() => read.delete(address));
    read.set(address, asking);
    if (read.size > MOST_READ) read.delete(read.keys().next().value);
  }
  return read.get(address).catch(() => []);
}

const column = (lon, z) => Math.floor(((lon + 180) / 360) * 2 ** z);
const row = (lat, z) => Math.floor(((1 - Math.asinh(Math.tan((lat * Math.PI) / 180)) / Math.PI) / 2) * 2 ** z);

/** The tiles of all zooms that cover areas, the finest last; at most `most`. */
export function covering(base, features, most = MOST_KEPT) {
  const points = features.flatMap(({ geometry }) => (geometry?.coordinates ?? []).flat());
  if (!points.length) return [];
  const [lons, lats] = [points.map(([lon]) => lon), points.map(([, lat]) => lat)];
  const found = [];
  for (let z = base.minzoom; z <= base.maxzoom; z++)
    for (let x = column(Math.min(...lons), z); x <= column(Math.max(...lons), z); x++)
      for (let y = row(Math.max(...lats), z); y <= row(Math.min(...lats), z); y++) found.push({ z, x, y });
  return found.slice(0, most);
}

/** Keeps the tiles of these areas for when there is no network, one after another. */
export async function keepAround(features) {
  const base = await described();
  if (!base) return;
  for (const place of covering(base, features)) await tiles.keep(addressOf(base, place)).catch(() => {});
}
