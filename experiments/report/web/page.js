// The page: what is chosen, and everything that follows from it.

import { ACTIVATIONS, Training, accuracy, backward, cost, forward, initialize, update } from "./network.js";
import { RandomState } from "./random.js";
import { computed, paint, limits } from "./plane.js";
import { Sweep } from "./model.js";
import { Chart, colour } from "./charts.js";
import { Table, create } from "./table.js";
import { AMPLIFIED, Trainer } from "./trainer.js";
import { grouped, percent, short, some, span } from "./words.js";

const REDRAW = 200; // milliseconds between two updates of a chart in training
const ROW = 34; // pixels of a row of the heat map
const HIGHEST = 900; // pixels of all of them
const MOST_SEEDS = 1000; // to choose from
const MOST_LINES = 100; // of seeds in a chart
const BEST = "best"; // of a further axis: the best of its values

const element = (id) => document.getElementById(id);
const embedded = (id) => JSON.parse(element(id).textContent);

const sweep = new Sweep(embedded("results"));
const charts = Object.fromEntries(
  Object.entries(embedded("charts")).map(([name, specification]) => [
    name,
    new Chart(element(`chart-${name}`), specification),
  ]),
);
const prefersLess = window.matchMedia("(prefers-reduced-motion: reduce)");
const prefersDark = window.matchMedia("(prefers-color-scheme: dark)");
const chosen = { x: 0, y: 1, further: new Map(), configuration: -1, runs: [], run: null };
const trainer = new Trainer(trainingShown);

// ---------------------------------------------------------------------------------------------- the heat map

/** The axes that vary, those of the data last; there are always two to choose. */
function axesToChoose() {
  const { axes } = sweep;
  const places = axes.map((_, axis) => axis).sort((a, b) => axes[a].problem - axes[b].problem);
  const varies = (axis) => axes[axis].values.length > 1;
  const varied = places.filter(varies);
  return varied.length >= 2 ? varied : [...varied, ...places.filter((axis) => !varies(axis))].slice(0, 2);
}

function furtherAxes() {
  return sweep.axes.map((_, axis) => axis).filter((axis) => axis !== chosen.x && axis !== chosen.y);
}

/** A cell for each pair of values: the best configuration there, by its mean test accuracy. */
function cells() {
  const [x, y] = [sweep.axes[chosen.x], sweep.axes[chosen.y]];
  const best = new Int32Array(x.values.length * y.values.length).fill(-1);
  const mean = (c) => sweep.number("mean_test_accuracy", c) ?? -1;
  const fixed = furtherAxes().filter((axis) => chosen.further.get(axis) !== BEST);
  for (let c = 0; c < sweep.count; c++) {
    if (fixed.some((axis) => sweep.codes[axis][c] !== chosen.further.get(axis))) continue;
    const cell = sweep.codes[chosen.y][c] * x.values.length + sweep.codes[chosen.x][c];
    if (best[cell] < 0 || mean(c) > mean(best[cell])) best[cell] = c;
  }
  return Array.from(best, (c, cell) => ({
    x: x.values[cell % x.values.length],
    y: y.values[Math.floor(cell / x.values.length)],
    id: c,
    mean: c < 0 ? null : sweep.number("mean_test_accuracy", c),
    tied: c < 0 ? "" : (["no", "yes"][sweep.number("tied_with_best", c)] ?? "unknown"),
    words: c < 0 ? "not in the sweep" : sweep.words(c),
  }));
}

async function drawHeatMap() {
  const shown = cells();
  const [x, y] = [sweep.axes[chosen.x], sweep.axes[chosen.y]];
  charts.heat.data = { cells: shown };
  const width = (element("chart-heat").clientWidth - 110) / x.values.length;
  const height = Math.min(ROW, HIGHEST / y.values.length);
  charts.heat.size = { height: height * y.values.length };
  charts.heat.signals = { selected: chosen.configuration, crowded: width < 38 || height < 16 };
  element("further-said").textContent = furtherSaid();
  await charts.heat.draw({ $x: x.label, $y: y.label });
}

function furtherSaid() {
  const varied = furtherAxes().filter((axis) => sweep.axes[axis].values.length > 1);
  const best = varied.filter((axis) => chosen.further.get(axis) === BEST).map((axis) => sweep.axes[axis].label);
  const said = best.length ? `Each cell is the best over ${best.join(", ")}. ` : "";
  return `${said}An asterisk: tied with the best.`;
}

function fillAxisControls() {
  const options = axesToChoose();
  for (const which of ["x", "y"]) {
    const select = element(`axis-${which}`);
    select.replaceChildren(...options.map((axis) => option(axis, sweep.axes[axis].label)));
    select.value = chosen[which];
    select.onchange = () => {
      const other = which === "x" ? "y" : "x";
      const axis = Number(select.value);
      if (axis === chosen[other]) chosen[other] = chosen[which];
      chosen[which] = axis;
      fillAxisControls();
      drawHeatMap();
    };
  }
  element("axis-further").replaceChildren(
    ...furtherAxes()
      .filter((axis) => sweep.axes[axis].values.length > 1)
      .map((axis) => {
        const label = create("label", sweep.axes[axis].label);
        const select = create("select");
        const values = sweep.axes[axis].values.map((value, code) => option(code, value));
        select.append(option(BEST, "the best"), ...values);
        select.value = chosen.further.get(axis);
        select.onchange = () => {
          chosen.further.set(axis, select.value === BEST ? BEST : Number(select.value));
          drawHeatMap();
        };
        label.append(select);
        return label;
      }),
  );
}

function option(value, text) {
  const result = create("option", text);
  result.value = value;
  return result;
}

/** Arrow keys walk from cell to cell; Enter trains. */
function heatMapKey(event) {
  const steps = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  if (event.key === "Enter" || event.key === " ") {
    event.preventDefault();
    trainer.play();
  }
  const step = steps[event.key];
  if (!step) return;
  event.preventDefault();
  const shown = charts.heat.data.cells;
  const width = sweep.axes[chosen.x].values.length;
  const height = sweep.axes[chosen.y].values.length;
  let x = sweep.codes[chosen.x][chosen.configuration];
  let y = sweep.codes[chosen.y][chosen.configuration];
  do {
    [x, y] = [x + step[0], y + step[1]];
    if (x < 0 || y < 0 || x >= width || y >= height) return;
  } while (shown[y * width + x].id < 0); // not in the sweep
  choose(shown[y * width + x].id);
}

// ------------------------------------------------------------------------------------------- what is chosen

/** Choose a configuration, its median seed, and show it everywhere. */
function choose(configuration) {
  chosen.configuration = configuration;
  const visible = charts.heat.data.cells?.some(({ id }) => id === configuration);
  if (!visible && charts.heat.data.cells) {
    for (const axis of furtherAxes()) chosen.further.set(axis, sweep.codes[axis][configuration]);
    fillAxisControls();
    drawHeatMap();
  }
  charts.heat.update({}, { selected: configuration });
  table.mark(configuration);
  element("chosen-name").textContent = sweep.words(configuration);
  element("chosen-statistics").replaceChildren(...statistics(configuration));
  const runs = sweep.runsOf(configuration);
  const median = sweep.medianRun(configuration);
  chosen.runs = some(runs, MOST_SEEDS);
  if (median && !chosen.runs.some(({ run }) => run === median.run)) chosen.runs.push(median);
  const select = element("seed");
  select.replaceChildren(...chosen.runs.map(({ run, seed }) => option(run, run === median?.run ? `${seed} (median)` : seed)));
  select.disabled = runs.length === 0;
  chooseRun(runs.find(({ run }) => run === median?.run) ?? runs[0] ?? null);
}

function statistics(c) {
  const of = (name) => sweep.number(name, c);
  const pairs = [["mean test accuracy", percent(of("mean_test_accuracy"))]];
  pairs.push([
    "95 % interval",
    of("ci_low_test_accuracy") === null
      ? "none, with one seed"
      : span(of("ci_low_test_accuracy"), of("ci_high_test_accuracy")),
  ]);
  const tied = of("tied_with_best");
  const rank = of("rank_test_accuracy");
  if (rank !== null) pairs.push(["rank", `${grouped(rank)}${tied ? (rank === 1 ? "" : ", tied with the best") : ""}`]);
  const seeds = [`${grouped(of("n_seeds"))}`];
  for (const what of ["stuck", "diverged", "failed"]) {
    if (of(`n_${what}`) > 0) seeds.push(`${grouped(of(`n_${what}`))} ${what}`);
  }
  pairs.push(["seeds", seeds.join(", ")]);
  return pairs.flatMap(([name, text]) => [create("dt", name), create("dd", text)]);
}

function chooseRun(run) {
  const end = run && sweep.curve(run.run).at(-1); // whose cost has all its digits
  chosen.run = end ? { ...run, cost: end.cost } : run;
  if (run) element("seed").value = run.run;
  const c = chosen.configuration;
  const data = sweep.data(c);
  if (run && data) {
    const { iterations, record_every } = sweep.settings;
    trainer.load(data, sweep.training(c, run.seed), sweep.curve(run.run), iterations, record_every);
  } else {
    trainer.unload();
  }
  element("training-controls").disabled = !(run && data);
  drawRun();
  trainingShown();
}

/** Charts of the runs of the chosen configuration. */
function drawRun() {
  const runs = sweep.runsOf(chosen.configuration);
  const accuracyOf = element("measure").value;
  const records = runs.map(({ run }) => ({ run, curve: sweep.curve(run) })).filter(({ curve }) => curve.length);
  const isChosen = ({ run }) => run === chosen.run?.run;
  const lines = [...some(records.filter((record) => !isChosen(record)), MOST_LINES), ...records.filter(isChosen)];
  const rows = lines.flatMap(({ run, curve }) => {
    const kind = isChosen({ run }) ? "chosen seed" : "each seed";
    return curve.map((record) => row(record, run, kind));
  });
  const median = medians(records.map(({ curve }) => curve)).map((record) => row(record, -1, "median"));
  charts.cost.update({ curves: [...rows, ...median] });
  charts.accuracy.update({ curves: [...rows, ...median] });
  element("curves-said").textContent = curvesSaid(lines.length, records.length, runs.length);
  const of = (name) => sweep.number(name, chosen.configuration);
  const mean = { mean: of("mean_test_accuracy"), low: of("ci_low_test_accuracy"), high: of("ci_high_test_accuracy") };
  charts.seeds.update(
    {
      seeds: chosen.runs.filter(({ test }) => test !== null).map(({ run, seed, test }) => ({ run, seed, test })),
      mean: mean.mean === null ? [] : [mean.low === null ? { ...mean, low: mean.mean, high: mean.mean } : mean],
    },
    { chosen: chosen.run?.run ?? -1 },
  );

  function row({ iteration, cost: itsCost, ...accuracies }, run, kind) {
    return { iteration, cost: itsCost, accuracy: accuracies[accuracyOf], run, kind };
  }
}

function curvesSaid(lines, held, runs) {
  if (held === 0) return "The page does not hold the curves of this configuration; curves.csv has them.";
  const ofHeld = held < runs ? `${grouped(held)} of ${grouped(runs)} seeds have their curves in the page; the median is theirs. ` : "";
  return ofHeld + (lines < held ? `${grouped(lines)} of them are drawn.` : "");
}

/** The median over seeds of each record; of those that have it. */
function medians(curves) {
  const longest = curves.reduce((a, b) => (b.length > a.length ? b : a), []);
  const median = (values) => {
    const order = values.filter((value) => value !== null).sort((a, b) => a - b);
    const half = order.length >> 1;
    return order.length === 0 ? null : order.length % 2 ? order[half] : (order[half - 1] + order[half]) / 2;
  };
  return longest.map(({ iteration }, k) => {
    const here = curves.filter((curve) => curve.length > k).map((curve) => curve[k]);
    const of = (name) => median(here.map((record) => record[name]));
    return { iteration, cost: of("cost"), train: of("train"), test: of("test") };
  });
}

// ------------------------------------------------------------------------------------------- training again

let drawn = 0;

/** Show how far the training is: the boundary at once, charts and numbers a few times a second. */
function trainingShown() {
  const playing = trainer.playing;
  element("play").textContent = playing ? "Pause" : trainer.training && trainer.started && trainer.isDone ? "Train again" : "Play";
  const now = performance.now();
  const late = now - drawn > (prefersLess.matches ? 5 * REDRAW : REDRAW);
  if (!playing || late || !prefersLess.matches) drawPlane();
  if (playing && !late) return;
  drawn = now;
  drawNumbers();
}

function drawNumbers() {
  const { run } = chosen;
  const started = trainer.training && trainer.started;
  const accuracyOf = element("measure").value;
  const here = (started ? trainer.records : []).map(({ iteration, cost: itsCost, ...accuracies }) => ({
    iteration,
    cost: itsCost,
    accuracy: accuracies[accuracyOf],
    run: -2,
    kind: "trained here",
  }));
  charts.cost.update({ here });
  charts.accuracy.update({ here });
  const last = started ? trainer.last : null;
  element("iteration").textContent = started ? grouped(trainer.iteration) : "–";
  for (const [name, text] of [["cost", short], ["train", percent], ["test", percent]]) {
    element(`here-${name}`).textContent = text(last?.[name] ?? null);
    element(`recorded-${name}`).textContent = text(run?.[name] ?? null);
  }
  // The numbers of a run that diverged are those of its last finite record.
  const until = run?.status === "diverged" ? "before " : "";
  element("recorded-iteration").textContent = run ? until + grouped(sweep.settings.iterations) : "–";
  const precision = sweep.settings.dtype === "float64" ? "" : ` Recorded in ${sweep.settings.dtype}, trained here in float64.`;
  element("comparison").textContent = started ? trainer.comparison(run) + precision : "";
}

function drawPlane() {
  const c = chosen.configuration;
  const data = sweep.data(c);
  const canvas = element("plane");
  const plane = data?.plane;
  element("plane-part").hidden = !plane;
  const why = element("plane-said");
  if (!plane) {
    why.textContent = data
      ? `No picture of the boundary: the network's ${data.feature_names.length} features are not a plane of two inputs.`
      : "The page does not hold these data, which would be too large: no boundary, and no training again.";
    return;
  }
  const recorded = chosen.run && sweep.network(chosen.run.run, data.feature_names.length);
  const here = trainer.training && trainer.started;
  const { names, points } = plane;
  const { x, y, ratio } = limits(points);
  canvas.height = Math.round(canvas.width / ratio);
  const activation = String(sweep.setting("activation", c) ?? "tanh");
  const rgb = (name) => colour(name).match(/\w\w/g).map((pair) => parseInt(pair, 16));
  paint(canvas, here ? trainer.training.parameters : recorded, activation, { ...plane, Y: data.Y }, {
    zero: rgb("shade-zero"), middle: rgb("shade-middle"), one: rgb("shade-one"), line: rgb("shade-line"),
    pointZero: colour("point-zero"), pointOne: colour("point-one"), edge: colour("point-edge"),
  });
  element("plane-x").textContent = `${names[0]}: ${short(x.low)} to ${short(x.high)}`;
  element("plane-y").textContent = `${names[1]}: ${short(y.low)} to ${short(y.high)}`;
  element("class-zero").textContent = `class ${data.class_names[0]}`;
  element("class-one").textContent = `class ${data.class_names[1]}`;
  const what = here
    ? `Trained here for ${grouped(trainer.iteration)} iterations.`
    : recorded
      ? "The recorded network."
      : "The page does not hold this network: train it again to see it.";
  if (!trainer.playing) canvas.ariaLabel = `Decision boundary over ${names.join(" and ")}. ${what}`;
  why.textContent = `${what} The line: probability 1/2.`;
}

// ----------------------------------------------------------------------------------------------- the theme

function setTheme(name) {
  document.documentElement.dataset.theme = name;
  element("theme").textContent = name === "dark" ? "Light" : "Dark";
  for (const chart of Object.values(charts)) if (chart.view) chart.draw();
  if (chosen.configuration >= 0) drawPlane();
}

// ------------------------------------------------------------------------------------------------ the start

const table = new Table(
  sweep,
  { table: element("configurations"), filter: element("filter"), more: element("more"), count: element("count") },
  (configuration) => {
    choose(configuration);
    element("chosen").scrollIntoView({ behavior: prefersLess.matches ? "auto" : "smooth" });
  },
);

async function start() {
  [chosen.x, chosen.y] = axesToChoose().slice(0, 2).reverse();
  const ranks = Array.from({ length: sweep.count }, (_, c) => sweep.number("rank_test_accuracy", c) ?? Infinity);
  const first = ranks.reduce((best, rank, c) => (rank < ranks[best] ? c : best), 0);
  sweep.axes.forEach((axis, place) => {
    chosen.further.set(place, axis.problem ? sweep.codes[place][first] : BEST);
  });
  setTheme(prefersDark.matches ? "dark" : "light");
  prefersDark.addEventListener("change", () => setTheme(prefersDark.matches ? "dark" : "light"));
  element("theme").onclick = () => setTheme(document.documentElement.dataset.theme === "dark" ? "light" : "dark");
  fillAxisControls();
  chosen.configuration = first;
  charts.heat.click = ({ id }) => {
    if (!(id >= 0)) return;
    choose(id);
    if (!prefersLess.matches) trainer.play();
  };
  charts.seeds.click = ({ run }) => run >= 0 && chooseRun(chosen.runs.find((each) => each.run === run));
  element("chart-heat").onkeydown = heatMapKey;
  element("seed").onchange = ({ target }) => {
    chooseRun(chosen.runs.find(({ run }) => run === Number(target.value)));
  };
  element("measure").onchange = () => {
    charts.accuracy.draw({ $measure: measureWords() });
    drawRun();
    drawNumbers();
  };
  element("play").onclick = () => (trainer.playing ? trainer.pause() : trainer.play());
  element("step").onclick = () => trainer.step();
  element("restart").onclick = () => {
    trainer.restart();
    trainer.started = true;
    trainingShown();
  };
  element("speed").onchange = ({ target }) => (trainer.speed = Number(target.value));
  trainer.speed = Number(element("speed").value);
  element("tolerance").textContent =
    `It starts from the same initial weights and data as the recorded training. Costs agree to about 1e-15, until` +
    ` training at a large learning rate amplifies differences in the last bit. Then it is expected to end within` +
    ` ${AMPLIFIED.cost} of the recorded cost and ${100 * AMPLIFIED.accuracy} points of the recorded accuracies.`;
  await drawHeatMap();
  choose(first);
  await Promise.all([charts.cost.draw(), charts.accuracy.draw({ $measure: measureWords() }), charts.seeds.draw()]);
  window.addEventListener("resize", () => charts.heat.done.then(resized));
  document.documentElement.dataset.ready = "true";
}

let pageWidth = window.innerWidth;

function resized() {
  if (window.innerWidth === pageWidth) return; // a phone's address bar changes the height alone
  pageWidth = window.innerWidth;
  drawHeatMap();
}

function measureWords() {
  return element("measure").value === "test" ? "test accuracy" : "training accuracy";
}

// For the console, and for the tests of the page.
window.planar = {
  ACTIVATIONS, RandomState, Training, accuracy, backward, computed, cost, forward, initialize, update,
  charts, chosen, sweep, trainer,
};

start();
