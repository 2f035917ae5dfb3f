import { leaflet as L } from "/lib/leaflet/leaflet.js";
import { computed, h, onBeforeUnmount, onMounted, ref, watch } from "/lib/vue.js";
import { described } from "../app/base-map.js";
import { alertsOf, clustered } from "../app/clusters.js";
import { inputOf } from "../app/input.js";
import { placeFor } from "../app/labels.js";
import { language, t } from "../app/language.js";
import { levelOf, regionName } from "../app/regions.js";
import { FILLS, shadeOf, stepsFor } from "../app/shades.js";
import { attribution, baseLayer } from "./base-layer.js";
import { boundsOf, labelOf, labelSizes, outlineOf, pinIcon, pinSize, titleOf } from "./map-marks.js";
import { drawRoute } from "./route-way.js";

/** Regions shaded by their open alerts, pins, the spot of the open case, the city's own streets. WGS 84. */
export const GridMap = {
  props: ["features", "pins", "spot", "canGoUp", "order", "line", "me"],
  emits: ["drill", "up", "open", "zoom"],
  setup(props, { emit }) {
    const box = ref(null);
    const ground = ref(null); // the base map's description
    let map, regions, labels, pins, spot, way, observer;
    let framed = false;
    const steps = computed(() => stepsFor(levelOf(props.features?.[0]?.id ?? "")));
    const styleOf = (feature) => ({
      color: "#7d8b98",
      weight: 1.2,
      fillColor: FILLS[shadeOf(feature.properties.open ?? 0, steps.value)],
      fillOpacity: 0.9,
    });

    const frame = () => {
      const bounds = regions.getBounds();
      const placed = (props.pins ?? []).map(({ place }) => place).filter((place) => place?.lon != null);
      const stops = L.latLngBounds([...placed, ...(props.me ? [props.me] : [])].map(({ lat, lon }) => [lat, lon]));
      // a route is looked at closely: its stops fill the map, not the grid in which they lie
      const around = bounds.isValid() && !(props.order && placed.length) ? bounds : stops;
      if (around.isValid())
        map.fitBounds(around, { paddingTopLeft: [12, 44], paddingBottomRight: [12, 44], animate: false, maxZoom: 18 });
      framed = around.isValid();
    };

    const drawRegions = () => {
      regions.clearLayers();
      for (const feature of props.features ?? []) {
        if (!feature.geometry) continue;
        regions.addData(feature);
      }
    };

    const decorate = (feature, layer) => {
      layer.on("click", () => emit("drill", feature.id));
      layer.on("mouseover", () => layer.setStyle?.({ weight: 3, color: "#0f4c75" }));
      layer.on("mouseout", () => layer.setStyle?.({ weight: 1.2, color: "#7d8b98" }));
    };

    /** Each region's name and number where they cover no pin and no other label; where there is no room, the number. */
    const drawLabels = () => {
      labels.clearLayers();
      const taken = marks.map(({ x, y, pins: several }) => ({ x, y, ...pinSize(several) }));
      regions.eachLayer((layer) => {
        const bounds = layer.getBounds?.();
        if (!bounds?.isValid()) return;
        const low = map.latLngToLayerPoint(bounds.getSouthWest());
        const high = map.latLngToLayerPoint(bounds.getNorthEast());
        const size = { width: high.x - low.x, height: low.y - high.y };
        const middle = layer.getCenter ? map.latLngToLayerPoint(layer.getCenter()) : low;
        const region = { ...size, x: middle.x, y: middle.y };
        const ring = outlineOf(layer, map);
        const forms = Object.entries(labelSizes(layer.feature)).filter(([, { width }]) => width <= size.width);
        let [form, place] = ["number", null];
        for (const [one, label] of forms) {
          [form, place] = [one, placeFor(label, region, taken, ring)];
          if (place) break;
        }
        taken.push(...(place ? [place] : []));
        labels.addLayer(
          L.tooltip({
            permanent: true,
            direction: "center",
            className: "region-label",
            interactive: false,
            pane: "names",
          })
            .setLatLng(map.layerPointToLatLng(place ? [place.x, place.y] : [middle.x, middle.y]))
            .setContent(labelOf(layer.feature, form)),
        );
      });
    };

    let marks = []; // groups of pins as they stand, in pixels
    const drawPins = () => {
      pins.clearLayers();
      const placed = (props.pins ?? [])
        .map((alert, index) => ({ ...alert, index }))
        .filter((alert) => alert.place?.lon != null);
      const toPoint = ({ place }) => map.latLngToLayerPoint([place.lat, place.lon]);
      const isHere = (alert) => alert.finding_id === props.spot?.finding_id;
      marks = clustered(placed, toPoint, isHere);
      for (const { x, y, pins: several } of marks) {
        const [first] = several;
        const marker = L.marker(map.layerPointToLatLng([x, y]), {
          icon: pinIcon(props.order ? [first] : several, isHere(first)),
          title: titleOf(several),
          zIndexOffset: isHere(first) ? 1000 : first.severity === "urgent" ? 500 : 0,
          keyboard: false,
        });
        if (props.order)
          marker.bindTooltip(
            several
              .map((pin) => pin.index + 1)
              .sort((a, b) => a - b)
              .join(" · "),
            { permanent: true, direction: "right", className: "stop-number" },
          );
        marker.on("click", () => {
          const around = boundsOf(several);
          if (
            alertsOf(several) === 1 ||
            around.getNorthEast().equals(around.getSouthWest()) ||
            map.getZoom() >= map.getMaxZoom()
          )
            emit("open", first.finding_id);
          else map.fitBounds(around, { padding: [40, 40], animate: false });
        });
        pins.addLayer(marker);
      }
      drawLabels();
    };

    const drawWay = () => drawRoute(way, props.line ?? [], props.me);

    const drawSpot = () => {
      spot.clearLayers();
      const place = props.spot?.place;
      if (place?.lon == null) return;
      const point = L.latLng(place.lat, place.lon);
      spot.addLayer(
        L.circleMarker(point, {
          radius: 16,
          color: "#b3261e",
          weight: 3,
          fill: false,
          interactive: false,
          className: "spot",
        }),
      );
      if (!map.getBounds().pad(-0.08).contains(point)) map.panTo(point, { animate: false });
    };

    onMounted(() => {
      map = L.map(box.value, {
        zoomControl: false,
        attributionControl: false,
        zoomSnap: 0.25,
        minZoom: 8,
        maxZoom: 20,
        fadeAnimation: false,
        zoomAnimation: false,
        markerZoomAnimation: false,
      });
      map.setView([23.0, 113.35], 11);
      L.control.zoom({ position: "topright", zoomInTitle: t("map.in"), zoomOutTitle: t("map.out") }).addTo(map);
      L.control.scale({ position: "bottomright", imperial: false }).addTo(map);
      map.createPane("areas").style.zIndex = "150"; // under the streets; pins, lines and labels lie above them
      map.createPane("names").style.zIndex = "590"; // under the pins: where there is no room, a pin is what is seen
      described().then((base) => {
        if (!base || !box.value) return;
        baseLayer(base).addTo(map);
        ground.value = base;
      });
      regions = L.geoJSON(null, {
        pane: "areas",
        style: styleOf,
        onEachFeature: decorate,
        pointToLayer: (_, point) => L.circleMarker(point, { radius: 14 }),
      }).addTo(map);
      labels = L.layerGroup().addTo(map);
      way = L.featureGroup().addTo(map);
      pins = L.featureGroup().addTo(map);
      spot = L.featureGroup().addTo(map);
      observer = new ResizeObserver(() => {
        map.invalidateSize({ animate: false });
        frame();
        drawPins();
        drawSpot();
      });
      map.on("zoomend", () => {
        drawPins();
        emit("zoom", Math.round(map.getZoom()));
      });
      observer.observe(box.value);
      drawRegions();
      frame();
      drawPins();
      drawWay();
      drawSpot();
    });
    onBeforeUnmount(() => {
      observer.disconnect();
      map.remove();
    });

    watch(
      () => (props.features ?? []).map((one) => one.id).join(),
      () => {
        drawRegions();
        frame();
        drawPins();
        drawSpot();
      },
    );
    watch([() => props.features, language], () => {
      drawRegions();
      drawLabels();
    });
    watch([() => props.pins, () => props.spot?.finding_id], () => {
      if (!framed) frame();
      drawPins();
    });
    watch(() => props.spot, drawSpot);
    watch([() => props.line, () => props.me], drawWay);
    watch(
      [() => props.order && (props.pins ?? []).map((one) => one.finding_id).join(), () => Boolean(props.me)],
      () => {
        if (!props.order) return;
        frame();
        drawPins();
      },
    );

    const legend = () =>
      h("div", { class: "legend small" }, [
        h("span", t("map.open")),
        ...FILLS.map((_, i) =>
          h(
            "span",
            { class: ["shade", `shade-${i}`] },
            i === 0 ? "0" : i < steps.value.length ? `≤${steps.value[i]}` : `>${steps.value.at(-1)}`,
          ),
        ),
        h("span", { class: "quiet", title: t("map.wgs84.why") }, t("map.wgs84")),
        ground.value ? attribution(ground.value) : null,
      ]);

    const chooser = () =>
      h(
        "select",
        {
          "aria-label": t("map.choose"),
          "data-test": "map-choose",
          onChange: (e) => inputOf(e) && emit("drill", inputOf(e)),
        },
        [
          h("option", { value: "" }, t("map.choose")),
          ...(props.features ?? []).map((one) =>
            h(
              "option",
              { value: one.id, key: one.id },
              `${regionName(one.id, language.value)} · ${one.properties.open ?? 0}`,
            ),
          ),
        ],
      );

    return () =>
      h(
        "section",
        { class: "map", "aria-label": t("map.title"), "data-level": levelOf(props.features?.[0]?.id ?? "") },
        [
          h("div", {
            class: "ground",
            ref: box,
            role: "application",
            "aria-label": t("map.title"),
            "data-test": "map",
          }),
          h("div", { class: "map-tools" }, [
            props.canGoUp
              ? h("button", { type: "button", "data-test": "map-up", onClick: () => emit("up") }, `↑ ${t("map.up")}`)
              : null,
            (props.features ?? []).length > 1 ? chooser() : null,
          ]),
          legend(),
        ],
      );
  },
};
