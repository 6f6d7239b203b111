// The generated data sets, drawn as experiments/datasets/synthetic.py draws them: the same streams, the same bits.

import { cosOf, sinOf } from "./elementary.js";
import { PLAY } from "./held.js";
import { RandomState } from "./random.js";
import { scaledBy, scalingOf, unitsOf } from "./scaling.js";
import { withFeatures } from "./terms.js";

const BLOBS = 6;
const RANDOM_FEATURES = 16;
const BUMPS = [
  [-4, 2.5, 1],
  [0, 2.5, -1],
  [4, 2.5, 1],
  [-4, -2.5, -1],
  [0, -2.5, 1],
  [4, -2.5, -1],
];

/**
 * How each data set is drawn: a function of noise, training points, data seed and what the test points are, which
 * returns the training and the test points, {x, y, labels}, or those of more features, {rows, labels}.
 */
const DRAWINGS = {
  flower: twice((n, random, noise) => {
    const points = emptyPoints();
    halvesOf(n).forEach((size, j) => {
      const angles = noisy(spaced(3.12 * j, 3.12 * (j + 1), size), noise, random);
      const radii = noisy(
        angles.map((t) => 4 * sinOf(4 * t)),
        noise,
        random,
      );
      angles.forEach((t, i) => addPoint(points, radii[i] * sinOf(t), radii[i] * cosOf(t), j));
    });
    return points;
  }),
  moons: twice((n, random, noise) => {
    const [outer, inner] = halvesOf(n).map((size) => spaced(0, Math.PI, size));
    const upper = outer.map((t) => [cosOf(t), sinOf(t)]);
    const lower = inner.map((t) => [1 - cosOf(t), 1 - sinOf(t) - 0.5]);
    return shuffled(upper, lower, noise, random);
  }),
  circles: twice((n, random, noise) => {
    const circle = (radius, size) =>
      spaced(0, 2 * Math.PI, size + 1)
        .slice(0, -1)
        .map((t) => [radius * cosOf(t), radius * sinOf(t)]);
    const [outer, inner] = halvesOf(n);
    return shuffled(circle(1, outer), circle(0.5, inner), noise, random);
  }),
  blobs(noise, samples, seed, test) {
    const random = new RandomState(seed);
    const centres = listOf(BLOBS, () => listOf(2, () => -10 + 20 * random.uniform()));
    const draw = (n, stream) => {
      const blobs = centres.flatMap((_, k) => listOf(Math.floor(n / BLOBS) + (k < n % BLOBS ? 1 : 0), () => k));
      const X = blobs.map((k) => centres[k].map((centre) => centre + noise * stream.normal()));
      const points = emptyPoints();
      for (const i of stream.permutation(n)) addPoint(points, ...X[i], blobs[i] % 2);
      return points;
    };
    return [draw(samples, random), draw(test.points, streamOf(test, seed))];
  },
  gaussian_quantiles(noise, samples, seed, test) {
    const draw = (n, random) =>
      listOf(n, () => {
        const [x, y] = listOf(2, () => Math.sqrt(0.5) * random.normal());
        return { x, y, squared: x * x + y * y };
      });
    const moved = (X, labels, random) => {
      const points = emptyPoints();
      X.forEach(({ x, y }, i) => {
        const [dx, dy] = listOf(2, () => noise * random.normal());
        addPoint(points, x + dx, y + dy, labels[i]);
      });
      return points;
    };
    const half = Math.floor(samples / 2);
    const random = new RandomState(seed);
    const byRadius = draw(samples, random).sort((a, b) => a.squared - b.squared);
    const order = random.permutation(samples);
    const train = moved(
      order.map((i) => byRadius[i]),
      order.map((i) => Number(i >= half)),
      random,
    );
    const boundary = 0.5 * (byRadius[half - 1].squared + byRadius[half].squared);
    const stream = streamOf(test, seed);
    const X = draw(test.points, stream);
    return [
      train,
      moved(
        X,
        X.map(({ squared }) => Number(squared > boundary)),
        stream,
      ),
    ];
  },
  circle: twice((n, random, noise) => {
    const points = emptyPoints();
    for (let i = 0; i < n; i++) {
      const [r, a, ...e] = listOf(4, () => random.uniform());
      const radius = i >= Math.floor(n / 2) ? 2.5 * r : 3.5 + 1.5 * r;
      const angle = 2 * Math.PI * a;
      const [px, py] = [radius * sinOf(angle), radius * cosOf(angle)];
      const [x, y] = [px + noise * (10 * e[0] - 5), py + noise * (10 * e[1] - 5)];
      addPoint(points, px, py, Number(x * x + y * y < 2.5 * 2.5));
    }
    return points;
  }),
  xor: twice((n, random, noise) => {
    const points = emptyPoints();
    for (let i = 0; i < n; i++) {
      const [first, second, ...e] = listOf(4, () => 10 * random.uniform() - 5);
      const [px, py] = [first, second].map((value) => value + (value > 0 ? 0.3 : -0.3));
      addPoint(points, px, py, Number((px + noise * e[0]) * (py + noise * e[1]) >= 0));
    }
    return points;
  }),
  gauss: twice((n, random, noise) => {
    const points = emptyPoints();
    const deviation = Math.sqrt(0.5 + 7 * noise);
    for (let i = 0; i < n; i++) {
      const label = Number(i >= Math.floor(n / 2));
      const [x, y] = listOf(2, () => (label ? 2 : -2) + deviation * random.normal());
      addPoint(points, x, y, label);
    }
    return points;
  }),
  spiral(noise, samples, seed, test) {
    const draw = (n, random, first) => {
      const points = emptyPoints();
      halvesOf(n).forEach((size, label) => {
        for (let i = 0; i < size; i++) {
          const s = (i + first) / size;
          const angle = 3.5 * Math.PI * s + (label ? 0 : Math.PI);
          const [x, y] = [5 * s * sinOf(angle), 5 * s * cosOf(angle)];
          const [dx, dy] = listOf(2, () => noise * (2 * random.uniform() - 1));
          addPoint(points, x + dx, y + dy, label);
        }
      });
      return points;
    };
    return [draw(samples, new RandomState(seed), 0), draw(test.points, streamOf(test, seed), 0.5)];
  },
  plane: twice((n, random, noise) => valued(n, random, noise, (x, y) => (x + y) / 10)),
  multi_gaussian: twice((n, random, noise) =>
    valued(n, random, noise, (x, y) => {
      let value = 0;
      for (const [centreX, centreY, sign] of BUMPS) {
        const [dx, dy] = [x - centreX, y - centreY];
        const height = sign * Math.max(1 - 0.5 * Math.sqrt(dx * dx + dy * dy), 0);
        if (Math.abs(height) > Math.abs(value)) value = height;
      }
      return value;
    }),
  ),
  gaussian_random: twice((n, random, noise) => {
    const drawn = listOf(n, () => listOf(RANDOM_FEATURES, () => random.normal()));
    const rows = listOf(RANDOM_FEATURES, (k) => drawn.map((point) => point[k]));
    return { rows, labels: listOf(n, () => noise * random.normal()) };
  }),
};

/** The description of a generated data set, or undefined. */
export function generatedSet(name) {
  return PLAY.datasets.find((each) => each.name === name);
}

/** Noise, samples and data seed of a setting with a generated data set as numbers. */
export function drawnAs({ dataset, noise, samples, data_seed, seed }) {
  const known = generatedSet(dataset);
  return {
    noise: noise === "auto" ? known.noise : noise,
    samples,
    data_seed: data_seed === "auto" ? known.data_seed : data_seed === "seed" ? seed : data_seed,
  };
}

/** The data of a setting with a generated data set, in the form of `Sweep.data`. Throws one line. */
export function generated(setting) {
  const { dataset, features } = setting;
  const known = generatedSet(dataset);
  if (!known) {
    const names = PLAY.datasets.map(({ name }) => name).join(", ");
    throw new Error(
      `--dataset: this page can draw ${names}, got '${dataset}': choose one of these, or drop a CSV file`,
    );
  }
  const { noise, samples, data_seed } = drawnAs(setting);
  if (samples > PLAY.most_samples) {
    const most = PLAY.most_samples.toLocaleString("en");
    throw new Error(`--samples: this page draws at most ${most} points, got ${samples}: use the command line for more`);
  }
  if (samples < known.fewest_samples)
    throw new Error(`--samples: expected at least ${known.fewest_samples} points of ${dataset}, got ${samples}`);
  const [train, test] = DRAWINGS[dataset](noise, samples, data_seed, PLAY.test);
  const isRegression = known.task === "regression";
  const scaling = known.is_scaled ? scalingOf(train.labels) : null;
  const answers = (labels) => (scaling ? scaledBy(scaling, labels) : Float64Array.from(labels));
  const data = {
    name: dataset,
    task: known.task,
    class_names: isRegression ? [] : ["0", "1"],
    feature_names: featureRows(train).map((_, k) => `x${k + 1}`),
    target: isRegression ? { name: "y", ...(scaling ? unitsOf(scaling) : { mean: 0, deviation: 1 }) } : null,
    X: featureRows(train),
    Y: answers(train.labels),
    X_test: featureRows(test),
    Y_test: answers(test.labels),
  };
  return withFeatures(data, features, false);
}

/** The features of points: the coordinates of those in the plane. */
function featureRows({ x, y, rows = [x, y] }) {
  return rows.map((row) => Float64Array.from(row));
}

/** Training and test points from a stream each. */
function twice(draw) {
  return (noise, samples, seed, test) => [
    draw(samples, new RandomState(seed), noise),
    draw(test.points, streamOf(test, seed), noise),
  ];
}

function streamOf(test, seed) {
  return new RandomState((test.seed + seed) % 2 ** 32);
}

/** Points in random order, with normal noise of that size; the permutation is drawn before the noise. */
function shuffled(class0, class1, noise, random) {
  const all = [...class0, ...class1];
  const points = emptyPoints();
  for (const i of random.permutation(all.length)) {
    const [x, y] = all[i].map((value) => value + noise * random.normal());
    addPoint(points, x, y, Number(i >= class0.length));
  }
  return points;
}

/** Points uniform in [-6, 6) squared, with the value at a place that noise moves. */
function valued(n, random, noise, value) {
  const points = emptyPoints();
  for (let i = 0; i < n; i++) {
    const [x, y, ...e] = listOf(4, () => 12 * random.uniform() - 6);
    addPoint(points, x, y, value(x + noise * e[0], y + noise * e[1]));
  }
  return points;
}

const halvesOf = (n) => [Math.floor(n / 2), n - Math.floor(n / 2)];

/** NumPy's linspace. */
function spaced(start, stop, n) {
  const step = (stop - start) / (n - 1);
  return listOf(n, (i) => (i === n - 1 ? stop : start + i * step));
}

function noisy(values, noise, random) {
  return values.map((value) => value + noise * random.normal());
}

function emptyPoints() {
  return { x: [], y: [], labels: [] };
}

function addPoint(points, x, y, label) {
  points.x.push(x);
  points.y.push(y);
  points.labels.push(label);
}

function listOf(n, f) {
  return Array.from({ length: n }, (_, i) => f(i));
}
