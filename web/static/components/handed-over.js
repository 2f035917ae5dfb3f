// What a department handed over, as tables that become cards on a phone.

import { h } from "/lib/vue.js";
import { language, named, t } from "../app/language.js";
import { reasonOf } from "../app/reasons.js";
import { ago, clock } from "../app/time.js";
import { cardTable, nothing, section } from "./card-table.js";
import { Freshness } from "./topic.js";

const KEPT_DAYS = 90; // wire/door_reports.py

const when = (at) => [h("span", clock(at)), h("span", { class: "small quiet" }, ` · ${ago(at)}`)];

const table = (rows, columns, options) => cardTable("department", rows, columns, options);

const counted = (number) => number.toLocaleString(language.value);

/** What became of it: a mark, a word, and behind them all there is to say. */
const result = (file) => {
  if (file.refused) {
    return h(
      "span",
      { class: "result refused urgent" },
      `▲ ${t("department.refused", { why: reasonOf(file.refused) })}`,
    );
  }
  const more = [
    ...file.rejected.map((one) =>
      t("department.reasons", { n: counted(one.lines), field: one.field, reason: reasonOf(one.reason) }),
    ),
    file.unused.length ? t("department.unused", { names: file.unused.join("、") }) : "",
    file.not_records ? t("department.passed", { n: counted(file.not_records) }) : "",
    file.held_back ? t("department.held", { n: counted(file.held_back) }) : "",
  ].filter(Boolean);
  const mark = file.rejected_lines
    ? h("span", { class: "result today" }, `● ${t("department.some-rejected", { n: counted(file.rejected_lines) })}`)
    : h("span", { class: "result good" }, `✓ ${t("department.all-published")}`);
  if (!more.length) return mark;
  return h("details", [
    h("summary", mark),
    h(
      "ul",
      { class: "small" },
      more.map((text) => h("li", { key: text }, text)),
    ),
  ]);
};

const published = (file) => {
  const kinds = Object.entries(file.events);
  const total = kinds.reduce((sum, [, count]) => sum + count, 0);
  const by = kinds.map(([kind, count]) => `${named(`kind.${kind}`, kind)} ${counted(count)}`).join("、");
  return h("span", { title: by }, [counted(total), h("span", { class: "small quiet by" }, by)]);
};

/** The last files and, a line a topic and day, what came through the other doors. */
export const HandedOver = ({ files, lines }) => {
  const open = new Map();
  for (const line of lines) open.set(line.source, (open.get(line.source) ?? 0) + 1);
  const shown = new Set(); // a name stands for its newest file: what is open of it
  const openOf = (file) => {
    const first = !shown.has(file.source);
    shown.add(file.source);
    return first ? (open.get(file.source) ?? 0) : 0;
  };
  const waiting = new Map(files.map((file) => [file, openOf(file)]));
  const columns = {
    at: (file) => when(file.at),
    door: (file) => h("span", { class: "tag" }, t(`department.door.${file.door}`)),
    source: (file) => h("span", { class: "name" }, file.source),
    counted: (file) => counted(file.lines),
    published,
    result: (file) => [
      result(file),
      waiting.get(file)
        ? h(
            "a",
            { class: "small", href: `#${new URLSearchParams({ lines: file.source })}`, "data-test": "to-lines" },
            ` ${t("department.number.lines")} ${waiting.get(file)} ▸`,
          )
        : null,
    ],
    mended: (file) => (file.mended_lines ? `✓ ${counted(file.mended_lines)}` : "–"),
  };
  return section(
    "files",
    [h("h2", t("department.files"))],
    files.length
      ? table(files, columns, {
          keyOf: (file) => `${file.door} ${file.source} ${file.at}`,
          test: "file",
          attributes: (file) => ({ "data-source": file.source }),
        })
      : nothing(t("department.files.none", { n: KEPT_DAYS })),
  );
};
HandedOver.props = ["files", "lines"];

/** Rejected lines that wait to be mended: where, why, which record; of one file if `source` says so. */
export const OpenLines = ({ lines, counted: all, source }) => {
  const shown = source ? lines.filter((line) => line.source === source) : lines;
  const columns = {
    source: (line) => h("span", { class: "name" }, line.source),
    place: (line) => line.place,
    field: (line) => h("strong", line.field),
    reason: (line) => reasonOf(line.reason),
    record: (line) => h("span", { class: "code" }, line.record ?? t("department.hidden")),
    kind: (line) => (line.kind ? named(`kind.${line.kind}`, line.kind) : "–"),
    at: (line) => when(line.at),
  };
  const heading = [
    h("h2", source ? t("department.lines.of", { source }) : t("department.lines")),
    source ? h("a", { href: "#", class: "small", "data-test": "all-lines" }, t("department.lines.all")) : null,
    h("span", { class: "spread" }),
    all > lines.length
      ? h("span", { class: "small quiet" }, t("department.lines.cut", { shown: lines.length, n: all }))
      : null,
  ];
  return section("open-lines", heading, [
    shown.length ? h("p", { class: "note small quiet" }, t("department.lines.note")) : null,
    shown.length
      ? table(shown, columns, {
          keyOf: (line) => `${line.door} ${line.source} ${line.place} ${line.topic} ${line.record} ${line.kind}`,
          test: "open-line",
        })
      : nothing(t("department.lines.none")),
  ]);
};
OpenLines.props = ["lines", "counted", "source"];

/** Records that were published and that no reader could read. */
export const Letters = ({ letters }) => {
  const columns = {
    at: (letter) => when(letter.put_aside_at),
    topic: (letter) => h("span", { class: "code" }, letter.topic),
    reason: (letter) => letter.reason,
    origin: (letter) => h("span", { class: "code small" }, letter.origin),
    state: (letter) =>
      letter.replayed_at
        ? h("span", { class: "result good" }, `✓ ${t("department.replayed", { at: clock(letter.replayed_at) })}`)
        : h("span", { class: "result today" }, `● ${t("department.waiting")}`),
  };
  return section(
    "letters",
    [h("h2", t("department.letters"))],
    [
      letters.length ? h("p", { class: "note small quiet" }, t("department.letters.note")) : null,
      letters.length
        ? table(letters, columns, { keyOf: (letter) => letter.origin, test: "letter" })
        : nothing(t("department.letters.none")),
    ],
  );
};
Letters.props = ["letters"];

/** How fresh the city finds each topic of the department. */
export const Topics = ({ topics }) =>
  section(
    "topics",
    [h("h2", t("department.topics"))],
    [
      h(
        "ul",
        { class: "fresh" },
        topics.map((topic) =>
          h("li", { key: topic.topic }, [
            h("a", { href: `/catalogue.html#${encodeURIComponent(topic.topic)}` }, topic.topic),
            h(Freshness, { now: topic }),
          ]),
        ),
      ),
    ],
  );
Topics.props = ["topics"];
