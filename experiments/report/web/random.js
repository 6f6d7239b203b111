// The random numbers of numpy.random.RandomState, which planar_core/streams.py draws too: the same seed gives the
// same initial weights and the same mini-batches here as there.

import { logOf } from "./elementary.js";

const N = 624;
const M = 397;

/** The Mersenne Twister (Matsumoto and Nishimura, 1998), seeded by an integer from 0 to 2^32 - 1. */
export class RandomState {
  constructor(seed) {
    this.words = new Uint32Array(N);
    this.words[0] = seed;
    for (let i = 1; i < N; i++) {
      const before = this.words[i - 1];
      this.words[i] = Math.imul(1812433253, before ^ (before >>> 30)) + i;
    }
    this.position = N;
    this.leftOver = null; // normal numbers come in pairs
  }

  /** The next 32 random bits. */
  word() {
    if (this.position === N) this.renew();
    let word = this.words[this.position++];
    word ^= word >>> 11;
    word ^= (word << 7) & 0x9d2c5680;
    word ^= (word << 15) & 0xefc60000;
    return (word ^ (word >>> 18)) >>> 0;
  }

  renew() {
    const words = this.words;
    for (let i = 0; i < N; i++) {
      const mixed = (words[i] & 0x80000000) | (words[(i + 1) % N] & 0x7fffffff);
      words[i] = words[(i + M) % N] ^ (mixed >>> 1) ^ (mixed & 1 ? 0x9908b0df : 0);
    }
    this.position = 0;
  }

  /** 53 random bits as a number of at least 0 and below 1. */
  uniform() {
    const high = this.word() >>> 5;
    const low = this.word() >>> 6;
    return (high * 67108864 + low) / 9007199254740992;
  }

  /**
   * A standard normal number, by the polar method (Marsaglia and Bray, 1964): for a point (u, v) uniform in the unit
   * disc and s = u^2 + v^2, u sqrt(-2 log(s) / s) and v sqrt(-2 log(s) / s) are independent and normal.
   */
  normal() {
    if (this.leftOver !== null) {
      const second = this.leftOver;
      this.leftOver = null;
      return second;
    }
    let u, v, s;
    do {
      u = 2 * this.uniform() - 1;
      v = 2 * this.uniform() - 1;
      s = u * u + v * v;
    } while (s >= 1 || s === 0);
    const scale = Math.sqrt((-2 * logOf(s)) / s);
    this.leftOver = u * scale;
    return v * scale;
  }

  /** The integers 0 to n - 1 in random order. */
  permutation(n) {
    const order = Array.from({ length: n }, (_, i) => i);
    for (let i = n - 1; i > 0; i--) {
      const mask = 2 ** (32 - Math.clz32(i)) - 1;
      let j;
      do {
        j = (this.word() & mask) >>> 0;
      } while (j > i);
      [order[i], order[j]] = [order[j], order[i]];
    }
    return order;
  }
}
