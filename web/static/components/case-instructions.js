import { h } from "/lib/vue.js";
import { t } from "../app/language.js";
import { clock, when } from "../app/time.js";

/** "已读 10:42 · worker", and the answer: what a centre sees of its instruction. */
const mark = (one) =>
  h("li", { key: `${one.by} ${one.read_at}`, class: "small", "data-test": "mark" }, [
    h("span", { class: "good" }, `✓ ${t("instruction.read", { at: clock(one.read_at) })}`),
    ` · ${one.by}`,
    one.answer
      ? h("p", { "data-test": "instruction-answer" }, [
          h("b", t("instruction.answered", { at: clock(one.answered_at) })),
          " ",
          h("q", one.answer),
        ])
      : null,
  ]);

/** A case's instructions, newest first: read by whom and when, and what they answered. */
export const CaseInstructions = ({ instructions }) =>
  h(
    "ul",
    { class: "instructions", "data-test": "instructions" },
    instructions.map((one) =>
      h("li", { key: `${one.task} ${one.number}`, "data-test": "case-instruction" }, [
        h("q", one.note),
        h("span", { class: "quiet small" }, ` ${one.by ?? ""} · ${when(one.at)}`),
        one.marks.length
          ? h("ul", one.marks.map(mark))
          : h("p", { class: "small unread", "data-test": "unread" }, `● ${t("instruction.unread")}`),
      ]),
    ),
  );
CaseInstructions.props = ["instructions"];
