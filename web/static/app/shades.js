// Five shades of open alerts, light to dark; away from the severities' hues. Where one shade ends depends on what is
// in sight: a shade says "more than is usual here", so that two alike streets look alike and neither the darkest.

// style/centre.css has the same for the legend
export const FILLS = ["#f4f6f8", "#d7e6e6", "#a9cbcc", "#6fa7aa", "#3c7f85"];
const ROUND = [1, 1.5, 2, 3, 5, 7, 10];

/** The round number (1, 2, 3, 5, 7, 10, 15, 20, 30 …) nearest to `value`, at least 1. */
function round(value) {
  const power = 10 ** Math.floor(Math.log10(Math.max(value, 1)));
  const near = ROUND.map((one) => one * power).filter(Number.isInteger);
  return near.reduce((best, one) => (Math.abs(one - value) < Math.abs(best - value) ? one : best));
}

/**
 * The upper ends of the shades but the last, for these counts: 0, then half the mean of those that have any, and its
 * multiples.
 */
export function stepsFor(counts) {
  const some = counts.filter((count) => count > 0);
  const mean = some.reduce((sum, count) => sum + count, 0) / (some.length || 1);
  const step = round(mean / 2);
  return [0, step, 2 * step, 3 * step];
}

/** The index of the shade of a count. */
export const shadeOf = (count, steps) => {
  const index = steps.findIndex((upTo) => count <= upTo);
  return index < 0 ? steps.length : index;
};
