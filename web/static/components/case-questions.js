import { h, nextTick, ref } from "/lib/vue.js";
import { askDepartment } from "../app/api.js";
import { holdsIdentityNumber } from "../app/identity-number.js";
import { inputOf } from "../app/input.js";
import { language, named, t } from "../app/language.js";
import { clock, due, isPast, when } from "../app/time.js";
import { departmentName } from "./department.js";
import { Refusal } from "./refusal.js";

const OURS = "grid"; // what workers saw is asked of nobody
const LIMIT = 1000;

/** What the door says, or what a centre asks. */
export const asks = (one) =>
  one.correction
    ? [h("strong", t("question.door", { what: named(`correction.${one.correction}`, one.correction) }))]
    : [h("q", one.question), h("span", { class: "quiet small" }, ` ${one.asked_name ?? ""}`)];

/** What became of a question: `by` the department where more than one is listed. */
export const answered = (one, by) =>
  one.answer
    ? h("p", { class: ["answered", one.answer], "data-test": "answered", "data-answer": one.answer }, [
        h("strong", t(`question.${one.answer}`, { by: by ?? one.answered_name ?? "" })),
        " ",
        one.note ? h("q", one.note) : null,
        h("time", { class: "quiet small", datetime: one.answered_at }, ` ${when(one.answered_at)}`),
      ])
    : h("p", { class: ["small", isPast(one.answer_by) ? "over" : "quiet"], "data-test": "waits" }, [
        `${t("question.waits")} · ${due(one.answer_by)}`,
      ]);

/**
 * What departments were asked about a case and what they answered; a command centre asks from here. `asking` where the
 * account may: its purposes are those of the look that the question is.
 */
export const CaseQuestions = {
  props: ["finding", "because", "questions", "purposes"],
  emits: ["asked"],
  setup(props, { emit }) {
    const open = ref(false);
    const event = ref("");
    const purpose = ref("");
    const text = ref("");
    const busy = ref(false);
    const error = ref(null);
    const field = ref(null);
    let key = "";

    /** Statements of departments about which this case has asked nothing that still waits. */
    const askable = () => {
      const waiting = new Set(props.questions.filter((one) => one.question && !one.answer).map((one) => one.event_id));
      return props.because.filter((fact) => fact.department !== OURS && !waiting.has(fact.event_id));
    };
    const begin = () => {
      open.value = !open.value;
      event.value = askable()[0]?.event_id ?? "";
      purpose.value = props.purposes?.[0]?.name ?? "";
      text.value = "";
      error.value = null;
      key = crypto.randomUUID();
      if (open.value) nextTick(() => field.value?.focus());
    };
    const send = async (submitted) => {
      submitted.preventDefault();
      busy.value = true;
      error.value = null;
      try {
        const body = { event_id: event.value, purpose: purpose.value, question: text.value.trim() };
        await askDepartment(props.finding, body, key);
        open.value = false;
        emit("asked");
      } catch (refused) {
        error.value = refused;
        key = crypto.randomUUID(); // it is another question once it was mended
      }
      busy.value = false;
    };

    const choice = (label, test, chosen, options) =>
      h("label", { class: "field" }, [
        t(label),
        h(
          "select",
          { value: chosen.value, required: true, "data-test": test, onChange: (e) => (chosen.value = inputOf(e)) },
          options.map(([value, name]) => h("option", { key: value, value }, name)),
        ),
      ]);

    const form = () =>
      h("form", { class: "stack move", "data-test": "ask-form", onSubmit: send }, [
        choice(
          "question.about",
          "ask-fact",
          event,
          askable().map((fact) => [
            fact.event_id,
            [departmentName(fact.department), named(`kind.${fact.kind}`, fact.kind), clock(fact.occurred_at)].join(
              " · ",
            ),
          ]),
        ),
        choice(
          "question.purpose",
          "ask-purpose",
          purpose,
          (props.purposes ?? []).map((one) => [one.name, one[language.value]]),
        ),
        h("label", { class: "field" }, [
          t("question.text"),
          h("textarea", {
            ref: field,
            required: true,
            maxlength: LIMIT,
            value: text.value,
            "data-test": "ask-text",
            onInput: (e) => (text.value = inputOf(e)),
          }),
        ]),
        h("p", { class: "small quiet" }, t("question.told")),
        holdsIdentityNumber(text.value)
          ? h("p", { class: "small refusal", role: "status", "data-test": "ask-number" }, t("move.number"))
          : null,
        h("div", { class: "row" }, [
          h("button", { class: "primary", disabled: busy.value, "data-test": "ask-send" }, t("question.send")),
          h("button", { type: "button", onClick: begin }, t("cancel")),
        ]),
        h(Refusal, { error: error.value }),
      ]);

    return () =>
      h("div", { class: "stack questions", "data-test": "questions" }, [
        h(
          "ul",
          props.questions.map((one) =>
            h("li", { key: one.id, "data-test": "question" }, [
              h("p", { class: "small quiet" }, [
                h("b", departmentName(one.department)),
                ` · ${named(`kind.${one.kind}`, one.kind)} · `,
                h("time", { datetime: one.asked_at }, when(one.asked_at)),
              ]),
              h("p", asks(one)),
              answered(one, departmentName(one.department)),
            ]),
          ),
        ),
        open.value
          ? form()
          : askable().length && props.purposes?.length
            ? h("button", { type: "button", class: "small", "data-test": "ask-department", onClick: begin }, [
                t("question.ask"),
              ])
            : props.questions.length
              ? null
              : h("p", { class: "quiet small" }, t("question.nobody")),
      ]);
  },
};
