// The colours of pixels: by rank among what is visible, as in the paper, or on a scale with units.

import { TILE } from "./place.js";

const STEPS = 256; // colours of a palette
const MOST_RANKED = 40000; // values whose ranks are determined
const AROUND_ZERO = 0.25; // of a palette of two signs, each way, which no rank has: the signs stay apart
const isLittleEndian = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1;

/** A palette of [red, green, blue] as pixels. */
export function pixelsOf(palette) {
  const pixel = ([r, g, b]) => (isLittleEndian ? (255 << 24) | (b << 16) | (g << 8) | r : (r << 24) | (g << 16) | (b << 8) | 255) >>> 0;
  return Uint32Array.from(palette, pixel);
}

/** Limits between colours by rank: the k-th of n colours begins at the value of which k / n of all values are smaller. */
function limitsByRank(sorted, n) {
  return Float64Array.from({ length: n - 1 }, (_, k) => sorted[Math.floor(((k + 1) * sorted.length) / n)]);
}

/** Limits between colours on a logarithmic or a linear scale. */
function limitsByScale(low, high, isLog, n) {
  const at = (share) => (isLog ? low * (high / low) ** share : low + (high - low) * share);
  return Float64Array.from({ length: n - 1 }, (_, k) => at((k + 1) / n));
}

/** How many limits a value has reached. */
function stepOf(limits, value) {
  let [low, high] = [0, limits.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (value < limits[middle]) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** Colours for the values that are visible. */
export class Colours {
  /** `measure` {name, signed, log}; `mode` "paper" or "scale"; `palettes` by name, as pixels. */
  constructor(measure, mode, palettes, tiles) {
    Object.assign(this, { measure, mode });
    this.isSigned = measure.signed;
    this.palette = palettes[this.isSigned ? "signed" : "plain"];
    this.missing = palettes.missing[0];
    const values = visible(tiles, measure.name);
    const parts = this.isSigned ? [values.filter((v) => v < 0), values.filter((v) => v >= 0)] : [values];
    this.parts = parts.map((part, k) => this.part(part.sort(), k));
  }

  /** Limits of a sign, or of all values, and the first colour. */
  part(sorted, k) {
    const ends = [sorted[0], sorted.at(-1)];
    const n = this.isSigned ? Math.round((STEPS / 2) * (1 - AROUND_ZERO)) : STEPS;
    const first = this.isSigned && k === 1 ? STEPS - n : 0;
    let limits = new Float64Array(0);
    if (sorted.length > 0 && ends[0] < ends[1]) {
      if (this.mode === "paper") limits = limitsByRank(sorted, n);
      else limits = limitsByScale(...ends, this.measure.log && ends[0] * ends[1] > 0, n);
    }
    return { limits, first, n, ends, count: sorted.length };
  }

  of(value) {
    if (Number.isNaN(value)) return this.missing;
    const { limits, first, n } = this.parts[this.isSigned && value >= 0 ? 1 : 0];
    return this.palette[first + (limits.length > 0 ? stepOf(limits, value) : n >> 1)];
  }

  /** Draw a tile, once for these colours. */
  draw(tile) {
    if (tile.colours === this) return tile.canvas;
    tile.canvas ??= Object.assign(document.createElement("canvas"), { width: TILE, height: TILE });
    const context = tile.canvas.getContext("2d");
    const image = context.createImageData(TILE, TILE);
    const pixels = new Uint32Array(image.data.buffer);
    const values = tile.planes[this.measure.name];
    for (let j = 0; j < TILE; j++) {
      const [from, to] = [j * TILE, (TILE - 1 - j) * TILE];
      if (Number.isNaN(tile.ys[j])) continue; // a part that was not computed stays transparent
      for (let i = 0; i < TILE; i++) if (!Number.isNaN(tile.xs[i])) pixels[to + i] = this.of(values[from + i]);
    }
    context.putImageData(image, 0, 0);
    tile.colours = this;
    return tile.canvas;
  }
}

/** A fair part of the numbers of some tiles. */
function visible(tiles, name) {
  const every = Math.max(1, Math.ceil((tiles.length * TILE * TILE) / MOST_RANKED)) | 1; // odd: not the same columns
  const values = [];
  for (const { planes } of tiles) {
    for (let k = 0; k < TILE * TILE; k += every) if (Number.isFinite(planes[name][k])) values.push(planes[name][k]);
  }
  return Float64Array.from(values);
}
