import { h } from "/lib/vue.js";
import { language, named, t } from "../app/language.js";
import { clock } from "../app/time.js";
import { cardTable, nothing, section } from "./card-table.js";
import { departmentName } from "./department.js";
import { Freshness } from "./topic.js";

const ORDER = { away: 0, waiting: 1, ready: 2 };
const MARK = { away: ["▲", "urgent"], waiting: ["●", "today"], ready: ["✓", "good"] };

/** What runs, what is in trouble first, with what to do. */
export const Processes = ({ processes }) => {
  const sorted = [...processes].sort((one, other) => ORDER[one.state] - ORDER[other.state]);
  const columns = {
    process: (one) => h("span", { class: "code" }, one.name),
    kind: (one) => named(`ops.kind.${one.kind}`, one.kind),
    state: (one) => {
      const [mark, level] = MARK[one.state];
      return h("span", { class: ["result", level] }, `${mark} ${t(`ops.state.${one.state}`)}`);
    },
    todo: (one) =>
      one.state === "ready"
        ? "–"
        : [
            one.why ? h("q", { class: "small" }, one.why) : null,
            h("span", { class: "small under" }, t(`ops.todo.${one.state}`)),
          ],
  };
  return section(
    "processes",
    [h("h2", t("section.processes"))],
    processes.length
      ? cardTable("ops", sorted, columns, {
          keyOf: (one) => one.name,
          test: "process",
          attributes: (one) => ({ "data-name": one.name, "data-state": one.state }),
        })
      : nothing(t("ops.processes.none")),
  );
};
Processes.props = ["processes"];

/** How many records each reader has not read yet. */
export const Readers = ({ readers, at }) =>
  section(
    "readers",
    [
      h("h2", t("section.readers")),
      at ? h("span", { class: "quiet small" }, t("ops.readers.at", { at: clock(at) })) : null,
    ],
    readers === null
      ? h("p", { class: "unknown-box", "data-test": "readers-unknown" }, `? ${t("ops.readers.unknown")}`)
      : cardTable(
          "ops",
          readers,
          {
            reader: (one) => h("span", { class: "code" }, one.reader),
            behind: (one) =>
              one.records
                ? h("strong", one.records.toLocaleString(language.value))
                : h("span", { class: "result good" }, `✓ ${t("ops.up-to-date")}`),
            topic: (one) => h("span", { class: "code small" }, one.topic ?? "–"),
          },
          { keyOf: (one) => one.reader, test: "reader" },
        ),
  );
Readers.props = ["readers", "at"];

/** Departments of which nothing has been heard for longer than their contracts allow. */
export const QuietTopics = ({ topics }) =>
  section(
    "quiet-topics",
    [h("h2", t("section.quiet-topics"))],
    topics.length
      ? [
          h("p", { class: "note small quiet" }, t("ops.quiet.todo")),
          cardTable(
            "ops",
            topics,
            {
              of: (one) => departmentName(one.department),
              topic: (one) => h("a", { href: `/catalogue.html#${encodeURIComponent(one.topic)}` }, one.topic),
              last: (one) => h(Freshness, { now: one }),
            },
            { keyOf: (one) => one.topic, test: "quiet-topic" },
          ),
        ]
      : nothing(t("ops.quiet.none")),
  );
QuietTopics.props = ["topics"];
