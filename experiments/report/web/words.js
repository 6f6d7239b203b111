// Numbers as the page writes them; a dash where there is none.

export const percent = (value) => (value === null ? "–" : `${(100 * value).toFixed(2)} %`);
export const short = (value) => (value === null ? "–" : String(Number(value.toPrecision(4))));
export const grouped = (value) => value.toLocaleString("en");

/** An interval; a dash where there is none. */
export const span = (low, high) => (low === null ? "–" : `${(100 * low).toFixed(2)} to ${percent(high)}`);

/** At most so many of a list, evenly chosen, with the first and the last. */
export function some(list, most) {
  if (list.length <= most) return list;
  return Array.from({ length: most }, (_, k) => list[Math.round((k * (list.length - 1)) / (most - 1))]);
}

/** How far two numbers are apart. */
export function apart(a, b) {
  const difference = Math.abs(a - b);
  return difference > 0 && difference < 1e-4 ? difference.toExponential(0) : String(Number(difference.toPrecision(2)));
}
