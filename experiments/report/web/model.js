// What the page holds of a sweep: the embedded JSON, decoded. Arrays of numbers come as base64 of little-endian bytes.

import { SCORES } from "./words.js";
import { CONSTANTS } from "./held.js";
import { hiddenLayers } from "./network.js";

/** The numbers of a text such as {"float64": "AAAA..."}. */
function numbers(encoded) {
  const [[type, text]] = Object.entries(encoded);
  const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  const types = { float64: Float64Array, float32: Float32Array, uint32: Uint32Array, uint16: Uint16Array, uint8: Uint8Array };
  return new types[type](bytes.buffer);
}

const finite = (value) => (Number.isFinite(value) ? value : null);

export class Sweep {
  constructor(embedded) {
    Object.assign(this, { score: "accuracy" }, embedded);
    this.scoring = SCORES[this.score];
    this.codes = embedded.axes.map((axis) => numbers(axis.codes));
    // A column such as mean_test_accuracy, or mean_test_r2, is mean_test here.
    const plain = (name) => name.replace(new RegExp(`_${this.score}$`), "");
    this.columns = Object.fromEntries(embedded.columns.map((column) => [plain(column.name), numbers(column.values)]));
    this.problemOf = numbers(embedded.problem_of);
    const decoded = (arrays) => Object.fromEntries(Object.entries(arrays).map(([name, values]) => [plain(name), numbers(values)]));
    this.finals = decoded(embedded.runs);
    this.curves = decoded(embedded.curves);
    this.curveOf = new Map(Array.from(this.curves.run, (run, row) => [run, row]));
    this.networks = { values: numbers(embedded.networks.values), starts: numbers(embedded.networks.starts) };
    this.networkOf = new Map(Array.from(numbers(embedded.networks.run), (run, row) => [run, row]));
    this.count = this.problemOf.length;
  }

  /** What seeds are counted by, beside all: stuck, diverged, failed. */
  get counted() {
    const names = Object.keys(this.columns).filter((name) => name.startsWith("n_") && name !== "n_seeds");
    return names.map((name) => name.slice("n_".length));
  }

  /** Whether costs on the test points were recorded. */
  get hasTestCosts() {
    return "test_cost" in this.finals;
  }

  /** A number of a configuration's summary, or null. */
  number(name, configuration) {
    return name in this.columns ? finite(this.columns[name][configuration]) : null;
  }

  /** The text of a configuration's value on an axis. */
  text(axis, configuration) {
    return this.axes[axis].values[this.codes[axis][configuration]];
  }

  /** A configuration in words: "hidden 4, learning rate 1.2"; of those axes that vary, if any do. */
  words(configuration) {
    const varied = this.axes.map((_, axis) => axis).filter((axis) => this.axes[axis].values.length > 1);
    const said = varied.length ? varied : this.axes.map((_, axis) => axis);
    return said.map((axis) => `${this.axes[axis].label} ${this.text(axis, configuration)}`).join(", ");
  }

  /** The final numbers of each seed of a configuration that did not fail. */
  runsOf(configuration) {
    return this.seeds
      .map((seed, place) => {
        const run = configuration * this.seeds.length + place;
        return { run, seed, status: this.statuses[this.finals.status[run]], ...measuresAt(this.finals, run) };
      })
      .filter(({ status }) => status !== "failed");
  }

  /** The run with the median test accuracy, the lower of two; of equal ones that of the smallest cost. */
  medianRun(configuration) {
    const order = this.runsOf(configuration)
      .filter(({ test }) => test !== null)
      .sort((a, b) => a.test - b.test || a.cost - b.cost || a.seed - b.seed);
    const median = order[(order.length - 1) >> 1];
    return order.find(({ test }) => test === median.test) ?? null;
  }

  /** The recorded curve of a run: [{iteration, cost, train, test, test_cost}, ...]; none if the page does not hold it. */
  curve(run) {
    const row = this.curveOf.get(run);
    if (row === undefined) return [];
    const at = this.curves_at;
    return at
      .map((iteration, k) => ({ iteration, ...measuresAt(this.curves, row * at.length + k) }))
      .filter((record) => record.cost !== null);
  }

  /** The recorded parameters of a run, as {W, b} a layer; null if the page does not hold them. */
  network(run, features) {
    const row = this.networkOf.get(run);
    if (row === undefined) return null;
    const { values, starts } = this.networks;
    const configuration = Math.floor(run / this.seeds.length);
    const sizes = [features, ...hiddenLayers(this.setting("hidden", configuration)), this.outputs(configuration)];
    let at = starts[row];
    const next = (count) => Float64Array.from(values.subarray(at, (at += count)));
    return sizes.slice(1).map((units, layer) => ({
      W: Array.from({ length: units }, () => next(sizes[layer])),
      b: next(units),
    }));
  }

  /** A setting of a configuration, whether it varies or not. */
  setting(name, configuration) {
    const axis = this.axes.findIndex((each) => each.name === name);
    return axis < 0 ? this.settings[name] : this.text(axis, configuration);
  }

  activation(configuration) {
    return String(this.setting("activation", configuration) ?? CONSTANTS.hyperparameters.activation);
  }

  /** What a network of a configuration is for: binary, multiclass or regression. */
  task(configuration) {
    return this.problems[this.problemOf[configuration]].task ?? "binary";
  }

  /** The units of its output layer. */
  outputs(configuration) {
    const { class_names } = this.problems[this.problemOf[configuration]];
    return this.task(configuration) === "multiclass" ? class_names.length : 1;
  }

  /** How a run is trained, for Training: words such as "auto" are null, numbers beside words are texts. */
  training(configuration, seed) {
    const how = { seed, hidden: String(this.setting("hidden", configuration)) };
    Object.assign(how, { task: this.task(configuration), outputs: this.outputs(configuration) });
    for (const [name, usual] of Object.entries(CONSTANTS.hyperparameters)) {
      const value = this.setting(name, configuration);
      if (value === undefined) continue; // of a version that did not know it: the default
      if (typeof usual === "string") how[name] = value;
      else how[name] = finite(value === null ? NaN : Number(value)) ?? usual;
    }
    return how;
  }

  /** The data of a configuration's problem, or null if the page does not hold them. */
  data(configuration) {
    const problem = this.problems[this.problemOf[configuration]];
    if (problem.X === null) return null;
    const { plane } = problem;
    const X = rows(numbers(problem.X), problem.feature_names.length);
    problem.decoded ??= {
      ...problem,
      task: this.task(configuration),
      X,
      plane: plane && { ...plane, points: plane.points ? rows(numbers(plane.points), 2) : X },
      Y: Float64Array.from(numbers(problem.Y)),
      X_test: rows(numbers(problem.X_test), problem.feature_names.length),
      Y_test: Float64Array.from(numbers(problem.Y_test)),
    };
    return problem.decoded;
  }
}

/** What is recorded at a place; null where a network had no finite number. */
function measuresAt(arrays, place) {
  const of = (name) => (name in arrays ? finite(arrays[name][place]) : null);
  return { cost: of("cost"), train: of("train"), test: of("test"), test_cost: of("test_cost") };
}

function rows(flat, count) {
  const length = flat.length / count;
  return Array.from({ length: count }, (_, row) => flat.subarray(row * length, (row + 1) * length));
}
