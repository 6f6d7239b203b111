// The legend of the plane: the mark of each class, or the scale of values.

import { create } from "./elements.js";
import { MARKS, VALUES, extent, markOfClass } from "./plane.js";
import { grouped, short } from "./words.js";

const SVG = "http://www.w3.org/2000/svg";
const MOST_CLASSES = 20; // that are named
const IDS = ["class-zero", "class-one"]; // of the texts of two classes

export function fillLegend(legend, data, colours) {
  const entries = data.task === "regression" ? valueEntries(data) : classEntries(data, colours.points);
  legend.replaceChildren(...entries);
}

function classEntries({ class_names }, points) {
  const shown = class_names.slice(0, MOST_CLASSES).map((name, k) => {
    const entry = create("span");
    const text = create("span", `class ${name}`);
    if (k in IDS) text.id = IDS[k];
    entry.append(mark(MARKS[markOfClass(k)], points[k % points.length]), " ", text);
    return entry;
  });
  const left = class_names.length - shown.length;
  return left > 0 ? [...shown, create("span", `and ${grouped(left)} more`)] : shown;
}

function mark(path, colour) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "-1.35 -1.35 2.7 2.7");
  svg.setAttribute("aria-hidden", "true");
  const shape = document.createElementNS(SVG, "path");
  shape.setAttribute("d", path);
  shape.setAttribute("fill", colour);
  svg.append(shape);
  return svg;
}

/** The lowest and highest value in units of the target, with the colour scale between them. */
function valueEntries({ Y, target }) {
  const { name, mean, deviation } = target ?? { name: "", mean: 0, deviation: 1 };
  const { low, high } = extent(Y);
  const scale = create("span");
  scale.className = "scale";
  scale.ariaHidden = "true";
  scale.style.background = `linear-gradient(to right, ${VALUES.join(", ")})`;
  const inUnits = (value) => create("span", short(mean + deviation * value));
  return [create("span", name), inUnits(low), scale, inUnits(high)];
}
