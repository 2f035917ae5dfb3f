// The page of one row: #household/…, #dwelling/…, #resident/…, #grid/…, #legal_person/…. The id stays in the fragment,
// which no log sees.

import { createApp, h, onMounted, ref } from "/lib/vue.js";
import { looks, purposesWithoutCase, row as readRow } from "../app/api.js";
import { learnAbove } from "../app/area-names.js";
import { day, factsOf, linksOf, recordLink } from "../app/facts.js";
import { refreshFreshness } from "../app/freshness.js";
import { inputOf } from "../app/input.js";
import { peopleOf } from "../app/kin.js";
import { lately } from "../app/lanes.js";
import { language, named, nameOfRecord, t } from "../app/language.js";
import { isMasked, recordOf } from "../app/masked.js";
import { placeName } from "../app/regions.js";
import { account, homeOf, leave } from "../app/session.js";
import { now, when } from "../app/time.js";
import { Department } from "../components/department.js";
import { FactTable } from "../components/fact-table.js";
import { Family } from "../components/family.js";
import { Lanes } from "../components/lanes.js";
import { LanguageSwitch } from "../components/language-switch.js";
import { PasswordChange } from "../components/password-change.js";
import { QuietTopics } from "../components/quiet-topics.js";
import { Refusal } from "../components/refusal.js";
import { RiskDoors } from "../components/risk-doors.js";

const wanted = () => {
  const [view, ...id] = location.hash.slice(1).split("/");
  return { view, id: decodeURIComponent(id.join("/")) };
};

const factNames = (facts) => facts.map((fact) => named(`fact.${fact}`, fact)).join("、");

const AREA = new Set(["grid", "district"]);

const moment = (instant) => (isMasked(instant) ? t("masked") : when(instant));

const FEW = 40; // statements of the history that are drawn at once

const History = {
  props: ["history"],
  setup(props) {
    const most = ref(FEW);
    return () => [
      h(
        "ol",
        { class: "timeline", "data-test": "history" },
        props.history
          .slice(0, most.value)
          .map((one, i) =>
            h("li", { key: i, class: { withdrawn: one.withdrawn } }, [
              h("span", [
                h("strong", named(`kind.${one.kind}`, one.kind)),
                one.withdrawn ? ` (${t("record.withdrawn")}) ` : " ",
                h("span", { class: "quiet small" }, [
                  h(Department, { of: one.department, kind: one.kind }),
                  ` · ${recordOf(one.record)}`,
                ]),
              ]),
              h("time", { class: "quiet small" }, moment(one.occurred_at)),
            ]),
          ),
      ),
      props.history.length > most.value
        ? h(
            "button",
            { type: "button", class: "plain small", onClick: () => (most.value += FEW) },
            t("record.more", { n: props.history.length - most.value }),
          )
        : null,
    ];
  },
};

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
        const answer = await readRow(view, id, purpose);
        await learnAbove(view === "grid" ? id : String(answer.row.grid ?? ""));
        value.value = answer;
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

    const heading = (view, row, id) => {
      if (view === "grid" || view === "district") return placeName(id, language.value);
      if (view === "household" || view === "dwelling") return row.address ?? `${t(`view.${view}`)} ${id}`;
      return row.name ?? t(`view.${view}`);
    };
    const under = (view, id) => (view === "resident" ? t("view.resident") : `${named(`view.${view}`, view)} ${id}`);

    /** What one looks at before one reads: people around the row, or a grid's doors; then spans in time. */
    const diagram = (view, row, title, history) => {
      const people = peopleOf(view, row);
      const recent = lately(history, now.value);
      return h("section", { class: "panel pad" }, [
        h(
          "h2",
          named(`record.diagram.${AREA.has(view) ? "area" : people.length ? view : "life"}`, t("record.diagram")),
        ),
        AREA.has(view) ? h(RiskDoors, { row }) : people.length ? h(Family, { title, people }) : null,
        ...(AREA.has(view)
          ? []
          : [
              h(Lanes, {
                history: recent.length ? history.filter((statement) => !recent.includes(statement)) : history,
              }),
              recent.length ? h("h3", t("record.lately")) : null,
              h(Lanes, { history: recent }),
            ]),
        h(
          "p",
          { class: "row" },
          linksOf(view, row).map(([to, id]) =>
            h("a", { key: to, href: recordLink(to, id), "data-test": `to-${to}` }, nameOfRecord(to)),
          ),
        ),
      ]);
    };

    const body = () => {
      const { view, row, masked, updated_at, version } = value.value;
      const { facts, history } = factsOf(row);
      const id = value.value.id;
      const title = heading(view, row, id);
      const silent = value.value.unknown ?? [];
      return [
        h("header", { class: "record-head" }, [
          h("div", [
            h("h1", { "data-test": "row", "data-view": view }, title),
            h(
              "p",
              { class: "quiet small" },
              `${under(view, id)} · ${t("record.updated", { at: when(updated_at), version })}`,
            ),
          ]),
          h("span", { class: "spread" }),
          masked
            ? h("label", { class: "purpose" }, [
                h("span", { class: "small" }, t("person.why-look")),
                h("select", { "data-test": "purpose", onChange: (e) => inputOf(e) && load(inputOf(e)) }, [
                  h("option", { value: "" }, t("person.choose-purpose")),
                  ...purposesWithoutCase(who.value.purposes).map((one) =>
                    h("option", { key: one.name, value: one.name }, one[language.value]),
                  ),
                ]),
              ])
            : h("p", { class: "tag" }, t("person.recorded")),
        ]),
        row.not_judged ? h("p", { class: "refusal warn", "data-test": "not-judged" }, t("record.not-judged")) : null,
        (row.disagreements ?? []).length
          ? h("p", { class: "refusal warn" }, `≠ ${t("record.disagree", { what: factNames(row.disagreements) })}`)
          : null,
        silent.length
          ? h("section", { class: "refusal warn" }, h(QuietTopics, { topics: silent, title: t("quiet.row") }))
          : null,
        diagram(
          view,
          { ...row, id },
          view === "resident"
            ? [
                title,
                isMasked(row.born) ? "" : day(row.born),
                row.died_on && !isMasked(row.died_on) ? `† ${day(row.died_on)}` : "",
              ]
                .filter(Boolean)
                .join(" · ")
            : title,
          history,
        ),
        h("section", { class: "panel pad" }, [
          h("h2", t("record.facts")),
          facts.length || silent.length
            ? h(
                "div",
                { class: "wide", tabindex: 0, role: "region", "aria-label": t("record.facts") },
                h(FactTable, { facts, quiet: silent, contested: value.value.contested }),
              )
            : h("p", { class: "quiet" }, t("record.nothing")),
        ]),
        h("div", { class: "two" }, [
          h("section", { class: "panel pad" }, [h("h2", t("record.history")), h(History, { history })]),
          h("section", { class: "panel pad" }, [
            h("h2", t("record.looks")),
            h("p", { class: "quiet small" }, t("record.why-me")),
            h(
              "ul",
              { class: "looks", "data-test": "looks" },
              seen.value.map((one, i) =>
                h("li", { key: i }, [
                  h("strong", one.account),
                  h("span", { class: "tag" }, named(`role.${one.role}`, one.role)),
                  h("span", purposeName(one.purpose)),
                  h("time", { class: "quiet small" }, when(one.at)),
                ]),
              ),
            ),
          ]),
        ]),
      ];
    };
    const purposeName = (name) =>
      (who.value.purposes ?? []).find((one) => one.name === name)?.[language.value] ?? named(`purpose.${name}`, name);

    return () => {
      document.title = t("record.title");
      return h("div", { class: "record" }, [
        h("header", { class: "top" }, [
          h("a", { href: who.value ? homeOf(who.value.role) : "/" }, `← ${t("record.back")}`),
          h(value.value ? "span" : "h1", { class: "title" }, t("record.title")),
          h("span", { class: "spread" }),
          h(LanguageSwitch),
          who.value ? h(PasswordChange, { name: who.value.name }) : null,
          h("button", { class: "plain", type: "button", "data-test": "sign-out", onClick: leave }, t("sign-out")),
        ]),
        h("main", [
          h(Refusal, { error: error.value }),
          ...(value.value ? body() : error.value ? [] : [h("p", { class: "quiet" }, t("loading"))]),
        ]),
      ]);
    };
  },
};

createApp(Record).mount("#page");
