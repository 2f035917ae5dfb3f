// The command centre: "what needs me now?"

import { computed, createApp, h, onMounted, onUnmounted, reactive, ref, watch } from "/lib/vue.js";
import * as api from "../app/api.js";
import { acknowledging, byRule, delays } from "../app/figures.js";
import { FILTERS, inRegion } from "../app/filters.js";
import { fragment, go } from "../app/fragment.js";
import { departments, refreshFreshness } from "../app/freshness.js";
import { language, t } from "../app/language.js";
import { liveList } from "../app/live-list.js";
import { above, learn, regionName } from "../app/regions.js";
import { account, toSignIn } from "../app/session.js";
import { follow } from "../app/stream.js";
import { seconds } from "../app/time.js";
import { AlertList } from "../components/alert-list.js";
import { Case } from "../components/case.js";
import { CentreTop } from "../components/centre-top.js";
import { Chart } from "../components/chart.js";
import { GridMap } from "../components/grid-map.js";
import { HeadNumbers } from "../components/head-numbers.js";
import { Refusal } from "../components/refusal.js";

const REREAD_MS = 60_000; // numbers, figures and freshness; alerts come by the stream
const SETTLE_MS = 1_500; // numbers are read at most this often, however fast events come
const PAGES = 20; // of the list, at most, where a filter is seen from the alerts only
const GRID_DIGITS = 15;
const COMMUNITY_DIGITS = 12;
const STREET_DIGITS = 9; // from a street down every alert has a pin; above, only urgent ones

const Centre = {
  setup() {
    const who = ref(null);
    const error = ref(null);
    const loading = ref(true);
    const summary = ref(null);
    const map = ref({ features: [] });
    const figures = reactive({
      byRule: [],
      acknowledge: { count: 0, p50_seconds: null, p90_seconds: null, by_hour: [] },
    });
    const list = liveList();
    const touched = ref(0);
    const spot = ref(null);

    const region = computed(() => fragment.grid ?? who.value?.scope ?? "");
    const filterName = computed(() => (fragment.list in FILTERS ? fragment.list : "open"));
    const query = () => ({
      ...FILTERS[filterName.value].query,
      grid: region.value,
      rule: fragment.rule,
      severity: fragment.severity,
    });
    const belongs = (alert) =>
      FILTERS[filterName.value].fits(alert) &&
      inRegion(alert, region.value, who.value.scope) &&
      (!fragment.rule || alert.rule === fragment.rule);

    const trying =
      (work) =>
      async (...given) => {
        try {
          await work(...given);
          error.value = null;
        } catch (refused) {
          if (refused.status === 401) toSignIn();
          else error.value = refused;
        }
      };

    let turn = 0; // of two readings under way, the older answer is not shown
    const readList = trying(async () => {
      const mine = ++turn;
      loading.value = true;
      const { fits, all } = FILTERS[filterName.value];
      let page = await api.alerts(query());
      const items = page.items.filter(fits);
      for (let n = 1; all && page.next && n < PAGES; n++) {
        page = await api.alerts({ ...query(), cursor: page.next });
        items.push(...page.items.filter(fits));
      }
      if (mine !== turn) return;
      list.load({ items, next: page.next });
      loading.value = false;
    });
    const more = trying(async () => list.append(await api.alerts({ ...query(), cursor: list.next.value })));
    const readMap = trying(async () => {
      // nothing lies below: show the grid itself, out of its community
      const isGrid = region.value.length === GRID_DIGITS;
      const wanted = region.value;
      const answer = await api.grids(isGrid ? wanted.slice(0, COMMUNITY_DIGITS) : wanted);
      if (wanted !== region.value) return;
      if (isGrid) answer.features = answer.features.filter((one) => one.id === region.value);
      for (const feature of answer.features) learn(feature.id, feature.properties);
      map.value = answer;
    });
    const readNumbers = trying(async () => {
      const [numbers] = await Promise.all([api.summary(), refreshFreshness()]);
      summary.value = numbers;
    });
    const readFigures = trying(async () => {
      [figures.byRule, figures.acknowledge] = await Promise.all([api.alertsByRule(), api.acknowledge()]);
    });

    let settling = false;
    const settle = () => {
      if (settling) return;
      settling = true;
      setTimeout(() => {
        settling = false;
        readNumbers();
        readMap();
        readFigures();
      }, SETTLE_MS);
    };
    const received = trying(async (kind, message) => {
      if (message.finding_id && message.finding_id === fragment.case) touched.value += 1;
      if (kind === "alert") list.put(message, belongs(message));
      else if (message.finding_id) list.taskMoved(message);
      settle();
    });

    watch([region, filterName, () => fragment.rule], () => who.value && readList());
    watch(region, () => who.value && readMap());

    let unfollow, every;
    onMounted(async () => {
      try {
        who.value = await account();
      } catch (refused) {
        error.value = refused;
        return;
      }
      if (who.value.area) learn(who.value.area.grid, who.value.area);
      await Promise.all([readList(), readMap(), readNumbers(), readFigures()]);
      unfollow = follow(received, () => Promise.all([readList(), settle()]));
      every = setInterval(() => Promise.all([readNumbers(), readFigures()]), REREAD_MS);
    });
    onUnmounted(() => {
      unfollow?.();
      clearInterval(every);
    });

    const drill = (code) => go({ grid: code });
    const openCase = (finding) => go({ case: finding });
    const closeCase = () => {
      spot.value = null;
      go({ case: "" });
    };
    const pins = computed(() =>
      list.items.value.filter(
        (alert) =>
          region.value.length >= STREET_DIGITS || alert.severity === "urgent" || alert.finding_id === fragment.case,
      ),
    );
    const listTitle = computed(() => t(`list.of.${filterName.value}`));

    const figureRow = () => {
      const rows = figures.byRule;
      const total = rows.reduce((sum, row) => sum + row.count, 0);
      const both = figures.acknowledge;
      const stale = [...departments.values()].filter((one) => one.stale).length;
      return h("div", { class: "figures" }, [
        h(Chart, {
          title: t("figure.by-rule"),
          summary: t("figure.by-rule.sum", { n: total }),
          option: figureOptions.byRule.value,
        }),
        h(Chart, {
          id: "acknowledge",
          title: t("figure.acknowledge"),
          summary: `p50 ${seconds(both.p50_seconds)} · p90 ${seconds(both.p90_seconds)}`,
          option: figureOptions.acknowledge.value,
        }),
        h(Chart, {
          id: "freshness",
          title: t("figure.delays"),
          summary: stale ? `⚠ ${t("freshness.stale", { n: stale })}` : t("freshness.good"),
          option: figureOptions.delays.value,
        }),
      ]);
    };
    const figureOptions = {
      byRule: computed(() => byRule(figures.byRule)),
      acknowledge: computed(() => acknowledging(figures.acknowledge.by_hour ?? [])),
      delays: computed(() => delays(departments)),
    };

    return () => {
      document.title = `${who.value ? regionName(who.value.scope, language.value) : ""} ${t("centre.title")}`;
      if (!who.value)
        return h("p", { class: "waiting" }, error.value ? h(Refusal, { error: error.value }) : t("loading"));
      return h("div", { class: ["centre", { "with-case": fragment.case }] }, [
        h(CentreTop, {
          account: who.value,
          region: region.value,
          onDrill: drill,
          items: list.items.value,
          onOpen: openCase,
        }),
        h(HeadNumbers, { summary: summary.value }),
        h("main", [
          h(GridMap, {
            features: map.value.features,
            pins: pins.value,
            spot: spot.value,
            canGoUp: region.value !== who.value.scope,
            onDrill: drill,
            onUp: () => drill(above(region.value, who.value.scope)),
            onOpen: openCase,
          }),
          fragment.case
            ? h(Case, {
                finding: fragment.case,
                touched: touched.value,
                purposes: who.value.purposes,
                onClose: closeCase,
                onLoaded: (one) => (spot.value = one),
              })
            : null,
          h(AlertList, {
            list,
            open: fragment.case,
            title: listTitle.value,
            loading: loading.value,
            onOpen: openCase,
            onMore: more,
            onClear: () => go({ list: "", rule: "", grid: "" }),
          }),
        ]),
        figureRow(),
        error.value ? h("div", { class: "floating" }, h(Refusal, { error: error.value })) : null,
      ]);
    };
  },
};

createApp(Centre).mount("#page");
