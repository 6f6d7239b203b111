// A small neural network, step by step, as in planar_core: initialize, forward, cost, backward, update, and again.
//
//   Z = W A_below + b                     hidden layer: A = tanh(Z)       last layer: see outputs.js
//
//   last layer:  dZ = A - Y               hidden layer: dZ = W_above' dZ_above * (1 - A^2)
//   dW = dZ A_below' / m                  db = sum(dZ) / m
//   W <- W - learning_rate dW             b <- b - learning_rate db
//
// If examples have weights, dZ of the last layer is multiplied by them, and m is their sum.
//
// X has a row for each feature, and each row a number for each example; Y is one such row, of classes or of values.
// A layer of the parameters is {W, b}: W has a row of weights for each unit, b a number for each unit.

import { CONSTANTS } from "./held.js";
import { TASKS, balancedWeights, cost, score, sigmoid, totalOf } from "./outputs.js";
import { RandomState } from "./random.js";

/** The functions of hidden units: the value of z, and the slope there, given the value a. */
export const ACTIVATIONS = {
  tanh: { value: Math.tanh, slope: (a) => 1 - a * a },
  relu: { value: (z) => (z < 0 ? 0 : z), slope: (a) => (a > 0 ? 1 : 0) },
  sigmoid: { value: sigmoid, slope: (a) => a * (1 - a) },
  identity: { value: (z) => z, slope: () => 1 },
};

/** The variance of initial weights, and the default scale of their deviation. */
export const INITS = {
  normal: { variance: () => 1, scale: CONSTANTS.initial_scale },
  glorot: { variance: (inputs, units) => 2 / (inputs + units), scale: 1 },
  he: { variance: (inputs) => 2 / inputs, scale: 1 },
};

/**
 * The update direction that replaces the gradient d, elementwise, with the state v and s:
 *   momentum   v <- momentum v + dW                dW <- v
 *   adam       v <- beta1 v + (1 - beta1) dW       s <- beta2 s + (1 - beta2) dW^2
 *              dW <- v / (1 - beta1^k) / (sqrt(s / (1 - beta2^k)) + epsilon)    in the k-th update
 */
export const OPTIMIZERS = {
  gd: null,
  momentum(d, { v }, { momentum }) {
    for (let j = 0; j < d.length; j++) {
      v[j] = momentum * v[j] + d[j];
      d[j] = v[j];
    }
  },
  adam(d, { v, s }, { beta1, beta2 }, k) {
    for (let j = 0; j < d.length; j++) {
      v[j] = beta1 * v[j] + (1 - beta1) * d[j];
      s[j] = beta2 * s[j] + (1 - beta2) * d[j] * d[j];
      d[j] = v[j] / (1 - beta1 ** k) / (Math.sqrt(s[j] / (1 - beta2 ** k)) + CONSTANTS.epsilon);
    }
  },
};

/** The value of a knob as Training takes it: yes and no are true and false, as its default is. */
export function inTraining(value, usual) {
  return typeof usual === "boolean" ? value === "yes" : value;
}

/** The units of each hidden layer: "4" -> [4], "8x8" -> [8, 8], "0" -> []. */
export function hiddenLayers(hidden) {
  return hidden === "0" ? [] : hidden.split("x").map(Number);
}

/**
 * Initial parameters: weights from one stream of normal numbers, layer by layer from the input; biases 0. The output
 * layer may have a scale of its own; the offset is added to the weights of the other layers.
 */
export function initialize(
  features, hidden, seed, init = "normal", initScale = null, outputs = 1, outputInitScale = null, initOffset = 0,
) {
  const random = new RandomState(seed);
  const { variance, scale } = INITS[init];
  const sizes = [features, ...hiddenLayers(hidden), outputs];
  return sizes.slice(1).map((units, layer) => {
    const inputs = sizes[layer];
    const isOutput = layer === sizes.length - 2;
    const scaledBy = (isOutput ? outputInitScale : null) ?? initScale ?? scale;
    const deviation = scaledBy * Math.sqrt(variance(inputs, units));
    const offset = isOutput ? 0 : initOffset;
    const weights = () => Float64Array.from({ length: inputs }, () => random.normal() * deviation + offset);
    return { W: Array.from({ length: units }, weights), b: new Float64Array(units) };
  });
}

/** The activations of every layer, A[0] being those of the first hidden one, and Z, the sums of the output layer. */
export function forward(parameters, X, activation = "tanh", task = "binary") {
  const { value } = ACTIVATIONS[activation];
  const A = [];
  let below = X;
  let Z;
  parameters.forEach(({ W, b }, layer) => {
    Z = W.map((weights, unit) => weightedSum(weights, below, b[unit]));
    const isLast = layer === parameters.length - 1;
    below = isLast ? TASKS[task].output(Z) : Z.map((z) => mapInPlace(z, value));
    A.push(below);
  });
  return { A, Z };
}

/** The derivatives of the cost by the parameters: a layer {W, b} for each of the parameters. */
export function backward(parameters, A, X, Y, activation = "tanh", task = "binary", weights = null) {
  const { slope } = ACTIVATIONS[activation];
  const m = totalOf(Y, weights);
  const last = parameters.length - 1;
  const gradients = [];
  const { target } = TASKS[task];
  let dZ = A[last].map((values, unit) => values.map((a, i) => a - target(Y[i], unit)));
  if (weights) dZ = dZ.map((row) => row.map((d, i) => d * weights[i]));
  for (let layer = last; layer >= 0; layer--) {
    const below = layer > 0 ? A[layer - 1] : X;
    gradients[layer] = {
      W: dZ.map((dz) => Float64Array.from(below, (a) => product(dz, a) / m)),
      b: Float64Array.from(dZ, (dz) => sum(dz) / m),
    };
    if (layer > 0) {
      const { W } = parameters[layer];
      dZ = below.map((a, unit) => {
        const weights = Float64Array.from(W, (row) => row[unit]); // of this unit in the layer above
        const dz = weightedSum(weights, dZ, 0);
        for (let i = 0; i < a.length; i++) dz[i] *= slope(a[i]);
        return dz;
      });
    }
  }
  return gradients;
}

/** W - learning_rate dW and b - learning_rate db, in place; the last layer may have a learning rate of its own. */
export function update(parameters, gradients, learningRate, outputLearningRate = null) {
  parameters.forEach(({ W, b }, layer) => {
    const rate = layer === parameters.length - 1 ? (outputLearningRate ?? learningRate) : learningRate;
    W.forEach((weights, unit) => subtract(weights, rate, gradients[layer].W[unit]));
    subtract(b, rate, gradients[layer].b);
  });
}

/** A network in training. step() makes one update; iteration and parameters give the current state. */
export class Training {
  constructor(X, Y, { hidden, activation = "tanh", seed, task = "binary", outputs = 1, class_weight = "none", ...how }) {
    const usual = CONSTANTS.hyperparameters;
    Object.assign(this, { X, Y, hidden, activation, seed, task, outputs, how: { ...usual, ...how } });
    this.weights = class_weight === "balanced" ? balancedWeights(Y) : null;
    this.restart();
  }

  restart() {
    const { init, init_scale, output_init_scale, init_offset } = this.how;
    const scales = [init, init_scale, this.outputs, output_init_scale, init_offset];
    this.parameters = initialize(this.X.length, this.hidden, this.seed, ...scales);
    this.iteration = 0;
    this.moments = new Map(); // what the optimizer remembers of each row of weights
    this.shuffles = new RandomState((this.seed ^ CONSTANTS.shuffles) >>> 0);
  }

  step() {
    const { how, activation, task } = this;
    const [X, Y, weights] = this.nextExamples();
    const { A } = forward(this.parameters, X, activation, task);
    const gradients = backward(this.parameters, A, X, Y, activation, task, weights);
    this.iteration += 1;
    if (!how.bias) for (const { b } of gradients) b.fill(0);
    this.penalize(gradients);
    this.optimize(gradients);
    update(this.parameters, gradients, how.learning_rate, how.output_learning_rate);
  }

  /** The cost on the examples of the training, or on others, which have no weights, and the accuracy; of a regression, r2. */
  measure(X = this.X, Y = this.Y) {
    const { Z } = forward(this.parameters, X, this.activation, this.task);
    const weights = X === this.X ? this.weights : null;
    return { cost: cost(Z, Y, this.task, weights), [TASKS[this.task].score]: score(Z, Y, this.task) };
  }

  /** The examples of the next update: all, or a mini-batch. They are shuffled in every epoch. */
  nextExamples() {
    const m = this.Y.length;
    const size = Math.min(this.how.batch_size ?? m, m);
    if (size === m) return [this.X, this.Y, this.weights];
    const start = (this.iteration % Math.ceil(m / size)) * size;
    if (start === 0) this.order = this.shuffles.permutation(m);
    const chosen = this.order.slice(start, start + size);
    const pick = (row) => Float64Array.from(chosen, (example) => row[example]);
    return [this.X.map(pick), pick(this.Y), this.weights && pick(this.weights)];
  }

  /** dW <- dW + l1 sign(W) + l2 W */
  penalize(gradients) {
    const { l1, l2 } = this.how;
    if (l1 === 0 && l2 === 0) return;
    this.parameters.forEach(({ W }, layer) => {
      W.forEach((weights, unit) => {
        const dW = gradients[layer].W[unit];
        for (let j = 0; j < dW.length; j++) dW[j] += l1 * Math.sign(weights[j]) + l2 * weights[j];
      });
    });
  }

  /** Replace the gradient by the direction of the optimizer, in place. */
  optimize(gradients) {
    const direct = OPTIMIZERS[this.how.optimizer];
    if (direct === null) return;
    gradients.forEach(({ W, b }, layer) => {
      [...W, b].forEach((d, row) => direct(d, this.momentsOf(`${layer} ${row}`, d.length), this.how, this.iteration));
    });
  }

  momentsOf(key, length) {
    if (!this.moments.has(key)) this.moments.set(key, { v: new Float64Array(length), s: new Float64Array(length) });
    return this.moments.get(key);
  }
}

/** start + weights[0] rows[0] + weights[1] rows[1] + ..., for every example. */
function weightedSum(weights, rows, start) {
  const sums = new Float64Array(rows[0].length).fill(start);
  for (let j = 0; j < rows.length; j++) {
    const row = rows[j];
    const weight = weights[j];
    for (let i = 0; i < sums.length; i++) sums[i] += weight * row[i];
  }
  return sums;
}

function mapInPlace(values, f) {
  for (let i = 0; i < values.length; i++) values[i] = f(values[i]);
  return values;
}

function product(a, b) {
  let total = 0;
  for (let i = 0; i < a.length; i++) total += a[i] * b[i];
  return total;
}

function sum(values) {
  let total = 0;
  for (let i = 0; i < values.length; i++) total += values[i];
  return total;
}

function subtract(values, rate, steps) {
  for (let j = 0; j < values.length; j++) values[j] -= rate * steps[j];
}
