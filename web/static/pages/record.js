// The page of one row: #household/…, #dwelling/… or #resident/…. The id stays in the fragment, which no log sees.

import { createApp, h, onMounted, ref } from "/lib/vue.js";
import { looks, row as readRow } from "../app/api.js";
import { factsOf, linksOf, peopleOf } from "../app/facts.js";
import { refreshFreshness } from "../app/freshness.js";
import { language, named, t } from "../app/language.js";
import { isMasked, recordOf } from "../app/masked.js";
import { account, homeOf } from "../app/session.js";
import { when } from "../app/time.js";
import { Department } from "../components/department.js";
import { Family } from "../components/family.js";
import { LanguageSwitch } from "../components/language-switch.js";
import { Refusal } from "../components/refusal.js";

const wanted = () => {
  const [view, ...id] = location.hash.slice(1).split("/");
  return { view, id: decodeURIComponent(id.join("/")) };
};

const moment = (at) => (isMasked(at) ? t("masked") : when(at));

const COLUMNS = ["record.fact", "record.value", "record.source", "record.number", "record.since"];

const Facts = ({ facts }) =>
  h("table", { class: "facts-table", "data-test": "facts" }, [
    h("thead", h("tr", COLUMNS.map((key) => h("th", { key, scope: "col" }, t(key))))),
    h("tbody", facts.map((one, i) =>
      h("tr", { key: i, class: { disputed: one.disputed } }, [
        h("th", { scope: "row" }, [named(`fact.${one.fact}`, one.fact), one.disputed ? h("span", { class: "stale small", "data-test": "disputed" }, ` ≠ ${t("record.disputed")}`) : null]),
        h("td", [one.who ? h("span", { class: "tag" }, one.who) : null, " ", one.words]),
        h("td", h(Department, { of: one.department })),
        h("td", { class: "quiet" }, recordOf(one.record)),
        h("td", { class: "quiet" }, moment(one.occurred_at)),
      ]))),
  ]);
Facts.props = ["facts"];

const History = ({ history }) =>
  h("ol", { class: "timeline", "data-test": "history" }, history.map((one, i) =>
    h("li", { key: i, class: { withdrawn: one.withdrawn } }, [
      h("span", [h("strong", named(`kind.${one.kind}`, one.kind)), one.withdrawn ? ` (${t("record.withdrawn")}) ` : " ", h("span", { class: "quiet small" }, [h(Department, { of: one.department }), ` · ${recordOf(one.record)}`])]),
      h("time", { class: "quiet small" }, moment(one.occurred_at)),
    ])));
History.props = ["history"];

const Record = {
  setup() {
    const who = ref(null);
    const value = ref(null);
    const seen = ref([]);
    const error = ref(null);

    const load = async (purpose) => {
      const { view, id } = wanted();
      error.value = null;
      try {
        const found = await readRow(view, id, purpose);
        value.value = found;
        seen.value = await looks(view, id);
      } catch (refused) {
        value.value = null;
        error.value = refused;
      }
    };
    onMounted(async () => {
      try {
        who.value = await account();
      } catch (away) {
        error.value = away;
        return;
      }
      await Promise.all([load(), refreshFreshness().catch((away) => (error.value = away))]);
      addEventListener("hashchange", () => load());
    });

    const heading = (view, row) => {
      if (view === "household") return `${t("record.household")} ${row.address ?? row.id}`;
      if (view === "dwelling") return row.address ?? `${t("record.dwelling")} ${row.id}`;
      return row.name ?? t("record.resident");
    };

    const body = () => {
      const { view, row, masked, updated_at, version } = value.value;
      const { facts, history } = factsOf(row);
      const people = peopleOf(view, { ...row, id: value.value.id });
      return [
        h("header", { class: "record-head" }, [
          h("div", [h("h1", { "data-test": "row", "data-view": view }, heading(view, row)), h("p", { class: "quiet small" }, `${t(`record.${view}`)} ${view === "resident" ? "" : value.value.id} · ${t("record.updated", { at: when(updated_at), version })}`)]),
          h("span", { class: "spread" }),
          masked
            ? h("label", { class: "purpose" }, [h("span", { class: "small" }, t("person.why-look")), h("select", { "data-test": "purpose", onChange: (e) => e.target.value && load(e.target.value) }, [
                h("option", { value: "" }, t("person.choose-purpose")),
                ...(who.value.purposes ?? []).map((one) => h("option", { key: one.name, value: one.name }, one[language.value]))])])
            : h("p", { class: "tag" }, t("person.recorded")),
        ]),
        (row.disagreements ?? []).length ? h("p", { class: "refusal warn" }, `≠ ${t("record.disagree", { what: row.disagreements.map((one) => named(`fact.${one}`, one)).join("、") })}`) : null,
        h("section", { class: "panel pad" }, [h("h2", t(view === "resident" ? "record.person" : view === "household" ? "record.members" : "record.occupants")), h(Family, { title: heading(view, row), people }), h("p", { class: "row" }, linksOf(view, row).map(([to, id]) => h("a", { key: to, href: `#${to}/${encodeURIComponent(id)}` }, t(`case.${to}`))))]),
        h("section", { class: "panel pad" }, [h("h2", t("record.facts")), h("div", { class: "wide" }, h(Facts, { facts }))]),
        h("div", { class: "two" }, [
          h("section", { class: "panel pad" }, [h("h2", t("record.history")), h(History, { history })]),
          h("section", { class: "panel pad" }, [h("h2", t("record.looks")), h("p", { class: "quiet small" }, t("record.why-me")), h("ul", { class: "looks", "data-test": "looks" }, seen.value.map((one, i) =>
            h("li", { key: i }, [h("strong", one.account), h("span", { class: "tag" }, named(`role.${one.role}`, one.role)), h("span", purposeName(one.purpose)), h("time", { class: "quiet small" }, when(one.at))])))]),
        ]),
      ];
    };
    const purposeName = (name) => (who.value.purposes ?? []).find((one) => one.name === name)?.[language.value] ?? named(`purpose.${name}`, name);

    return () => {
      document.title = t("record.title");
      return h("div", { class: "record" }, [
        h("header", { class: "top" }, [
          h("a", { href: who.value ? homeOf(who.value.role) : "/" }, `← ${t("record.back")}`),
          h("span", { class: "title" }, t("record.title")),
          h("span", { class: "spread" }),
          h(LanguageSwitch),
          h("span", who.value?.name ?? ""),
        ]),
        h("main", [h(Refusal, { error: error.value }), ...(value.value ? body() : error.value ? [] : [h("p", { class: "quiet" }, t("loading"))])]),
      ]);
    };
  },
};

createApp(Record).mount("#page");
