// A small neural network for two classes, step by step, as in planar_core: initialize, forward, cost, backward, update,
// and again.
//
//   Z = W A_below + b     A = tanh(Z)     last layer: A = sigmoid(Z)      cost = mean( max(Z,0) - Y Z + log(1 + e^-|Z|) )
//
//   last layer:  dZ = A - Y               hidden layer: dZ = W_above' dZ_above * (1 - A^2)
//   dW = dZ A_below' / m                  db = sum(dZ) / m
//   W <- W - learning_rate dW             b <- b - learning_rate db
//
// X has a row for each feature, and each row a number for each example; Y is one such row, of the classes 0 and 1.
// A layer of the parameters is {W, b}: W has a row of weights for each unit, b a number for each unit.

import { RandomState } from "./random.js";

const sigmoid = (z) => 1 / (1 + Math.exp(-z));

/** The functions of hidden units: the value of z, and the slope there, given the value a. */
export const ACTIVATIONS = {
  tanh: { value: Math.tanh, slope: (a) => 1 - a * a },
  sigmoid: { value: sigmoid, slope: (a) => a * (1 - a) },
  relu: { value: (z) => (z < 0 ? 0 : z), slope: (a) => (a > 0 ? 1 : 0) },
  identity: { value: (z) => z, slope: () => 1 },
};

/** How a network is trained, beside its shape, its activation function and its seed. */
export const HYPERPARAMETERS = {
  learning_rate: 1.2,
  output_learning_rate: null, // of the last layer; null: the same
  optimizer: "gd", // or momentum, adam
  momentum: 0.9,
  beta1: 0.9, // of adam
  beta2: 0.999,
  l1: 0, // the penalties l1 sum |W| and l2/2 sum W^2, on weights, not on biases
  l2: 0,
  batch_size: null, // examples of one update; null: all
  init: "normal", // or glorot, he
  init_scale: null, // null: 0.01 for normal, 1 for the others
};

const EPSILON = 1e-8; // of adam: keeps it from dividing by zero
const SHUFFLES = 0x9e3779b9; // seed ^ SHUFFLES is the seed of the mini-batches

/** The units of each hidden layer: "4" -> [4], "8x8" -> [8, 8], "0" -> []. */
export function hiddenLayers(hidden) {
  return hidden === "0" ? [] : hidden.split("x").map(Number);
}

/** Initial parameters: weights from one stream of normal numbers, layer by layer from the input; biases 0. */
export function initialize(features, hidden, seed, init = "normal", initScale = null) {
  const random = new RandomState(seed);
  const scale = initScale ?? (init === "normal" ? 0.01 : 1);
  const sizes = [features, ...hiddenLayers(hidden), 1];
  return sizes.slice(1).map((units, layer) => {
    const inputs = sizes[layer];
    const variance = { normal: 1, glorot: 2 / (inputs + units), he: 2 / inputs }[init];
    const deviation = scale * Math.sqrt(variance);
    const weights = () => Float64Array.from({ length: inputs }, () => random.normal() * deviation);
    return { W: Array.from({ length: units }, weights), b: new Float64Array(units) };
  });
}

/** The activations of every layer, A[0] being those of the first hidden one, and Z, the sums of the output layer. */
export function forward(parameters, X, activation = "tanh") {
  const { value } = ACTIVATIONS[activation];
  const A = [];
  let below = X;
  let Z;
  parameters.forEach(({ W, b }, layer) => {
    const isLast = layer === parameters.length - 1;
    A.push(
      W.map((weights, unit) => {
        const z = weightedSum(weights, below, b[unit]);
        if (isLast) Z = z.slice();
        return isLast ? mapInPlace(z, sigmoid) : mapInPlace(z, value);
      }),
    );
    below = A[layer];
  });
  return { A, Z };
}

/** Mean cross-entropy, from Z of the output layer, so that a saturated network has a finite cost. */
export function cost(Z, Y) {
  let sum = 0;
  for (let i = 0; i < Y.length; i++) {
    sum += Math.max(Z[i], 0) - Y[i] * Z[i] + Math.log1p(Math.exp(-Math.abs(Z[i])));
  }
  return sum / Y.length;
}

/** The fraction of the examples that is classified rightly: class 1 where the probability exceeds 1/2, so Z > 0. */
export function accuracy(Z, Y) {
  let hits = 0;
  for (let i = 0; i < Y.length; i++) hits += Z[i] > 0 === (Y[i] === 1);
  return hits / Y.length;
}

/** The derivatives of the cost by the parameters: a layer {W, b} for each of the parameters. */
export function backward(parameters, A, X, Y, activation = "tanh") {
  const { slope } = ACTIVATIONS[activation];
  const m = Y.length;
  const last = parameters.length - 1;
  const gradients = [];
  let dZ = [A[last][0].map((a, i) => a - Y[i])];
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
        for (let i = 0; i < m; i++) dz[i] *= slope(a[i]);
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

/** A network in training. step() is one update; iteration and parameters say how far it has come. */
export class Training {
  constructor(X, Y, { hidden, activation = "tanh", seed, ...how }) {
    Object.assign(this, { X, Y, hidden, activation, seed, how: { ...HYPERPARAMETERS, ...how } });
    this.restart();
  }

  restart() {
    this.parameters = initialize(this.X.length, this.hidden, this.seed, this.how.init, this.how.init_scale);
    this.iteration = 0;
    this.moments = new Map(); // what the optimizer remembers of each row of weights
    this.shuffles = new RandomState((this.seed ^ SHUFFLES) >>> 0);
  }

  step() {
    const { how, activation } = this;
    const [X, Y] = this.nextExamples();
    const { A } = forward(this.parameters, X, activation);
    const gradients = backward(this.parameters, A, X, Y, activation);
    this.iteration += 1;
    this.penalize(gradients);
    this.optimize(gradients);
    update(this.parameters, gradients, how.learning_rate, how.output_learning_rate);
  }

  /** The cost on the examples of the training, and the accuracy. */
  measure() {
    const { Z } = forward(this.parameters, this.X, this.activation);
    return { cost: cost(Z, this.Y), accuracy: accuracy(Z, this.Y) };
  }

  /** Those of the next update: all, or a mini-batch. They are dealt out anew, in random order, every epoch. */
  nextExamples() {
    const m = this.Y.length;
    const size = Math.min(this.how.batch_size ?? m, m);
    if (size === m) return [this.X, this.Y];
    const start = (this.iteration % Math.ceil(m / size)) * size;
    if (start === 0) this.order = this.shuffles.permutation(m);
    const chosen = this.order.slice(start, start + size);
    const pick = (row) => Float64Array.from(chosen, (example) => row[example]);
    return [this.X.map(pick), pick(this.Y)];
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

  /**
   * What takes the place of the gradient:
   *   momentum   v <- momentum v + dW                dW <- v
   *   adam       v <- beta1 v + (1 - beta1) dW       s <- beta2 s + (1 - beta2) dW^2
   *              dW <- v / (1 - beta1^k) / (sqrt(s / (1 - beta2^k)) + 1e-8)    in the k-th update
   */
  optimize(gradients) {
    const { optimizer, momentum, beta1, beta2 } = this.how;
    if (optimizer === "gd") return;
    const k = this.iteration;
    gradients.forEach(({ W, b }, layer) => {
      [...W, b].forEach((d, row) => {
        const { v, s } = this.momentsOf(`${layer} ${row}`, d.length);
        for (let j = 0; j < d.length; j++) {
          if (optimizer === "momentum") {
            v[j] = momentum * v[j] + d[j];
            d[j] = v[j];
          } else {
            v[j] = beta1 * v[j] + (1 - beta1) * d[j];
            s[j] = beta2 * s[j] + (1 - beta2) * d[j] * d[j];
            d[j] = v[j] / (1 - beta1 ** k) / (Math.sqrt(s[j] / (1 - beta2 ** k)) + EPSILON);
          }
        }
      });
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
