// Why a line or a file was rejected, in the language in force.

import chineseReasons from "../text/reasons.js";
import { language } from "./language.js";

const ZH = chineseReasons.map(([pattern, text]) => ({ pattern: new RegExp(`^${pattern}$`, "s"), text }));

/** `reason` as the door said it, or in Chinese; what has no Chinese is shown as it was said. */
export function reasonOf(/** @type {string} */ reason) {
  return language.value === "zh" ? chinese(reason) : reason;
}

/** @returns {string} */
function chinese(/** @type {string} */ reason) {
  for (const { pattern, text } of ZH) {
    const match = pattern.exec(reason);
    if (match) return text.replace(/\$(\d)/g, (_, n) => chinese(match[Number(n)]));
  }
  return reason;
}
