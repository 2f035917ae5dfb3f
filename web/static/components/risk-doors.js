import { h } from "/lib/vue.js";
import { day, recordLink } from "../app/facts.js";
import { named, t } from "../app/language.js";
import { isMasked, orMasked } from "../app/masked.js";
import { when } from "../app/time.js";

const LEVELS = ["blue", "yellow", "orange", "red"];
const held = (fact) => (fact ?? []).filter((statement) => !statement.withdrawn);

/** Hazards that were reported and not repaired since, the urgent ones first. */
export function openHazards(row) {
  const repaired = new Map(
    held(row.repairs).map((statement) => [`${statement.department} ${statement.record}`, statement.occurred_at]),
  );
  return held(row.hazards)
    .filter((statement) => !(repaired.get(`${statement.department} ${statement.record}`) >= statement.occurred_at))
    .sort((a, b) => Number(b.value.urgent) - Number(a.value.urgent));
}

const warningsOf = (row) => [
  ...(row.warned ?? []).flatMap((one) => one.warnings ?? []).map((one) => ({ ...one, at: one.since })),
  ...standing(row.issued, row.lifted).map((statement) => ({ ...statement.value, at: statement.occurred_at })),
];
const standing = (issued, lifted) => {
  const ended = new Map(held(lifted).map((statement) => [statement.record, statement.occurred_at]));
  return held(issued).filter((statement) => !(ended.get(statement.record) >= statement.occurred_at));
};
const isOver = (one) => one.until && Date.parse(one.until) < Date.now();

const valueName = (value) => named(`value.${value}`, value);

const Warning = (one, i) =>
  h("li", { key: i, class: ["warning", LEVELS.includes(one.level) ? one.level : "", { over: isOver(one) }] }, [
    h("strong", `${isOver(one) ? "✓" : "⚠"} ${valueName(one.hazard)} · ${valueName(one.level)}`),
    h("span", { class: "small" }, [
      one.rainfall_mm ? `${one.rainfall_mm} mm · ` : "",
      when(one.at),
      one.until ? ` · ${t("record.until", { at: when(one.until) })}` : "",
    ]),
  ]);

const today = () => new Date(Date.now() + 8 * 3_600_000).toISOString().slice(0, 10); // in the city

/** Who behind the door needs looking after now; masked, only that somebody does. */
function vulnerable(risk) {
  const all = risk.vulnerable ?? [];
  if (all.some((one) => isMasked(one.need))) return [t("record.vulnerable")];
  const here = all.filter((one) => day(one.effective_from) <= today() && (!one.until || day(one.until) > today()));
  return [...new Set(here.map((one) => named(`value.${one.need}`, one.need)))];
}

const Door = ({ dwelling, risk }) => {
  const content = [
    h("strong", isMasked(risk.address) || !risk.address ? dwelling : risk.address),
    h("span", { class: "row" }, [
      risk.grade
        ? h("span", { class: ["badge", `grade-${risk.grade}`] }, t("record.grade", { grade: orMasked(risk.grade) }))
        : null,
      risk.reinforced ? h("span", { class: "badge" }, t("record.reinforced")) : null,
    ]),
    h(
      "ul",
      { class: "small" },
      vulnerable(risk).map((words) => h("li", { key: words }, `♥ ${words}`)),
    ),
  ];
  return h(
    "li",
    { key: dwelling },
    h("a", { class: "door", href: isMasked(dwelling) ? null : recordLink("dwelling", dwelling) }, content),
  );
};

const facility = (row, code) => held(row.facilities).find((statement) => statement.value.facility === code);

const HazardTile = (row) => (statement, i) => {
  const what = facility(row, statement.value.facility);
  return h("li", { key: i, class: ["door", statement.value.urgent ? "urgent-door" : ""] }, [
    h("strong", `${statement.value.urgent ? "▲" : "●"} ${what?.value.what ?? orMasked(statement.value.facility)}`),
    h("span", statement.value.hazard),
    h("span", { class: "small quiet" }, [what?.value.address, when(statement.occurred_at)].filter(Boolean).join(" · ")),
  ]);
};

/** A grid or a district at a glance: warnings in force, doors at risk, hazards that nobody has repaired. */
export const RiskDoors = ({ row }) => {
  const warnings = warningsOf(row);
  const hazards = openHazards(row);
  const block = (title, list, draw, none) =>
    h("div", { class: "risk-block" }, [
      h("h3", `${title} ${list.length}`),
      list.length ? h("ul", { class: "tiles" }, list.map(draw)) : h("p", { class: "quiet small" }, none),
    ]);
  return h("div", { class: "risk", "data-test": "risk" }, [
    block(t("record.warnings"), warnings, Warning, t("record.no-warnings")),
    "doors" in row ? block(t("record.doors"), row.doors ?? [], Door, t("record.no-doors")) : null,
    "hazards" in row ? block(t("record.hazards"), hazards, HazardTile(row), t("record.no-hazards")) : null,
    row.grids?.length
      ? block(
          t("record.grids"),
          row.grids,
          (code) => h("li", { key: code }, h("a", { class: "door", href: recordLink("grid", code) }, code)),
          "",
        )
      : null,
  ]);
};
RiskDoors.props = ["row"];
