// The contents of the page: the embedded JSON, decoded. Arrays of numbers are base64 of little-endian bytes.

import { SCORES, clipped, scoringOf } from "./words.js";
import { CONSTANTS, bytesOfBase64 } from "./held.js";
import { hiddenLayers, inTraining } from "./network.js";

const NEW_DATA = "new data for each seed"; // the data seed "seed", as experiments/knobs/words.py has it

/** As in the main result: `4 hidden units`. */
function unitsSaid(hidden) {
  return hidden === "0" ? "no hidden units" : hidden === "1" ? "1 hidden unit" : `${hidden} hidden units`;
}

/** The numbers of a text such as {"float64": "AAAA..."}. */
function numbers(encoded) {
  const [[type, text]] = Object.entries(encoded);
  const bytes = bytesOfBase64(text);
  const types = { float64: Float64Array, float32: Float32Array, uint32: Uint32Array, uint16: Uint16Array, uint8: Uint8Array };
  return new types[type](bytes.buffer);
}

const finite = (value) => (Number.isFinite(value) ? value : null);

export class Sweep {
  constructor(embedded) {
    Object.assign(this, { score: "accuracy" }, embedded);
    this.scoring = SCORES[this.score]; // of what is recorded in training
    this.metric ??= { name: this.score, larger_is_better: true };
    this.judging = this.metric.name === this.score ? this.scoring : scoringOf(this.metric); // of what ranks
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

  /** The counts of seeds other than the total: stuck, diverged, failed. */
  get counted() {
    const names = Object.keys(this.columns).filter((name) => name.startsWith("n_") && !["n_seeds", "n_replicates"].includes(name));
    return names.map((name) => name.slice("n_".length));
  }

  /** Whether costs on the test points were recorded. */
  get hasTestCosts() {
    return "test_cost" in this.finals;
  }

  /** A number from the summary of a configuration, or null. */
  number(name, configuration) {
    return name in this.columns ? finite(this.columns[name][configuration]) : null;
  }

  /** The criterion for choosing a configuration: the mean of the metric, signed so that the largest is the best. */
  merit(configuration) {
    const mean = this.number("mean_test", configuration);
    return mean === null ? -Infinity : this.metric.larger_is_better ? mean : -mean;
  }

  /** A value of the metric, clipped to the range that charts show. */
  shown(value) {
    const [low, high] = this.metric.shown ?? [null, null];
    return value === null ? null : clipped(value, [low ?? -Infinity, high ?? Infinity]);
  }

  /** The text of a configuration's value on an axis; a dash if the setting has no effect. */
  text(axis, configuration) {
    return this.axes[axis].values[this.codes[axis][configuration]];
  }

  /** A configuration in words: "4 hidden units, learning rate 1.2"; only varying axes, if there are any. */
  words(configuration) {
    const varied = this.axes.map((_, axis) => axis).filter((axis) => this.axes[axis].values.length > 1);
    const said = varied.length ? varied : this.axes.map((_, axis) => axis);
    const text = (axis) => this.text(axis, configuration);
    const named = (axis) => {
      const { name, label } = this.axes[axis];
      if (name === "hidden") return unitsSaid(text(axis));
      return name === "data_seed" && text(axis) === "seed" ? NEW_DATA : `${label} ${text(axis)}`;
    };
    return said.filter((axis) => text(axis) !== "–").map(named).join(", ");
  }

  /** The final numbers of each seed, or fold and seed, of a configuration that did not fail; judged: the ranking metric. */
  runsOf(configuration) {
    return this.seeds
      .map((seed, place) => {
        const run = configuration * this.seeds.length + place;
        const fold = this.folds?.[place] ?? null;
        const name = fold === null ? `${seed}` : `fold ${fold}, seed ${seed}`;
        const measures = measuresAt(this.finals, run);
        const judged = "judged" in this.finals ? finite(this.finals.judged[run]) : measures.test;
        const stopped = finite(this.finals.stopped_at?.[run]);
        return { run, seed, fold, name, status: this.statuses[this.finals.status[run]], ...measures, judged, stopped };
      })
      .filter(({ status }) => status !== "failed");
  }

  /** The run with the median metric, the worse of two; of equal ones, the one with the smallest cost. */
  medianRun(configuration) {
    const order = this.runsOf(configuration)
      .filter(({ judged }) => judged !== null)
      .sort((a, b) => a.judged - b.judged || a.cost - b.cost || a.fold - b.fold || a.seed - b.seed);
    const median = order[(order.length - (this.metric.larger_is_better ? 1 : 0)) >> 1];
    return order.find(({ judged }) => judged === median.judged) ?? null;
  }

  /** The recorded curve of a run: [{iteration, cost, train, test, test_cost}, ...]; empty if the page does not include it. */
  curve(run) {
    const row = this.curveOf.get(run);
    if (row === undefined) return [];
    const width = this.curves.cost.length / this.curves.run.length; // that of the longest curve
    return this.recordedAt(Math.floor(run / this.seeds.length))
      .map((iteration, k) => ({ iteration, ...measuresAt(this.curves, row * width + k) }))
      .filter((record) => record.cost !== null);
  }

  /** The iterations of the records of a configuration. */
  recordedAt(configuration) {
    const at = this.curves_at;
    return Array.isArray(at) ? at : at[this.setting("iterations", configuration)];
  }

  /** How long a configuration is trained: its iterations, and those between two of its records. */
  howLong(configuration) {
    const iterations = Number(this.setting("iterations", configuration));
    return { iterations, record_every: this.settings.record_every ?? Math.max(1, Math.floor(iterations / 50)) };
  }

  /** The recorded parameters of a run, as {W, b} a layer; null if the page does not include them. */
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

  /** The task of a configuration: binary, multiclass or regression. */
  task(configuration) {
    return this.problems[this.problemOf[configuration]].task ?? "binary";
  }

  /** The units of its output layer. */
  outputs(configuration) {
    const { class_names } = this.problems[this.problemOf[configuration]];
    return this.task(configuration) === "multiclass" ? class_names.length : 1;
  }

  /** The settings of a run for Training: words such as "auto" are null; numbers in a column with words are texts. */
  training(configuration, seed) {
    const how = { seed, hidden: String(this.setting("hidden", configuration)) };
    Object.assign(how, { task: this.task(configuration), outputs: this.outputs(configuration) });
    if (how.task !== "regression") how.class_weight = this.setting("class_weight", configuration) ?? "none";
    for (const [name, usual] of Object.entries(CONSTANTS.hyperparameters)) {
      const value = this.setting(name, configuration);
      if (value === undefined) continue; // written by a version without it: the default
      if (typeof usual === "string" || typeof usual === "boolean") how[name] = inTraining(value, usual);
      else how[name] = finite(value === null ? NaN : Number(value)) ?? usual;
    }
    return how;
  }

  /** The data of a run of a configuration, or null if the page does not include them. */
  data(configuration, run = 0) {
    const problem = this.problems[this.problemOf[configuration]];
    const place = run % this.seeds.length;
    const held = place > 0 && problem.replicates ? problem.replicates[place - 1] : problem;
    if (held.X === null) return null;
    const { plane } = held;
    const X = rows(numbers(held.X), problem.feature_names.length);
    const X_test = rows(numbers(held.X_test), problem.feature_names.length);
    const inPlane = (points, otherwise) => (points ? rows(numbers(points), 2) : otherwise);
    held.decoded ??= {
      ...problem,
      ...held,
      task: this.task(configuration),
      X,
      plane: plane && { ...plane, points: inPlane(plane.points, X), test_points: inPlane(plane.test_points, X_test) },
      Y: Float64Array.from(numbers(held.Y)),
      X_test,
      Y_test: Float64Array.from(numbers(held.Y_test)),
    };
    return held.decoded;
  }
}

/** The recorded numbers at an index; null for a number that was not finite. */
function measuresAt(arrays, place) {
  const of = (name) => (name in arrays ? finite(arrays[name][place]) : null);
  return { cost: of("cost"), train: of("train"), test: of("test"), test_cost: of("test_cost") };
}

function rows(flat, count) {
  const length = flat.length / count;
  return Array.from({ length: count }, (_, row) => flat.subarray(row * length, (row + 1) * length));
}
