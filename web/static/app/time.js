// Times arrive in UTC and are shown in Asia/Shanghai, as "08:05 · 12 分钟前".

import { ref } from "/lib/vue.js";
import { t } from "./language.js";

const MINUTE = 60_000;
const ZONE = "Asia/Shanghai"; // the city's, as domain/time.py has it
const format = (/** @type {Intl.DateTimeFormatOptions} */ options) =>
  new Intl.DateTimeFormat("sv-SE", { timeZone: ZONE, ...options });
const CLOCK = format({ hour: "2-digit", minute: "2-digit", hour12: false });
const DATE = format({ year: "numeric", month: "2-digit", day: "2-digit" });

/** Now in ms, moved on every 15 s so that "12 minutes ago" stays true. */
export const now = ref(Date.now());
setInterval(() => (now.value = Date.now()), 15_000);

/** Whether both instants lie in one day of the city. */
export const sameDay = (/** @type {City.Instant} */ one, /** @type {City.Instant} */ other) =>
  DATE.format(ms(one)) === DATE.format(ms(other));

/** The day of the city in which an instant lies: "2026-03-02". */
export const cityDay = (/** @type {City.Instant} */ instant) => DATE.format(ms(instant));
export const tomorrow = () => cityDay(Date.now() + 24 * 60 * MINUTE);
/** Its time of day there: "08:00". */
export const wallClock = (/** @type {City.Instant} */ instant) => CLOCK.format(ms(instant));

/** Milliseconds of a Date, a text, milliseconds, or the microseconds of a row. */
const ms = (/** @type {City.Instant} */ instant) =>
  instant instanceof Date
    ? instant.getTime()
    : typeof instant !== "number"
      ? Date.parse(instant)
      : instant > 1e14
        ? instant / 1000
        : instant;

/** "08:05" today, "11-22 08:05" on another day of this year, "2024-11-22" before that. */
export function clock(/** @type {City.Instant} */ instant) {
  const when = ms(instant);
  if (Number.isNaN(when)) return "–";
  const day = DATE.format(when);
  const today = DATE.format(now.value);
  if (day === today) return CLOCK.format(when);
  return day.slice(0, 4) === today.slice(0, 4) ? `${day.slice(5)} ${CLOCK.format(when)}` : day;
}

/** A length of time in words: "3 分钟", "2 小时", "5 天"; `span` in ms, its sign ignored. @param {number} span */
export function lasting(span) {
  const minutes = Math.round(Math.abs(span) / MINUTE);
  if (minutes < 1) return t("time.moment");
  if (minutes < 90) return t("time.minutes", { n: minutes });
  const hours = Math.round(minutes / 60);
  if (hours < 48) return t("time.hours", { n: hours });
  const days = Math.round(hours / 24);
  if (days < 90) return t("time.days", { n: days });
  return days < 700
    ? t("time.months", { n: Math.floor(days / 30.4) }) // full ones: 10 years and 11 months are not "11 years ago"
    : t("time.years", { n: Math.floor(days / 365.25) });
}

/** "12 分钟前", or "刚刚". */
export function ago(/** @type {City.Instant} */ instant) {
  const span = now.value - ms(instant);
  if (Number.isNaN(span)) return "";
  return Math.abs(span) < MINUTE
    ? t("time.now")
    : span > 0
      ? t("time.ago", { span: lasting(span) })
      : t("time.ahead", { span: lasting(span) });
}

/** "08:05 · 12 分钟前". */
export const when = (/** @type {City.Instant | null} */ instant) =>
  instant ? `${clock(instant)} · ${ago(instant)}` : "–";

/** "09:00 前", or "超时 12 分钟" once past. None: its working hours lie in a year whose holidays nobody knows yet. */
export function due(/** @type {City.Instant | null} */ instant) {
  if (!instant) return t("time.unknown");
  return ms(instant) < now.value
    ? t("time.overdue", { span: lasting(now.value - ms(instant)) })
    : t("time.by", { at: clock(instant) });
}

export const isPast = (/** @type {City.Instant | null} */ instant) => Boolean(instant) && ms(instant) < now.value;

/** Seconds as "4 分" or "42 秒". @param {number | null | undefined} value */
export function seconds(value) {
  if (value === null || value === undefined) return "–";
  if (value < 60) return t("time.short.seconds", { n: Math.round(value) });
  if (value < 5400) return t("time.short.minutes", { n: Math.round(value / 60) });
  return value < 172800
    ? t("time.short.hours", { n: Math.round(value / 3600) })
    : t("time.days", { n: Math.round(value / 86400) });
}
