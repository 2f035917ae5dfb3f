import { leaflet as L } from "/lib/leaflet/leaflet.js";
import { alertsOf } from "../app/clusters.js";
import { language, named, t, textOf } from "../app/language.js";
import { shortName } from "../app/regions.js";
import { ICON, severityOf } from "../app/severity.js";

const MOST_TITLES = 6; // alerts that a pin of several names when pointed at

/** A region's name, unless it is too `narrow` for one, and its number of open alerts. */
export function labelOf(feature, narrow) {
  const box = document.createElement("span");
  const name = document.createElement("span");
  name.textContent = narrow ? "" : shortName(feature.id, language.value);
  const count = document.createElement("b");
  count.textContent = feature.properties.open ?? 0;
  box.append(name, count);
  return box;
}

/** A pin with the mark of the severest of its alerts and, of several, their number. */
export function pinIcon(pins, current) {
  const level = severityOf(pins[0]);
  const mark = document.createElement("span");
  const several = alertsOf(pins) > 1;
  mark.textContent = ICON[level] + (several ? alertsOf(pins) : "");
  return L.divIcon({
    className: `pin ${level}${current ? " current" : ""}${several ? " several" : ""}`,
    html: mark,
    iconSize: several ? [22 + 7 * String(alertsOf(pins)).length, 22] : [20, 20],
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
