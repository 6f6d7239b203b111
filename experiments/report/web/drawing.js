// A drawing of a network: a tile for each unit, with what it computes over the plane, and a line for each weight.

import { create } from "./elements.js";
import { extent, gridOf } from "./plane.js";
import { colourValues, unitName, valuesOf } from "./units.js";
import { grouped, short } from "./words.js";

const SIDE = 24; // samples of a tile, each way
const MOST_UNITS = 8; // of a layer that are drawn
const MOST_LAYERS = 8; // hidden ones
const THICK = 5; // pixels of the thickest line
const STRONG = 1.5; // a weight from which a line may be thick
const KEYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

export class Drawing {
  /** `pick` is called with [layer, unit] of the unit under the pointer, or with the focus, and with null for none. */
  constructor(place, pick) {
    Object.assign(this, { place, pick, tiles: [], shape: null, held: null });
    this.lines = create("canvas");
    this.lines.className = "lines";
    this.lines.ariaHidden = "true";
    place.addEventListener("keydown", (event) => this.key(event));
    new ResizeObserver(() => this.measure()).observe(place);
  }

  /** Draw boxes for the units of a network on some data: `sizes` of the layers, from the inputs to the outputs. */
  load(data, sizes) {
    const shape = JSON.stringify([sizes, data.feature_names, data.class_names, Boolean(data.plane)]);
    Object.assign(this, { data, target: data.plane && extent(data.Y) });
    if (shape === this.shape) return;
    Object.assign(this, { shape, sizes, held: null, drawn: null });
    const last = sizes.length - 1;
    const hidden = Array.from({ length: last - 1 }, (_, k) => k + 1);
    const shown = [0, ...hidden.slice(0, MOST_LAYERS), last];
    this.tiles = [];
    const columns = shown.map((layer, column) => this.column(layer, column));
    if (hidden.length > MOST_LAYERS) columns.splice(-1, 0, note(`+${hidden.length - MOST_LAYERS} layers`));
    this.place.replaceChildren(this.lines, ...columns);
    this.place.ariaLabel = `Network of ${sizes.map(grouped).join(", ")} units, from the inputs to the outputs. Arrow keys move between units.`;
    this.place.classList.toggle("plain", !data.plane);
    this.measure();
  }

  column(layer, column) {
    const { data, sizes } = this;
    const made = create("div");
    made.className = "column";
    const count = Math.min(sizes[layer], MOST_UNITS);
    for (let unit = 0; unit < count; unit++) {
      const button = create("button");
      const canvas = create("canvas");
      Object.assign(canvas, { width: SIDE, height: SIDE });
      button.type = "button";
      button.className = "unit";
      button.tabIndex = column === 0 && unit === 0 ? 0 : -1;
      button.ariaLabel = unitName(layer, unit, sizes.length - 1, data);
      button.title = button.ariaLabel;
      if (data.plane) button.append(canvas);
      const context = canvas.getContext("2d");
      const image = context.createImageData(SIDE, SIDE);
      const tile = { layer, unit, column, button, context, image, pixels: new Uint32Array(image.data.buffer) };
      button.addEventListener("pointerenter", ({ pointerType }) => pointerType === "mouse" && this.pick([layer, unit]));
      button.addEventListener("pointerleave", ({ pointerType }) => pointerType === "mouse" && this.pick(this.held));
      button.addEventListener("focus", () => button.matches(":focus-visible") && this.pick([layer, unit]));
      button.addEventListener("blur", () => this.pick(this.held));
      button.addEventListener("click", () => this.hold(tile));
      this.tiles.push(tile);
      made.append(button);
    }
    if (sizes[layer] > count) made.append(note(`+${grouped(sizes[layer] - count)}`));
    return made;
  }

  /** A click keeps a unit shown; another one lets it go. */
  hold({ layer, unit }) {
    const isHeld = this.held?.[0] === layer && this.held?.[1] === unit;
    this.held = isHeld ? null : [layer, unit];
    for (const tile of this.tiles) {
      tile.button.ariaPressed = String(!isHeld && tile.layer === layer && tile.unit === unit);
    }
    this.pick(this.held);
  }

  /** Arrow keys move from unit to unit. */
  key(event) {
    const from = this.tiles.find(({ button }) => button === event.target);
    const step = KEYS[event.key];
    if (!from || !step) return;
    event.preventDefault();
    const column = this.tiles.filter((tile) => tile.column === from.column + step[0]);
    const next = column[Math.min(Math.max(from.unit + step[1], 0), column.length - 1)];
    if (!next) return;
    from.button.tabIndex = -1;
    next.button.tabIndex = 0;
    next.button.focus();
  }

  /** Where the ends of the lines are. */
  measure() {
    const { place, lines } = this;
    const box = place.getBoundingClientRect();
    const scale = window.devicePixelRatio || 1;
    Object.assign(lines, { width: Math.round(box.width * scale), height: Math.round(box.height * scale) });
    for (const tile of this.tiles) {
      const { left, right, top, bottom } = tile.button.getBoundingClientRect();
      tile.ends = { left: (left - box.left) * scale, right: (right - box.left) * scale, y: ((top + bottom) / 2 - box.top) * scale };
    }
    if (this.drawn) this.draw(...this.drawn);
  }

  /** Draw the values of the units and the weights; `colours` are those of the plane. */
  draw(parameters, how, colours, unitColours) {
    this.drawn = [parameters, how, colours, unitColours];
    if (!this.lines.width) return; // not on the page now
    if (this.data.plane) this.drawTiles(parameters, how, unitColours);
    this.drawLines(parameters, colours);
  }

  drawTiles(parameters, how, unitColours) {
    const { data, sizes } = this;
    const values = parameters && valuesOf(parameters, how, gridOf(data.plane, SIDE));
    for (const { layer, unit, context, image, pixels } of this.tiles) {
      if (values) {
        const own = values[layer][unit];
        colourValues(pixels, own, ...unitColours.of(own, layer, unit, sizes.length - 1, how, this.target));
      } else {
        pixels.fill(0);
      }
      context.putImageData(image, 0, 0);
    }
  }

  drawLines(parameters, colours) {
    const context = this.lines.getContext("2d");
    context.clearRect(0, 0, this.lines.width, this.lines.height);
    if (!parameters) return;
    const scale = window.devicePixelRatio || 1;
    for (let layer = 1; layer < this.sizes.length; layer++) {
      const [from, to] = [layer - 1, layer].map((of) => this.tiles.filter((tile) => tile.layer === of));
      const { W } = parameters[layer - 1];
      let largest = STRONG;
      for (const { unit } of to) for (const below of from) largest = Math.max(largest, Math.abs(W[unit][below.unit]));
      for (const above of to) {
        for (const below of from) {
          const weight = W[above.unit][below.unit];
          const strength = Math.abs(weight) / largest;
          if (!Number.isFinite(strength)) continue;
          const [x1, x2] = [below.ends.right, above.ends.left];
          const middle = (x1 + x2) / 2;
          context.beginPath();
          context.moveTo(x1, below.ends.y);
          context.bezierCurveTo(middle, below.ends.y, middle, above.ends.y, x2, above.ends.y);
          context.strokeStyle = colours.points[weight < 0 ? 0 : 1];
          context.globalAlpha = 0.25 + 0.75 * strength;
          context.lineWidth = scale * (0.4 + (THICK - 0.4) * strength);
          context.stroke();
        }
      }
    }
    context.globalAlpha = 1;
  }

  /** A unit in words, with its bias. */
  nameOf([layer, unit], parameters) {
    const name = unitName(layer, unit, this.sizes.length - 1, this.data);
    return layer === 0 || !parameters ? name : `${name}, bias ${short(parameters[layer - 1].b[unit])}`;
  }
}

function note(text) {
  const made = create("span", text);
  made.className = "more-units";
  return made;
}
