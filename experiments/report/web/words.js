// Numbers as text, in the notation of terminal and plots: experiments/tables/words.py. A dash for a missing one.

import { CONSTANTS } from "./held.js";

/** With this many decimals, rounded half away from zero; a value below `most` is not rounded up to it. */
function withDecimals(value, digits, most = Infinity) {
  const { held } = CONSTANTS.digits;
  const [mantissa, exponent] = Math.abs(value).toExponential(held - 1).split("e");
  const shift = Number(exponent) - (held - 1) + digits;
  let whole = BigInt(mantissa.replace(".", ""));
  if (shift >= 0) whole *= 10n ** BigInt(shift);
  else if (shift < -2 * held) whole = 0n;
  else whole = (2n * whole + 10n ** BigInt(-shift)) / (2n * 10n ** BigInt(-shift));
  if (value > 0 && value < most && Number(whole) >= most * 10 ** digits) whole = BigInt(most * 10 ** digits - 1);
  const figures = String(whole).padStart(digits + 1, "0");
  const point = figures.length - digits;
  return (value < 0 && whole ? "-" : "") + figures.slice(0, point) + (digits ? `.${figures.slice(point)}` : "");
}

/** With four significant digits; integers keep all of theirs up to 1e9, and exponents are for what is beyond. */
function significant(value) {
  const { held, significant: digits } = CONSTANTS.digits;
  if (value === 0) return "0";
  const size = Number(value.toExponential(held - 1).split("e")[1]);
  if (size < -4 || size > 8) return value.toExponential(digits - 1).replace(/e([+-])(\d)$/, "e$10$2");
  const text = withDecimals(value, Math.max(0, digits - 1 - size));
  const grown = Math.abs(Number(text)) >= Number(`1e${size + 1}`); // 9.9996 has become 10.0000
  return grown ? withDecimals(value, Math.max(0, digits - 2 - size)) : text;
}

const isNumber = (value) => value !== null && Number.isFinite(value);
const writtenBy = (write) => (value) => (isNumber(value) ? write(value) : value === null ? "–" : String(value));

/** Four significant digits without zeros at the end: costs, and the ends of axes. */
export const short = (value) => (value === null ? "–" : String(Number(value.toPrecision(4))));
export const grouped = (value) => value.toLocaleString("en");
/** `1 seed`, `2 seeds`. */
export const countOf = (n, noun) => `${grouped(n)} ${noun}${n === 1 ? "" : "s"}`;

/** Labels of the charts, in the unit of the title: round numbers at an axis, the ends of the values in a legend. */
function labelFormats(factor, legend) {
  const value = factor === 1 ? "datum.value" : `${factor} * datum.value`;
  return { $tick: `format(${value}, '.10~g')`, $legend: `format(${value}, '${legend}')` };
}

/**
 * The recorded scores: name, unit, limits; a value as number, and as text with its unit; a difference of two values; the
 * distance of two values and its unit; and the formats of the charts.
 */
export const SCORES = {
  accuracy: {
    name: "accuracy",
    unit: " %",
    factor: 100,
    limits: [0, 1],
    number: writtenBy((value) => withDecimals(100 * value, CONSTANTS.digits.percent, 100)),
    difference: writtenBy((value) => withDecimals(100 * value, CONSTANTS.digits.percent)),
    differences: "percentage points",
    apart: (a, b) => 100 * Math.abs(a - b),
    within: (part) => `${100 * part} ${part === 0.01 ? "percentage point" : "percentage points"} of accuracy`,
    formats: labelFormats(100, ".1f"),
  },
  r2: {
    name: "R²",
    unit: "",
    factor: 1,
    limits: [-Infinity, 1],
    number: writtenBy((value) => (Math.abs(value) < 1000 ? withDecimals(value, CONSTANTS.digits.share, 1) : significant(value))),
    difference: writtenBy((value) => (Math.abs(value) < 1000 ? withDecimals(value, CONSTANTS.digits.share) : significant(value))),
    differences: "",
    apart: (a, b) => Math.abs(a - b),
    within: (part) => `${part} in R²`,
    formats: labelFormats(1, ".3~f"),
  },
};
for (const score of Object.values(SCORES)) {
  score.text = (value) => (isNumber(value) ? score.number(value) + score.unit : score.number(value));
}

/** The same for any other metric, with its `label` and its `limits` (null for none). */
export function scoringOf({ label, is_percentage, limits: [least, most] }) {
  const limits = [least ?? -Infinity, most ?? Infinity];
  const scoring = { ...SCORES[is_percentage ? "accuracy" : "r2"], name: label, limits };
  if (is_percentage || most === 1) return scoring;
  const number = writtenBy(significant);
  return { ...scoring, number, text: number, difference: number, formats: labelFormats(1, ".4~g") };
}

/** A value of a measure in the unit of its label: of a percentage in percent. */
export const shownNumber = ({ is_percentage }, value) => (is_percentage ? SCORES.accuracy.number(value) : short(value));

/** The title of an axis: `test accuracy (%)`. */
export const titled = (title, { unit }) => (unit ? `${title} (${unit.trim()})` : title);

/** An interval, clipped to the limits of the score; a dash if there is none. */
export function span(low, high, { text, limits } = SCORES.accuracy) {
  if (low === null) return "–";
  const [from, to] = [low, high].map((end) => text(clipped(end, limits)));
  return `${from.replace(/ %$/, "")} to ${to}`;
}

export function clipped(value, [least, most]) {
  return Math.min(Math.max(value, least), most);
}

/** At most `most` items of a list, evenly chosen, with the first and the last. */
export function some(list, most) {
  if (list.length <= most) return list;
  return Array.from({ length: most }, (_, k) => list[Math.round((k * (list.length - 1)) / (most - 1))]);
}

/** The difference of two numbers. */
export function apart(a, b) {
  const difference = Math.abs(a - b);
  return difference > 0 && difference < 1e-4 ? difference.toExponential(0) : String(Number(difference.toPrecision(2)));
}
