// Where a region's label may stand on the map: within the region, clear of pins and of other labels.

/** @typedef {{x: number, y: number}} Point */
/** @typedef {{x: number, y: number, width: number, height: number}} Box its middle and its size, in pixels */

/** Parts of the way from the region's middle to where a label touches its edge, nearest first. */
const STEPS = Array.from({ length: 13 }, (_, i) => i / 6 - 1);
const PARTS = STEPS.flatMap((x) => STEPS.map((y) => ({ x, y }))).sort(
  (a, b) => Math.hypot(a.x, a.y) - Math.hypot(b.x, b.y),
);

/** @type {(one: Box, other: Box) => boolean} */
const overlaps = (one, other) =>
  Math.abs(one.x - other.x) < (one.width + other.width) / 2 &&
  Math.abs(one.y - other.y) < (one.height + other.height) / 2;

/**
 * Whether a point lies within a ring, by the crossings of a ray.
 *
 * @param {Point} point
 * @param {Point[]} ring
 */
export function within({ x, y }, ring) {
  let inside = false;
  for (let i = 0, j = ring.length - 1; i < ring.length; j = i++) {
    const [a, b] = [ring[i], ring[j]];
    if (a.y > y !== b.y > y && x < ((b.x - a.x) * (y - a.y)) / (b.y - a.y) + a.x) inside = !inside;
  }
  return inside;
}

/**
 * The middle of a label of this size in `region` (its own middle and size): the place nearest to the region's middle
 * that covers nothing of `taken`. null: there is none.
 *
 * @param {{width: number, height: number}} label
 * @param {Box} region
 * @param {Box[]} taken
 * @param {Point[]} [ring] the region's outline; without it, all of the box is the region
 * @returns {Box | null}
 */
export function placeFor({ width, height }, region, taken, ring) {
  const near = taken.filter((one) => overlaps(one, { ...region, width: region.width + width, height: region.height }));
  const room = { x: Math.max(0, (region.width - width) / 2), y: Math.max(0, (region.height - height) / 2) };
  for (const part of PARTS) {
    const box = { x: region.x + part.x * room.x, y: region.y + part.y * room.y, width, height };
    if (ring && !within(box, ring)) continue;
    if (!near.some((one) => overlaps(one, box))) return box;
  }
  return null;
}
