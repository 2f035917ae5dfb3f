import { h, onMounted, reactive, ref, shallowRef } from "/lib/vue.js";
import * as api from "../app/api.js";
import { onlyFilters } from "../app/filters.js";
import { fragment, go } from "../app/fragment.js";
import { inputOf } from "../app/input.js";
import { choices, language, named, t } from "../app/language.js";
import { placeName } from "../app/regions.js";
import { when } from "../app/time.js";
import { Refusal } from "./refusal.js";
import { Sheet } from "./sheet.js";

const HOUR_MS = 3_600_000;
const SPANS = [4, 24, 7 * 24, 30 * 24]; // hours

const spanName = (hours) =>
  hours < 24 ? t("silence.hours", { n: hours }) : t("silence.days", { n: Math.round(hours / 24) });
const areaName = (area) => (area ? placeName(area, language.value) : t("region.city"));

/** Silences that hold here, with owner, reason and end; a centre makes them for the area that it looks at. */
export const SilencesPanel = {
  props: ["region", "scope"],
  emits: ["close"],
  setup(props, { emit }) {
    const items = shallowRef([]);
    const ended = shallowRef([]);
    const error = ref(null);
    const busy = ref(false);
    const form = reactive({ rule: fragment.rule ?? "", hours: SPANS[0], reason: "" });

    const trying = async (work) => {
      busy.value = true;
      try {
        await work();
        error.value = null;
      } catch (refused) {
        error.value = refused;
      }
      busy.value = false;
    };
    const read = async () => {
      [items.value, ended.value] = await Promise.all([api.silences(), api.silences({ ended: true })]);
    };
    onMounted(() => trying(read));
    const make = (event) => {
      event.preventDefault();
      const ends_at = new Date(Date.now() + form.hours * HOUR_MS).toISOString();
      trying(async () => {
        await api.silence({ rule: form.rule, area: props.region, reason: form.reason.trim(), ends_at });
        form.reason = "";
        await read();
      });
    };
    const end = (one) =>
      trying(async () => {
        await api.endSilence(one.id);
        await read();
      });

    const line = (one) =>
      h("li", { key: one.id, "data-test": one.ended_at ? "silence-ended" : "silence" }, [
        h("strong", named(`rule.${one.rule}`, one.rule)),
        ` · ${areaName(one.area)}`,
        h("p", one.reason),
        h("p", { class: "quiet small" }, [
          t("silence.by", { name: one.made_by_name, at: when(one.made_at) }),
          " · ",
          one.ended_at
            ? t(one.ended_by_name ? "silence.ended.by" : "silence.ended", {
                at: when(one.ended_at),
                name: one.ended_by_name ?? "",
              })
            : t("silence.until", { at: when(one.ends_at) }),
        ]),
        one.ended_at
          ? null
          : h("p", { class: "row" }, [
              h(
                "button",
                {
                  type: "button",
                  class: "plain",
                  "data-test": "silence-alerts",
                  onClick: () => go({ ...onlyFilters({ list: "silenced", rule: one.rule }), panel: "" }),
                },
                t("silence.alerts", { n: one.alerts }),
              ),
              one.may_end
                ? h(
                    "button",
                    { type: "button", disabled: busy.value, "data-test": "silence-end", onClick: () => end(one) },
                    t("silence.end"),
                  )
                : null,
            ]),
      ]);

    const makeForm = () =>
      h("form", { class: "stack", "data-test": "silence-form", onSubmit: make }, [
        h("h3", t("silence.make", { area: areaName(props.region) })),
        h(
          "select",
          {
            required: true,
            value: form.rule,
            "aria-label": t("filter.rule"),
            "data-test": "silence-rule",
            onChange: (event) => (form.rule = inputOf(event)),
          },
          [
            h("option", { value: "" }, t("silence.rule")),
            ...choices("rule").map(([value, text]) => h("option", { value, key: value }, text)),
          ],
        ),
        h(
          "select",
          {
            value: String(form.hours),
            "aria-label": t("silence.span"),
            "data-test": "silence-span",
            onChange: (event) => (form.hours = Number(inputOf(event))),
          },
          SPANS.map((hours) => h("option", { value: String(hours), key: hours }, spanName(hours))),
        ),
        h("textarea", {
          required: true,
          maxlength: 500,
          rows: 2,
          value: form.reason,
          placeholder: t("silence.reason"),
          "aria-label": t("silence.reason"),
          "data-test": "silence-reason",
          onInput: (event) => (form.reason = inputOf(event)),
        }),
        h(
          "button",
          { type: "submit", class: "primary", disabled: busy.value || !form.rule, "data-test": "silence-send" },
          t("silence.send"),
        ),
        h("p", { class: "quiet small" }, t("silence.what")),
      ]);

    return () =>
      h(
        Sheet,
        { class: "workers", "data-test": "silences", label: t("silence.title"), onClose: () => emit("close") },
        () => [
          h("div", { class: "row" }, [
            h("h2", `${t("silence.title")} · ${items.value.length}`),
            h("span", { class: "spread" }),
            h("button", { type: "button", class: "plain", onClick: () => emit("close") }, t("close")),
          ]),
          h(Refusal, { error: error.value }),
          h("ul", items.value.map(line)),
          items.value.length ? null : h("p", { class: "empty quiet" }, t("silence.none")),
          props.scope.length <= 9 ? makeForm() : null,
          ended.value.length
            ? h("details", [
                h("summary", t("silence.history", { n: ended.value.length })),
                h("ul", ended.value.map(line)),
              ])
            : null,
        ],
      );
  },
};
