// The network of a pixel: trained by the server, with the bits of the map, or by the page itself, and its curve.

import { create, definitions, element, say } from "../../../report/web/elements.js";
import { bytesOfBase64 } from "../../../report/web/held.js";
import { Training } from "../../../report/web/network.js";
import { grouped, shownNumber, short } from "../../../report/web/words.js";
import { TILE } from "./place.js";

const [WIDTH, HEIGHT] = [320, 190]; // of the curve
const [CURVE_LEFT, CURVE_BOTTOM] = [46, 34];
const MOST_TIMES = 1e6; // the first cost: the curve leaves the picture above
const SLICE = 12; // milliseconds of training in a frame

export class Trained {
  constructor(subject) {
    Object.assign(this, { subject, count: 0 });
  }

  get isPossible() {
    return this.subject.is_served || this.subject.training !== null;
  }

  /** Train the network of a pixel {tile, column, row, i, j}, and show it. */
  async show(pixel) {
    this.count += 1;
    const { count } = this;
    const { tile, column, row } = pixel;
    const values = { x: tile.xs[column], y: tile.ys[row] };
    element("network").hidden = false;
    element("values").replaceChildren(...definitions(this.valuesOf(pixel)));
    say("ended", this.isPossible ? "Training ..." : "The map has no curve of it, and this page cannot train it.");
    element("curve").replaceChildren();
    if (!this.isPossible) return;
    try {
      const costs = await (this.subject.is_served ? this.ask(pixel) : this.train(values, count));
      if (count === this.count) this.draw(costs);
    } catch (error) {
      if (count === this.count) say("ended", error.message);
    }
  }

  /** What the map says of a pixel, in words: the values of its axes, with all digits or written by `write`; measures. */
  valuesOf({ tile, column, row }, write = String, shown = this.subject.measures) {
    const at = row * TILE + column;
    const { x, y, measures, lasted } = this.subject;
    const pairs = [[x.label, write(tile.xs[column])], [y.label, write(tile.ys[row])]];
    const sign = tile.planes[measures[0].name][at];
    pairs.push(["training", sign > 0 ? "converges" : "does not converge"]);
    for (const measure of new Set(shown)) {
      const { name, label } = measure;
      const value = tile.planes[name][at];
      if (name === measures[0].name) pairs.push([sign > 0 ? label : lasted, short(Math.abs(value))]);
      else if (!Number.isNaN(value)) pairs.push([label, shownNumber(measure, value)]);
    }
    return pairs;
  }

  async ask({ tile, i, j }) {
    let answer;
    try {
      answer = await fetch(`curve/${tile.level}/${i}/${j}`);
    } catch {
      throw new Error("The explorer does not answer. Start the command again.");
    }
    if (!answer.ok) throw new Error((await answer.text()).trim());
    return new Float64Array(await answer.arrayBuffer());
  }

  /** Train in this page, a slice in each frame; another click ends it. */
  async train({ x, y }, count) {
    const { training, x: xAxis, y: yAxis } = this.subject;
    const rows = (texts) => texts.map((text) => new Float64Array(bytesOfBase64(text).buffer));
    const how = { ...training.how, [xAxis.knob]: x, [yAxis.knob]: y };
    const network = new Training(rows(training.X), rows([training.Y])[0], how);
    const costs = [network.measure().cost];
    while (costs.length <= training.iterations && Number.isFinite(costs.at(-1)) && count === this.count) {
      const end = performance.now() + SLICE;
      do {
        network.step();
        costs.push(network.measure().cost);
      } while (costs.length <= training.iterations && Number.isFinite(costs.at(-1)) && performance.now() < end);
      await new Promise((done) => setTimeout(done));
    }
    return Float64Array.from(costs);
  }

  draw(costs) {
    const first = costs[0];
    const ended = costs.findIndex((cost) => !Number.isFinite(cost));
    const shown = ended < 0 ? costs : costs.subarray(0, ended);
    this.costs = costs;
    if (ended === 0) return say("ended", "Its cost is not finite from the start.");
    const last = shown.at(-1);
    const updates = shown.length - 1;
    const end = ended < 0 ? "" : ` After ${grouped(ended)} updates it is not finite.`;
    const how = this.subject.is_served ? "" : " Trained by this page, whose last bits differ: close to the boundary it may end otherwise.";
    say("ended", `Cost ${short(first)} at first, ${short(last)} after ${grouped(updates)} updates.${end}${how}`);
    const most = Math.min(shown.reduce((a, b) => Math.max(a, b)), MOST_TIMES * first);
    const least = shown.reduce((a, b) => (b > 0 ? Math.min(a, b) : a), first);
    const [low, high] = [least, most].map(Math.log10);
    const span = Math.max(high - low, 1e-9);
    const x = (k) => CURVE_LEFT + (k / Math.max(costs.length - 1, 1)) * (WIDTH - CURVE_LEFT - 8);
    const y = (cost) => 8 + ((high - Math.log10(Math.min(Math.max(cost, least), most))) / span) * (HEIGHT - CURVE_BOTTOM - 8);
    const path = Array.from(shown, (cost, k) => `${k ? "L" : "M"}${x(k).toFixed(1)} ${y(cost).toFixed(1)}`).join("");
    const bottom = HEIGHT - CURVE_BOTTOM;
    element("curve").replaceChildren(
      svg("path", { class: "frame", d: `M${CURVE_LEFT} 8V${bottom}H${WIDTH - 8}` }),
      svg("path", { class: "first", d: `M${CURVE_LEFT} ${y(first).toFixed(1)}H${WIDTH - 8}` }),
      svg("path", { class: "line", d: path }),
      label(CURVE_LEFT - 4, 12, "end", short(most)),
      label(CURVE_LEFT - 4, bottom, "end", short(least)),
      label(CURVE_LEFT, bottom + 14, "middle", "0"),
      label(WIDTH - 8, bottom + 14, "end", grouped(costs.length - 1)),
      label((CURVE_LEFT + WIDTH) / 2, HEIGHT - 4, "middle", "updates"),
      label(0, HEIGHT - 4, "start", "cost (log)"),
    );
    element("curve").setAttribute("aria-label", element("ended").textContent);
  }
}

function svg(name, attributes) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

function label(x, y, anchor, text) {
  const made = svg("text", { x, y, "text-anchor": anchor });
  made.textContent = text;
  return made;
}
