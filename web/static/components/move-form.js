import { h, nextTick, ref } from "/lib/vue.js";
import { OUTCOMES } from "../app/answers.js";
import { queues } from "../app/api.js";
import { holdsIdentityNumber } from "../app/identity-number.js";
import { inputOf } from "../app/input.js";
import { language, t, textOf } from "../app/language.js";
import { placeName } from "../app/regions.js";
import { Refusal } from "./refusal.js";

/**
 * What a move asks of the person: nothing, or one text field with this name and limit. The order is that of the
 * buttons: what a centre does most often comes first.
 */
const ASKS = {
  verify: { field: "reason", required: false, limit: 500 },
  "send-back": { field: "reason", required: true, limit: 500 },
  rate: { field: "reason", required: false, limit: 500, rating: true },
  instruct: { field: "note", required: true, limit: 2000 },
  acknowledge: null,
  complete: { field: "note", required: false, limit: 2000 },
  "hand-over": { field: "reason", required: true, limit: 500, queue: true },
  "ask-extension": { field: "reason", required: true, limit: 500, amount: true },
  "ask-suspension": { field: "reason", required: true, limit: 500 },
  suspend: { field: "reason", required: true, limit: 500 },
  extend: { field: "reason", required: true, limit: 500, amount: true },
  decline: { field: "reason", required: true, limit: 500 },
  resume: { field: "reason", required: true, limit: 500 },
  claim: null,
};

const GRANTS = { suspension: "suspend", extension: "extend" };
const RATINGS = ["good", "fair", "poor"];
const MOST = 100; // hours or days, as the server takes them

/** What was asked for comes first, to be granted or declined. */
const inOrder = (asked) => {
  const answers = asked ? [GRANTS[asked], "decline"] : [];
  return [...answers, ...Object.keys(ASKS).filter((move) => !answers.includes(move))];
};

/** Queues that a task may be handed to from `queue` without looking for one: its district's and the city's. */
const queuesAbove = (queue) => [
  ...new Set([queue.length > 6 ? queue.slice(0, 6) : null, "city"].filter((one) => one && one !== queue)),
];

/** Buttons for the moves that the server allows now; a move that needs words opens a form in place. */
export const MoveForm = {
  // send(move, body) → Promise; `only`: one move, whose form is open at once; `among`: the moves that stand here
  props: ["task", "only", "among", "send"],
  emits: ["cancel"],
  setup(props, { emit }) {
    const asking = ref(props.only ?? null);
    const text = ref("");
    const queue = ref(queuesAbove(props.task.queue)[0] ?? "");
    const found = ref([]);
    let asked = 0;
    /** Any grid of the area by its name; the first that fits is chosen, so that a tap fewer is needed. */
    const search = async (text) => {
      asked += 1;
      const mine = asked;
      const answer = text.trim() ? await queues(text.trim()).catch(() => []) : [];
      if (mine !== asked) return; // a later one was typed meanwhile
      found.value = answer.filter((one) => one.queue !== props.task.queue);
      queue.value = found.value[0]?.queue ?? queuesAbove(props.task.queue)[0] ?? "";
    };
    const outcome = ref(OUTCOMES[0]);
    const rating = ref(RATINGS[0]);
    const amount = ref(1);
    const busy = ref(false);
    const error = ref(null);
    const field = ref(null);

    const go = async (move, body) => {
      busy.value = true;
      error.value = null;
      try {
        await props.send(move, body);
        asking.value = props.only ?? null;
        text.value = "";
      } catch (refused) {
        error.value = refused;
      }
      busy.value = false;
    };

    const begin = (move) => {
      if (!ASKS[move]) return go(move, {});
      asking.value = asking.value === move ? null : move;
      queue.value = queuesAbove(props.task.queue)[0] ?? "";
      amount.value = props.task.asked_amount ?? 1;
      nextTick(() => field.value?.focus());
    };

    const cancel = () => {
      asking.value = null;
      emit("cancel");
    };

    const submit = (event) => {
      event.preventDefault();
      const move = asking.value;
      const ask = ASKS[move];
      const body = {};
      if (text.value.trim() || ask.required) body[ask.field] = text.value.trim();
      if (ask.queue) body.queue = queue.value;
      if (move === "complete") body.outcome = outcome.value;
      if (ask.rating) body.rating = rating.value;
      if (ask.amount) body.amount = amount.value;
      go(move, body);
    };

    /** One of a few words; `of`: where their texts stand. */
    const choice = (label, values, of, chosen) =>
      h("label", { class: "field" }, [
        t(label),
        h(
          "select",
          { value: chosen.value, "data-test": `move-${of}`, onChange: (e) => (chosen.value = inputOf(e)) },
          values.map((one) => h("option", { key: one, value: one }, t(`${of}.${one}`))),
        ),
      ]);

    const form = (move) => {
      const ask = ASKS[move];
      return h("form", { class: "stack move", onSubmit: submit, "data-test": `form-${move}` }, [
        ask.queue
          ? h("label", { class: "field" }, [
              t("move.to"),
              h(
                "select",
                {
                  value: queue.value,
                  "data-test": "move-queue",
                  onChange: (e) => (queue.value = inputOf(e)),
                  required: true,
                },
                [
                  ...found.value.map((one) => h("option", { key: one.queue, value: one.queue }, textOf(one, "name"))),
                  ...queuesAbove(props.task.queue).map((one) =>
                    h(
                      "option",
                      { key: one, value: one },
                      one === "city" ? t("region.city") : placeName(one, language.value),
                    ),
                  ),
                ],
              ),
            ])
          : null,
        ask.queue
          ? h("label", { class: "field" }, [
              t("move.queue.search"),
              h("input", {
                type: "search",
                maxlength: 80,
                placeholder: t("move.queue.hint"),
                "data-test": "move-queue-search",
                onInput: (e) => search(inputOf(e)),
              }),
            ])
          : null,
        move === "complete" ? choice("move.outcome", OUTCOMES, "outcome", outcome) : null,
        ask.rating ? choice("move.rating", RATINGS, "rating", rating) : null,
        ask.amount
          ? h("label", { class: "field" }, [
              t(`move.amount.${props.task.extension_unit}`),
              h("input", {
                type: "number",
                min: 1,
                max: MOST,
                required: true,
                value: amount.value,
                "data-test": "move-amount",
                onInput: (e) => (amount.value = Number(inputOf(e))),
              }),
            ])
          : null,
        h("label", { class: "field" }, [
          t(`move.text.${move}`),
          h("textarea", {
            ref: field,
            required: ask.required,
            maxlength: ask.limit,
            value: text.value,
            onInput: (e) => (text.value = inputOf(e)),
            "data-test": "move-text",
          }),
        ]),
        holdsIdentityNumber(text.value)
          ? h(
              "p",
              { class: "small refusal", role: "status", "data-test": "move-number" },
              t(move === "complete" ? "visit.note.number" : "move.number"),
            )
          : null,
        h("div", { class: "row" }, [
          h("button", { class: "primary", disabled: busy.value, "data-test": "move-send" }, t(`move.${move}`)),
          h("button", { type: "button", "data-test": "move-cancel", onClick: cancel }, t("cancel")),
        ]),
      ]);
    };

    return () => {
      const allowed = props.task.moves ?? [];
      const here = props.only ? [props.only] : (props.among ?? allowed);
      const moves = inOrder(props.task.asked).filter((move) => allowed.includes(move) && here.includes(move));
      if (moves.length === 0) return null;
      return h("div", { class: "moves stack" }, [
        props.only
          ? null
          : h(
              "div",
              { class: "row" },
              moves.map((move, i) =>
                h(
                  "button",
                  {
                    key: move,
                    type: "button",
                    class: { primary: i === 0 && !asking.value },
                    disabled: busy.value,
                    "aria-expanded": ASKS[move] ? String(asking.value === move) : undefined,
                    "data-test": `move-${move}`,
                    onClick: () => begin(move),
                  },
                  t(`move.${move}`),
                ),
              ),
            ),
        asking.value && moves.includes(asking.value) ? form(asking.value) : null,
        h(Refusal, { error: error.value }),
      ]);
    };
  },
};
