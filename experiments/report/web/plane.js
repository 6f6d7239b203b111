// The prediction of a network for every point of a plane, painted pixel by pixel.

import { forward } from "./network.js";
import { winner } from "./outputs.js";

/** Steps of the grid on which the network is asked, between which it is interpolated; fewer while it trains. */
const STEPS = { still: 90, moving: 45 };
const MOST_POINTS = 2000;
const SHADES = 256; // of a colour
const BANDS = 12; // of values: where one ends, a line is drawn

/** Edges of points on colours of values: a dark one around a light one. */
const EDGES_ON_VALUES = [[() => "#222222", 0.7], [() => "#ffffff", 0.35]];

/** Marks of the classes, of about equal area, around a point, for a radius of 1. */
export const MARKS = [
  "M1 0A1 1 0 1 1 -1 0A1 1 0 1 1 1 0Z",
  "M0 -1.2L1.1 .8L-1.1 .8Z",
  "M-.9 -.9H.9V.9H-.9Z",
  "M0 -1.3L1.2 0L0 1.3L-1.2 0Z",
  "M0 1.2L1.1 -.8L-1.1 -.8Z",
  "M-.4 -1.2H.4V-.4H1.2V.4H.4V1.2H-.4V.4H-1.2V-.4H-.4Z",
  "M0 -1.2L1.14 -.37L.71 .97L-.71 .97L-1.14 -.37Z",
  "M-1.1 -.6L-.6 -1.1L0 -.5L.6 -1.1L1.1 -.6L.5 0L1.1 .6L.6 1.1L0 .5L-.6 1.1L-1.1 .6L-.5 0Z",
];

/** The colours of values, from low to high: viridis, dark to light. */
export const VALUES = ["#440154", "#472d7b", "#3b528b", "#2c728e", "#21918c", "#28ae80", "#5ec962", "#addc30", "#fde725"];

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
    const { low, high } = extent(row);
    const span = high > low ? high - low : 1;
    return { low: low - 0.08 * span, high: high + 0.08 * span, span };
  });
  const ratio = ends[0].span / ends[1].span;
  return { x: ends[0], y: ends[1], ratio: ratio > 1 / 3 && ratio < 3 ? ratio : 1 };
}

/** With more classes than colours, colours repeat with other marks. */
export function markOfClass(k) {
  return (k + Math.floor(k / MARKS.length)) % MARKS.length;
}

export function extent(values) {
  return { low: values.reduce((a, b) => Math.min(a, b)), high: values.reduce((a, b) => Math.max(a, b)) };
}

/** Red, green and blue, from 0 to 255, of a colour such as #0072b2. */
export function rgb(colour) {
  return colour.match(/\w\w/g).map((pair) => parseInt(pair, 16));
}

/**
 * Paint the plane, the lines where the answer changes, and the points. ``how``: task and activation of the network,
 * whose parameters may be null. Colours are texts such as #0072b2: ``shades`` and ``points``, one for each class, which
 * may come again, ``middle`` where nothing is known, ``line``, and ``edge`` of points.
 */
export function paint(canvas, parameters, how, plane, colours, isMoving = false) {
  paintPixels(canvas, plane, how.task, colours, isMoving, (pixels, width, height, inputs) => {
    if (parameters === null) {
      pixels.fill(pixel(rgb(colours.middle)));
      return;
    }
    const outputs = forward(parameters, inputs, how.activation, how.task).A.at(-1);
    const grids = outputs.map((grid) => interpolated(grid, width, height));
    const wide = isMoving ? 1 : 2;
    if (how.task === "regression") shadeValues(pixels, grids[0], width, extent(plane.Y), colours);
    else if (how.task === "binary") shadeTwo(pixels, grids[0], width, colours, wide);
    else shadeClasses(pixels, grids, width, colours, wide);
  });
}

/**
 * Paint the plane by a function of its pixels, width, height, and the network's inputs on a grid, and the points on it;
 * test points are hollow. While the network trains, with half the pixels each way.
 */
export function paintPixels(canvas, plane, task, colours, isMoving, shade) {
  const context = canvas.getContext("2d");
  const { small, image } = sketchOf(canvas, isMoving ? 2 : 1);
  const { width, height } = small;
  shade(new Uint32Array(image.data.buffer), width, height, gridOf(plane, isMoving ? STEPS.moving : STEPS.still));
  small.getContext("2d").putImageData(image, 0, 0);
  context.drawImage(small, 0, 0, canvas.width, canvas.height);
  context.drawImage(pointsOf(canvas, plane, task, colours), 0, 0);
}

const sketches = new WeakMap(); // by canvas: what is painted before it is drawn there

/** A canvas for the pixels, and its pixels: as large as another one, or smaller by a factor. */
function sketchOf(canvas, factor) {
  const [width, height] = [canvas.width, canvas.height].map((size) => Math.round(size / factor));
  const known = sketches.get(canvas) ?? {};
  sketches.set(canvas, known);
  const { small } = known[factor] ?? {};
  if (small?.width !== width || small.height !== height) {
    const made = Object.assign(document.createElement("canvas"), { width, height });
    known[factor] = { small: made, image: made.getContext("2d").createImageData(width, height) };
  }
  return known[factor];
}

const drawnPoints = new WeakMap(); // by canvas: its points, which do not change in training

/** A picture of the points of the plane, as large as the canvas. */
function pointsOf(canvas, plane, task, colours) {
  const { width, height } = canvas;
  const wanted = [plane.points, plane.Y, plane.test_points, task, width, height, ...colours.points, colours.edge];
  const known = drawnPoints.get(canvas);
  if (known && known.wanted.every((value, k) => value === wanted[k])) return known.picture;
  const picture = document.createElement("canvas");
  Object.assign(picture, { width, height });
  const context = picture.getContext("2d");
  const view = limits(plane.points);
  const isRegression = task === "regression";
  const colour = isRegression ? ofValues(extent(plane.Y), hex) : (y) => colours.points[y % colours.points.length];
  const edge = () => colours.edge;
  const mark = isRegression ? () => 0 : markOfClass;
  if (plane.test_points) drawPoints(context, plane.test_points, plane.Y_test, view, edge, mark, [[colour, 1 / 2]]);
  drawPoints(context, plane.points, plane.Y, view, colour, mark, isRegression ? EDGES_ON_VALUES : [[edge, 1 / 4]]);
  drawnPoints.set(canvas, { wanted, picture });
  return picture;
}

const knownGrids = new WeakMap(); // by points: the inputs on the last grids, which do not change in training

/** The network's inputs on a grid of `side` rows, from the top, with `side` points each. */
export function gridOf(plane, side) {
  const known = knownGrids.get(plane.points)?.find((grid) => grid.side === side && grid.terms === plane.terms);
  if (known) return known.inputs;
  const { x, y } = limits(plane.points);
  const at = (low, high, k) => low + ((high - low) * k) / (side - 1);
  const grid = { length: side * side };
  const inputs = computed(plane.terms, [
    Float64Array.from(grid, (_, i) => at(x.low, x.high, i % side)),
    Float64Array.from(grid, (_, i) => at(y.high, y.low, Math.floor(i / side))),
  ]);
  knownGrids.set(plane.points, [...(knownGrids.get(plane.points) ?? []), { side, terms: plane.terms, inputs }].slice(-4));
  return inputs;
}

/** The numbers of a square grid, interpolated at every pixel. */
export function interpolated(grid, width, height) {
  const steps = Math.sqrt(grid.length);
  const result = new Float64Array(width * height);
  for (let row = 0; row < height; row++) {
    const y = (row * (steps - 1)) / (height - 1);
    const top = Math.min(Math.floor(y), steps - 2);
    const v = y - top;
    for (let column = 0; column < width; column++) {
      const x = (column * (steps - 1)) / (width - 1);
      const left = Math.min(Math.floor(x), steps - 2);
      const u = x - left;
      const k = top * steps + left;
      const above = grid[k] * (1 - u) + grid[k + 1] * u;
      const below = grid[k + steps] * (1 - u) + grid[k + steps + 1] * u;
      result[row * width + column] = above * (1 - v) + below * v;
    }
  }
  return result;
}

/** The shade of the most likely class at every pixel, and the lines between classes. */
function shadeClasses(pixels, probabilities, width, colours, wide) {
  const shades = shadesOfClasses(probabilities.length, colours);
  const sides = new Uint16Array(pixels.length);
  for (let i = 0; i < pixels.length; i++) {
    sides[i] = winner(probabilities, i);
    pixels[i] = shades[sides[i]][Math.round((SHADES - 1) * probabilities[sides[i]][i])];
  }
  drawLines(pixels, sides, width, pixel(rgb(colours.line)), wide);
}

/** The same for two classes, by the probability of the second one. */
function shadeTwo(pixels, probabilities, width, colours, wide) {
  const [zero, one] = shadesOfClasses(2, colours);
  const sides = new Uint8Array(pixels.length);
  for (let i = 0; i < pixels.length; i++) {
    const p = probabilities[i];
    sides[i] = p > 0.5;
    pixels[i] = p > 0.5 ? one[Math.round((SHADES - 1) * p)] : zero[Math.round((SHADES - 1) * (1 - p))];
  }
  drawLines(pixels, sides, width, pixel(rgb(colours.line)), wide);
}

/** The shades of each class, by its probability. */
function shadesOfClasses(classes, colours) {
  const middle = rgb(colours.middle);
  return Array.from({ length: classes }, (_, k) => {
    const end = rgb(colours.shades[k % colours.shades.length]);
    return Uint32Array.from({ length: SHADES }, (_, step) => {
      const strength = Math.max(0, (step / (SHADES - 1) - 1 / classes) / (1 - 1 / classes));
      return pixel(blend(middle, end, strength));
    });
  });
}

/** The colour of the value at every pixel, and lines at equal steps. */
function shadeValues(pixels, values, width, { low, high }, colours) {
  const shades = Uint32Array.from({ length: BANDS }, (_, k) => pixel(ofValues({ low: 0, high: BANDS - 1 })(k)));
  const bands = new Uint16Array(pixels.length);
  for (let i = 0; i < pixels.length; i++) {
    const part = high > low ? (values[i] - low) / (high - low) : 0.5;
    bands[i] = Math.min(Math.max(Math.floor(BANDS * part), 0), BANDS - 1);
    pixels[i] = shades[bands[i]];
  }
  drawLines(pixels, bands, width, pixel(blend(rgb(colours.line), rgb(colours.middle), 0.4)), 1);
}

/** Lines of the given width in pixels between regions. */
function drawLines(pixels, sides, width, line, wide) {
  for (let i = 0; i < pixels.length; i++) {
    const below = i + wide * width < sides.length ? sides[i + wide * width] : sides[i];
    const beside = i % width < width - wide ? sides[i + wide] : sides[i];
    if (sides[i] !== below || sides[i] !== beside) pixels[i] = line;
  }
}

/** A function from a value to its colour, clipped at the ends. */
function ofValues({ low, high }, written = (colour) => colour) {
  return (value) => {
    const part = high > low ? (value - low) / (high - low) : 0.5;
    const place = Math.min(Math.max(part, 0), 1) * (VALUES.length - 1);
    const below = Math.min(Math.floor(place), VALUES.length - 2);
    return written(blend(rgb(VALUES[below]), rgb(VALUES[below + 1]), place - below));
  };
}

function hex(colour) {
  return `#${colour.map((part) => part.toString(16).padStart(2, "0")).join("")}`;
}

export function blend(from, to, part) {
  return from.map((start, k) => Math.round(start + (to[k] - start) * part));
}

export function pixel([r, g, b]) {
  return (0xff000000 | (b << 16) | (g << 8) | r) >>> 0; // little-endian, as every processor that browsers run on
}

/** A point's colour and mark follow from its class or value; ``edges`` are pairs of a colour and a width. */
function drawPoints(context, points, Y, { x, y }, fill, markOf, edges) {
  const { width, height } = context.canvas;
  const every = Math.ceil(Y.length / MOST_POINTS);
  const size = width / 110;
  const marks = MARKS.map((mark) => new Path2D(mark));
  for (let i = 0; i < Y.length; i += every) {
    const px = ((points[0][i] - x.low) / (x.high - x.low)) * width;
    const py = ((y.high - points[1][i]) / (y.high - y.low)) * height;
    const mark = marks[markOf(Y[i])];
    context.setTransform(size, 0, 0, size, px, py);
    context.fillStyle = fill(Y[i]);
    context.fill(mark);
    for (const [edge, wide] of edges) {
      context.strokeStyle = edge(Y[i]);
      context.lineWidth = wide;
      context.stroke(mark);
    }
  }
  context.resetTransform();
}
