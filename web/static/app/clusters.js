// Pins that would lie upon each other are drawn as one with their number.

import { rank } from "./severity.js";

/** Pixels between two pins that are still told apart: a pin of several is wider than high. */
const APART = { x: 38, y: 24 };

/**
 * Groups of alerts whose places are close on the screen: `[{x, y, alerts}]`, each alert list the severest first.
 * `toPoint` gives an alert's place as `{x, y}` in pixels; `alone` is kept out of every group.
 */
export function clustered(alerts, toPoint, alone) {
  const groups = [];
  for (const alert of [...alerts].sort((a, b) => rank(a) - rank(b))) {
    const { x, y } = toPoint(alert);
    const near = alone(alert)
      ? null
      : groups.find((one) => !one.alone && Math.abs(one.x - x) < APART.x && Math.abs(one.y - y) < APART.y);
    if (near) near.alerts.push(alert);
    else groups.push({ x, y, alerts: [alert], alone: alone(alert) });
  }
  return groups;
}
