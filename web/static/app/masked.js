// What the server masks until a purpose is given: the first character and an asterisk, or the asterisk alone
// (api/masking.py).

import { t } from "./language.js";

const MASK = /^.?\*$/u;

export const isMasked = (text) => typeof text === "string" && MASK.test(text);

/**
 * A text as it may be shown: a masked one that begins a Chinese word stays ("周*"); of a code or a date nothing
 * readable is left.
 */
export const orMasked = (text) => (isMasked(text) && text.charCodeAt(0) < 0x80 ? t("masked") : text);

/** A record's number, or that it is masked. */
export const recordOf = (record) => (isMasked(record) ? `${record} ${t("fact.masked")}` : record);
