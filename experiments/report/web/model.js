// What the page holds of a sweep: the embedded JSON, decoded. Arrays of numbers come as base64 of little-endian bytes.

/** The numbers of a text such as {"float64": "AAAA..."}. */
function numbers(encoded) {
  const [[type, text]] = Object.entries(encoded);
  const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  const types = { float64: Float64Array, float32: Float32Array, uint32: Uint32Array, uint16: Uint16Array, uint8: Uint8Array };
  return new types[type](bytes.buffer);
}

const finite = (value) => (Number.isFinite(value) ? value : null);

/** A value of a setting as the training wants it: words such as "auto" are null, numbers beside words are texts. */
const NUMBERS = ["learning_rate", "output_learning_rate", "momentum", "beta1", "beta2", "l1", "l2", "batch_size", "init_scale"];

export class Sweep {
  constructor(embedded) {
    Object.assign(this, embedded);
    this.codes = embedded.axes.map((axis) => numbers(axis.codes));
    this.columns = Object.fromEntries(embedded.columns.map((column) => [column.name, numbers(column.values)]));
    this.problemOf = numbers(embedded.problem_of);
    this.finals = Object.fromEntries(Object.entries(embedded.runs).map(([name, values]) => [name, numbers(values)]));
    this.curves = Object.fromEntries(
      ["run", "cost", "train_accuracy", "test_accuracy"].map((name) => [name, numbers(embedded.curves[name])]),
    );
    this.curveOf = new Map(Array.from(this.curves.run, (run, row) => [run, row]));
    this.networks = { values: numbers(embedded.networks.values), starts: numbers(embedded.networks.starts) };
    this.networkOf = new Map(Array.from(numbers(embedded.networks.run), (run, row) => [run, row]));
    this.count = this.problemOf.length;
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
        const of = (name) => finite(this.finals[name][run]);
        const status = this.statuses[this.finals.status[run]];
        return { run, seed, status, cost: of("cost"), train: of("train_accuracy"), test: of("test_accuracy") };
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

  /** The recorded curve of a run: [{iteration, cost, train, test}, ...]; none if the page does not hold it. */
  curve(run) {
    const row = this.curveOf.get(run);
    if (row === undefined) return [];
    const at = this.embeddedIterations;
    return at
      .map((iteration, k) => {
        const of = (name) => finite(this.curves[name][row * at.length + k]);
        return { iteration, cost: of("cost"), train: of("train_accuracy"), test: of("test_accuracy") };
      })
      .filter((record) => record.cost !== null);
  }

  get embeddedIterations() {
    return this.curves_at;
  }

  /** The recorded parameters of a run, as {W, b} a layer; null if the page does not hold them. */
  network(run, features) {
    const row = this.networkOf.get(run);
    if (row === undefined) return null;
    const { values, starts } = this.networks;
    const hidden = this.setting("hidden", Math.floor(run / this.seeds.length));
    const sizes = [features, ...(hidden === "0" ? [] : hidden.split("x").map(Number)), 1];
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

  /** How a run is trained, for Training. */
  training(configuration, seed) {
    const how = { seed, hidden: String(this.setting("hidden", configuration)) };
    for (const name of ["activation", "optimizer", "init", ...NUMBERS]) {
      const value = this.setting(name, configuration);
      if (value === undefined) continue; // of a version that did not know it: the default
      how[name] = NUMBERS.includes(name) ? finite(value === null ? NaN : Number(value)) : value;
      if (how[name] === null && !["output_learning_rate", "batch_size", "init_scale"].includes(name)) delete how[name];
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
      X,
      plane: plane && { ...plane, points: plane.points ? rows(numbers(plane.points), 2) : X },
      Y: Float64Array.from(numbers(problem.Y)),
      X_test: rows(numbers(problem.X_test), problem.feature_names.length),
      Y_test: Float64Array.from(numbers(problem.Y_test)),
    };
    return problem.decoded;
  }
}

function rows(flat, count) {
  const length = flat.length / count;
  return Array.from({ length: count }, (_, row) => flat.subarray(row * length, (row + 1) * length));
}
