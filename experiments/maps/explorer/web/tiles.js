// Tiles: the values of the axes and of each measure, as experiments/maps/explorer/tiles.py packs them.

import { bytesOfBase64 } from "../../../report/web/held.js";
import { TILE } from "./place.js";

const AXES = 2 * TILE * 8; // bytes
const MEASURE = TILE * TILE * 4;
const AT_ONCE = 1; // requests of a page: of several, the server would compute the latest first, which is the finest
const SAMPLED = 4; // of a first look, every so many columns and rows
const FEWEST_KEPT = 600; // tiles

const keyOf = ({ level, x, y }) => `${level}/${x}/${y}`;

/** What is asked for: a tile, or a first look at it. */
const pathOf = (tile) => `${tile.isLook ? "look" : "tile"}/${keyOf(tile)}`;

const bytesOf = (measures) => AXES + measures.length * MEASURE;

export function decoded(tile, buffer, measures, start = 0) {
  const planes = {};
  measures.forEach(({ name }, k) => {
    planes[name] = new Float32Array(buffer, start + AXES + k * MEASURE, TILE * TILE);
  });
  return { ...tile, xs: new Float64Array(buffer, start, TILE), ys: new Float64Array(buffer, start + AXES / 2, TILE), planes };
}

/** Tiles by their key. Of those that are not wanted, the oldest are forgotten. */
export class Tiles {
  constructor() {
    this.held = new Map();
  }

  get(tile) {
    return this.held.get(keyOf(tile));
  }

  add(tile) {
    if (tile.isLook && this.get(tile)) return;
    this.held.set(keyOf(tile), tile);
  }

  /** Whether a tile is there with all of its pixels. */
  has(tile) {
    const held = this.get(tile);
    return held !== undefined && !held.isLook;
  }

  /** A tile, or a coarser one that shows the same; undefined for none. */
  above({ level, x, y }) {
    for (let up = 0; up <= level; up++) {
      const found = this.get({ level: level - up, x: Math.floor(x / 2 ** up), y: Math.floor(y / 2 ** up) });
      if (found) return found;
    }
    return undefined;
  }

  forget(wanted) {
    const most = Math.max(FEWEST_KEPT, 2 * wanted.length);
    if (this.held.size <= most) return;
    const keys = new Set(wanted.map(keyOf));
    for (const key of this.held.keys()) {
      if (this.held.size <= most) return;
      if (!keys.has(key)) this.held.delete(key);
    }
  }

  /** The finest tile of at most this level that shows the pixel at a place, with the pixel; null for none. */
  at(place, left, top, level) {
    for (let l = level; l >= 0; l--) {
      const pixel = place.pixelAt(left, top, l);
      const tile = pixel && this.get(pixel.tile);
      if (!tile || Number.isNaN(tile.xs[pixel.column]) || Number.isNaN(tile.ys[pixel.row])) continue;
      if (!tile.isLook) return { ...pixel, tile };
      const [column, row] = [pixel.column, pixel.row].map((at) => at - (at % SAMPLED));
      const [i, j] = [[pixel.i, pixel.column - column], [pixel.j, pixel.row - row]].map(([at, by]) => String(BigInt(at) - BigInt(by)));
      return { tile, column, row, i, j };
    }
    return null;
  }
}

/** Asks the server for what is wanted, in its order, and tells it what is not wanted any more. */
export class Requests {
  /** `come` is called with each tile, `told` with a problem or "" for none, `changed` when there is less to come. */
  constructor(measures, { come, told, changed }) {
    Object.assign(this, { measures, come, told, changed, wanted: [], running: new Map(), refused: new Set() });
  }

  want(tiles) {
    this.wanted = tiles.filter((tile) => !this.refused.has(pathOf(tile)));
    const paths = new Set(this.wanted.map(pathOf));
    for (const [path, controller] of this.running) if (!paths.has(path)) controller.abort();
    this.next();
  }

  next() {
    for (const tile of this.wanted) {
      if (this.running.size >= AT_ONCE) return;
      if (!this.running.has(pathOf(tile))) this.ask(tile);
    }
  }

  async ask(tile) {
    const path = pathOf(tile);
    const controller = new AbortController();
    this.running.set(path, controller);
    let isOver = true;
    try {
      const answer = await fetch(path, { signal: controller.signal });
      if (answer.ok) {
        this.come(decoded(tile, await answer.arrayBuffer(), this.measures));
        this.told("");
      } else {
        this.refused.add(path);
        this.told((await answer.text()).trim());
      }
    } catch (error) {
      isOver = error.name !== "AbortError"; // it may be wanted again by now
      if (isOver) {
        this.refused.add(path);
        this.told("The explorer does not answer. Start the command again; what was computed is kept.");
      }
    }
    this.running.delete(path);
    if (isOver) this.wanted = this.wanted.filter((each) => pathOf(each) !== path);
    this.next();
    this.changed();
  }
}

/** The tiles of a static page: those that it holds, and the coarser ones, whose pixels are all pixels of finer ones. */
export async function heldTiles(base64, list, measures) {
  const stream = new Blob([bytesOfBase64(base64)]).stream().pipeThrough(new DecompressionStream("deflate"));
  const bytes = new Uint8Array(await new Response(stream).arrayBuffer());
  const words = bytes.length / 4;
  const joined = new Uint8Array(bytes.length);
  for (let k = 0; k < 4; k++) for (let i = 0; i < words; i++) joined[4 * i + k] = bytes[k * words + i];
  const tiles = new Tiles();
  list.forEach(([level, x, y], n) => {
    tiles.add(decoded({ level, x, y }, joined.buffer, measures, n * bytesOf(measures)));
  });
  const deepest = Math.max(...list.map(([level]) => level));
  for (let level = deepest; level > 0; level--) {
    for (const tile of [...tiles.held.values()]) if (tile.level === level) coarsen(tile, tiles, measures);
  }
  return tiles;
}

/** Give the pixels with even columns and rows of a tile to the one above, which is made if there is none. */
function coarsen(tile, tiles, measures) {
  const above = { level: tile.level - 1, x: Math.floor(tile.x / 2), y: Math.floor(tile.y / 2) };
  if (!tiles.get(above)) {
    const made = decoded(above, new ArrayBuffer(bytesOf(measures)), measures);
    for (const values of [made.xs, made.ys, ...Object.values(made.planes)]) values.fill(NaN);
    tiles.add({ ...made, isMade: true });
  }
  const into = tiles.get(above);
  if (!into.isMade) return;
  const half = TILE / 2;
  const [left, bottom] = [half * (tile.x % 2), half * (tile.y % 2)];
  for (let k = 0; k < half; k++) {
    into.xs[left + k] = tile.xs[2 * k];
    into.ys[bottom + k] = tile.ys[2 * k];
  }
  for (const { name } of measures) {
    const [from, to] = [tile.planes[name], into.planes[name]];
    for (let j = 0; j < half; j++) {
      for (let i = 0; i < half; i++) to[(bottom + j) * TILE + left + i] = from[2 * j * TILE + 2 * i];
    }
  }
}
