// Pins that would lie upon each other are drawn as one with their number.

import { rank } from "./severity.js";

/** Pixels between two pins that are still told apart: a pin of several is wider than high. */
const APART = { x: 38, y: 24 };

/**
 * Groups of what is close on the screen: `[{x, y, pins}]`, in each the severest first. A pin is a place that stands for
 * itself (`{place, severity, state}`); the server has made one of many that lie together (`alerts`, their number).
 * `toPoint` gives its place as `{x, y}` in pixels; `alone` is kept out of every group.
 */
export function clustered(pins, toPoint, alone) {
  const groups = [];
  for (const pin of [...pins].sort((a, b) => rank(a) - rank(b))) {
    const { x, y } = toPoint(pin);
    const near = alone(pin)
      ? null
      : groups.find((one) => !one.alone && Math.abs(one.x - x) < APART.x && Math.abs(one.y - y) < APART.y);
    if (near) near.pins.push(pin);
    else groups.push({ x, y, pins: [pin], alone: alone(pin) });
  }
  return groups;
}

/** How many alerts stand behind these pins. */
export const alertsOf = (pins) => pins.reduce((sum, pin) => sum + (pin.alerts ?? 1), 0);

/** The server's pins and clusters as pins of the map. */
export const pinsOf = (features) =>
  features.map(({ id, geometry, properties }) => {
    const [lon, lat] = geometry.coordinates;
    return { ...properties, id, state: "opened", place: { lon, lat } };
  });
