// A row's statements as spans and points in time, a lane a fact: what one looks at before one reads.

import { factName } from "./facts.js";
import { named } from "./language.js";

const ENDS = /(Ended|Closed|Cancelled|Left|Scrapped|Revoked|Deregistered|Lifted|Repaired|Divorced|MovedOut)$/;
const WARNS = /(Arrears|Revoked|Hazard)/;
const POINTS = ["period", "year", "outcome", "button", "device", "task"]; // what has one of these happened once
const MOST_LANES = 14;
const RECENT_MS = 31 * 86_400_000;
const OFTEN = 5;
const FEW_DAYS = 8 / 365; // years
const YEAR_MS = 31_557_600_000;
const CITY_AHEAD_MS = 8 * 3_600_000; // of UTC; the city has no summer time

const ms = (instant) =>
  typeof instant === "string" && instant.length >= 10
    ? Date.parse(instant.length === 10 ? `${instant}T00:00:00+08:00` : instant)
    : NaN;
const begins = (statement) =>
  ms(statement.value?.effective_from ?? statement.value?.start ?? statement.value?.on ?? statement.occurred_at);
const saysUntil = (statement) =>
  statement.value && typeof statement.value === "object"
    ? ms(statement.value.until ?? statement.value.lasts_until)
    : NaN;

const isPoint = (statement) =>
  statement.value !== null && typeof statement.value === "object" && POINTS.some((name) => name in statement.value);

/** One record's life: its first statement, and what ended it. */
function itemOf(record) {
  const [first] = record;
  const ended = record.find((statement) => statement !== first && ENDS.test(statement.kind));
  const until = ended ? begins(ended) : (record.map(saysUntil).findLast((instant) => !Number.isNaN(instant)) ?? NaN);
  const value = first.value && typeof first.value === "object" ? first.value : {};
  const lasts = ended || ["effective_from", "start", "until", "on"].some((name) => name in value);
  const once = isPoint(first) || ENDS.test(first.kind) || !lasts;
  return {
    from: begins(first),
    to: once ? null : Number.isNaN(until) ? null : until,
    once,
    endsBadly: Boolean(ended && WARNS.test(ended.kind)),
    rank: first.rank,
    ends: ENDS.test(first.kind),
    warns: WARNS.test(first.kind) || value.outcome === "failed" || value.outcome === "not_filed",
    title: `${named(`kind.${first.kind}`, first.kind)} ${first.words}`,
  };
}

/** What ends something under a number of its own (a divorce) ends the span that was open. */
function closed(items) {
  const inOrder = [...items].sort((a, b) => a.from - b.from);
  for (const [i, item] of inOrder.entries()) {
    const open = item.ends ? inOrder.slice(0, i).findLast((one) => !one.once && one.to === null) : undefined;
    if (open) open.to = item.from;
  }
  return inOrder;
}

/** `{lanes: [{label, items}], from, to}`, times in ms; null where there is nothing to draw (or it is masked). */
export function lanesOf(history, now) {
  const records = new Map();
  for (const statement of history.filter(
    (one) => !one.withdrawn && "value" in one && !Number.isNaN(ms(one.occurred_at)),
  )) {
    const key = isPoint(statement)
      ? statement.event_id
      : `${statement.department} ${String(statement.record).split("/")[0]}`;
    records.set(key, [...(records.get(key) ?? []), statement]);
  }
  const lanes = new Map();
  for (const record of records.values()) {
    record.sort((a, b) => ms(a.occurred_at) - ms(b.occurred_at) || (ENDS.test(a.kind) ? 1 : -1));
    const label = factName(record[0]);
    lanes.set(label, [...(lanes.get(label) ?? []), itemOf(record)]);
  }
  const drawn = [...lanes]
    .map(([label, items]) => ({ label, items: closed(items), rank: Math.min(...items.map((item) => item.rank)) }))
    .sort((a, b) => a.rank - b.rank)
    .slice(0, MOST_LANES);
  if (!drawn.length) return null;
  const all = drawn.flatMap((lane) =>
    lane.items.flatMap((item) => [item.from, item.to]).filter((instant) => instant !== null && !Number.isNaN(instant)),
  );
  const from = Math.min(...all);
  return { lanes: drawn, from, to: Math.max(now, ...all.filter((instant) => instant < now + YEAR_MS)) };
}

/** Of what happens again and again, the last month: a history of lanes of its own. */
export function lately(history, now) {
  const recent = history.filter((statement) => isPoint(statement) && now - ms(statement.occurred_at) < RECENT_MS);
  return recent.length >= OFTEN ? recent : [];
}

/** In the city's time; with the hour where days are few. */
function labelOf(instant, years) {
  const text = new Date(instant + CITY_AHEAD_MS).toISOString();
  return years < FEW_DAYS ? `${text.slice(5, 10)} ${text.slice(11, 13)}:00` : text.slice(0, 10);
}

/** Instants (ms) with a label, a handful over the span. */
export function ticks(from, to) {
  const span = to - from;
  const years = span / YEAR_MS;
  if (years > 1.5) {
    const step = [1, 2, 5, 10, 20].find((step) => years / step <= 9) ?? 25;
    const first = Math.ceil((new Date(from + CITY_AHEAD_MS).getUTCFullYear() + 1) / step) * step;
    return Array.from({ length: 12 }, (_, i) => first + i * step)
      .map((year) => ({ instant: Date.parse(`${year}-01-01T00:00:00+08:00`), label: String(year) }))
      .filter(({ instant }) => instant < to);
  }
  const steps = 5;
  return Array.from({ length: steps }, (_, i) => from + (span * (i + 0.5)) / steps).map((instant) => ({
    instant,
    label: labelOf(instant, years),
  }));
}
