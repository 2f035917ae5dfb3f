import { h, onMounted, reactive, ref, watch } from "/lib/vue.js";
import { ANSWERS, OUTCOMES } from "../app/answers.js";
import { alertCase, unmaskCase } from "../app/api.js";
import { keepDraft, readDraft } from "../app/drafts.js";
import { refreshFreshness } from "../app/freshness.js";
import { holdsIdentityNumber } from "../app/identity-number.js";
import { inputOf } from "../app/input.js";
import { named, t, textOf } from "../app/language.js";
import { stopOf } from "../app/places.js";
import { Severity, severityOf } from "../app/severity.js";
import { kept } from "../app/store.js";
import { due } from "../app/time.js";
import { CaseFacts } from "./case-facts.js";
import { People } from "./people.js";
import { UnknownBox } from "./unknown-box.js";

const MARK = { yes: "✓", no: "✗", unknown: "?" };
const NOTE_LIMIT = 2000;

/**
 * A stop at the door: why, who lives here, the checks, a note and the result. Each keystroke is kept before anything
 * else.
 */
export const Visit = {
  props: ["task", "purposes"],
  emits: ["back", "complete"],
  setup(props, { emit }) {
    const one = ref(null);
    const draft = reactive({ arrived_at: null, checks: {}, note: "", outcome: "done" });
    const ready = ref(false);
    const missing = ref(false);

    onMounted(async () => {
      Object.assign(draft, await readDraft(props.task.id));
      draft.arrived_at ??= new Date().toISOString();
      ready.value = true;
      watch(draft, () => keepDraft(props.task.id, draft), { deep: true, immediate: true, flush: "sync" });
      const name = `case:${props.task.finding_id}`;
      one.value = (await kept.get(name)) ?? null;
      try {
        one.value = await alertCase(props.task.finding_id);
        await Promise.all([kept.put(name, one.value), refreshFreshness()]);
      } catch (away) {
        if (!one.value) one.value = { because: [], people: [], away: away.message };
      }
    });

    const submit = (event) => {
      event.preventDefault();
      missing.value = draft.outcome === "done" && props.task.checks.some((check) => !draft.checks[check.id]);
      if (missing.value) return;
      const body = { outcome: draft.outcome, checks: { ...draft.checks } };
      if (draft.note.trim()) body.note = draft.note.trim();
      emit("complete", props.task, body);
    };

    const choice = (name, value, current, label, choose, mark) =>
      h("label", { class: ["choice", value, { chosen: current === value }] }, [
        h("input", { type: "radio", name, value, checked: current === value, onChange: () => choose(value) }),
        mark ? h("span", { "aria-hidden": "true" }, mark) : null,
        h("span", label),
      ]);

    const answerTo = (check, answer) =>
      choice(
        check.id,
        answer,
        draft.checks[check.id],
        t(`answer.${answer}`),
        (value) => (draft.checks[check.id] = value),
        MARK[answer],
      );

    const checkRow = (check) => {
      const { id } = check;
      const marks = {
        key: id,
        class: ["check", { missing: missing.value && !draft.checks[id] }],
        "data-test": "check",
        "data-check": id,
      };
      return h("fieldset", marks, [
        h("legend", textOf(check, "question")),
        h(
          "div",
          { class: "choices" },
          ANSWERS.map((answer) => answerTo(check, answer)),
        ),
      ]);
    };

    return () => {
      if (!ready.value) return h("p", { class: "waiting" }, t("loading"));
      const { task } = props;
      const level = severityOf(task);
      return h("form", { class: "visit", "data-test": "visit", onSubmit: submit }, [
        h("header", [
          h("button", { type: "button", "data-test": "back", onClick: () => emit("back") }, `← ${t("visit.back")}`),
          h("span", { class: "spread" }),
          h("span", { class: "small" }, due(task.respond_by)),
        ]),
        h("div", { class: ["why-box", level] }, [
          h("p", { class: "row" }, [h(Severity, { level }), h("span", named(`rule.${task.rule}`, task.rule))]),
          h("h1", stopOf(task.place)),
          h("p", { class: "why" }, textOf(task, "why")),
          task.unknown ? h(UnknownBox, { kept: true }) : null,
        ]),
        h("details", { open: true }, [
          h("summary", t("visit.people")),
          one.value
            ? h(People, {
                people: one.value.people,
                purposes: props.purposes,
                unmask: (purpose) => unmaskCase(task.finding_id, purpose),
              })
            : t("loading"),
        ]),
        h("details", [h("summary", t("case.because")), h(CaseFacts, { because: one.value?.because ?? [] })]),
        ...task.checks.map(checkRow),
        h("label", { class: "field" }, [
          t("visit.note"),
          h("textarea", {
            value: draft.note,
            maxlength: NOTE_LIMIT,
            placeholder: t("visit.note.hint"),
            "data-test": "note",
            onInput: (e) => (draft.note = inputOf(e)),
          }),
        ]),
        holdsIdentityNumber(draft.note)
          ? h("p", { class: "small refusal", role: "status", "data-test": "note-number" }, t("visit.note.number"))
          : null,
        h("fieldset", { class: "check", "data-test": "outcome" }, [
          h("legend", t("move.outcome")),
          h(
            "div",
            { class: "choices" },
            OUTCOMES.map((outcome) =>
              choice("outcome", outcome, draft.outcome, t(`outcome.${outcome}`), (value) => (draft.outcome = value)),
            ),
          ),
        ]),
        missing.value ? h("p", { class: "refusal", role: "alert" }, t("visit.missing")) : null,
        h("div", { class: "finish" }, [
          h("button", { class: "primary", "data-test": "complete" }, t("visit.complete")),
        ]),
      ]);
    };
  },
};
