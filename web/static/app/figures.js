// What the three figures at the foot of the centre show, as ECharts options.

import { departmentName } from "../components/department.js";
import { named, t } from "./language.js";
import { clock, now, seconds } from "./time.js";

const HUES = ["#0f4c75", "#3c8d93", "#c98a1b", "#8a5a9e", "#5f7f3a", "#a85751", "#6b7280"];
const GRID = { left: 8, right: 12, top: 30, bottom: 4, containLabel: true };
const AXIS = {
  axisLabel: { color: "#4a5663", fontSize: 11 },
  axisLine: { lineStyle: { color: "#b6c0ca" } },
  splitLine: { lineStyle: { color: "#eef1f4" } },
};
const LEGEND = {
  top: 0,
  left: 0,
  itemWidth: 10,
  itemHeight: 10,
  itemGap: 10,
  icon: "rect",
  textStyle: { fontSize: 11, color: "#4a5663" },
};
/** Beside the figure, a name a line: whole at every width, where a row of them is cut. */
const NAMES = 128; // pixels
const ASIDE = {
  ...LEGEND,
  left: /** @type {undefined} */ (undefined),
  right: 0,
  top: 4,
  orient: "vertical",
  itemGap: 8,
  tooltip: { show: true },
  textStyle: { ...LEGEND.textStyle, width: NAMES - 20, overflow: "truncate" },
};
// HTML tooltips need inline styles
const tooltip = (/** @type {object} */ more = {}) => ({
  renderMode: "richText",
  confine: true,
  textStyle: { fontSize: 12 },
  ...more,
});

const MOST_RULES = 6; // of a column, so that its legend is as high as the figure; what they leave is one part
const HOUR_MS = 3_600_000;
/**
 * The last 24 hours as instants (ms), the running one last: an hour in which nothing happened is shown as empty, not
 * left out.
 */
const lastDay = () => Array.from({ length: 24 }, (_, i) => (Math.floor(now.value / HOUR_MS) - 23 + i) * HOUR_MS);

/**
 * Stacked columns: alerts an hour by rule, last 24 h; the rules that found most, and all others as one.
 *
 * @param {City.HourOfRule[]} rows
 */
export function byRule(rows) {
  const hours = lastDay();
  /** @type {Map<string, number>} */
  const found = new Map();
  for (const row of rows) found.set(row.rule, (found.get(row.rule) ?? 0) + row.count);
  const ranked = [...found.keys()].sort((a, b) => found.get(b) - found.get(a) || a.localeCompare(b));
  const apart = new Set(ranked.length > MOST_RULES ? ranked.slice(0, MOST_RULES - 1) : ranked);
  const rules = apart.size < ranked.length ? [...apart, ""] : [...apart];
  /** @type {Map<string, number>} */
  const count = new Map();
  for (const row of rows) {
    const key = `${apart.has(row.rule) ? row.rule : ""} ${Date.parse(row.hour)}`;
    count.set(key, (count.get(key) ?? 0) + row.count);
  }
  return {
    color: HUES,
    grid: { ...GRID, top: 8, right: NAMES + 8 },
    legend: ASIDE,
    tooltip: tooltip({ trigger: "axis" }),
    xAxis: { type: "category", data: hours.map(clock), ...AXIS, axisTick: { show: false } },
    yAxis: { type: "value", minInterval: 1, ...AXIS },
    series: rules.map((rule) => ({
      name: rule ? named(`rule.${rule}`, rule) : t("figure.other-rules", { n: ranked.length - apart.size }),
      type: "bar",
      stack: "all",
      barMaxWidth: 26,
      data: hours.map((hour) => count.get(`${rule} ${hour}`) ?? 0),
    })),
  };
}

/** Two lines: dispatch to acknowledgement by hour, in minutes. @param {City.HourOfAcknowledging[]} rows */
export function acknowledging(rows) {
  const byHour = new Map(rows.map((row) => [Date.parse(row.hour), row]));
  const hours = lastDay();
  /** @type {(name: string, field: "p50_seconds" | "p90_seconds", colour: string, dash: string) => object} */
  const line = (name, field, colour, dash) => ({
    name,
    type: "line",
    symbol: "circle",
    symbolSize: 6, // an hour that stands alone is a dot
    lineStyle: { type: dash, width: 2 },
    color: colour,
    connectNulls: false, // between hours in which nobody acknowledged anything there is no line
    data: hours.map((hour) => (byHour.has(hour) ? +(byHour.get(hour)[field] / 60).toFixed(1) : null)),
  });
  return {
    grid: GRID,
    legend: { ...LEGEND, icon: /** @type {undefined} */ (undefined), itemWidth: 18 },
    tooltip: tooltip({ trigger: "axis" }),
    xAxis: { type: "category", data: hours.map(clock), ...AXIS, axisTick: { show: false } },
    yAxis: { type: "value", ...AXIS },
    series: [line("p50", "p50_seconds", "#0f4c75", "solid"), line("p90", "p90_seconds", "#9a5b00", "dashed")],
  };
}

const LEGIBLE_ROWS = 8;
const FULL = 2; // what is later than twice its limit is as long as that; how late it is stands beside the bar

/** How much of its own limit has passed since a department's newest data; 1: as old as it may be. */
const shareOf = (/** @type {City.Freshness} */ one) =>
  one.delay_seconds == null ? Number.POSITIVE_INFINITY : one.delay_seconds / one.limit_seconds;

/**
 * Bars: how old each department's newest data is against its own limit, so that a quiet office with a long one does not
 * look late; stale ones are named so. Those nearest to their limit come first; the wheel shows the rest.
 *
 * @param {Map<string, City.Freshness>} departments
 */
export function delays(departments) {
  const rows = [...departments.values()].sort((a, b) => shareOf(a) - shareOf(b));
  const text = (/** @type {City.Freshness} */ one) =>
    (one.delay_seconds == null
      ? t("freshness.never")
      : t("freshness.of-limit", { age: seconds(one.delay_seconds), limit: seconds(one.limit_seconds) })) +
    (one.stale ? ` ⚠ ${t("stale")}` : "");
  return {
    grid: { ...GRID, top: 6 },
    dataZoom:
      rows.length > LEGIBLE_ROWS
        ? ["inside", "slider"].map((type) => ({
            type,
            yAxisIndex: [0, 1],
            startValue: rows.length - LEGIBLE_ROWS,
            endValue: rows.length - 1,
            zoomLock: true,
            zoomOnMouseWheel: false,
            moveOnMouseWheel: true,
            width: 8,
            right: 2,
            showDetail: false,
            brushSelect: false,
            handleSize: 0,
          }))
        : [],
    tooltip: tooltip({
      formatter: (/** @type {{dataIndex: number}} */ { dataIndex }) =>
        `${departmentName(rows[dataIndex].department)} · ${text(rows[dataIndex])}`,
    }),
    xAxis: {
      type: "value",
      min: 0,
      max: FULL,
      interval: 1,
      ...AXIS,
      axisLabel: {
        ...AXIS.axisLabel,
        formatter: (/** @type {number} */ value) => (value === 1 ? t("freshness.limit") : ""),
      },
    },
    // the axis on the right says what each bar means: beside the bars, where no line crosses it and nothing is cut
    yAxis: [
      {
        type: "category",
        data: rows.map((one) => departmentName(one.department)),
        ...AXIS,
        axisTick: { show: false },
        axisLabel: { ...AXIS.axisLabel, interval: 0 },
      },
      {
        type: "category",
        position: "right",
        data: rows.map(text),
        axisLine: { show: false },
        axisTick: { show: false },
        axisLabel: { ...AXIS.axisLabel, color: "#1c2530", interval: 0 },
      },
    ],
    series: [
      {
        type: "bar",
        barMaxWidth: 12,
        markLine: {
          silent: true,
          symbol: "none",
          label: { show: false },
          lineStyle: { color: "#4a5663", type: "dashed" },
          data: [{ xAxis: 1 }],
        },
        data: rows.map((one) => ({
          value: Math.min(shareOf(one), FULL),
          itemStyle: { color: one.stale ? "#9a5b00" : "#3c8d93" },
        })),
      },
    ],
  };
}
