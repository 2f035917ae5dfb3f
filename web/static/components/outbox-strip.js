import { h } from "/lib/vue.js";
import { named, t } from "../app/language.js";
import { dismiss, notesMasked, refused, sendAgain, visitsKept } from "../app/outbox.js";
import { when } from "../app/time.js";

const keptAs = (visit) =>
  [
    visit.kept_as === "observation" ? t(`outbox.kept.${visit.because}`) : null,
    visit.bound ? t(`outbox.bound.${visit.bound}`, { at: when(visit.seen_at) }) : null,
  ].filter(Boolean);

/**
 * What became of moves: visits that were kept beside their task, notes that were kept without an identity number, and
 * moves that the server did not take: where, what it said and what was typed, until the person sends it again or puts
 * it away. `stopOfTask` names a task's door and matter.
 */
export const OutboxStrip = ({ stopOfTask }) =>
  refused.value.length + notesMasked.value + visitsKept.length === 0
    ? null
    : h("ul", { class: "refused stack", "data-test": "refused" }, [
        notesMasked.value > 0
          ? h("li", { key: "masked", class: "refusal", "data-test": "note-masked" }, [
              h("p", t("outbox.masked")),
              h("button", { type: "button", onClick: () => (notesMasked.value = 0) }, t("outbox.put-away")),
            ])
          : null,
        ...visitsKept.map((visit, i) =>
          h("li", { key: `visit-${i}`, class: "refusal", "data-test": "visit-kept" }, [
            ...keptAs(visit).map((line) => h("p", line)),
            h("button", { type: "button", onClick: () => visitsKept.splice(i, 1) }, t("outbox.put-away")),
          ]),
        ),
        ...refused.value.map((one) =>
          h("li", { key: one.number, class: "refusal" }, [
            h("strong", t("outbox.refused", { move: named(`move.${one.move}`, one.move) })),
            h("p", { "data-test": "refused-at" }, stopOfTask(one.task)),
            h("p", one.refused.why),
            one.body?.note || one.body?.reason
              ? h("p", [t("outbox.copy"), h("q", one.body.note ?? one.body.reason)])
              : null,
            h("div", { class: "row" }, [
              h(
                "button",
                { type: "button", "data-test": "refused-again", onClick: () => sendAgain(one.number) },
                t("outbox.again"),
              ),
              h("button", { type: "button", onClick: () => dismiss(one.number) }, t("outbox.put-away")),
            ]),
          ]),
        ),
      ]);
OutboxStrip.props = ["stopOfTask"];
