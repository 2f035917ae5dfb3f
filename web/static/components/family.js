import { h } from "/lib/vue.js";
import { named, t } from "../app/language.js";
import { isMasked } from "../app/masked.js";

const WIDTH = 760;
const NODE = { width: 172, height: 66, gap: 16 };
const A_ROW = 4;
const TOP = { y: 8, height: 44 };

/** Members or occupants around their household or dwelling, as a small drawing; each person is a link to his row. */
export const Family = ({ title, people }) => {
  const rows = Math.ceil(people.length / A_ROW);
  const height = TOP.y + TOP.height + rows * (NODE.height + 34) + 6;
  const place = (index) => {
    const line = Math.floor(index / A_ROW);
    const count = Math.min(A_ROW, people.length - line * A_ROW);
    const left = (WIDTH - count * NODE.width - (count - 1) * NODE.gap) / 2;
    return {
      x: left + (index % A_ROW) * (NODE.width + NODE.gap),
      y: TOP.y + TOP.height + 34 + line * (NODE.height + 34),
    };
  };
  const wire = (_one, i) => {
    const { x, y } = place(i);
    const from = TOP.y + TOP.height;
    const bend = y - 17;
    return h("path", {
      key: `wire-${i}`,
      class: "wire",
      d: `M${WIDTH / 2} ${from} V${i < A_ROW ? bend : from + 17} H${x + NODE.width / 2} V${y}`,
    });
  };
  const node = (one, i) => {
    const { x, y } = place(i);
    const role = named(`relation.${one.role}`, one.role);
    const life = [one.born, one.dead ? `† ${one.dead}` : ""].filter(Boolean).join(" – ");
    // a masked id leads nowhere
    const link = isMasked(one.id) ? null : `/record.html#resident/${encodeURIComponent(one.id)}`;
    return h("a", { key: i, href: link }, [
      h("rect", { x, y, width: NODE.width, height: NODE.height, rx: 8, class: ["node", one.role, { dead: one.dead }] }),
      h("text", { x: x + NODE.width / 2, y: y + 20, class: "role" }, `${role} `),
      h("text", { x: x + NODE.width / 2, y: y + 39, class: "name" }, `${one.name} `),
      h("text", { x: x + NODE.width / 2, y: y + 56, class: "life" }, life),
    ]);
  };
  return h(
    "div",
    { class: "wide", tabindex: 0, role: "region", "aria-label": t("record.diagram") },
    h(
      "svg",
      {
        class: "family",
        viewBox: `0 0 ${WIDTH} ${height}`,
        role: "group",
        "aria-label": t("record.diagram"),
        "data-test": "family",
      },
      [
        ...people.map(wire),
        h("rect", { x: WIDTH / 2 - 200, y: TOP.y, width: 400, height: TOP.height, rx: 8, class: "centre-node" }),
        h("text", { x: WIDTH / 2, y: TOP.y + 28, class: "title" }, title),
        ...people.map(node),
      ],
    ),
  );
};
Family.props = ["title", "people"];
