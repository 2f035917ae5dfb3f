// What came back to a department: questions with their answers, and where each of its records stands.

import { h, reactive, ref } from "/lib/vue.js";
import { answerQuestion } from "../app/api.js";
import { holdsIdentityNumber } from "../app/identity-number.js";
import { inputOf } from "../app/input.js";
import { named, t } from "../app/language.js";
import { clock, due, isPast, when } from "../app/time.js";
import { cardTable, nothing, section } from "./card-table.js";
import { answered, asks } from "./case-questions.js";
import { Refusal } from "./refusal.js";

const ANSWERS = ["right", "corrected", "wrong"];
const LIMIT = 1000;
const MARK = { verified: "✓", upheld: "✓", corrected: "✎", contradicted: "≠", not_met: "–" };

/** One question with its answer, or the form that answers it. */
const Question = {
  props: ["question", "mayAnswer"],
  emits: ["answered"],
  setup(props, { emit }) {
    const draft = reactive({ answer: "", note: "" });
    const busy = ref(false);
    const error = ref(null);
    const send = async (event) => {
      event.preventDefault();
      busy.value = true;
      error.value = null;
      try {
        const note = draft.note.trim();
        const page = await answerQuestion(props.question.id, { answer: draft.answer, note: note || null });
        Object.assign(draft, { answer: "", note: "" });
        emit("answered", page);
      } catch (refused) {
        error.value = refused;
      }
      busy.value = false;
    };
    const choice = (one) =>
      h("label", { key: one, class: ["choice", { chosen: draft.answer === one }] }, [
        h("input", {
          type: "radio",
          name: `answer-${props.question.id}`,
          value: one,
          required: true,
          checked: draft.answer === one,
          "data-test": `answer-${one}`,
          onChange: () => (draft.answer = one),
        }),
        h("span", t(`question.say.${one}`)),
      ]);
    // What is wrong is corrected one day; any other answer stands.
    const choices = () => (props.question.answer === "wrong" ? ["corrected"] : ANSWERS);
    const form = () =>
      h("form", { class: "stack answer", onSubmit: send, "data-test": "answer-form" }, [
        h("fieldset", [h("legend", t("question.answer")), h("div", { class: "choices" }, choices().map(choice))]),
        h("label", { class: "field" }, [
          t("question.note"),
          h("textarea", {
            value: draft.note,
            maxlength: LIMIT,
            rows: 2,
            "data-test": "answer-note",
            onInput: (e) => (draft.note = inputOf(e)),
          }),
        ]),
        holdsIdentityNumber(draft.note)
          ? h("p", { class: "small refusal", role: "status", "data-test": "answer-number" }, t("move.number"))
          : null,
        h("div", { class: "row" }, [
          h(
            "button",
            { class: "primary", disabled: busy.value, "data-test": "answer-send" },
            t("question.answer.send"),
          ),
        ]),
        h(Refusal, { error: error.value }),
      ]);

    return () => {
      const one = props.question;
      const isLate = !one.answer && isPast(one.answer_by);
      const marks = { class: { waits: !one.answer, late: isLate }, "data-late": isLate };
      return h("li", { "data-test": "question", "data-record": one.record, ...marks }, [
        h("p", { class: "row" }, [
          h("strong", { class: "code" }, one.record),
          h("span", named(`kind.${one.kind}`, one.kind)),
          h("span", { class: "quiet small" }, t("question.stated", { at: clock(one.stated_at) })),
          h("span", { class: "spread" }),
          one.answer
            ? null
            : h(
                "span",
                { class: ["small", isLate ? "over" : ""], "data-test": "due" },
                isLate ? `▲ ${t("question.overdue")} · ${due(one.answer_by)}` : due(one.answer_by),
              ),
        ]),
        h("p", asks(one)),
        h("p", { class: "quiet small" }, [
          one.seen_at ? `${t("question.seen", { at: when(one.seen_at) })} · ` : "",
          one.purpose ? `${t("question.purpose")} ${named(`purpose.${one.purpose}`, one.purpose)} · ` : "",
          t("question.asked", { at: when(one.asked_at) }),
        ]),
        one.answer ? answered(one) : null,
        props.mayAnswer && (!one.answer || one.answer === "wrong") ? form() : null,
      ]);
    };
  },
};

/** Questions that wait, what is wrong and not yet corrected, then the last answers. */
export const Questions = ({ feedback, onAnswered }) =>
  section(
    "questions",
    [
      h("h2", t("question.title")),
      h(
        "span",
        { class: "small quiet", "data-test": "questions-waiting" },
        t("question.count", { n: feedback.waiting }),
      ),
    ],
    feedback.questions.length
      ? h(
          "ul",
          { class: "asked" },
          feedback.questions.map((question) =>
            h(Question, { key: question.id, question, mayAnswer: feedback.may_answer, onAnswered }),
          ),
        )
      : nothing(t("question.none")),
  );
Questions.props = ["feedback", "onAnswered"];

const standing = (one) =>
  h("span", { class: ["result", one === "contradicted" ? "today" : one === "not_met" ? "" : "good"] }, [
    h("span", { "aria-hidden": "true" }, `${MARK[one]} `),
    t(`standing.${one}`),
  ]);

/** The department's own records by what became of them. `chosen`: only those that stand so. */
export const Results = ({ feedback, chosen, onChoose }) => {
  const columns = {
    record: (one) => h("span", { class: "code" }, one.record),
    kind: (one) => named(`kind.${one.kind}`, one.kind),
    stated: (one) => clock(one.stated_at),
    standing: (one) => [
      standing(one.standing),
      one.centre_verified ? h("span", { class: "small quiet" }, ` · ${t("standing.checked")}`) : null,
    ],
    newest: (one) => when(one.at),
  };
  const count = (one) =>
    h(
      "button",
      {
        key: one.standing,
        type: "button",
        class: ["count", { chosen: chosen === one.standing }],
        "aria-pressed": String(chosen === one.standing),
        "data-test": `standing-${one.standing}`,
        onClick: () => onChoose(chosen === one.standing ? "" : one.standing),
      },
      [standing(one.standing), h("strong", `${one.count}${one.more ? "+" : ""}`)],
    );
  return section(
    "results",
    [h("h2", t("standing.title"))],
    [
      h("div", { class: "counts" }, feedback.counts.map(count)),
      feedback.records.length
        ? cardTable("standing", feedback.records, columns, {
            keyOf: (one) => `${one.kind} ${one.record}`,
            test: "record-result",
            attributes: (one) => ({ "data-record": one.record, "data-standing": one.standing }),
          })
        : nothing(t(chosen ? "standing.none-so" : "standing.none")),
    ],
  );
};
Results.props = ["feedback", "chosen", "onChoose"];
