// The page: a map to walk around in.

import { copyText, definitions, element, option, say } from "../../../report/web/elements.js";
import { embedded } from "../../../report/web/held.js";
import { countOf, shownNumber, short } from "../../../report/web/words.js";
import { valueAt } from "./axes.js";
import { Colours } from "./colours.js";
import { Drawing } from "./drawing.js";
import { Moves } from "./moves.js";
import { Place, TILE } from "./place.js";
import { Requests, Tiles, heldTiles } from "./tiles.js";
import { Trained } from "./trained.js";

const SIZES = [1, 2, 4, 8]; // CSS pixels of a network
const COARSEST = 3; // levels above the wanted one with which a new place begins
const PAUSE = 120; // milliseconds after a move until colours are ranked again

class Explorer {
  constructor(subject, tiles) {
    Object.assign(this, { subject, tiles, trained: new Trained(subject), colours: null, pending: 0 });
    this.place = new Place(subject.deepest);
    this.drawing = new Drawing(element("canvas"), this.place, tiles, subject);
    this.requests = subject.is_served ? this.requested() : null;
    this.moves = new Moves(element("map"), this.drawing, {
      moved: () => this.moved(),
      clicked: (point) => this.click(point),
      over: (point) => this.over(point),
    });
    this.controls();
    this.drawing.resize();
    if (subject.start) this.place.show(subject.start);
    else this.place.showAll();
    this.moved();
    if (tiles.held.size) this.rank();
  }

  requested() {
    return new Requests(this.subject.measures, {
      come: (tile) => this.come(tile),
      told: (text) => say("problem", text),
      changed: () => this.count(),
    });
  }

  controls() {
    const { subject } = this;
    element("measure").replaceChildren(...subject.measures.map(({ name, label }) => option(name, label)));
    element("size").replaceChildren(...SIZES.map((size) => option(size, size === 1 ? "≥ 1 pixel" : `≥ ${size} pixels`)));
    element("size").value = subject.is_served ? 4 : 1;
    for (const id of ["measure", "colouring"]) element(id).addEventListener("change", () => this.rank());
    element("size").addEventListener("change", () => this.moved());
    element("in").addEventListener("click", () => this.moves.zoom(1));
    element("out").addEventListener("click", () => this.moves.zoom(-1));
    element("all").addEventListener("click", () => this.moves.all());
    element("copy-map").addEventListener("click", () => this.copy(this.mapCommand()));
    element("copy-grid").addEventListener("click", () => this.copy(this.gridCommand()));
    const box = element("map");
    box.addEventListener("focus", () => this.showCross(box.matches(":focus-visible")));
    box.addEventListener("blur", () => this.showCross(false));
    new ResizeObserver(() => {
      this.drawing.resize();
      this.moved();
    }).observe(element("canvas"));
    for (const query of ["(prefers-color-scheme: dark)", "print"]) matchMedia(query).addEventListener("change", () => this.draw());
  }

  /** The finest level whose pixels are at least as large as chosen. */
  get level() {
    const wanted = Math.floor(this.place.zoom - Math.log2(Number(element("size").value)));
    return Math.min(Math.max(wanted, 0), this.subject.deepest);
  }

  /** After a move: draw what is there, ask for what is missing, coarse to fine, from the middle outwards. */
  moved() {
    this.draw();
    this.ask();
    this.rankLater();
  }

  rankLater() {
    clearTimeout(this.later);
    this.later = setTimeout(() => this.rank(), PAUSE);
  }

  ask() {
    if (!this.requests) return;
    const { level, place, tiles } = this;
    const missing = [];
    for (let l = Math.max(0, level - COARSEST); l <= level; l++) {
      missing.push(...place.tilesOf(l).filter((tile) => !tiles.has(tile)));
    }
    // Where nothing is known, a sixteenth of the first tiles comes first.
    const unknown = missing.filter((tile) => tile.level === missing[0].level && !tiles.above(tile));
    missing.unshift(...unknown.map((tile) => ({ ...tile, isLook: true })));
    tiles.forget(place.tilesOf(level));
    this.requests.want(missing);
    this.count();
  }

  count() {
    const left = this.requests?.wanted.length ?? 0;
    say("left", left ? `${countOf(left, "tile")} to come` : "");
    document.documentElement.dataset.left = String(left);
  }

  come(tile) {
    this.tiles.add(tile);
    if (!this.colours) this.rank();
    this.draw();
    this.rankLater();
  }

  /** Colours for what is visible now. */
  rank() {
    const { subject, place, tiles } = this;
    const measure = subject.measures.find(({ name }) => name === element("measure").value);
    let shown = [];
    for (let l = this.level; l >= 0 && shown.length === 0; l--) shown = place.tilesOf(l).map((tile) => tiles.get(tile)).filter(Boolean);
    this.colours = new Colours(measure, subject.measures[0], element("colouring").value, subject.colours, shown);
    this.legend();
    this.draw();
  }

  draw() {
    cancelAnimationFrame(this.frame);
    this.frame = requestAnimationFrame(() => {
      if (this.colours) this.drawing.draw(this.level, this.colours);
    });
  }

  legend() {
    const { measure, mode, converging, others } = this.colours;
    const written = [["converging", converging, (value) => shownNumber(measure, value)], ["others", others, short]];
    for (const [name, part, write] of written) {
      const { palette, ends } = part;
      const stops = palette.filter((_, k) => k % 8 === 0 || k === palette.length - 1).map((rgb) => `rgb(${rgb})`);
      element(`${name}-bar`).style.background = `linear-gradient(to right, ${stops.join(", ")})`;
      ends.forEach((value, k) => say(`${name}-${k}`, value === undefined ? (k ? "none visible" : "") : write(value)));
    }
    const byRank = mode === "paper" ? ", by rank among what is visible" : "";
    const scale = ({ isLog }) => (mode === "paper" ? "" : isLog ? " (logarithmic)" : "");
    say("converging-said", `converges: ${measure.label}${scale(converging)}${byRank}`);
    say("others-said", `${this.subject.lasted}${scale(others)}${byRank}`);
  }

  showCross(isShown) {
    this.drawing.cross = isShown;
    this.draw();
  }

  pixelAt(point) {
    return this.tiles.at(this.place, ...point, this.level);
  }

  over(point) {
    const pixel = point && this.pixelAt(point);
    const pairs = pixel ? this.trained.valuesOf(pixel, short, [this.subject.measures[0], this.colours.measure]) : [];
    element("here").replaceChildren(...definitions(pairs));
    element("here").classList.toggle("right", Boolean(point) && point[0] < this.place.width / 2); // not under the pointer
  }

  click(point) {
    const pixel = this.pixelAt(point);
    if (!pixel) return;
    this.drawing.marked = this.pixel = pixel;
    this.draw();
    this.trained.show(pixel);
  }

  async copy(text) {
    const isCopied = await copyText(text);
    say("command", text);
    say("copied", isCopied ? "Copied." : "Copy it from here:");
  }

  /** A map of what is visible: the smallest window that holds it. */
  mapCommand() {
    const { subject, place } = this;
    const share = Math.max(place.width, place.height) / (TILE * 2 ** place.zoom);
    const factor = 2 ** Math.max(0, Math.floor(-Math.log2(Math.min(share, 1))));
    const middle = [place.width / 2, place.height / 2];
    const pixel = this.pixelAt(middle);
    const [x, y] = place.fractionsAt(...middle);
    const values = pixel ? [pixel.tile.xs[pixel.column], pixel.tile.ys[pixel.row]] : [valueAt(subject.x, x), valueAt(subject.y, y)];
    return factor === 1 ? subject.commands.map : `${subject.commands.map} --zoom ${values.join(" ")} ${factor}`;
  }

  /** A sweep with the one network that was clicked. */
  gridCommand() {
    const { subject, pixel } = this;
    const values = [pixel.tile.xs[pixel.column], pixel.tile.ys[pixel.row]];
    return `${subject.commands.grid} ${subject.x.flag} ${values[0]} ${subject.y.flag} ${values[1]}`;
  }
}

const SUBJECT = embedded("subject");
const held = SUBJECT.is_served ? new Tiles() : heldTiles(element("tiles").textContent, SUBJECT.tiles, SUBJECT.measures);
Promise.resolve(held).then((tiles) => {
  window.explorer = new Explorer(SUBJECT, tiles);
  document.documentElement.dataset.ready = "true";
});
