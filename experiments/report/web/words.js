// Formatting of numbers; a dash for a missing one.

const MOST_DIGITS = 6; // after the point, of a percentage that would be 100.00 % otherwise

/** Rounded, but never up to 100 %: one of 2,000 points may be wrong. */
export function percent(value) {
  if (value === null) return "–";
  const part = 100 * value;
  const nearly = Math.abs(part) < 100;
  let digits = 2;
  while (nearly && digits < MOST_DIGITS && Math.abs(Number(part.toFixed(digits))) === 100) digits++;
  return `${part.toFixed(digits)} %`;
}

export const short = (value) => (value === null ? "–" : String(Number(value.toPrecision(4))));
export const grouped = (value) => value.toLocaleString("en");

/**
 * The recorded scores: name, format, limits; the difference of two values and its unit; and the formats of the charts.
 */
export const SCORES = {
  accuracy: {
    name: "accuracy",
    text: percent,
    limits: [0, 1],
    apart: (a, b) => 100 * Math.abs(a - b),
    within: (part) => `${100 * part} ${part === 0.01 ? "percentage point" : "percentage points"} of accuracy`,
    formats: {
      $legend: ".2%", $fine: ".4~%", $tick: ".2~%",
      $cell: "format(datum.mean < 1 ? min(100 * datum.mean, 99.9) : 100, '.1f')",
    },
  },
  r2: {
    name: "R²",
    text: (value) => (value === null ? "–" : fraction(value)),
    limits: [-Infinity, 1],
    apart: (a, b) => Math.abs(a - b),
    within: (part) => `${part} in R²`,
    formats: {
      $legend: ".3f", $fine: ".6~f", $tick: ".4~f",
      $cell: "format(datum.mean < 1 ? min(datum.mean, 0.999) : 1, '.3f')",
    },
  },
};

/** The same for any other metric, with its `label` and its `limits` (null for none). */
export function scoringOf({ label, is_percentage, limits: [least, most] }) {
  const limits = [least ?? -Infinity, most ?? Infinity];
  if (is_percentage) return { ...SCORES.accuracy, name: label, limits };
  if (most === 1) return { ...SCORES.r2, name: label, limits };
  const digits = ".4~g"; // significant ones
  const formats = { $legend: ".4g", $fine: ".6~g", $tick: digits, $cell: "format(datum.mean, '.4g')" };
  return { ...SCORES.r2, name: label, limits, text: short, formats };
}

/** Four digits, but never rounded up to 1. */
function fraction(value) {
  let digits = 4;
  while (value < 1 && digits < MOST_DIGITS && Number(value.toFixed(digits)) === 1) digits++;
  return value.toFixed(digits);
}

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
