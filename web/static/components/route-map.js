import { h, ref } from "/lib/vue.js";
import { t } from "../app/language.js";
import { here } from "../app/position.js";
import { GridMap } from "./grid-map.js";

const WIDE = matchMedia("(min-width: 700px)");
const PATROL = { rule: "patrol", severity: "planned", why_zh: "", why_en: "" };

const isPlaced = ({ place }) => place?.lon != null;

/** A stop as the map pins it. */
const pinOf = (stop) => ({ ...(stop.tasks[0] ?? PATROL), finding_id: stop.key, place: stop.place });

const toCard = (/** @type {string} */ key) =>
  document.querySelector(`[data-key="${CSS.escape(key)}"]`)?.scrollIntoView({ block: "center" });

/** The stops, the way between them and where one is; on a phone only if wanted. */
export const RouteMap = {
  props: ["stops", "areas"],
  setup(props) {
    const shown = ref(WIDE.matches);
    return () =>
      h("div", { class: "route-map" }, [
        shown.value
          ? h(GridMap, {
              features: props.areas,
              pins: props.stops.map(pinOf),
              line: [here.value, ...props.stops.filter(isPlaced).map(({ place }) => place)].filter(Boolean),
              me: here.value,
              order: true,
              spot: null,
              onOpen: toCard,
            })
          : null,
        h(
          "button",
          {
            class: "small",
            type: "button",
            "aria-expanded": String(shown.value),
            onClick: () => (shown.value = !shown.value),
          },
          t(shown.value ? "map.hide" : "map.show"),
        ),
      ]);
  },
};
