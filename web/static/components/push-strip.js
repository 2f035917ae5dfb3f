import { h, onMounted, ref } from "/lib/vue.js";
import { t } from "../app/language.js";
import { allowPush, learnPush, leavePush, pushing } from "../app/push.js";
import { Refusal } from "./refusal.js";

/** Whether this tablet is told of calls for help while the page is closed. Nothing where the city sends no pushes. */
export const PushStrip = {
  setup() {
    const error = ref(null);
    const busy = ref(false);
    onMounted(learnPush);
    const turn = (what) => async () => {
      error.value = null;
      busy.value = true;
      try {
        await what();
      } catch (refused) {
        error.value = refused;
      }
      busy.value = false;
    };
    const button = (name, what) =>
      h(
        "button",
        {
          type: "button",
          class: name === "leave" ? "plain" : "",
          disabled: busy.value,
          "data-test": `push-${name}`,
          onClick: turn(what),
        },
        t(`push.${name}`),
      );
    return () =>
      pushing.value === "off"
        ? null
        : h("section", { class: "shift", "aria-label": t("push.title"), "data-test": "push" }, [
            h("p", { class: "row small", "data-state": pushing.value }, [
              h("span", t(`push.is-${pushing.value}`)),
              h("span", { class: "spread" }),
              pushing.value === "ask" ? button("allow", allowPush) : null,
              pushing.value === "on" ? button("leave", leavePush) : null,
            ]),
            h(Refusal, { error: error.value }),
          ]);
  },
};
