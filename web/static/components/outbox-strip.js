import { h } from "/lib/vue.js";
import { named, t } from "../app/language.js";
import { dismiss, notesMasked, refused } from "../app/outbox.js";

/**
 * What became of moves: notes that were kept without an identity number in them, and moves that the server did not
 * take, with what it said and what was typed, until the person puts it away.
 */
export const OutboxStrip = () =>
  refused.value.length + notesMasked.value === 0
    ? null
    : h("ul", { class: "refused stack", "data-test": "refused" }, [
        notesMasked.value > 0
          ? h("li", { key: "masked", class: "refusal", "data-test": "note-masked" }, [
              h("p", t("outbox.masked")),
              h("button", { type: "button", onClick: () => (notesMasked.value = 0) }, t("outbox.put-away")),
            ])
          : null,
        ...refused.value.map((one) =>
          h("li", { key: one.number, class: "refusal" }, [
            h("strong", t("outbox.refused", { move: named(`move.${one.move}`, one.move) })),
            h("p", one.refused.why),
            one.body.note || one.body.reason
              ? h("p", [t("outbox.copy"), h("q", one.body.note ?? one.body.reason)])
              : null,
            h("button", { type: "button", onClick: () => dismiss(one.number) }, t("outbox.put-away")),
          ]),
        ),
      ]);
