import { h, ref } from "/lib/vue.js";
import { t } from "../app/language.js";
import { askReplay } from "../app/offices.js";
import { clock } from "../app/time.js";
import { cardTable, nothing, section } from "./card-table.js";
import { departmentName } from "./department.js";
import { Refusal } from "./refusal.js";

/** Records that no reader could read; each can be sent back, after a question. */
export const LetterList = {
  props: ["letters", "waiting"],
  emits: ["asked"],
  setup(props, { emit }) {
    const dialog = ref(null);
    const wanted = ref([]);
    const busy = ref(false);
    const error = ref(null);
    const isFree = (letter) => !letter.replayed_at && !(letter.asked_at && !letter.answer);
    const free = () => props.letters.filter(isFree).map((letter) => letter.origin);

    const open = (origins) => {
      wanted.value = origins;
      error.value = null;
      dialog.value.showModal();
    };
    const send = async (event) => {
      event.preventDefault();
      busy.value = true;
      try {
        await askReplay(wanted.value);
        dialog.value.close();
        emit("asked");
      } catch (refused) {
        error.value = refused;
      }
      busy.value = false;
    };
    const state = (letter) => {
      if (letter.replayed_at || letter.answer === "sent") {
        const at = letter.replayed_at ?? letter.asked_at;
        return h("span", { class: "result good" }, `✓ ${t("letter.sent", { at: clock(at) })}`);
      }
      if (letter.answer) return h("span", { class: "result today" }, `● ${t(`letter.${letter.answer}`)}`);
      return letter.asked_at
        ? h("span", { class: "result" }, `… ${t("letter.asked", { who: letter.asked_name })}`)
        : h("span", { class: "result today" }, `● ${t("letter.waiting")}`);
    };
    const columns = {
      at: (letter) => clock(letter.put_aside_at),
      of: (letter) => departmentName(letter.department),
      origin: (letter) => h("span", { class: "code small" }, letter.origin),
      reason: (letter) => letter.reason,
      state,
      acts: (letter) =>
        isFree(letter)
          ? h(
              "button",
              { type: "button", "data-test": "replay", onClick: () => open([letter.origin]) },
              t("letter.replay"),
            )
          : "–",
    };
    return () => [
      section(
        "letters",
        [
          h("h2", t("section.letters")),
          h("span", { class: "spread" }),
          free().length > 1
            ? h(
                "button",
                { type: "button", "data-test": "replay-all", onClick: () => open(free()) },
                t("letter.replay-all", { n: free().length }),
              )
            : null,
        ],
        props.letters.length
          ? [
              h("p", { class: "note small quiet" }, t("letter.note")),
              cardTable("letter", props.letters, columns, { keyOf: (letter) => letter.origin, test: "letter" }),
              props.waiting > free().length && props.letters.length >= 200
                ? h("p", { class: "note small" }, t("letter.cut", { n: props.waiting }))
                : null,
            ]
          : nothing(t("letter.none")),
      ),
      h(
        "dialog",
        { ref: dialog, "aria-labelledby": "replay-title" },
        h("form", { class: "stack", onSubmit: send }, [
          h("h2", { id: "replay-title" }, t("letter.replay-title", { n: wanted.value.length })),
          h("p", t("letter.replay-means")),
          h(Refusal, { error: error.value }),
          h("div", { class: "row" }, [
            h(
              "button",
              { type: "submit", class: "primary", disabled: busy.value, "data-test": "replay-send" },
              t("letter.replay"),
            ),
            h("button", { type: "button", onClick: () => dialog.value.close() }, t("account.cancel")),
          ]),
        ]),
      ),
    ];
  },
};
