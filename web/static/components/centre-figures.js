import { computed, h } from "/lib/vue.js";
import { acknowledging, byRule, delays } from "../app/figures.js";
import { departments } from "../app/freshness.js";
import { t } from "../app/language.js";
import { seconds } from "../app/time.js";
import { Chart } from "./chart.js";

/** The charts below the list: what opened, how fast it is acknowledged, which departments are late. */
export const CentreFigures = {
  props: ["byRule", "acknowledged", "panel"],
  setup(props) {
    const options = {
      byRule: computed(() => byRule(props.byRule)),
      acknowledge: computed(() => acknowledging(props.acknowledged.by_hour ?? [])),
      delays: computed(() => delays(departments)),
    };
    return () => {
      const total = props.byRule.reduce((sum, row) => sum + row.count, 0);
      const stale = [...departments.values()].filter((one) => one.stale).length;
      const { p50_seconds, p90_seconds } = props.acknowledged;
      return h("section", { class: "figures", "aria-label": t("figure.title") }, [
        h(Chart, {
          title: t("figure.by-rule"),
          summary: t("figure.by-rule.sum", { n: total }),
          option: options.byRule.value,
        }),
        h(Chart, {
          id: "acknowledge",
          wanted: props.panel === "acknowledge",
          title: t("figure.acknowledge"),
          summary: `p50 ${seconds(p50_seconds)} · p90 ${seconds(p90_seconds)}`,
          option: options.acknowledge.value,
        }),
        h(Chart, {
          id: "freshness",
          wanted: props.panel === "freshness",
          title: t("figure.delays"),
          summary: stale ? `⚠ ${t("freshness.stale", { n: stale })}` : t("freshness.good"),
          option: options.delays.value,
        }),
      ]);
    };
  },
};
