import { leaflet as L } from "/lib/leaflet/leaflet.js";
import { alertsOf } from "../app/clusters.js";
import { language, named, t, textOf } from "../app/language.js";
import { shortName } from "../app/regions.js";
import { ICON, severityOf } from "../app/severity.js";

const MOST_TITLES = 6; // alerts that a pin of several names when pointed at

/** A region's name and its number of open alerts; `form`: one above the other, side by side, or the number alone. */
export function labelOf(feature, form) {
  const box = document.createElement("span");
  box.className = form;
  const name = document.createElement("span");
  name.textContent = form === "number" ? "" : shortName(feature.id, language.value);
  const count = document.createElement("b");
  count.textContent = feature.properties.open ?? 0;
  box.append(name, count);
  return box;
}

const LETTER = 13; // pixels: a name's widest; a number's and a letter's of Latin are smaller

/** Pixels that a region's label takes, by its form, the fullest first. */
export function labelSizes(feature) {
  const name = shortName(feature.id, language.value);
  const width = [...name].reduce((sum, one) => sum + (one.charCodeAt(0) < 0x2000 ? 0.6 : 1), 0) * LETTER + 18;
  const number = 8 * String(feature.properties.open ?? 0).length;
  return {
    high: { width, height: 40 },
    flat: { width: width + number + 6, height: 22 },
    number: { width: number + 18, height: 22 },
  };
}

/** A region's outline in the map's pixels; undefined for what is none, or has several. */
export function outlineOf(layer, map) {
  const ring = layer.getLatLngs?.()?.[0];
  return Array.isArray(ring) && ring[0]?.lat !== undefined ? ring.map((one) => map.latLngToLayerPoint(one)) : undefined;
}

/** Pixels that a pin takes. */
export const pinSize = (pins) =>
  alertsOf(pins) > 1 ? { width: 22 + 7 * String(alertsOf(pins)).length, height: 22 } : { width: 20, height: 20 };

/** A pin with the mark of the severest of its alerts and, of several, their number. */
export function pinIcon(pins, current) {
  const level = severityOf(pins[0]);
  const mark = document.createElement("span");
  const several = alertsOf(pins) > 1;
  mark.textContent = ICON[level] + (several ? alertsOf(pins) : "");
  return L.divIcon({
    className: `pin ${level}${current ? " current" : ""}${several ? " several" : ""}`,
    html: mark,
    iconSize: [pinSize(pins).width, pinSize(pins).height],
  });
}

const oneTitle = (pin) =>
  [
    named(`rule.${pin.rule}`, pin.rule),
    textOf(pin, "why"),
    pin.alerts > 1 ? t("map.and-others", { n: pin.alerts - 1 }) : "",
  ]
    .filter(Boolean)
    .join(" · ");

/** What a pin says when pointed at: the first of its alerts, a line each. */
export const titleOf = (pins) => pins.map(oneTitle).slice(0, MOST_TITLES).join("\n");

/** Where the alerts of these pins lie. */
export const boundsOf = (pins) =>
  pins.reduce((around, { place, bounds }) => {
    const [west, south, east, north] = bounds ?? [place.lon, place.lat, place.lon, place.lat];
    return around.extend([south, west]).extend([north, east]);
  }, L.latLngBounds([]));
