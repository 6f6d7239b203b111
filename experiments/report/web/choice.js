// The selection: two axes of the sweep, values of the others, a configuration, and one of its runs.

import { some } from "./words.js";

const MOST_SEEDS = 1000; // to choose from
export const BEST = "best"; // of a further axis: the best of its values, or all of them in a sample

export class Choice {
  constructor(sweep) {
    Object.assign(this, { sweep, further: new Map(), configuration: -1, runs: [], run: null });
    [this.x, this.y] = this.axesToChoose().slice(0, 2).reverse();
    const ranks = Array.from({ length: sweep.count }, (_, c) => sweep.number("rank_test", c) ?? Infinity);
    this.first = ranks.reduce((best, rank, c) => (rank < ranks[best] ? c : best), 0);
    sweep.axes.forEach((axis, place) => {
      this.further.set(place, axis.problem ? sweep.codes[place][this.first] : BEST);
    });
  }

  /** The varying axes, those of the data last; at least two. */
  axesToChoose() {
    const { axes } = this.sweep;
    const places = axes.map((_, axis) => axis).sort((a, b) => axes[a].problem - axes[b].problem);
    const varies = (axis) => axes[axis].values.length > 1;
    const varied = places.filter(varies);
    return varied.length >= 2 ? varied : [...varied, ...places.filter((axis) => !varies(axis))].slice(0, 2);
  }

  furtherAxes() {
    return this.sweep.axes.map((_, axis) => axis).filter((axis) => axis !== this.x && axis !== this.y);
  }

  /** The other axes that vary. */
  furtherAxesToChoose() {
    return this.furtherAxes().filter((axis) => this.sweep.axes[axis].values.length > 1);
  }

  /** Choose an axis for x or y; if it is the other one, they are swapped. */
  chooseAxis(which, axis) {
    const other = which === "x" ? "y" : "x";
    if (axis === this[other]) this[other] = this[which];
    this[which] = axis;
  }

  /** The configurations with the chosen values of the further axes. */
  matching() {
    const { codes, count } = this.sweep;
    const fixed = this.furtherAxes().filter((axis) => this.further.get(axis) !== BEST);
    const fits = (c) => fixed.every((axis) => codes[axis][c] === this.further.get(axis));
    return Array.from({ length: count }, (_, c) => c).filter(fits);
  }

  /** One cell per pair of values, with its best configuration by the mean of the metric; of a sample, every one. */
  cells() {
    const { sweep } = this;
    const [x, y] = [sweep.axes[this.x], sweep.axes[this.y]];
    if (sweep.is_sample) {
      const [xs, ys] = [sweep.codes[this.x], sweep.codes[this.y]];
      return this.matching().map((c) => ({
        ...this.about(c), x: x.values[xs[c]], y: y.values[ys[c]], x_code: xs[c], y_code: ys[c],
      }));
    }
    const best = new Int32Array(x.values.length * y.values.length).fill(-1);
    for (const c of this.matching()) {
      const cell = sweep.codes[this.y][c] * x.values.length + sweep.codes[this.x][c];
      if (best[cell] < 0 || sweep.merit(c) > sweep.merit(best[cell])) best[cell] = c;
    }
    return Array.from(best, (c, cell) => ({
      x: x.values[cell % x.values.length],
      y: y.values[Math.floor(cell / x.values.length)],
      ...this.about(c),
    }));
  }

  /** What the chart says of a configuration, or of none (-1). */
  about(c) {
    const { sweep } = this;
    if (c < 0) return { id: c, mean: null, shade: null, number: "", text: "", tied: "", words: "not in the sweep" };
    const mean = sweep.number("mean_test", c);
    const tied = ["no", "yes"][sweep.number("tied_with_best", c)] ?? "unknown";
    const { number, text } = sweep.judging;
    return { id: c, mean, shade: sweep.shown(mean), number: number(mean), text: text(mean), tied, words: sweep.words(c) };
  }

  /**
   * The configuration of the next cell in a direction, skipping cells that are not in the sweep; null at the edge. In a
   * sample, the next one in the order of x or y.
   */
  neighbour([right, up]) {
    const { sweep } = this;
    const cells = this.cells();
    if (sweep.is_sample) {
      const code = right ? "x_code" : "y_code";
      const ids = cells.sort((a, b) => a[code] - b[code] || a.id - b.id).map(({ id }) => id);
      return ids[ids.indexOf(this.configuration) + (right || up)] ?? null;
    }
    const width = sweep.axes[this.x].values.length;
    const height = sweep.axes[this.y].values.length;
    let x = sweep.codes[this.x][this.configuration];
    let y = sweep.codes[this.y][this.configuration];
    do {
      [x, y] = [x + right, y + up];
      if (x < 0 || y < 0 || x >= width || y >= height) return null;
    } while (cells[y * width + x].id < 0); // not in the sweep
    return cells[y * width + x].id;
  }

  /**
   * Choose a configuration and its median run. The other axes change if the configuration would not have a cell;
   * `follows` says whether they did.
   */
  choose(configuration) {
    const { sweep } = this;
    this.configuration = configuration;
    const follows = this.cells().every(({ id }) => id !== configuration);
    if (follows) {
      const isFollowing = (axis) => !sweep.is_sample || this.further.get(axis) !== BEST;
      for (const axis of this.furtherAxes().filter(isFollowing)) this.further.set(axis, sweep.codes[axis][configuration]);
    }
    const runs = sweep.runsOf(configuration);
    const median = sweep.medianRun(configuration);
    this.runs = some(runs, MOST_SEEDS);
    if (median && !this.runs.some(({ run }) => run === median.run)) this.runs.push(median);
    return { follows, median, first: runs.find(({ run }) => run === median?.run) ?? runs[0] ?? null };
  }

  chooseRun(run) {
    const end = run && this.sweep.curve(run.run).at(-1); // its cost has all digits
    this.run = end ? { ...run, cost: end.cost } : run;
  }
}
