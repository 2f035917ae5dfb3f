import { h, ref } from "/lib/vue.js";
import { endShift } from "../app/api.js";
import { inputOf } from "../app/input.js";
import { t } from "../app/language.js";
import { beat, shift } from "../app/shift.js";
import { clock } from "../app/time.js";
import { PushStrip } from "./push-strip.js";
import { Refusal } from "./refusal.js";

/**
 * Until when one's shift runs, the note of the one before, and how one hands over, nothing without a roster; and
 * whether this tablet is told of calls while the page is closed.
 */
export const ShiftStrip = {
  emits: ["ended"],
  setup(_, { emit }) {
    const writing = ref(false);
    const note = ref("");
    const released = ref(null); // tasks, once the shift was handed over
    const error = ref(null);
    const end = async (event) => {
      event.preventDefault();
      error.value = null;
      try {
        released.value = (await endShift(note.value.trim() || null)).released;
      } catch (refused) {
        error.value = refused;
        return;
      }
      writing.value = false;
      shift.value = null;
      emit("ended");
    };
    const form = () =>
      h("form", { class: "stack", onSubmit: end, "data-test": "shift-form" }, [
        h("label", { class: "field" }, [
          t("shift.note"),
          h("textarea", {
            maxlength: 500,
            value: note.value,
            "data-test": "shift-note",
            onInput: (e) => (note.value = inputOf(e)),
          }),
        ]),
        h(Refusal, { error: error.value }),
        h("div", { class: "row" }, [
          h("button", { class: "primary", "data-test": "shift-send" }, t("shift.end")),
          h("button", { type: "button", onClick: () => (writing.value = false) }, t("cancel")),
        ]),
      ]);
    const running = (mine) => [
      h("p", { class: "row small" }, [
        h("span", t(mine.is_deputy ? "shift.as-deputy" : "shift.until", { at: clock(mine.shift_ends_at) })),
        h("span", { class: "spread" }),
        writing.value
          ? null
          : h(
              "button",
              { type: "button", class: "plain", "data-test": "shift-end", onClick: () => (writing.value = true) },
              t("shift.end"),
            ),
      ]),
      mine.note
        ? h("p", { class: "small", "data-test": "shift-left" }, [
            h("b", t("shift.left", { who: mine.note_of })),
            h("q", mine.note),
          ])
        : null,
      writing.value ? form() : null,
    ];
    const own = () => {
      if (shift.value?.shift_ends_at)
        return h("section", { class: "shift", "data-test": "shift" }, running(shift.value));
      if (released.value === null) return null;
      return h("section", { class: "shift row small", role: "status", "data-test": "shift-ended" }, [
        t("shift.ended", { n: released.value }),
        h("button", { type: "button", class: "plain", onClick: () => [(released.value = null), beat()] }, t("close")),
      ]);
    };
    return () => [own(), h(PushStrip)];
  },
};
