// Whether a text holds a citizen's identity number, to warn while it is typed. The server's finder decides
// (wire/values/identity_finder.py); both read the number as a person would, whatever stands between its digits.

const WEIGHTS = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
const CHECKS = "10X98765432";
const SEPARATORS = /[^\p{L}\p{N}▮]/gu;
const X_LIKE = /[x×✕╳ХхΧχ]/g;
const GRID_STREET = /^44\d{4}(?!000)[01]\d\d(?!000)\d{3}(?!000)\d{3}$/;

const isDate = (year, month, day) => {
  const date = new Date(Date.UTC(year, month - 1, day));
  return year >= 1850 && year < 2100 && date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
};

const isNumber = (digits) => {
  const sum = WEIGHTS.reduce((total, weight, at) => total + weight * Number(digits[at]), 0);
  return digits[17] === CHECKS[sum % 11] && isDate(+digits.slice(6, 10), +digits.slice(10, 12), +digits.slice(12, 14));
};

const isOldNumber = (run) =>
  run.length === 15 &&
  !GRID_STREET.test(run) &&
  isDate(1900 + Number(run.slice(6, 8)), Number(run.slice(8, 10)), Number(run.slice(10, 12)));

/** @param {string} text */
export function holdsIdentityNumber(text) {
  if (text.length < 15) return false;
  const plain = text.normalize("NFKC").replace(X_LIKE, "X");
  const together = plain.replace(SEPARATORS, "");
  for (let at = 0; at + 18 <= together.length; at += 1) {
    const window = together.slice(at, at + 18);
    if (/^\d{17}[\dX]$/.test(window) && isNumber(window)) return true;
  }
  return [...(together.match(/\d+/g) ?? []), ...(plain.match(/\d+/g) ?? [])].some(isOldNumber);
}
