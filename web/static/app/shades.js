// Five shades of open alerts, light to dark; away from the severities' hues. Where one shade ends is fixed for each
// level of regions: an area whose count stays keeps its shade, whatever happens around it.

// style/centre.css has the same for the legend
export const FILLS = ["#f4f6f8", "#d7e6e6", "#a9cbcc", "#6fa7aa", "#3c7f85"];

/**
 * The upper ends of the shades but the last, by the digits of a region's code. Ours: from a few to a day's work.
 *
 * @type {Record<number, number[]>}
 */
const STEPS = { 6: [0, 100, 300, 1000], 9: [0, 20, 60, 200], 12: [0, 6, 20, 60], 15: [0, 2, 5, 15] };

export const stepsFor = (/** @type {number} */ digits) => STEPS[digits] ?? STEPS[15];

/** The index of the shade of a count. */
export const shadeOf = (/** @type {number} */ count, /** @type {number[]} */ steps) => {
  const index = steps.findIndex((upTo) => count <= upTo);
  return index < 0 ? steps.length : index;
};
