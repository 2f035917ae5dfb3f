import { h } from "/lib/vue.js";
import { lanesOf, ticks } from "../app/lanes.js";
import { t } from "../app/language.js";
import { now } from "../app/time.js";

const WIDTH = 1080;
const LEFT = 150;
const RIGHT = 16;
const LANE = 26;
const HEAD = 22;

/** Each fact's statements along one axis of time: a bar while it holds, a dot where something happened once. */
export const Lanes = ({ history }) => {
  const drawing = lanesOf(history, now.value);
  if (!drawing) return null;
  const { lanes, from, to } = drawing;
  const height = HEAD + lanes.length * LANE + 8;
  const x = (instant) =>
    LEFT + ((Math.min(Math.max(instant, from), to) - from) / Math.max(to - from, 1)) * (WIDTH - LEFT - RIGHT);
  const item = (one, y, i) => {
    const kind = one.warns ? "warns" : "";
    if (one.once)
      return h("circle", { key: i, class: ["point", kind], cx: x(one.from), cy: y, r: 5 }, [h("title", one.title)]);
    const until = one.to ?? to;
    return h("g", { key: i }, [
      h(
        "rect",
        {
          class: ["span", kind, { open: one.to === null }],
          x: x(one.from),
          y: y - 7,
          width: Math.max(x(until) - x(one.from), 4),
          height: 14,
          rx: 4,
        },
        [h("title", one.title)],
      ),
      one.endsBadly ? h("circle", { class: "point warns", cx: x(until), cy: y, r: 6 }, [h("title", one.title)]) : null,
    ]);
  };
  return h(
    "div",
    { class: "wide", tabindex: 0, role: "region", "aria-label": t("record.lanes") },
    h(
      "svg",
      {
        class: "lanes",
        viewBox: `0 0 ${WIDTH} ${height}`,
        role: "img",
        "aria-label": t("record.lanes"),
        "data-test": "lanes",
      },
      [
        ...ticks(from, to).flatMap(({ instant, label }, i) => [
          h("line", { key: `t${i}`, class: "tick", x1: x(instant), x2: x(instant), y1: HEAD - 4, y2: height }),
          h("text", { key: `l${i}`, class: "year", x: x(instant), y: HEAD - 8 }, label),
        ]),
        ...lanes.flatMap((lane, n) => {
          const y = HEAD + n * LANE + LANE / 2;
          return [
            h("line", { key: `b${n}`, class: "base", x1: LEFT, x2: WIDTH - RIGHT, y1: y, y2: y }),
            h("text", { key: `n${n}`, class: "lane", x: LEFT - 10, y: y + 4 }, lane.label),
            ...lane.items.map((one, i) => item(one, y, `${n}-${i}`)),
          ];
        }),
      ],
    ),
  );
};
Lanes.props = ["history"];
