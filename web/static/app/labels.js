// Where a region's label may stand on the map: within the region, clear of pins and of other labels.

/** @typedef {{x: number, y: number}} Point */
/** @typedef {{x: number, y: number, width: number, height: number}} Box its middle and its size, in pixels */

/** Parts of the region's half width and height from its middle, nearest first. */
const STEPS = [-0.75, -0.5, -0.25, 0, 0.25, 0.5, 0.75];
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
  for (const part of PARTS) {
    const [x, y] = [region.x + (part.x * region.width) / 2, region.y + (part.y * region.height) / 2];
    const box = { x, y, width, height };
    if (ring && !within(box, ring)) continue;
    if (!near.some((one) => overlaps(one, box))) return box;
  }
  return null;
}
