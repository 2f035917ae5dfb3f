import { h, nextTick, onMounted, ref, watch } from "/lib/vue.js";
import { alertCase, moveTask, unmaskCase } from "../app/api.js";
import { language, named, nameOfRecord, t, textOf } from "../app/language.js";
import { nameOf } from "../app/places.js";
import { placeName } from "../app/regions.js";
import { Severity, severityOf } from "../app/severity.js";
import { due, when } from "../app/time.js";
import { CaseFacts } from "./case-facts.js";
import { CaseInstructions } from "./case-instructions.js";
import { CaseQuestions } from "./case-questions.js";
import { CaseReport } from "./case-report.js";
import { Inhibition } from "./inhibition.js";
import { MoveForm } from "./move-form.js";
import { People } from "./people.js";
import { Photos } from "./photos.js";
import { QuietTopics } from "./quiet-topics.js";
import { Refusal } from "./refusal.js";
import { Reported } from "./reported.js";
import { Timeline } from "./timeline.js";
import { UnknownBox } from "./unknown-box.js";

const queueName = (task) =>
  task.queue === "city"
    ? t("region.city")
    : task.queue === task.place?.grid
      ? nameOf(task.place)
      : placeName(task.queue, language.value);

const part = (title, content) => h("section", [h("h3", title), content]);

/** Topics on whose silence the case rests: those that no fact above names are told by themselves. */
const silent = (value) =>
  (value.quiet ?? []).filter(
    (topic) =>
      !(value.because ?? []).some((fact) => fact.department === topic.department && topic.kinds.includes(fact.kind)),
  );

/** A household and a dwelling are linked for every case that is about one, whichever view the case is about. */
const links = (value) =>
  h("p", { class: "row small" }, [
    value.view !== "household" && value.view !== "dwelling"
      ? h(
          "a",
          { href: `/record.html#${value.view}/${encodeURIComponent(value.subject)}`, "data-test": "to-subject" },
          nameOfRecord(value.view),
        )
      : null,
    value.household
      ? h(
          "a",
          { href: `/record.html#household/${encodeURIComponent(value.household)}`, "data-test": "to-household" },
          nameOfRecord("household"),
        )
      : null,
    value.dwelling
      ? h(
          "a",
          { href: `/record.html#dwelling/${encodeURIComponent(value.dwelling)}`, "data-test": "to-dwelling" },
          nameOfRecord("dwelling"),
        )
      : null,
    h("a", { href: `#grid=${value.place?.grid ?? ""}` }, t("case.on-map")),
  ]);

const STACKED = "(max-width: 1100px)"; // as style/centre.css: the case lies under the map, out of sight

/**
 * One case beside the list: why, people, timeline, and what may be done now. `touched` counts stream events about it.
 */
export const Case = {
  props: ["finding", "touched", "purposes"],
  emits: ["close", "loaded"],
  setup(props, { emit }) {
    const value = ref(null);
    const error = ref(null);
    const heading = ref(null);

    const load = async () => {
      const wanted = props.finding;
      error.value = null;
      try {
        const loaded = await alertCase(wanted);
        if (wanted !== props.finding) return; // another case was opened meanwhile
        value.value = loaded;
        emit("loaded", loaded);
      } catch (refused) {
        if (wanted === props.finding) error.value = refused;
      }
    };
    const open = async () => {
      value.value = null;
      facts.value = null;
      await load();
      await nextTick();
      heading.value?.focus({ preventScroll: true });
      if (matchMedia(STACKED).matches) heading.value?.closest("section").scrollIntoView({ block: "start" });
    };
    onMounted(open);
    watch(() => props.finding, open);
    watch(() => props.touched, load);

    /** With what is contested now: the answer may have come after the look. */
    const because = (one) => {
      const now = new Map((one.because ?? []).map((fact) => [fact.event_id, fact.contested]));
      return (facts.value ?? one.because ?? []).map((fact) => ({ ...fact, contested: now.get(fact.event_id) }));
    };
    const facts = ref(null); // with their record numbers, once a purpose is given
    const unmask = async (purpose) => {
      const shown = await unmaskCase(value.value.finding_id, purpose);
      facts.value = shown.because ?? null;
      return shown;
    };
    const send = async (move, body) => {
      await moveTask(current().id, move, body);
      await load();
    };
    const current = () => value.value?.tasks?.[0];

    const body = () => {
      const one = value.value;
      const level = severityOf({ ...one, task: current() });
      const task = current();
      return [
        h("div", { class: ["why-box", level] }, [
          h("p", { class: "row" }, [
            h(Severity, { level }),
            h("span", { class: "spread" }),
            h("span", { class: "small" }, level === "done" ? "" : due(task?.respond_by ?? one.respond_by)),
          ]),
          h("p", { class: "why", "data-test": "why" }, textOf(one, "why")),
          h("p", { class: "small" }, [nameOf(one.place), one.place?.address].filter(Boolean).join(" · ")),
          h(Inhibition, { alert: one }),
          one.unknown && level !== "done" ? h(UnknownBox, { kept: Boolean(task) }) : null,
          one.resolution_zh ? h("p", { class: "small" }, `✓ ${textOf(one, "resolution")}`) : null,
        ]),
        task ? h(CaseReport, { task }) : null,
        one.instructions.length
          ? part(t("instruction.title"), h(CaseInstructions, { instructions: one.instructions }))
          : null,
        one.report ? part(t("report.of-case"), h(Reported, { report: one.report })) : null,
        part(t("case.because"), [h(CaseFacts, { because: because(one) }), h(QuietTopics, { topics: silent(one) })]),
        part(
          t("question.of-case"),
          h(CaseQuestions, {
            key: one.finding_id,
            finding: one.finding_id,
            because: one.because,
            questions: one.questions,
            purposes: task ? props.purposes : [],
            onAsked: load,
          }),
        ),
        part(
          t("case.people"),
          h(People, { key: one.finding_id, people: one.people, purposes: props.purposes, unmask }),
        ),
        one.photos?.length ? part(t("case.photos"), h(Photos, { finding: one.finding_id, photos: one.photos })) : null,
        part(t("case.timeline"), h(Timeline, { moments: one.timeline ?? [], unit: task?.extension_unit })),
        links(one),
        h(
          "p",
          { class: "quiet small" },
          t("case.rule", { rule: one.rule, version: one.rule_version, at: when(one.changed_at) }),
        ),
      ];
    };

    const foot = (task) => [
      h("p", { class: "small stand" }, [
        h(
          "span",
          { class: "tag", "data-test": "task-state", "data-state": task.state },
          task.suspended ? t("task.suspended") : named(`task.${task.state}`, task.state),
        ),
        task.rating ? h("span", { class: "tag" }, t("task.rating", { rating: t(`rating.${task.rating}`) })) : null,
        ` ${t("task.queue")} ${queueName(task)}`,
      ]),
      h(MoveForm, { key: task.id, task, send }),
      (task.moves ?? []).length === 0 ? h("p", { class: "quiet small" }, t("move.none")) : null,
    ];

    return () =>
      h(
        "section",
        {
          class: "panel case",
          "aria-label": t("case.title"),
          "data-test": "case",
          onKeydown: (e) => e.key === "Escape" && emit("close"),
        },
        [
          h("header", [
            h(
              "h2",
              { tabindex: -1, ref: heading },
              value.value ? named(`rule.${value.value.rule}`, value.value.rule) : t("loading"),
            ),
            h("span", { class: "spread" }),
            h(
              "button",
              {
                class: "plain",
                type: "button",
                "aria-label": t("close"),
                title: t("close"),
                "data-test": "case-close",
                onClick: () => emit("close"),
              },
              "✕",
            ),
          ]),
          h("div", { class: "scroll stack" }, [h(Refusal, { error: error.value }), ...(value.value ? body() : [])]),
          value.value
            ? h(
                "footer",
                { "aria-label": t("case.do") },
                current() ? foot(current()) : h("p", { class: "quiet" }, t("task.none")),
              )
            : null,
        ],
      );
  },
};
