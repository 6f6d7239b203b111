// The map on its canvas: tiles, coarse ones until the fine ones are there, and the axes.

import { ticksOf } from "./axes.js";
import { TILE } from "./place.js";

const COARSER = 12; // levels above the wanted one that may fill in
const [LEFT, BOTTOM, RIGHT, TOP] = [64, 44, 12, 8]; // CSS pixels around the map
const APART = { x: 90, y: 40 }; // CSS pixels from tick to tick

export class Drawing {
  constructor(canvas, place, tiles, axes) {
    Object.assign(this, { canvas, place, tiles, axes, context: canvas.getContext("2d"), cross: null, marked: null });
  }

  /** Fit the canvas to its place on the page. */
  resize() {
    const { width, height } = this.canvas.getBoundingClientRect();
    this.ratio = window.devicePixelRatio || 1;
    const [across, down] = [width, height].map((length) => Math.max(1, Math.round(length * this.ratio)));
    if (this.canvas.width !== across || this.canvas.height !== down) Object.assign(this.canvas, { width: across, height: down });
    this.place.resize(width - LEFT - RIGHT, height - TOP - BOTTOM);
  }

  /** CSS pixels on the map of an event of a pointer. */
  pointOf({ clientX, clientY }) {
    const box = this.canvas.getBoundingClientRect();
    return [clientX - box.left - LEFT, clientY - box.top - TOP];
  }

  /** The same, or null beside the map. */
  pointOn(event) {
    const [left, top] = this.pointOf(event);
    return left >= 0 && top >= 0 && left < this.place.width && top < this.place.height ? [left, top] : null;
  }

  draw(level, colours) {
    const { context, place, ratio } = this;
    const style = getComputedStyle(this.canvas);
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, this.canvas.width, this.canvas.height);
    context.save();
    context.translate(LEFT, TOP);
    context.beginPath();
    context.rect(0, 0, place.width, place.height);
    context.clip();
    context.fillStyle = style.getPropertyValue("--empty");
    context.fillRect(0, 0, place.width, place.height);
    context.imageSmoothingEnabled = false;
    for (let l = Math.max(0, level - COARSER); l <= level; l++) {
      for (const at of place.tilesOf(l)) {
        const tile = this.tiles.get(at);
        if (tile) this.drawTile(tile, colours);
      }
    }
    if (this.marked) this.drawMark(this.marked);
    if (this.cross) this.drawCross();
    context.restore();
    this.drawAxes(style);
  }

  /** The visible pixels of a tile, whose edges lie on pixels of the screen: neighbours meet without a gap. */
  drawTile(tile, colours) {
    const { place, context } = this;
    const [left, bottom] = place.cornerOf(tile);
    const pixel = place.sizeOf(tile.level) / TILE;
    const first = (start) => Math.min(Math.max(Math.floor(-start / pixel), 0), TILE);
    const last = (start, length) => Math.min(Math.max(Math.ceil((length - start) / pixel), 0), TILE);
    const top = bottom - TILE * pixel;
    const [a, b, c, d] = [first(left), last(left, place.width), first(top), last(top, place.height)];
    if (b <= a || d <= c) return;
    const [x0, x1] = [a, b].map((k) => this.snapped(left + k * pixel));
    const [y0, y1] = [c, d].map((k) => this.snapped(top + k * pixel));
    context.drawImage(colours.draw(tile), a, c, b - a, d - c, x0, y0, x1 - x0, y1 - y0);
  }

  snapped(length) {
    return Math.round(length * this.ratio) / this.ratio;
  }

  /** A ring around the pixel of the network that is shown. */
  drawMark({ tile, column, row }) {
    const { place, context } = this;
    const [left, bottom] = place.cornerOf(tile);
    const pixel = place.sizeOf(tile.level) / TILE;
    const radius = Math.max(6, pixel);
    for (const [width, colour] of [[4, "#000"], [2, "#fff"]]) {
      context.beginPath();
      context.arc(left + (column + 0.5) * pixel, bottom - (row + 0.5) * pixel, radius, 0, 2 * Math.PI);
      context.lineWidth = width;
      context.strokeStyle = colour;
      context.stroke();
    }
  }

  /** In the middle, for the keyboard. */
  drawCross() {
    const { place, context } = this;
    const [x, y] = [place.width / 2, place.height / 2];
    for (const [width, colour] of [[4, "#000"], [2, "#fff"]]) {
      context.beginPath();
      context.moveTo(x - 9, y);
      context.lineTo(x + 9, y);
      context.moveTo(x, y - 9);
      context.lineTo(x, y + 9);
      context.lineWidth = width;
      context.strokeStyle = colour;
      context.stroke();
    }
  }

  drawAxes(style) {
    const { context, place } = this;
    const { width, height } = place;
    const [left, bottom] = place.fractionsAt(0, height);
    const [right, top] = place.fractionsAt(width, 0);
    const [x, y] = [
      ticksOf(this.axes.x, left, right, Math.floor(width / APART.x)),
      ticksOf(this.axes.y, bottom, top, Math.floor(height / APART.y)),
    ];
    context.fillStyle = context.strokeStyle = style.color;
    context.font = `12px ${style.fontFamily}`;
    context.lineWidth = 1;
    context.strokeRect(LEFT - 0.5, TOP - 0.5, width + 1, height + 1);
    context.textAlign = "center";
    context.textBaseline = "top";
    for (const { at, text } of x.ticks) {
      const place = LEFT + ((at - left) / (right - left)) * width;
      context.fillRect(Math.round(place), TOP + height, 1, 5);
      context.fillText(text, place, TOP + height + 7);
    }
    context.fillText(x.title, LEFT + width / 2, TOP + height + 25, width + LEFT);
    context.textAlign = "right";
    context.textBaseline = "middle";
    for (const { at, text } of y.ticks) {
      const place = TOP + height - ((at - bottom) / (top - bottom)) * height;
      context.fillRect(LEFT - 6, Math.round(place), 5, 1);
      context.fillText(text, LEFT - 8, place, LEFT - 24);
    }
    context.textAlign = "center";
    context.translate(8, TOP + height / 2);
    context.rotate(-Math.PI / 2);
    context.fillText(y.title, 0, 0, height);
  }
}
