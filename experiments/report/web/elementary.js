// Logarithm, sine and cosine of planar_core/elementary.py, step by step: the same bits on every machine, which those of
// a browser are not.

import { fma } from "./fma.js";

const SQRT_HALF = [0x3fe6a09e, 0x667f3bcd]; // the bits of sqrt(1/2)
const [LN2_HIGH, LN2_LOW] = [0.6931471803691238, 1.9082149292705877e-10];
const ATANH = [
  0.6666666666666666, 0.40000000000000885, 0.2857142857079785, 0.22222222392906135, 0.18181795522700636,
  0.15386245638844487, 0.13268624387858152, 0.13088090192198404,
];
const TWO_OVER_PI = 0.6366197723675814;
const HALF_PI = [1.5707963267948966, 6.123233995736766e-17, -1.4973849048591698e-33];
const LARGEST_ANGLE = 1e9;
const ROUNDING = 1.5 * 2 ** 52; // adding it rounds to an integer
const SINE = [
  -0.16666666666666666, 0.008333333333330948, -0.00019841269836757405, 2.755731610178885e-6, -2.5051131660261682e-8,
  1.5918114509758172e-10,
];
const COSINE = [
  0.041666666666666664, -0.0013888888888887398, 2.4801587298764788e-5, -2.7557317271175156e-7, 2.0876146138576458e-9,
  -1.1382622251877788e-11,
];
const numberBits = new DataView(new ArrayBuffer(8));

/** The natural logarithm. */
export function logOf(x) {
  if (!(x > 0)) return x === 0 ? -Infinity : NaN;
  if (x === Infinity) return x;
  const isTiny = x < 2 ** -1022;
  let [m, e] = mantissaAndExponent(isTiny ? x * 2 ** 54 : x);
  if (isTiny) e -= 54;
  const f = m - 1;
  const s = f / (2 + f);
  const halfSquare = 0.5 * f * f;
  const square = s * s;
  const tail = s * fma(square, polynomial(ATANH, square), halfSquare);
  const low = fma(e, LN2_LOW, x * 0) + tail;
  return fma(e, LN2_HIGH, f - (halfSquare - low));
}

/** The sine of an angle up to 1e9, nan beyond. */
export function sinOf(x) {
  if (x === 0) return x;
  const { turn, sine, cosine } = quarterTurns(x);
  if (Math.abs(turn) === 1) return cosine * turn < 0 ? -Math.abs(cosine) : Math.abs(cosine);
  return Math.abs(turn) === 2 ? -sine : sine;
}

/** The cosine of an angle up to 1e9, nan beyond. */
export function cosOf(x) {
  const { turn, sine, cosine } = quarterTurns(x);
  if (Math.abs(turn) === 1) return -sine * turn;
  return Math.abs(turn) === 2 ? -cosine : cosine;
}

/** c[0] + c[1] x + c[2] x^2 + ..., one fma a step. */
function polynomial(coefficients, x) {
  let value = coefficients.at(-1);
  for (let k = coefficients.length - 2; k >= 0; k--) value = fma(value, x, coefficients[k]);
  return value;
}

/** x = m 2^e with m at least sqrt(1/2) and below sqrt(2), for a normal positive x. */
function mantissaAndExponent(x) {
  numberBits.setFloat64(0, x);
  const high = numberBits.getUint32(0);
  const borrow = numberBits.getUint32(4) < SQRT_HALF[1] ? 1 : 0;
  const e = (high - SQRT_HALF[0] - borrow) >> 20;
  numberBits.setUint32(0, high - (e << 20));
  return [numberBits.getFloat64(0), e];
}

/** x = q pi/2 + r with |r| at most pi/4: q modulo 4 as one of -2, ..., 2; the sine and the cosine of r. */
function quarterTurns(x) {
  const angle = Math.abs(x) <= LARGEST_ANGLE ? x : NaN;
  const q = fma(angle, TWO_OVER_PI, ROUNDING) - ROUNDING;
  const r = HALF_PI.reduce((rest, part) => fma(q, -part, rest), angle);
  const square = r * r;
  const half = 0.5 * square;
  const near = 1 - half;
  const sine = fma(r * square, polynomial(SINE, square), r);
  const cosine = near + fma(square * square, polynomial(COSINE, square), 1 - near - half);
  const turns = fma(q, 0.25, ROUNDING) - ROUNDING;
  return { turn: fma(turns, -4, q), sine, cosine };
}
