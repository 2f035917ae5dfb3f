import { h } from "/lib/vue.js";
import { language, named, t } from "../app/language.js";
import { ago, clock, lasting } from "../app/time.js";
import { departmentName } from "./department.js";

const MARK = { public: "○", internal: "◐", personal: "●", sensitive: "◆" }; // never colour alone

/** How personal something is: mark, word and colour. */
export const Classified = ({ as }) =>
  h("span", { class: ["classified", as] }, [
    h("span", { "aria-hidden": "true" }, MARK[as]),
    ` ${t(`classification.${as}`)}`,
  ]);
Classified.props = ["as"];

/** When the topic was last stated something, and whether that is within its contract's own limit. */
export const Freshness = ({ now }) => {
  if (!now) return h("span", { class: "quiet" }, t("catalogue.unasked"));
  const when = now.last_event_at ? `${clock(now.last_event_at)} · ${ago(now.last_event_at)}` : t("freshness.never");
  return h(
    "span",
    {
      class: now.stale ? "stale" : "",
      title: t("catalogue.limit", { span: lasting(now.limit_seconds * 1000) }),
      "data-test": now.stale ? "quiet" : "fresh",
    },
    now.stale ? `? ${when}` : `✓ ${when}`,
  );
};
Freshness.props = ["now"];

const typeOf = (field) => {
  const type = field.symbols.length
    ? field.symbols.map((symbol) => named(`value.${symbol}`, named(`relation.${symbol}`, symbol))).join(" / ")
    : t(`type.${field.type}`);
  return [type, field.many ? t("type.many") : "", field.optional ? t("type.optional") : ""].filter(Boolean).join(" · ");
};

const fieldRow = (field) =>
  h("tr", { key: field.name }, [
    h("th", { scope: "row" }, [
      language.value === "zh" ? field.zh : named(`field.${field.name}`, field.name),
      h("span", { class: "small quiet code" }, field.name),
    ]),
    h("td", [typeOf(field), field.identity ? h("span", { class: "tag" }, t("type.identity")) : null]),
    h("td", h(Classified, { as: field.classification })),
    language.value === "zh" ? null : h("td", { class: "small quiet" }, field.en),
  ]);

const fields = (list) =>
  h("table", { class: "fields" }, [
    h(
      "thead",
      h(
        "tr",
        ["field", "type", "classification"]
          .map((key) => h("th", { key, scope: "col" }, t(`catalogue.${key}`)))
          .concat(language.value === "zh" ? [] : h("th", { scope: "col" }, t("catalogue.note"))),
      ),
    ),
    h("tbody", list.map(fieldRow)),
  ]);

const RETENTION = /^P(\d+)([YMD])$/;
const kept = (text) => {
  const parts = RETENTION.exec(text);
  return parts ? t(`catalogue.kept.${parts[2]}`, { n: parts[1] }) : text;
};

/** Who reads what is stated here, from the department to the rules: one looks along the arrows. */
const Readers = ({ topic }) => {
  const { views, reached, rules, sinks } = topic.readers;
  const step = (title, names, name) =>
    names.length
      ? h("div", { class: "step" }, [
          h("span", { class: "small quiet" }, title),
          ...names.map((one) => h("span", { key: one, class: "tag" }, name(one))),
        ])
      : null;
  const steps = [
    step(t("catalogue.department"), [topic.department], departmentName),
    step(t("catalogue.views"), views, (name) => named(`view.${name}`, name)),
    step(t("catalogue.reached"), reached, (name) => named(`view.${name}`, name)),
    step(t("catalogue.rules"), rules, (name) => named(`rule.${name}`, name)),
    step(t("catalogue.sinks"), sinks, (name) => name),
  ].filter(Boolean);
  return h(
    "div",
    { class: "readers", "data-test": "readers" },
    steps.flatMap((one, i) => (i ? [h("span", { class: "arrow", "aria-hidden": "true" }, "→"), one] : [one])),
  );
};
Readers.props = ["topic"];

/** One topic: whose it is, on what ground, how long it is kept, who reads it, and every field. */
export const TopicDetail = ({ detail, now, onClose }) => {
  const { topic, kinds, head } = detail;
  const fact = (key, value) => [h("dt", t(`catalogue.${key}`)), h("dd", value)];
  return h("section", { class: "panel detail", "data-test": "topic-detail", "aria-label": topic.topic }, [
    h("header", [
      h("div", [
        h("h2", language.value === "zh" ? topic.zh : topic.en),
        h("span", { class: "small quiet code" }, topic.topic),
      ]),
      h("span", { class: "spread" }),
      h(
        "button",
        {
          type: "button",
          class: "plain",
          "aria-label": t("close"),
          title: t("close"),
          "data-test": "topic-close",
          onClick: onClose,
        },
        "✕",
      ),
    ]),
    h("div", { class: "scroll" }, [
      h("dl", { class: "facts-of" }, [
        ...fact("freshness", h(Freshness, { now })),
        ...fact("limit.title", t("catalogue.limit", { span: lasting(topic.limit_seconds * 1000) })),
        ...fact("records", now?.records?.toLocaleString(language.value) ?? "–"),
        ...fact("owner", topic.owner),
        ...fact("category", named(`category.${topic.category}`, topic.category)),
        ...fact("classification", h(Classified, { as: topic.classification })),
        ...fact("subject", named(`view.${topic.subject.replace("-", "_")}`, topic.subject)),
        ...fact("retention", kept(topic.retention)),
        ...fact("legal_basis", language.value === "zh" ? topic.legal_basis_zh : topic.legal_basis),
      ]),
      h("h3", t("catalogue.readers")),
      h(Readers, { topic }),
      h("h3", t("catalogue.kinds", { n: kinds.length })),
      ...kinds.map((kind) =>
        h("section", { key: kind.name, class: "kind", "data-test": "kind", "data-kind": kind.name }, [
          h("h4", [named(`kind.${kind.name}`, kind.zh), h("span", { class: "small quiet code" }, kind.name)]),
          kind.fields.length ? fields(kind.fields) : h("p", { class: "quiet small" }, t("catalogue.no-fields")),
        ]),
      ),
      h("details", [h("summary", { class: "small" }, t("catalogue.head")), fields(head)]),
    ]),
  ]);
};
TopicDetail.props = ["detail", "now", "onClose"];
