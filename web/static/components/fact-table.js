import { h, ref } from "/lib/vue.js";
import { byDepartment, factName, recordLink, whoIs } from "../app/facts.js";
import { named, t } from "../app/language.js";
import { isMasked, recordOf } from "../app/masked.js";
import { when } from "../app/time.js";
import { Contested } from "./contested.js";
import { departmentName, Unknown } from "./department.js";

const FEW = 6; // of more statements of one fact, the rest come on asking
const COLUMNS = ["record.fact", "record.value", "record.number", "record.since"];

const moment = (instant) => (isMasked(instant) || !instant ? t("masked") : when(instant));

const value = (statement) =>
  statement.parts.map((one, i) =>
    h("span", { key: i, class: "part" }, [
      one.label ? h("span", { class: "quiet" }, `${one.label} `) : null,
      one.link ? h("a", { href: one.link }, one.text) : one.text,
    ]),
  );

const who = (one) =>
  !one
    ? null
    : isMasked(one.id)
      ? h("span", { class: "tag" }, whoIs(one))
      : h("a", { class: "tag", href: recordLink(one.view, one.id) }, whoIs(one));

/** The statements of each fact in one department's order, and how many more there are of it. */
function few(facts, whole) {
  const count = new Map();
  const kept = facts.filter(
    (statement) => count.set(statement.fact, (count.get(statement.fact) ?? 0) + 1).get(statement.fact) <= FEW || whole,
  );
  return [kept, facts.length - kept.length];
}

/** Facts by department, each with its record, its date and a mark where sources disagree or the department is quiet. */
export const FactTable = {
  props: ["facts", "quiet", "contested"],
  setup(props) {
    const whole = ref(new Set());

    /** A fact of several kinds (in, out) says which; one of a single kind is named by the fact. */
    const ofKind = (statement) =>
      props.facts.some((other) => other.fact === statement.fact && other.kind !== statement.kind)
        ? h("span", { class: "kind-name" }, `${named(`kind.${statement.kind}`, statement.kind)} `)
        : null;

    const contestedOf = (statement) => props.contested?.find((one) => one.event_id === statement.event_id);

    const row = (statement, i) =>
      h("tr", { key: i, class: { disputed: statement.disputed } }, [
        h("th", { scope: "row" }, [
          factName(statement),
          statement.disputed
            ? h("span", { class: "stale small", "data-test": "disputed" }, ` ≠ ${t("record.disputed")}`)
            : null,
          h(Contested, { contested: contestedOf(statement) }),
        ]),
        h("td", [who(statement.who), " ", ofKind(statement), ...value(statement)]),
        h("td", { class: "quiet" }, recordOf(statement.record)),
        h("td", { class: "quiet" }, moment(statement.occurred_at)),
      ]);

    const silentOf = (department) => (props.quiet ?? []).filter((topic) => topic.department === department);

    const group = ([department, facts]) => {
      const [kept, more] = few(facts, whole.value.has(department));
      const silent = silentOf(department);
      return h("tbody", { key: department, "data-test": "department", "data-department": department }, [
        h(
          "tr",
          { class: "group" },
          h("th", { colspan: COLUMNS.length, scope: "rowgroup" }, [
            departmentName(department),
            ...silent.map((topic) =>
              h("span", { key: topic.topic, class: "small silent" }, [
                h(Unknown, { topic }),
                h("span", { class: "quiet", title: topic.topic }, named(`topic.${topic.topic}`, topic.topic)),
              ]),
            ),
          ]),
        ),
        ...kept.map(row),
        facts.length === 0 ? h("tr", h("td", { colspan: COLUMNS.length, class: "quiet" }, t("quiet.nothing"))) : null,
        more || whole.value.has(department)
          ? h(
              "tr",
              h(
                "td",
                { colspan: COLUMNS.length },
                h(
                  "button",
                  { type: "button", class: "plain small", onClick: () => toggle(department) },
                  more ? t("record.more", { n: more }) : t("person.fewer"),
                ),
              ),
            )
          : null,
      ]);
    };
    const toggle = (department) => {
      const next = new Set(whole.value);
      if (!next.delete(department)) next.add(department);
      whole.value = next;
    };

    return () => {
      const groups = byDepartment(props.facts);
      const spoken = new Set(groups.map(([department]) => department));
      const mute = [...new Set((props.quiet ?? []).map((topic) => topic.department))].filter(
        (department) => !spoken.has(department),
      );
      return h("table", { class: "facts-table", "data-test": "facts" }, [
        h(
          "thead",
          h(
            "tr",
            COLUMNS.map((key) => h("th", { key, scope: "col" }, t(key))),
          ),
        ),
        ...groups.map(group),
        ...mute.map((department) => group([department, []])),
      ]);
    };
  },
};
