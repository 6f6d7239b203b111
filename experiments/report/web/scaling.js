// Standardization by the training part, as experiments/datasets/scaling.py: the same bits.

import { exactSum, timesPowerOfTwo } from "./fma.js";

export const FARTHEST_INPUT = 1e30; // limit of the inputs of a network

/** The scaling of training values, all finite: mean and deviation of value / 2^exponent - shift. */
export function scalingOf(values) {
  const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const exponent = exponentOf(largest);
  const scaled = Array.from(values, (value) => timesPowerOfTwo(value, -exponent));
  const shift = scaled[0];
  const shifted = scaled.map((value) => value - shift);
  const mean = exactSum(shifted) / shifted.length;
  const squares = shifted.map((value) => (value - mean) * (value - mean));
  return { exponent, shift, mean, deviation: Math.sqrt(exactSum(squares) / shifted.length) };
}

/** (value - mean) / deviation, clipped; zeros if all training values are the same. */
export function scaledBy({ exponent, shift, mean, deviation }, values) {
  return Float64Array.from(values, (value) => {
    if (deviation === 0) return 0;
    const apart = timesPowerOfTwo(value, -exponent) - shift - mean;
    return clippedInput(apart / deviation, FARTHEST_INPUT);
  });
}

/** Mean and deviation in the units of the values. */
export function unitsOf({ exponent, shift, mean, deviation }) {
  return { mean: timesPowerOfTwo(mean + shift, exponent), deviation: timesPowerOfTwo(deviation, exponent) };
}

export function clippedInput(value, most) {
  return value > most ? most : value < -most ? -most : value;
}

/** e with number = m 2^e, m at least 1/2 and below 1; 0 for 0: frexp of C. */
function exponentOf(number) {
  if (number === 0) return 0;
  const isSmall = number < 2 ** -1000;
  const normal = isSmall ? number * 2 ** 100 : number;
  let e = Math.floor(Math.log2(normal)) + 1; // one off at worst
  while (normal >= 2 ** e) e += 1;
  while (normal < 2 ** (e - 1)) e -= 1;
  return isSmall ? e - 100 : e;
}
