// An instruction on the tablet: it counts as read once it was on the screen, and is answered in place. Both go through
// the outbox, so that they hold without a network.

import { h, onMounted, onUnmounted, ref } from "/lib/vue.js";
import { holdsIdentityNumber } from "../app/identity-number.js";
import { inputOf } from "../app/input.js";
import { t } from "../app/language.js";
import { outbox, post } from "../app/outbox.js";
import { clock } from "../app/time.js";

const LIMIT = 2000;
const SHOWN = 0.6; // of its lines
const marked = new Set(); // by this page; the server takes a second mark as the first

const keyOf = (one) => `${one.task} ${one.number}`;
/** Whether something about it waits to be sent. What is sealed does not say about which instruction of its task. */
const waits = (one, move) =>
  outbox.some(
    (waiting) =>
      waiting.move === move &&
      waiting.task === one.task &&
      !waiting.refused &&
      (waiting.body?.number ?? one.number) === one.number,
  );

/** Marks an instruction as read, once. */
export function markRead(one) {
  if (!one.number || marked.has(keyOf(one)) || one.marks?.some((mark) => mark.mine)) return;
  marked.add(keyOf(one));
  post(one.task, "read-instruction", { number: one.number });
}

export const Instruction = {
  props: ["instruction"],
  setup(props) {
    const place = ref(null);
    const open = ref(false);
    const text = ref("");
    let seen = false;
    let watching;
    const look = () => {
      if (seen && document.visibilityState === "visible") markRead(props.instruction);
    };
    onMounted(() => {
      watching = new IntersectionObserver(
        (entries) => {
          seen = entries.some((entry) => entry.isIntersecting);
          look();
        },
        { threshold: SHOWN },
      );
      watching.observe(place.value);
      document.addEventListener("visibilitychange", look);
    });
    onUnmounted(() => {
      watching?.disconnect();
      document.removeEventListener("visibilitychange", look);
    });

    const send = async () => {
      const { task, number } = props.instruction;
      const note = text.value.trim();
      if (!note) return;
      markRead(props.instruction);
      await post(task, "answer-instruction", { number, note });
      open.value = false;
      text.value = "";
    };

    const answer = () => {
      const one = props.instruction;
      const unsent = waits(one, "answer-instruction");
      const mine = one.marks?.find((mark) => mark.mine && mark.answer);
      if (unsent) return h("p", { class: "small", "data-test": "my-answer" }, `⇡ ${t("instruction.unsent")}`);
      return mine
        ? h("p", { class: "small", "data-test": "my-answer" }, [
            `✓ ${t("instruction.answered", { at: clock(mine.answered_at) })} `,
            h("q", mine.answer),
          ])
        : null;
    };

    // No form: on the visit's page it stands in one.
    const field = () =>
      h("div", { class: "stack", "data-test": "instruction-form" }, [
        h("textarea", {
          value: text.value,
          maxlength: LIMIT,
          "aria-label": t("instruction.answer"),
          "data-test": "instruction-text",
          onInput: (e) => (text.value = inputOf(e)),
        }),
        holdsIdentityNumber(text.value)
          ? h("p", { class: "small refusal", role: "status" }, t("visit.note.number"))
          : null,
        h("div", { class: "row" }, [
          h(
            "button",
            { type: "button", class: "primary", "data-test": "instruction-send", onClick: send },
            t("instruction.send"),
          ),
          h("button", { type: "button", onClick: () => (open.value = false) }, t("cancel")),
        ]),
      ]);

    return () => {
      const one = props.instruction;
      return h("div", { ref: place, class: "instruction", "data-test": "instruction", "data-number": one.number }, [
        h("p", [h("b", `${t("moment.instruct")}：`), one.note]),
        answer(),
        !one.number
          ? null
          : open.value
            ? field()
            : h(
                "button",
                {
                  type: "button",
                  class: "plain",
                  "data-test": "instruction-open",
                  onClick: () => (open.value = true),
                },
                t("instruction.answer"),
              ),
      ]);
    };
  },
};
