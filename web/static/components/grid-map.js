import { h, onBeforeUnmount, onMounted, ref, watch } from "/lib/vue.js";
import { leaflet as L } from "/lib/leaflet/leaflet.js";
import { language, named, said, t } from "../app/language.js";
import { levelOf, regionName } from "../app/regions.js";
import { ICON, severityOf } from "../app/severity.js";

/** Five shades of open alerts, light to dark; away from the severities' hues. */
export const SHADES = [
  { upTo: 0, fill: "#f4f6f8" },
  { upTo: 2, fill: "#d7e6e6" },
  { upTo: 5, fill: "#a9cbcc" },
  { upTo: 10, fill: "#6fa7aa" },
  { upTo: Infinity, fill: "#3c7f85" },
];
const shade = (open) => SHADES.find(({ upTo }) => open <= upTo).fill;

function styleOf(feature) {
  return { color: "#7d8b98", weight: 1.2, fillColor: shade(feature.properties.open ?? 0), fillOpacity: 0.9 };
}

function label(feature) {
  const box = document.createElement("span");
  const name = document.createElement("span");
  name.textContent = regionName(feature.id, language.value);
  const count = document.createElement("b");
  count.textContent = feature.properties.open ?? 0;
  box.append(name, count);
  return box;
}

function pinIcon(alert, current) {
  const level = severityOf(alert);
  const mark = document.createElement("span");
  mark.textContent = ICON[level];
  return L.divIcon({ className: `pin ${level}${current ? " current" : ""}`, html: mark, iconSize: [22, 22] });
}

/** Regions shaded by their open alerts, pins, and the spot of the open case. WGS 84; no tiles, nothing from outside. */
export const GridMap = {
  props: ["features", "pins", "spot", "canGoUp", "order"],
  emits: ["drill", "up", "open"],
  setup(props, { emit }) {
    const box = ref(null);
    let map, regions, pins, spot, observer;
    let framed = false;

    const frame = () => {
      const bounds = regions.getBounds();
      const around = bounds.isValid() ? bounds : pins.getBounds();
      if (around.isValid()) map.fitBounds(around, { paddingTopLeft: [12, 44], paddingBottomRight: [12, 44], animate: false, maxZoom: 18 });
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
      layer.bindTooltip(label(feature), { permanent: true, direction: "center", className: "region-label", interactive: false });
      layer.on("click", () => emit("drill", feature.id));
      layer.on("mouseover", () => layer.setStyle?.({ weight: 3, color: "#0f4c75" }));
      layer.on("mouseout", () => layer.setStyle?.({ weight: 1.2, color: "#7d8b98" }));
    };

    const drawPins = () => {
      pins.clearLayers();
      const numbers = new Map(); // the stops at one door share a pin's place, so they share its label
      for (const [index, alert] of (props.pins ?? []).entries()) {
        const at = `${alert.place?.lon} ${alert.place?.lat}`;
        numbers.set(at, [...(numbers.get(at) ?? []), index + 1]);
      }
      for (const alert of props.pins ?? []) {
        if (alert.place?.lon == null) continue;
        const at = `${alert.place.lon} ${alert.place.lat}`;
        const here = alert.finding_id === props.spot?.finding_id;
        const marker = L.marker([alert.place.lat, alert.place.lon], { icon: pinIcon(alert, here), title: named(`rule.${alert.rule}`, alert.rule) + " · " + said(alert, "why"), zIndexOffset: alert.severity === "urgent" ? 500 : 0, keyboard: false });
        if (props.order && numbers.has(at)) marker.bindTooltip(numbers.get(at).join(" · "), { permanent: true, direction: "right", className: "stop-number" });
        if (props.order) numbers.delete(at);
        marker.on("click", () => emit("open", alert.finding_id));
        pins.addLayer(marker);
      }
    };

    const drawSpot = () => {
      spot.clearLayers();
      const place = props.spot?.place;
      if (place?.lon == null) return;
      const at = [place.lat, place.lon];
      spot.addLayer(L.circleMarker(at, { radius: 16, color: "#b3261e", weight: 3, fill: false, interactive: false, className: "spot" }));
      if (!map.getBounds().pad(-0.08).contains(at)) map.panTo(at, { animate: false });
    };

    onMounted(() => {
      map = L.map(box.value, { zoomControl: false, attributionControl: false, zoomSnap: 0.25, minZoom: 8, maxZoom: 20, fadeAnimation: false, zoomAnimation: false, markerZoomAnimation: false });
      map.setView([23.0, 113.35], 11);
      L.control.zoom({ position: "topright", zoomInTitle: t("map.in"), zoomOutTitle: t("map.out") }).addTo(map);
      L.control.scale({ position: "bottomright", imperial: false }).addTo(map);
      regions = L.geoJSON(null, { style: styleOf, onEachFeature: decorate, pointToLayer: (_, at) => L.circleMarker(at, { radius: 14 }) }).addTo(map);
      pins = L.featureGroup().addTo(map);
      spot = L.featureGroup().addTo(map);
      observer = new ResizeObserver(() => {
        map.invalidateSize({ animate: false });
        if (!props.spot) frame();
        drawSpot();
      });
      observer.observe(box.value);
      drawRegions();
      drawPins();
      frame();
      drawSpot();
    });
    onBeforeUnmount(() => {
      observer.disconnect();
      map.remove();
    });

    watch(() => (props.features ?? []).map((one) => one.id).join(), () => (drawRegions(), frame(), drawSpot()));
    watch([() => props.features, language], drawRegions);
    watch([() => props.pins, () => props.spot?.finding_id], () => (drawPins(), framed || frame()));
    watch(() => props.spot, drawSpot);

    const legend = () =>
      h("div", { class: "legend small" }, [
        h("span", t("map.open")),
        ...SHADES.map(({ upTo }, i) => h("span", { class: ["shade", `shade-${i}`] }, upTo === Infinity ? `>${SHADES[i - 1].upTo}` : i === 0 ? "0" : `≤${upTo}`)),
        h("span", { class: "quiet", title: t("map.wgs84.why") }, t("map.wgs84")),
      ]);

    const chooser = () =>
      h("select", { "aria-label": t("map.choose"), "data-test": "map-choose", onChange: (e) => e.target.value && emit("drill", e.target.value) }, [
        h("option", { value: "" }, t("map.choose")),
        ...(props.features ?? []).map((one) => h("option", { value: one.id, key: one.id }, `${regionName(one.id, language.value)} · ${one.properties.open ?? 0}`)),
      ]);

    return () =>
      h("section", { class: "map", "aria-label": t("map.title"), "data-level": levelOf(props.features?.[0]?.id ?? "") }, [
        h("div", { class: "ground", ref: box, "data-test": "map" }),
        h("div", { class: "map-tools" }, [
          props.canGoUp ? h("button", { type: "button", "data-test": "map-up", onClick: () => emit("up") }, `↑ ${t("map.up")}`) : null,
          (props.features ?? []).length > 1 ? chooser() : null,
        ]),
        legend(),
      ]);
  },
};
