import { h, ref, shallowRef, watch } from "/lib/vue.js";
import * as api from "../app/api.js";
import { named, t, textOf } from "../app/language.js";
import { Severity } from "../app/severity.js";
import { due, isPast } from "../app/time.js";
import { AlertRow } from "./alert-row.js";
import { Refusal } from "./refusal.js";

/** One warning over an area: one line, with its doors under it once it is opened, those that are due first on top. */
export const AlertLine = {
  props: ["alert", "open", "opened", "fresh", "filters"],
  emits: ["open"],
  setup(props, { emit }) {
    const unfolded = ref(false);
    const doors = shallowRef([]);
    const next = ref(null);
    const error = ref(null);
    let turn = 0;

    const read = async (more = false) => {
      const mine = ++turn;
      const wanted = { ...props.filters, line: props.alert.line, limit: Math.max(50, more ? 50 : doors.value.length) };
      try {
        const page = await api.alerts(more ? { ...wanted, cursor: next.value } : wanted);
        if (mine !== turn) return;
        doors.value = more ? [...doors.value, ...page.items] : page.items;
        next.value = page.next;
        error.value = null;
      } catch (refused) {
        error.value = refused;
      }
    };
    const toggle = () => {
      unfolded.value = !unfolded.value;
      if (unfolded.value) read();
    };
    watch([() => props.alert.gathered, () => props.filters], () => unfolded.value && read());

    return () => {
      const { alert } = props;
      const line = alert.gathered;
      const level = line.urgent ? "urgent" : alert.severity;
      const counts = [
        t("line.doors", { n: line.alerts }),
        t("line.visited", { n: line.visited }),
        line.urgent && line.urgent < line.alerts ? t("line.urgent", { n: line.urgent }) : "",
      ];
      return h(
        "li",
        {
          class: ["alert", "gathered", level, { fresh: props.fresh }],
          "data-test": "line",
          "data-line": alert.line,
          "data-finding": alert.finding_id,
        },
        [
          h("button", { type: "button", class: "plain", "aria-expanded": String(unfolded.value), onClick: toggle }, [
            h("span", { class: "line" }, [
              h(Severity, { level }),
              h("strong", textOf(line, "title")),
              h("span", { class: "spread" }),
              h("span", { class: ["small", isPast(alert.due) ? "over" : "quiet"] }, due(alert.due)),
              h("span", { "aria-hidden": "true" }, unfolded.value ? "▾" : "▸"),
            ]),
            h(
              "span",
              { class: "line small quiet", "data-test": "line-count" },
              [named(`rule.${alert.rule}`, alert.rule), ...counts].filter(Boolean).join(" · "),
            ),
          ]),
          unfolded.value
            ? h("div", { class: "doors" }, [
                h(Refusal, { error: error.value }),
                h(
                  "ul",
                  doors.value.map((door) =>
                    h(AlertRow, {
                      key: door.finding_id,
                      alert: door,
                      open: door.finding_id === props.opened,
                      fresh: false,
                      onOpen: (finding) => emit("open", finding),
                    }),
                  ),
                ),
                next.value
                  ? h("button", { type: "button", class: "more", onClick: () => read(true) }, t("list.more"))
                  : null,
              ])
            : null,
        ],
      );
    };
  },
};
