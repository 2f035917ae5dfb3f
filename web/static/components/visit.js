import { h, nextTick, onMounted, reactive, ref, shallowRef, watch } from "/lib/vue.js";
import { ANSWERS, OUTCOMES } from "../app/answers.js";
import { alertCase, unmaskCase, visitsBefore } from "../app/api.js";
import { forgetDraft, keepDraft, photoOf, readDraft } from "../app/drafts.js";
import { refreshFreshness } from "../app/freshness.js";
import { holdsIdentityNumber } from "../app/identity-number.js";
import { inputOf } from "../app/input.js";
import { named, t, textOf } from "../app/language.js";
import { fromBase64, inBase64 } from "../app/photo.js";
import { stopOf } from "../app/places.js";
import { levelOf } from "../app/route.js";
import { Severity, severityOf } from "../app/severity.js";
import { kept } from "../app/store.js";
import { due } from "../app/time.js";
import { CaseFacts } from "./case-facts.js";
import { VisitsBefore } from "./door.js";
import { Instruction } from "./instruction.js";
import { People } from "./people.js";
import { PhotoField } from "./photo-field.js";
import { Reported } from "./reported.js";
import { UnknownBox } from "./unknown-box.js";

const MARK = { yes: "✓", no: "✗", unknown: "?" };
const NOTE_LIMIT = 2000;

/** Each question once, whichever findings ask it: an id keeps its meaning, so its answer is an answer to all. */
export function questionsOf(tasks) {
  const asked = new Map();
  for (const task of tasks)
    for (const check of task.checks) if (!asked.has(check.id)) asked.set(check.id, { ...check, task });
  return [...asked.values()];
}

/** What one finding is answered by: of all answers those to its own questions. */
export const answersTo = (task, checks) =>
  Object.fromEntries(task.checks.filter(({ id }) => checks[id]).map(({ id }) => [id, checks[id]]));

/**
 * A stop at the door: why, who lives here, the checks, a note and the result, one form for all that is to be done
 * there. Each keystroke is kept before anything else.
 */
export const Visit = {
  props: ["stop", "purposes", "instructions"],
  emits: ["back", "complete", "handOver", "ask"],
  setup(props, { emit }) {
    const cases = reactive({}); // finding → its case
    const draft = reactive({ arrived_at: null, checks: {}, note: "", outcome: "done" });
    const ready = ref(false);
    const heading = ref(null);
    const missing = ref(false);
    const before = ref(null); // earlier visits at this door
    const picture = shallowRef(null);

    onMounted(async () => {
      const { key } = props.stop;
      Object.assign(draft, await readDraft(key));
      draft.arrived_at ??= new Date().toISOString();
      ready.value = true;
      nextTick(() => heading.value?.focus({ preventScroll: true }));
      watch(draft, () => keepDraft(key, draft), { deep: true, immediate: true, flush: "sync" });
      const [photo] = (await readDraft(photoOf(key)))?.photos ?? [];
      if (photo) picture.value = fromBase64(photo);
      await Promise.all([
        readBefore(),
        ...props.stop.tasks.map(({ finding_id }) => readCase(finding_id)),
        refreshFreshness().catch(() => {}), // without a network it says what it last knew
      ]);
    });

    async function readBefore() {
      const [task] = props.stop.tasks;
      if (!task) return;
      const name = `visits:${props.stop.key}`;
      before.value = (await kept.get(name)) ?? null;
      try {
        before.value = await visitsBefore(task.id);
        await kept.put(name, before.value);
      } catch {
        // without a network those that were read last
      }
    }
    const keepPicture = async (one) => {
      picture.value = one;
      if (one) await keepDraft(photoOf(props.stop.key), { photos: [await inBase64(one)] });
      else await forgetDraft(photoOf(props.stop.key));
    };

    async function readCase(finding) {
      const name = `case:${finding}`;
      cases[finding] = (await kept.get(name)) ?? null;
      try {
        cases[finding] = await alertCase(finding);
        await kept.put(name, cases[finding]);
      } catch (away) {
        if (!cases[finding]) cases[finding] = { because: [], people: [], away: away.message };
      }
    }

    const submit = async (event) => {
      event.preventDefault();
      missing.value =
        draft.outcome === "done" && questionsOf(props.stop.tasks).some((check) => !draft.checks[check.id]);
      if (missing.value) return;
      const body = { outcome: draft.outcome, checks: { ...draft.checks } };
      if (draft.note.trim()) body.note = draft.note.trim();
      emit("complete", props.stop, body, picture.value ? await inBase64(picture.value) : null);
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

    /** What one does instead of completing: for the tasks of the stop with which one may. */
    const may = (move) => props.stop.tasks.filter((task) => (task.moves ?? []).includes(move));
    const instead = (name, event, tasks) =>
      h(
        "button",
        { type: "button", disabled: !tasks.length, "data-test": `visit-${name}`, onClick: () => emit(event, tasks) },
        t(`move.${name}`),
      );
    const matterOf = (task) => [
      h("p", { class: "row" }, [
        h(Severity, { level: severityOf(task) }),
        h("span", named(`rule.${task.rule}`, task.rule)),
        h("span", { class: "spread" }),
        h("span", { class: "small" }, due(task.respond_by)),
      ]),
      h("p", { class: "why" }, textOf(task, "why")),
      cases[task.finding_id]?.report ? h(Reported, { report: cases[task.finding_id].report }) : null,
      task.unknown ? h(UnknownBox, { kept: true }) : null,
      ...(props.instructions?.[task.finding_id] ?? []).map((one) =>
        h(Instruction, { key: one.number, instruction: one }),
      ),
    ];

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
      const { stop } = props;
      const level = levelOf(stop);
      const questions = questionsOf(stop.tasks);
      const several = stop.tasks.length > 1;
      return h("form", { class: "visit", "data-test": "visit", onSubmit: submit }, [
        h("header", [
          h("button", { type: "button", "data-test": "back", onClick: () => emit("back") }, `← ${t("visit.back")}`),
        ]),
        h("div", { class: ["why-box", level] }, [
          h("h2", { class: "address", tabindex: -1, ref: heading }, stopOf(stop.place)),
          ...stop.tasks.map((task) => h("div", { key: task.id, "data-test": "matter" }, matterOf(task))),
          ...stop.patrols.map((patrol) =>
            h("p", { key: patrol.id, class: "why", "data-test": "matter" }, [
              t("patrol.due", { title: textOf(patrol, "title"), days: patrol.every_days }),
              patrol.spot ? ` · ${patrol.spot}` : "",
            ]),
          ),
        ]),
        ...stop.tasks.map((task, i) => {
          const one = cases[task.finding_id];
          return h("details", { key: `people-${task.id}`, open: i === 0 }, [
            h(
              "summary",
              several ? `${t("visit.people")} · ${named(`rule.${task.rule}`, task.rule)}` : t("visit.people"),
            ),
            one
              ? h(People, {
                  people: one.people,
                  purposes: props.purposes,
                  unmask: (purpose) => unmaskCase(task.finding_id, purpose),
                })
              : t("loading"),
            h("details", [h("summary", t("case.because")), h(CaseFacts, { because: one?.because ?? [] })]),
          ]);
        }),
        before.value
          ? h("details", { key: "before", "data-test": "before" }, [
              h("summary", `${t("door.visits")} ${before.value.length}`),
              h(VisitsBefore, { visits: before.value }),
            ])
          : null,
        ...questions.flatMap((check, i) => [
          several && (i === 0 || questions[i - 1].task !== check.task)
            ? h(
                "h2",
                { class: "asks", key: `asks-${check.task.id}` },
                named(`rule.${check.task.rule}`, check.task.rule),
              )
            : null,
          checkRow(check),
        ]),
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
        stop.tasks.length ? h(PhotoField, { picture: picture.value, onPicture: keepPicture }) : null,
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
        stop.tasks.length
          ? h("div", { class: "steps instead" }, [
              instead("hand-over", "handOver", may("hand-over")),
              instead("ask", "ask", may("ask-suspension")),
            ])
          : null,
      ]);
    };
  },
};
