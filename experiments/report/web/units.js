// What each unit of a network computes over the plane.

import { forward } from "./network.js";
import { VALUES, blend, extent, interpolated, paintPixels, pixel, rgb } from "./plane.js";

const UNIT_SHADES = 255; // an odd number, so that the middle has one of its own
/** What a unit can give; the middle of it is the colour of the paper. Other units: as far as they go, around 0. */
const RANGES = { tanh: { low: -1, high: 1 }, sigmoid: { low: 0, high: 1 } };

/** The values of every unit, layer by layer: first the inputs themselves, last the outputs. */
export function valuesOf(parameters, { task, activation }, inputs) {
  return [inputs, ...forward(parameters, inputs, activation, task).A];
}

/** The range over which the values of a unit are coloured: of inputs and hidden units. */
function rangeOf(values, activation, isHidden) {
  if (isHidden && activation in RANGES) return RANGES[activation];
  const { low, high } = extent(values);
  const most = Math.max(Math.abs(low), Math.abs(high)) || 1;
  return { low: -most, high: most };
}

/** Colours from low to high through the middle; `names` are texts such as #0072b2. */
function shadesOf(names) {
  const ends = names.map(rgb);
  return Uint32Array.from({ length: UNIT_SHADES }, (_, k) => {
    const place = (k / (UNIT_SHADES - 1)) * (ends.length - 1);
    const below = Math.min(Math.floor(place), ends.length - 2);
    return pixel(blend(ends[below], ends[below + 1], place - below));
  });
}

/** The colours of units: those of the plane, and of every class. Made once for each theme. */
export class UnitColours {
  constructor({ points, shades, middle }) {
    this.signed = shadesOf([points[0], middle, points[1]]);
    this.classes = shades.map((shade) => shadesOf([middle, shade]));
    this.values = shadesOf(VALUES);
  }

  /** How a unit is coloured: [shades, range]. `layer` counts from the inputs; `last` is that of the outputs. */
  of(values, layer, unit, last, { task, activation }, target) {
    if (layer < last) return [this.signed, rangeOf(values, activation, layer > 0)];
    if (task === "regression") return [this.values, target];
    const probability = { low: 0, high: 1 };
    return task === "binary" ? [this.signed, probability] : [this.classes[unit % this.classes.length], probability];
  }
}

/** The colours of values, into an array of pixels. */
export function colourValues(pixels, values, shades, { low, high }) {
  const scale = high > low ? (UNIT_SHADES - 1) / (high - low) : 0;
  for (let i = 0; i < values.length; i++) {
    const shade = scale === 0 ? UNIT_SHADES >> 1 : Math.round((values[i] - low) * scale);
    pixels[i] = shades[shade < 0 ? 0 : shade < UNIT_SHADES ? shade : UNIT_SHADES - 1]; // of nan none: undefined becomes 0, clear
  }
}

/** Paint what one unit computes over the plane, and the points. */
export function paintUnit(canvas, parameters, how, plane, colours, isMoving, [layer, unit], unitColours) {
  paintPixels(canvas, plane, how.task, colours, isMoving, (pixels, width, height, inputs) => {
    const layers = valuesOf(parameters, how, inputs);
    const values = layers[layer][unit];
    const [shades, range] = unitColours.of(values, layer, unit, layers.length - 1, how, extent(plane.Y));
    colourValues(pixels, interpolated(values, width, height), shades, range);
  });
}

/** A unit in words: "x1", "layer 1, unit 3", "output", "output for class b". */
export function unitName(layer, unit, last, { feature_names, class_names, task }) {
  if (layer === 0) return feature_names[unit];
  if (layer < last) return `layer ${layer}, unit ${unit + 1}`;
  return task === "multiclass" ? `output for class ${class_names[unit]}` : "output";
}
