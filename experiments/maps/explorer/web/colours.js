// The colours of pixels, as experiments/maps/colours.py has them: by rank among what is visible, as in the paper, or on
// scales of what converges and of what does not.

import { TILE } from "./place.js";

const MOST_RANKED = 40000; // values that decide about colours
const isLittleEndian = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1;

/** A palette of [red, green, blue] as pixels. */
function pixelsOf(palette) {
  const pixel = ([r, g, b]) => (isLittleEndian ? (255 << 24) | (b << 16) | (g << 8) | r : (r << 24) | (g << 16) | (b << 8) | 255) >>> 0;
  return Uint32Array.from(palette, pixel);
}

/** Limits between n colours by rank: the k-th one begins at the value of which k / n of all values are smaller. */
function limitsByRank(sorted, n) {
  return Float64Array.from({ length: n - 1 }, (_, k) => sorted[Math.floor(((k + 1) * sorted.length) / n)]);
}

/** Limits between n colours on a logarithmic or a linear scale. */
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

/**
 * Colours of the pixels of one verdict, from the smallest value to the largest. On a scale, `beyond` are the shares of
 * the values that may lie below its first end and above its last one, and from a ratio of `wide` it may be logarithmic.
 */
class Part {
  constructor(values, palette, isByRank, mayBeLog, beyond, wide) {
    const sorted = values.sort();
    this.palette = palette;
    this.pixels = pixelsOf(palette);
    const [below, above] = isByRank ? [0, 0] : beyond;
    this.ends = [below, 1 - above].map((share) => sorted[Math.round(share * (sorted.length - 1))]);
    const [low, high] = this.ends;
    this.isLog = mayBeLog && low > 0 && high > wide * low;
    const n = palette.length;
    if (!(low < high)) this.limits = null;
    else this.limits = isByRank ? limitsByRank(sorted, n) : limitsByScale(low, high, this.isLog, n);
  }

  of(value) {
    return this.pixels[this.limits ? stepOf(this.limits, value) : this.pixels.length >> 1];
  }
}

/** Colours for the values that are visible. */
export class Colours {
  /**
   * `measure` {name, is_log, larger_is_better}; `verdict` the measure with the sign; `mode` "paper" or "scale"; then what
   * experiments/maps/colours.py says of colours.
   */
  constructor(measure, verdict, mode, { palettes, gap, wide, beyond }, tiles) {
    Object.assign(this, { measure, verdict, mode });
    this.missing = pixelsOf(palettes.missing)[0];
    const isByRank = mode === "paper";
    const half = Math.round((palettes.paper.length / 2) * (1 - gap));
    // Of the paper's: from what lasts longest to what ends soonest, a gap, then from the best to the worst.
    const [red, blue] = [palettes.paper.slice(0, half).reverse(), palettes.paper.slice(-half)];
    const { larger_is_better: isLargeBetter } = measure;
    const best = (palette, isBestLast) => (isLargeBetter === isBestLast ? palette : palette.toReversed());
    const { converging, others } = visible(tiles, measure.name, verdict.name);
    const shades = isByRank ? best(blue, false) : best(palettes.dark, true);
    const ends = isLargeBetter ? [beyond.worst, beyond.best] : [beyond.best, beyond.worst];
    this.converging = new Part(converging, shades, isByRank, measure.is_log, ends, wide);
    this.others = new Part(others, isByRank ? red : palettes.light, isByRank, true, [beyond.best, beyond.best], wide);
  }

  /** The pixel of a value, and of the measure whose sign tells the verdict. */
  of(value, signed) {
    if (signed < 0) return this.others.of(-signed);
    return Number.isNaN(value) ? this.missing : this.converging.of(value);
  }

  /** Draw a tile, once for these colours. */
  draw(tile) {
    if (tile.colours === this) return tile.canvas;
    tile.canvas ??= Object.assign(document.createElement("canvas"), { width: TILE, height: TILE });
    const context = tile.canvas.getContext("2d");
    const image = context.createImageData(TILE, TILE);
    const pixels = new Uint32Array(image.data.buffer);
    const [values, signs] = [this.measure, this.verdict].map(({ name }) => tile.planes[name]);
    for (let j = 0; j < TILE; j++) {
      const [from, to] = [j * TILE, (TILE - 1 - j) * TILE];
      if (Number.isNaN(tile.ys[j])) continue; // a part that was not computed stays transparent
      for (let i = 0; i < TILE; i++) if (!Number.isNaN(tile.xs[i])) pixels[to + i] = this.of(values[from + i], signs[from + i]);
    }
    context.putImageData(image, 0, 0);
    tile.colours = this;
    return tile.canvas;
  }
}

/** A fair part of the values of some tiles that converge, and how long the others lasted. */
function visible(tiles, name, verdict) {
  const every = Math.max(1, Math.ceil((tiles.length * TILE * TILE) / MOST_RANKED)) | 1; // odd: not the same columns
  const [converging, others] = [[], []];
  for (const { planes } of tiles) {
    for (let k = 0; k < TILE * TILE; k += every) {
      if (planes[verdict][k] < 0) others.push(-planes[verdict][k]);
      else if (Number.isFinite(planes[name][k])) converging.push(planes[name][k]);
    }
  }
  return { converging: Float64Array.from(converging), others: Float64Array.from(others) };
}
