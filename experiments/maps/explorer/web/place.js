// Where one looks on the plane, exact at every depth.
//
// The plane is a square. Its grid of level l has 64 * 2^l pixels a side, in tiles of 64 x 64; y points upwards. A place
// is a pair of whole numbers, in units of 2^-80 of a side: at level 45 a double could not hold a fraction of a pixel.

export const TILE = 64;
const BITS = 80;
const ONE = 2n ** BigInt(BITS);

/** The units of a side of a tile of this level. */
const sideOf = (level) => BigInt(BITS - level);

const within = (value, least, most) => (value < least ? least : value > most ? most : value);

export class Place {
  /** `deepest`: the last level. */
  constructor(deepest) {
    Object.assign(this, { deepest, width: 1, height: 1, x: ONE / 2n, y: ONE / 2n, zoom: 0 });
  }

  /** CSS pixels of a unit. A pixel of level `zoom`, which may be a fraction, is one CSS pixel wide. */
  get scale() {
    return 2 ** (this.zoom + Math.log2(TILE) - BITS);
  }

  resize(width, height) {
    Object.assign(this, { width: Math.max(width, 1), height: Math.max(height, 1) });
    this.keepInside();
  }

  /** The least zoom shows the whole plane; the largest one, pixels of the deepest level that are 16 CSS pixels wide. */
  get zooms() {
    const whole = Math.log2(Math.min(this.width, this.height) / TILE);
    return [Math.min(whole, this.deepest + 4), this.deepest + 4];
  }

  keepInside() {
    this.zoom = within(this.zoom, ...this.zooms);
    // What is larger than the plane shows it in the middle.
    for (const [name, length] of [["x", this.width], ["y", this.height]]) {
      const half = this.units(length / 2);
      this[name] = 2n * half >= ONE ? ONE / 2n : within(this[name], half, ONE - half);
    }
  }

  units(pixels) {
    return BigInt(Math.round(pixels / this.scale));
  }

  /** Show a window of pixels {level, x, y, width, height} as large as possible. */
  show({ level, x, y, width, height }) {
    const middle = (first, length) => (BigInt(2 * first + length) << sideOf(level)) / BigInt(2 * TILE);
    Object.assign(this, { x: middle(x, width), y: middle(y, height) });
    this.zoom = level + Math.log2(Math.min(this.width / width, this.height / height));
    this.keepInside();
  }

  showAll() {
    this.show({ level: 0, x: 0, y: 0, width: TILE, height: TILE });
  }

  /** Bring what is at one point to another one, in CSS pixels from the left and the top, and zoom in by levels there. */
  move(from, to, levels = 0) {
    const offset = ([left, top]) => [this.units(left - this.width / 2), this.units(this.height / 2 - top)];
    const before = offset(from);
    this.zoom = within(this.zoom + levels, ...this.zooms);
    const after = offset(to);
    this.x += before[0] - after[0];
    this.y += before[1] - after[1];
    this.keepInside();
  }

  /** Zoom in by levels around a point. */
  zoomAt(point, levels) {
    this.move(point, point, levels);
  }

  /** CSS pixels from the left, and from the top, of the lower left corner of a tile. */
  cornerOf({ level, x, y }) {
    const right = Number((BigInt(x) << sideOf(level)) - this.x) * this.scale;
    const up = Number((BigInt(y) << sideOf(level)) - this.y) * this.scale;
    return [this.width / 2 + right, this.height / 2 - up];
  }

  /** CSS pixels of a side of a tile. */
  sizeOf(level) {
    return TILE * 2 ** (this.zoom - level);
  }

  /** The pixel of a level at CSS pixels: its tile, its column and row there; null outside of the plane. */
  pixelAt(left, top, level) {
    const x = this.x + this.units(left - this.width / 2);
    const y = this.y + this.units(this.height / 2 - top);
    if (x < 0n || y < 0n || x >= ONE || y >= ONE) return null;
    const shift = sideOf(level) - 6n;
    const [i, j] = [x >> shift, y >> shift];
    const tile = { level, x: Number(i >> 6n), y: Number(j >> 6n) };
    return { tile, column: Number(i & 63n), row: Number(j & 63n), i: String(i), j: String(j) };
  }

  /** Tiles of a level that are visible, from the middle outwards. */
  tilesOf(level) {
    const most = 2 ** level - 1;
    const range = (middle, length) => {
      const half = this.units(length / 2);
      const index = (place) => within(Number(place >> sideOf(level)), 0, most);
      return [index(middle - half), index(middle + half)];
    };
    const [left, right] = range(this.x, this.width);
    const [bottom, top] = range(this.y, this.height);
    const tiles = [];
    for (let y = bottom; y <= top; y++) for (let x = left; x <= right; x++) tiles.push({ level, x, y });
    const far = ({ x, y }) => (x - (left + right) / 2) ** 2 + (y - (bottom + top) / 2) ** 2;
    return tiles.sort((a, b) => far(a) - far(b));
  }

  /** Fractions of the axes at CSS pixels, as doubles: for what is drawn, not for what is trained. */
  fractionsAt(left, top) {
    const of = (units) => Number(units) / 2 ** BITS;
    return [of(this.x + this.units(left - this.width / 2)), of(this.y + this.units(this.height / 2 - top))];
  }
}
