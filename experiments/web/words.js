// Numbers as the page writes them; a dash where there is none.

export const percent = (value) => (value === null ? "–" : `${(100 * value).toFixed(2)} %`);
export const short = (value) => (value === null ? "–" : String(Number(value.toPrecision(4))));
export const grouped = (value) => value.toLocaleString("en");

/** How far two numbers are apart. */
export function apart(a, b) {
  const difference = Math.abs(a - b);
  return difference > 0 && difference < 1e-4 ? difference.toExponential(0) : String(Number(difference.toPrecision(2)));
}
