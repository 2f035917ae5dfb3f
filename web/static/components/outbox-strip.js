import { h } from "/lib/vue.js";
import { named, t } from "../app/language.js";
import { dismiss, refused } from "../app/outbox.js";

/** Moves that the server did not take: what it said and what was typed, until the person puts it away. */
export const OutboxStrip = () =>
  refused.value.length === 0
    ? null
    : h(
        "ul",
        { class: "refused stack", "data-test": "refused" },
        refused.value.map((one) =>
          h("li", { key: one.number, class: "refusal" }, [
            h("strong", t("outbox.refused", { move: named(`move.${one.move}`, one.move) })),
            h("p", one.refused.why),
            one.body.note || one.body.reason
              ? h("p", [t("outbox.copy"), h("q", one.body.note ?? one.body.reason)])
              : null,
            h("button", { type: "button", onClick: () => dismiss(one.number) }, t("outbox.put-away")),
          ]),
        ),
      );
