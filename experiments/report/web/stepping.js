// The next larger and the next smaller value of a knob: what its plus and minus buttons give.

import { generatedSet } from "./generated.js";
import { CONSTANTS } from "./held.js";

const DECAYS = [0, 0.5, 0.9, 0.99, 0.999]; // of fractions that are below 1
const SERIES = { integers: [1, 2, 5], numbers: [1, 3] }; // the first digits, in every power of ten
const SMALLEST = 0.001; // the step above 0

/** The value of a knob beside another one, in the direction 1 or -1, within its limits. */
export function nextValue(knob, setting, direction) {
  return after(numberOf(knob.name, setting), knob, direction);
}

function after(value, knob, direction) {
  const { name, low, high, is_integer: isInteger, high_open: isOpen } = knob;
  if (isOpen && high === 1) return beside(DECAYS, value, direction);
  if (name.endsWith("seed")) return inside(value + direction, low, high);
  if (low === null && (value < 0 || (value === 0 && direction < 0))) return 0 - after(-value, knob, -direction);
  if (direction < 0 && !isInteger && value <= SMALLEST) return (low ?? 0) === 0 && !knob.low_open ? 0 : value / 10;
  if (direction > 0 && value === 0) return isInteger ? 1 : SMALLEST;
  return inside(beside(seriesAround(value, SERIES[isInteger ? "integers" : "numbers"]), value, direction), low, high);
}

/** The number that a word such as "auto" stands for. */
function numberOf(name, setting) {
  const value = setting[name];
  if (typeof value === "number") return value;
  const drawn = generatedSet(setting.dataset) ?? {};
  const standsFor = {
    noise: drawn.noise, data_seed: drawn.data_seed, samples: drawn.samples, batch_size: setting.samples,
    output_learning_rate: setting.learning_rate, init_scale: setting.init === "normal" ? CONSTANTS.initial_scale : 1,
  };
  if (name === "output_init_scale") return numberOf("init_scale", setting);
  return Number(standsFor[name] ?? 0) || 0;
}

function seriesAround(value, digits) {
  const power = Math.floor(Math.log10(value));
  return [power - 1, power, power + 1].flatMap((p) => digits.map((digit) => Number(`${digit}e${p}`)));
}

function beside(series, value, direction) {
  return direction > 0 ? (series.find((each) => each > value) ?? value) : (series.findLast((each) => each < value) ?? value);
}

function inside(value, low, high) {
  return Math.min(Math.max(value, low ?? -Infinity), high ?? Infinity);
}
