// The command centre: "what needs me now?"

import {
  computed,
  createApp,
  h,
  nextTick,
  onMounted,
  onUnmounted,
  reactive,
  ref,
  shallowRef,
  watch,
} from "/lib/vue.js";
import * as api from "../app/api.js";
import { learnAbove } from "../app/area-names.js";
import { pinsOf } from "../app/clusters.js";
import { filtersOf, fits, isKnownBy, LISTS, NARROWED_BY, onlyFilters } from "../app/filters.js";
import { focusBack } from "../app/focus.js";
import { fragment, go } from "../app/fragment.js";
import { isLate, perFrame } from "../app/frames.js";
import { refreshFreshness } from "../app/freshness.js";
import { language, t } from "../app/language.js";
import { byChange, byDue, byOpening, liveList } from "../app/live-list.js";
import { above, learn, regionName } from "../app/regions.js";
import { account, toSignIn } from "../app/session.js";
import { behindSeconds, follow, streamState } from "../app/stream.js";
import { now } from "../app/time.js";
import { AlertList } from "../components/alert-list.js";
import { Case } from "../components/case.js";
import { CentreFigures } from "../components/centre-figures.js";
import { CentreTop } from "../components/centre-top.js";
import { FilterBar } from "../components/filter-bar.js";
import { GridMap } from "../components/grid-map.js";
import { HeadNumbers } from "../components/head-numbers.js";
import { Refusal } from "../components/refusal.js";
import { SilencesPanel } from "../components/silences-panel.js";
import { Waiting } from "../components/waiting.js";
import { WorkersPanel } from "../components/workers-panel.js";

const REREAD_MS = 60_000; // figures, workers and freshness; alerts come by the stream
const SETTLE_MS = 3_000; // numbers, map and count are read at most this often, however fast events come
const OLD_MS = 2 * REREAD_MS; // numbers of before then are said to be of then
const CASE_MS = 300; // the open case is read again at most this often
const PAGE = 50; // alerts
const LARGEST_PAGE = 200;
const FEW = 25; // alerts; a list that has fewer and goes on is read again
const GRID_DIGITS = 15;
const COMMUNITY_DIGITS = 12;
const ZOOM = 11; // until the map says its own

const Centre = {
  setup() {
    const who = ref(null);
    const error = ref(null);
    const loading = ref(true);
    const summary = ref(null);
    const readAt = ref(null); // when the numbers were
    const pins = shallowRef([]);
    const workers = shallowRef([]);
    let zoom = ZOOM;
    const map = ref({ features: [] });
    const figures = reactive({
      byRule: [],
      acknowledge: { count: 0, p50_seconds: null, p90_seconds: null, by_hour: [] },
    });
    const list = liveList();
    const touched = ref(0);
    const spot = ref(null);

    const region = computed(() => fragment.grid || (who.value?.scope ?? ""));
    const listName = computed(() => (fragment.list in LISTS ? fragment.list : "open"));
    const filters = computed(() => filtersOf(fragment, region.value));
    const sorting = () => ({ resolved: byChange, any: byOpening })[filters.value.state] ?? byDue;

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
      const wanted = filters.value;
      loading.value = true;
      const limit = Math.min(LARGEST_PAGE, Math.max(PAGE, list.items.value.length));
      const [page, counted] = await Promise.all([
        api.alerts({ ...wanted, limit, lines: true }),
        api.alertCount(wanted),
      ]);
      if (mine !== turn) return;
      const belongs = isKnownBy(wanted) ? (alert) => fits(alert, wanted, who.value.scope) : isListed;
      list.load(page, belongs, sorting());
      list.count(counted);
      loading.value = false;
    });
    /** Where only the server can say who belongs: those that it has said. */
    const isListed = (alert) => list.items.value.some((one) => one.finding_id === alert.finding_id);
    const more = trying(async () =>
      list.append(await api.alerts({ ...filters.value, lines: true, cursor: list.next.value })),
    );
    const readCount = trying(async () => {
      const mine = turn;
      const counted = await api.alertCount(filters.value);
      if (mine === turn) list.count(counted);
    });
    const readPins = trying(async () => {
      const [wanted, at] = [filters.value, zoom];
      const answer = await api.pins(wanted, at);
      if (wanted === filters.value && at === zoom) pins.value = pinsOf(answer.features);
    });
    const readMap = trying(async () => {
      // nothing lies below: show the grid itself, out of its community
      const isGrid = region.value.length === GRID_DIGITS;
      const wanted = region.value;
      const parent = isGrid ? wanted.slice(0, COMMUNITY_DIGITS) : wanted;
      const [answer] = await Promise.all([api.grids(parent, filters.value), learnAbove(wanted)]);
      if (wanted !== region.value) return;
      if (isGrid) answer.features = answer.features.filter((one) => one.id === region.value);
      for (const feature of answer.features) learn(feature.id, feature.properties);
      map.value = answer;
    });
    const readNumbers = trying(async () => {
      const wanted = region.value;
      const [numbers] = await Promise.all([api.summary(wanted === who.value.scope ? "" : wanted), refreshFreshness()]);
      if (wanted !== region.value) return;
      summary.value = numbers;
      readAt.value = Date.now();
    });
    const readWorkers = trying(async () => {
      workers.value = await api.workers();
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
        readPins();
        // what the stream cannot place: whom a filter by department or person concerns, whose task is only now in the
        // list, what left it short, and what a line stands for
        const asked = !isKnownBy(filters.value) || (list.isStale() && filters.value.task) || list.isLineStale();
        if (asked || (list.next.value && list.items.value.length < FEW)) readList();
        else readCount();
      }, SETTLE_MS);
    };
    let touching = false;
    const touch = () => {
      if (touching) return;
      touching = true;
      setTimeout(() => {
        touching = false;
        touched.value += 1;
      }, CASE_MS);
    };
    const received = perFrame((events) => {
      const open = fragment.case;
      if (open && events.some(([, message]) => message.finding_id === open)) touch();
      list.take(events);
      settle();
    });

    watch([listName, region, ...NARROWED_BY.map((name) => () => fragment[name])], () => {
      if (who.value) Promise.all([readList(), readMap(), readPins()]);
    });
    watch(region, () => who.value && readNumbers());
    const zoomed = (level) => {
      if (level === zoom) return;
      zoom = level;
      readPins();
    };
    watch(
      () => fragment.panel,
      (panel) => panel === "workers" && readWorkers(),
    );

    let unfollow, every;
    onMounted(async () => {
      try {
        who.value = await account();
      } catch (refused) {
        error.value = refused;
        return;
      }
      if (who.value.area) learn(who.value.area.grid, who.value.area);
      await Promise.all([readList(), readMap(), readPins(), readNumbers(), readFigures(), readWorkers()]);
      unfollow = follow(received, () => Promise.all([readList(), settle()]));
      every = setInterval(() => Promise.all([readNumbers(), readFigures(), readWorkers()]), REREAD_MS);
    });
    onUnmounted(() => {
      unfollow?.();
      clearInterval(every);
    });

    const drill = (code) => go({ grid: code });
    const openCase = (finding) => go({ case: finding });
    const closeCase = async () => {
      const closed = fragment.case;
      spot.value = null;
      go({ case: "" });
      await nextTick();
      focusBack(document.querySelector(`[data-finding="${closed}"] > button`));
    };
    const listTitle = computed(() => t(`list.of.${listName.value}`));
    const workersHere = () => workers.value.filter((one) => one.scope.startsWith(region.value));
    /** With the median that the chart shows, so that both are the same number. */
    const head = () => summary.value && { ...summary.value, acknowledge_p50_seconds: figures.acknowledge.p50_seconds };
    /** Since when the numbers stand still; null while they follow what happens. */
    const numbersOf = computed(() => {
      const stands = streamState.value === "waiting" || behindSeconds.value > 0 || isLate.value;
      return readAt.value && (stands || now.value - readAt.value > OLD_MS) ? readAt.value : null;
    });

    return () => {
      document.title = `${who.value ? regionName(who.value.scope, language.value) : ""} ${t("centre.title")}`;
      if (!who.value) return h(Waiting, { title: t("centre.title"), error: error.value });
      return h("div", { class: ["centre", { "with-case": fragment.case }] }, [
        h(CentreTop, {
          account: who.value,
          region: region.value,
          onDrill: drill,
          items: list.items.value,
          onOpen: openCase,
        }),
        h(HeadNumbers, { summary: head(), area: fragment.grid, asOf: numbersOf.value }),
        h(FilterBar, { workers: workers.value }),
        h("main", [
          h(GridMap, {
            features: map.value.features,
            pins: pins.value,
            spot: spot.value,
            canGoUp: region.value !== who.value.scope,
            onDrill: drill,
            onUp: () => drill(above(region.value, who.value.scope)),
            onOpen: openCase,
            onZoom: zoomed,
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
            filters: filters.value,
            loading: loading.value,
            onOpen: openCase,
            onMore: more,
            onClear: () => go(onlyFilters({})),
          }),
        ]),
        h(CentreFigures, { byRule: figures.byRule, acknowledged: figures.acknowledge, panel: fragment.panel }),
        fragment.panel === "workers"
          ? h(WorkersPanel, { workers: workersHere(), onClose: () => go({ panel: "" }) })
          : null,
        fragment.panel === "silences"
          ? h(SilencesPanel, { region: region.value, scope: who.value.scope, onClose: () => go({ panel: "" }) })
          : null,
        error.value ? h("div", { class: "floating" }, h(Refusal, { error: error.value })) : null,
      ]);
    };
  },
};

createApp(Centre).mount("#page");
