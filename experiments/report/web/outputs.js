// The tasks of the output layer, as in planar_core/outputs.py: classes or values. Z has a row for each unit.
//
//   task          A             cost of an example                         Y in dZ = A - Y     prediction
//   binary        sigmoid(z)    max(z,0) - y z + log(1 + e^-|z|)           y                   1 where z > 0, else 0
//   multiclass    softmax(Z)    log(sum e^(Z - max Z)) - (Z[y] - max Z)    1 in row y, else 0  largest Z, first of equals
//   regression    z             (z - y)^2 / 2                              y                   z
//
// The cost is computed from Z, so that a saturated network has a finite one. With weights w of the examples, it is
// sum(w cost) / sum(w), and dZ is multiplied by w. Scores take no account of them.

export const sigmoid = (z) => 1 / (1 + Math.exp(-z));

export const TASKS = {
  binary: {
    score: "accuracy",
    output: ([z]) => [z.map(sigmoid)],
    loss: ([z], y, i) => Math.max(z[i], 0) - y * z[i] + Math.log1p(Math.exp(-Math.abs(z[i]))),
    target: (y) => y,
    predict: ([z], i) => Number(z[i] > 0),
  },
  multiclass: {
    score: "accuracy",
    output: softmax,
    loss(Z, y, i) {
      const { largest, total } = exponentials(Z, i);
      return Math.log(total) - (Z[y][i] - largest);
    },
    target: (y, unit) => Number(y === unit),
    predict: (Z, i) => winner(Z, i),
  },
  regression: {
    score: "r2",
    output: ([z]) => [z.slice()],
    loss: ([z], y, i) => (z[i] - y) ** 2 / 2,
    target: (y) => y,
    predict: ([z], i) => z[i],
  },
};

/** The mean cost of the examples, which may have weights. */
export function cost(Z, Y, task = "binary", weights = null) {
  const { loss } = TASKS[task];
  const rows = rowsOf(Z);
  let total = 0;
  for (let i = 0; i < Y.length; i++) total += (weights ? weights[i] : 1) * loss(rows, Y[i], i);
  return total / totalOf(Y, weights);
}

/** The number of examples, or the sum of their weights. */
export function totalOf(Y, weights) {
  return weights ? weights.reduce((a, b) => a + b, 0) : Y.length;
}

/** Weights of examples that give all classes the same total: n / (classes * n of the class). */
export function balancedWeights(Y) {
  const counts = new Map();
  for (const y of Y) counts.set(y, (counts.get(y) ?? 0) + 1);
  return Float64Array.from(Y, (y) => Y.length / (counts.size * counts.get(y)));
}

/** The fraction of correctly classified examples. */
export function accuracy(Z, Y, task = "binary") {
  const { predict } = TASKS[task];
  const rows = rowsOf(Z);
  let hits = 0;
  for (let i = 0; i < Y.length; i++) hits += predict(rows, i) === Y[i];
  return hits / Y.length;
}

/** R^2 = 1 - sum (z - y)^2 / sum (y - mean y)^2; nan where all y are equal. */
export function r2(Z, Y) {
  const [z] = rowsOf(Z);
  const mean = Y.reduce((a, b) => a + b, 0) / Y.length;
  let [squares, all] = [0, 0];
  for (let i = 0; i < Y.length; i++) {
    squares += (z[i] - Y[i]) ** 2;
    all += (Y[i] - mean) ** 2;
  }
  return all > 0 ? 1 - squares / all : NaN;
}

/** The score of a task: accuracy, or R^2 for regression. */
export function score(Z, Y, task = "binary") {
  return TASKS[task].score === "r2" ? r2(Z, Y) : accuracy(Z, Y, task);
}

/** The row with the largest number of an example, the first of equal ones. */
export function winner(rows, i) {
  let best = 0;
  for (let k = 1; k < rows.length; k++) if (rows[k][i] > rows[best][i]) best = k;
  return best;
}

/** A single row may be given instead of a list of rows. */
function rowsOf(Z) {
  return typeof Z[0] === "number" ? [Z] : Z;
}

function exponentials(Z, i) {
  const largest = Z[winner(Z, i)][i];
  let total = 0;
  for (const z of Z) total += Math.exp(z[i] - largest);
  return { largest, total };
}

function softmax(Z) {
  const A = Z.map((z) => new Float64Array(z.length));
  for (let i = 0; i < Z[0].length; i++) {
    const { largest, total } = exponentials(Z, i);
    for (let k = 0; k < Z.length; k++) A[k][i] = Math.exp(Z[k][i] - largest) / total;
  }
  return A;
}
