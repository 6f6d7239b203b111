// The axes of the map: round numbers of the part that is visible, at any depth.

const MOST_DIGITS = 6; // of a label; beyond, labels are distances from a value in the title
const ROUND = [1, 2, 5, 10];

export const valueAt = ({ kind, first, last }, fraction) =>
  kind === "log" ? first * (last / first) ** fraction : first + (last - first) * fraction;

const fractionOf = ({ kind, first, last }, value) =>
  kind === "log" ? Math.log(value / first) / Math.log(last / first) : (value - first) / (last - first);

const powerOf = (value) => Math.floor(Math.log10(Math.abs(value)) + 1e-9);

/** A number without the noise of its last bits. */
const clean = (value) => String(Number(value.toPrecision(12)));

/** The title of an axis, and its ticks {at, text} between two fractions, for its values `times` a number; `most` fit. */
export function ticksOf({ kind, first, last, label, times }, from, to, most) {
  const axis = { kind, first: first * times, last: last * times, label: times === 1 ? label : `${label} × ${times}` };
  const [a, b] = [Math.max(from, 0), Math.min(to, 1)].map((fraction) => valueAt(axis, fraction));
  const [low, high] = [Math.min(a, b), Math.max(a, b)];
  if (!(high > low)) return { title: axis.label, ticks: [] };
  if (axis.kind === "log" && high / low > 3) return { title: axis.label, ticks: decades(axis, low, high, most) };
  const step = roundAbove((high - low) / Math.max(most, 1));
  const size = Math.max(Math.abs(low), Math.abs(high));
  const isDeep = powerOf(size) - powerOf(step) >= MOST_DIGITS;
  const unit = 10 ** (powerOf(high - low) + 1);
  const base = isDeep ? Math.round((low + high) / 2 / unit) * unit : 0;
  const digits = powerOf(size) - powerOf(unit) + 1;
  const ticks = [];
  for (let k = Math.ceil((low - base) / step); k * step <= high - base; k++) {
    const text = clean(k * step);
    ticks.push({ at: fractionOf(axis, base + k * step), text: isDeep && k > 0 ? `+${text}` : text });
  }
  const away = isDeep ? ` − ${base.toPrecision(Math.min(Math.max(digits, 1), 17))}` : "";
  return { title: `${axis.label}${away}`, ticks };
}

/** Powers of ten, every so many; with 2 and 5 times each where that fits. */
function decades(axis, low, high, most) {
  const [first, last] = [Math.floor(Math.log10(low)), Math.floor(Math.log10(high) + 1e-9)];
  const isFine = 3 * Math.log10(high / low) <= most;
  const every = isFine ? 1 : Math.max(1, Math.ceil(Math.log10(high / low) / most));
  const ticks = [];
  for (let power = first; power <= last; power += every) {
    for (const round of isFine ? ROUND.slice(0, 3) : [1]) {
      const value = round * 10 ** power;
      if (value >= low * (1 - 1e-9) && value <= high * (1 + 1e-9)) ticks.push({ at: fractionOf(axis, value), text: clean(value) });
    }
  }
  return ticks;
}

function roundAbove(value) {
  const power = 10 ** powerOf(value);
  return ROUND.find((round) => round * power >= value * (1 - 1e-9)) * power;
}
