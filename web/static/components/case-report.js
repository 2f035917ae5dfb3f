// What a case's worker reported or asks for, and why a centre sent it back: what is read before it is answered.

import { h } from "/lib/vue.js";
import { named, t, textOf } from "../app/language.js";

const MARK = { yes: "✓", no: "✗", unknown: "?" };

/** "申请延期 4 小时，待批"; without its amount where only that much is known. */
export const askedText = (task) =>
  task.asked_amount
    ? t("task.asked.how-much", { amount: t(`extension.${task.extension_unit}`, { n: task.asked_amount }) })
    : t(`task.asked.${task.asked}`);

const answer = (check, value) =>
  h("li", { key: check.id }, [
    h("span", { "aria-hidden": "true" }, MARK[value]),
    ` ${textOf(check, "question")} `,
    h("b", t(`answer.${value}`)),
  ]);

const report = (task) =>
  h("section", { "data-test": "report" }, [
    h("h3", t("task.report")),
    h("p", [
      h("b", named(`outcome.${task.outcome}`, task.outcome)),
      " ",
      task.note ? h("q", task.note) : h("span", { class: "quiet small" }, t("task.report.none")),
    ]),
    h(
      "ul",
      { class: "answers small" },
      task.checks.filter(({ id }) => task.answers?.[id]).map((check) => answer(check, task.answers[check.id])),
    ),
  ]);

export const CaseReport = ({ task }) => [
  task.asked
    ? h("p", { class: "asks", role: "status", "data-test": "asked" }, [
        h("b", `● ${askedText(task)}`),
        task.asked_because ? h("q", task.asked_because) : null,
      ])
    : null,
  task.missing
    ? h("p", { class: "asks", "data-test": "missing" }, `↩ ${t("task.missing", { what: task.missing })}`)
    : null,
  task.outcome ? report(task) : null,
];
CaseReport.props = ["task"];
