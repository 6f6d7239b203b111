// Arithmetic that rounds once, on doubles: a b + c, and the sum of a list. A browser has neither, and planar_core uses
// both: with them, this page computes the same bits.

const SPLITTER = 2 ** 27 + 1; // Veltkamp: halves of 26 bits, the products of which are exact
const LEAST_EXACT = 2 ** -960; // from here to there the rounding error of a product is a double
const MOST_EXACT = 2 ** 990;
const bitsOfNumber = new DataView(new ArrayBuffer(8));

/** a b + c, rounded once, for all doubles: fma of IEEE 754. */
export function fma(a, b, c) {
  const product = a * b;
  const size = Math.abs(product);
  // Without a rounding error of the product, or with something that is not finite, JavaScript rounds once, too.
  if (a === 0 || b === 0 || !Number.isFinite(a) || !Number.isFinite(b)) return product + c;
  if (!Number.isFinite(c)) return c;
  const isUsual =
    size > LEAST_EXACT &&
    size < MOST_EXACT &&
    Math.abs(a) < MOST_EXACT &&
    Math.abs(b) < MOST_EXACT &&
    Math.abs(c) < MOST_EXACT &&
    (c === 0 || Math.abs(c) > LEAST_EXACT);
  return isUsual ? usualFma(a, b, c, product) : anyFma(a, b, c);
}

/** Without underflow and overflow: Boldo and Melquiond, Emulation of a FMA and correctly rounded sums, 2008. */
function usualFma(a, b, c, product) {
  const aHigh = SPLITTER * a - (SPLITTER * a - a);
  const bHigh = SPLITTER * b - (SPLITTER * b - b);
  const aLow = a - aHigh;
  const bLow = b - bHigh;
  const lost = aLow * bLow - (product - aHigh * bHigh - aLow * bHigh - aHigh * bLow); // product + lost = a b
  const small = c + lost;
  const smallLost = lostBy(c, lost, small);
  const sum = product + small;
  return sum + addedToOdd(smallLost, lostBy(product, small, sum));
}

/** What the rounding of a + b to the sum lost, exactly (Knuth). */
function lostBy(a, b, sum) {
  const b1 = sum - a;
  return a - (sum - b1) + (b - b1);
}

/** a + b, rounded to odd: if it is not exact, to that neighbour of which the last bit is 1. */
function addedToOdd(a, b) {
  const sum = a + b;
  const lost = lostBy(a, b, sum);
  if (lost === 0) return sum;
  bitsOfNumber.setFloat64(0, sum);
  if (bitsOfNumber.getUint32(4) & 1) return sum;
  const away = lost > 0 === sum > 0;
  // The last bit is 0: adding 1 never carries; subtracting 1 may borrow.
  bitsOfNumber.setBigInt64(0, bitsOfNumber.getBigInt64(0) + (away ? 1n : -1n));
  return bitsOfNumber.getFloat64(0);
}

/** For all finite numbers: exact, in integers. */
function anyFma(a, b, c) {
  const [x, y, z] = [a, b, c].map(wholeAndExponent);
  const exponent = Math.min(x.exponent + y.exponent, z.exponent);
  const product = (x.whole * y.whole) << BigInt(x.exponent + y.exponent - exponent);
  return nearestDouble(product + (z.whole << BigInt(z.exponent - exponent)), exponent);
}

/** A finite number as whole 2^exponent. */
function wholeAndExponent(number) {
  bitsOfNumber.setFloat64(0, number);
  const bits = bitsOfNumber.getBigUint64(0);
  const field = Number((bits >> 52n) & 0x7ffn);
  const fraction = bits & 0xfffffffffffffn;
  const size = field === 0 ? fraction : fraction | (1n << 52n);
  return { whole: bits >> 63n ? -size : size, exponent: Math.max(field, 1) - 1075 };
}

/** whole 2^exponent as the nearest double, to even. */
function nearestDouble(whole, exponent) {
  if (whole === 0n) return 0;
  const size = whole < 0n ? -whole : whole;
  const bits = size.toString(2).length;
  const cut = Math.max(bits - 53, -1074 - exponent); // bits that do not fit; subnormal numbers have fewer
  let kept = cut > 0 ? size >> BigInt(cut) : size;
  if (cut > 0) {
    const twice = (size - (kept << BigInt(cut))) << 1n;
    const one = 1n << BigInt(cut);
    if (twice > one || (twice === one && kept & 1n)) kept += 1n;
  }
  const value = timesPowerOfTwo(Number(kept), cut > 0 ? exponent + cut : exponent);
  return whole < 0n ? -value : value;
}

/** number 2^exponent, which is exact where the result is a normal number, and rounded once elsewhere. */
export function timesPowerOfTwo(number, exponent) {
  let [value, left] = [number, exponent];
  for (; left > 1023; left -= 1023) value *= 2 ** 1023;
  // From above, in one step of at most 2^-1074: a second rounding is possible only where the first one gave 0.
  for (; left < -1074; left += 1000) value *= 2 ** -1000;
  return value * 2 ** left;
}

/** The sum of finite numbers, rounded once: math.fsum of Python. */
export function exactSum(numbers) {
  let parts = []; // their sum is exact; they do not overlap, and the smallest one is the first
  for (let number of numbers) {
    let kept = 0;
    for (let part of parts) {
      if (Math.abs(number) < Math.abs(part)) [number, part] = [part, number];
      const sum = number + part;
      const lost = part - (sum - number);
      if (lost !== 0) parts[kept++] = lost;
      number = sum;
    }
    parts.length = kept;
    parts.push(number);
  }
  if (parts.length === 0) return 0;
  let sum = parts.pop();
  let lost = 0;
  while (parts.length > 0 && lost === 0) {
    const [before, part] = [sum, parts.pop()];
    sum = before + part;
    lost = part - (sum - before);
  }
  // Half way between two numbers, the next part decides.
  const next = parts.at(-1) ?? 0;
  if ((lost < 0 && next < 0) || (lost > 0 && next > 0)) {
    const [twice, up] = [2 * lost, sum + 2 * lost];
    if (twice === up - sum) sum = up;
  }
  return sum;
}
