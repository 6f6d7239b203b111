// The decision boundary, painted pixel by pixel: what the network says of every point of the plane.

import { forward } from "./network.js";

const STEPS = 90; // of the grid on which the network is asked; between them it is interpolated
const MOST_POINTS = 2000;

/** The network's inputs at points of the plane: terms such as [1], [1, 2] (a product) and "sin" of one. */
export function computed(terms, inputs) {
  return terms.map(({ factors, sine }) =>
    Float64Array.from(inputs[0], (_, i) => {
      const value = factors.reduce((product, factor) => product * inputs[factor][i], 1);
      return sine ? Math.sin(value) : value;
    }),
  );
}

/** Limits with a margin around points, and the shape of the picture: equal scales unless that would flatten it. */
export function limits(points) {
  const ends = points.map((row) => {
    const low = row.reduce((a, b) => Math.min(a, b));
    const high = row.reduce((a, b) => Math.max(a, b));
    const span = high > low ? high - low : 1;
    return { low: low - 0.08 * span, high: high + 0.08 * span, span };
  });
  const ratio = ends[0].span / ends[1].span;
  return { x: ends[0], y: ends[1], ratio: ratio > 1 / 3 && ratio < 3 ? ratio : 1 };
}

/** The probability of class 1 on a grid over the plane: STEPS rows from the top, STEPS numbers each. */
function probabilities(parameters, activation, plane, { x, y }) {
  const at = (low, high, k) => low + ((high - low) * k) / (STEPS - 1);
  const grid = { length: STEPS * STEPS };
  const points = [
    Float64Array.from(grid, (_, i) => at(x.low, x.high, i % STEPS)),
    Float64Array.from(grid, (_, i) => at(y.high, y.low, Math.floor(i / STEPS))),
  ];
  return forward(parameters, computed(plane.terms, points), activation).A.at(-1)[0];
}

/** Paint the plane, the boundary where the probability is 1/2, and the points. Shades and line are [r, g, b]. */
export function paint(canvas, parameters, activation, plane, colours) {
  const view = limits(plane.points);
  const context = canvas.getContext("2d");
  const { width, height } = canvas;
  const image = context.createImageData(width, height);
  const pixels = new Uint32Array(image.data.buffer);
  if (parameters === null) {
    pixels.fill(pixel(colours.middle));
  } else {
    shade(pixels, interpolated(probabilities(parameters, activation, plane, view), width, height), width, colours);
  }
  context.putImageData(image, 0, 0);
  drawPoints(context, plane, view, colours);
}

/** The probabilities of a grid at every pixel, between whose points they are interpolated. */
function interpolated(grid, width, height) {
  const result = new Float64Array(width * height);
  for (let row = 0; row < height; row++) {
    const y = (row * (STEPS - 1)) / (height - 1);
    const top = Math.min(Math.floor(y), STEPS - 2);
    const v = y - top;
    for (let column = 0; column < width; column++) {
      const x = (column * (STEPS - 1)) / (width - 1);
      const left = Math.min(Math.floor(x), STEPS - 2);
      const u = x - left;
      const k = top * STEPS + left;
      const above = grid[k] * (1 - u) + grid[k + 1] * u;
      const below = grid[k + STEPS] * (1 - u) + grid[k + STEPS + 1] * u;
      result[row * width + column] = above * (1 - v) + below * v;
    }
  }
  return result;
}

/** A colour for every pixel: from that of class 0 to that of class 1, and the line where the side changes. */
function shade(pixels, p, width, colours) {
  const shades = Uint32Array.from({ length: 256 }, (_, k) => pixel(blend(k / 255, colours)));
  const line = pixel(colours.line);
  for (let i = 0; i < pixels.length; i++) {
    const side = p[i] > 0.5;
    const below = i + 2 * width < p.length ? p[i + 2 * width] > 0.5 : side;
    const beside = i % width < width - 2 ? p[i + 2] > 0.5 : side;
    pixels[i] = side !== below || side !== beside ? line : shades[Math.round(255 * p[i])];
  }
}

function blend(p, { zero, middle, one }) {
  const end = p < 0.5 ? zero : one;
  const part = Math.abs(2 * p - 1);
  return middle.map((m, k) => Math.round(m + (end[k] - m) * part));
}

function pixel([r, g, b]) {
  return (0xff000000 | (b << 16) | (g << 8) | r) >>> 0; // little-endian, as every processor that browsers run on
}

function drawPoints(context, plane, { x, y }, colours) {
  const { width, height } = context.canvas;
  const every = Math.ceil(plane.Y.length / MOST_POINTS);
  const size = width / 110;
  context.lineWidth = size / 4;
  for (let i = 0; i < plane.Y.length; i += every) {
    const px = ((plane.points[0][i] - x.low) / (x.high - x.low)) * width;
    const py = ((y.high - plane.points[1][i]) / (y.high - y.low)) * height;
    context.beginPath();
    if (plane.Y[i] === 1) {
      context.moveTo(px, py - 1.2 * size);
      context.lineTo(px + 1.1 * size, py + 0.8 * size);
      context.lineTo(px - 1.1 * size, py + 0.8 * size);
      context.closePath();
    } else {
      context.arc(px, py, size, 0, 2 * Math.PI);
    }
    context.fillStyle = plane.Y[i] === 1 ? colours.pointOne : colours.pointZero;
    context.strokeStyle = colours.edge;
    context.fill();
    context.stroke();
  }
}
