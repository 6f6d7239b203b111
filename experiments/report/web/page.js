// The page: its parts and its event handlers.

import { HELD, PLAY, embedded } from "./held.js";
import { exactSum, fma } from "./fma.js";
import { cosOf, logOf, sinOf } from "./elementary.js";
import { ACTIVATIONS, INITS, OPTIMIZERS, Training, backward, forward, initialize, update } from "./network.js";
import { TASKS, accuracy, cost, score } from "./outputs.js";
import { RandomState } from "./random.js";
import { computed } from "./plane.js";
import { Sweep } from "./model.js";
import { generated } from "./generated.js";
import { readFile, readTable } from "./dropped.js";
import { splitTable } from "./tablesplit.js";
import { addressOf, checked, commandOf, defaultSetting, sameAs, settingOf, settingOfRun, trainingOf } from "./setting.js";
import { Chart } from "./charts.js";
import { element, say } from "./elements.js";
import { Choice } from "./choice.js";
import { HeatMap, stepOf } from "./heatmap.js";
import { Recorded, measureWords } from "./recorded.js";
import { Again } from "./again.js";
import { Table } from "./table.js";

const prefersLess = window.matchMedia("(prefers-reduced-motion: reduce)");
const prefersDark = window.matchMedia("(prefers-color-scheme: dark)");
const sweep = new Sweep(HELD);
const charts = Object.fromEntries(
  Object.entries(embedded("charts")).map(([name, specification]) => [
    name,
    new Chart(element(`chart-${name}`), specification, chartWords(sweep.judging)),
  ]),
);
const chosen = new Choice(sweep);
const heatMap = new HeatMap(charts.heat, sweep, chosen);
const recorded = new Recorded(charts, sweep, chosen);
const again = new Again(charts, sweep, chosen, prefersLess);
const { trainer } = again;
const table = new Table(
  sweep,
  { table: element("configurations"), filter: element("filter"), more: element("more"), count: element("count") },
  (configuration) => {
    choose(configuration);
    element("chosen").scrollIntoView({ behavior: prefersLess.matches ? "auto" : "smooth" });
  },
);

/** The replacements for placeholders in the charts, except those of axes and measures. */
function chartWords({ name, formats }) {
  return { $mean: `mean test ${name}`, $test: `test ${name}`, ...formats };
}

/** Choose a configuration and its median seed, and update the page. */
function choose(configuration) {
  const { follows, median, first } = chosen.choose(configuration);
  if (follows) {
    heatMap.fillControls();
    heatMap.draw();
  }
  heatMap.mark(configuration);
  table.mark(configuration);
  recorded.drawConfiguration(median);
  chooseRun(first);
}

function chooseRun(run) {
  chosen.chooseRun(run);
  if (run) element("seed").value = run.run;
  again.load();
  recorded.drawRuns();
  again.show();
}

function runOf(number) {
  return chosen.runs.find(({ run }) => run === number);
}

/** Arrow keys move from cell to cell; Enter trains. */
function heatMapKey(event) {
  if (event.key === "Enter" || event.key === " ") {
    event.preventDefault();
    trainer.play();
  }
  const step = stepOf(event.key);
  if (!step) return;
  event.preventDefault();
  const next = chosen.neighbour(step);
  if (next !== null) choose(next);
}

function setTheme(name) {
  document.documentElement.dataset.theme = name;
  say("theme", name === "dark" ? "Light" : "Dark");
  for (const chart of Object.values(charts)) if (chart.view) chart.draw();
  if (chosen.configuration >= 0) again.drawPlane();
}

/** The plane is printed in the light theme. */
function printedPlane() {
  const { dataset } = document.documentElement;
  const onScreen = dataset.theme;
  dataset.theme = "light";
  again.drawPlane();
  window.addEventListener("afterprint", () => {
    dataset.theme = onScreen;
    again.drawPlane();
  }, { once: true });
}

function setMeasure() {
  charts.accuracy.draw(measureWords(sweep.scoring));
  if (sweep.hasTestCosts) charts.cost.draw(measureWords(sweep.scoring));
  recorded.drawRuns();
  again.drawNumbers();
}

let pageWidth = window.innerWidth;

function resized() {
  if (window.innerWidth === pageWidth) return; // a phone's address bar changes the height alone
  pageWidth = window.innerWidth;
  heatMap.draw();
}

function listen() {
  charts.heat.click = ({ id }) => {
    if (!(id >= 0)) return;
    choose(id);
    if (!prefersLess.matches) trainer.play();
  };
  charts.seeds.click = ({ run }) => run >= 0 && chooseRun(runOf(run));
  element("chart-heat").onkeydown = heatMapKey;
  element("seed").onchange = ({ target }) => chooseRun(runOf(Number(target.value)));
  element("measure").onchange = setMeasure;
  element("measure-cost").onchange = setMeasure;
  element("play").onclick = () => (trainer.playing ? trainer.pause() : trainer.play());
  element("step").onclick = () => trainer.step();
  element("restart").onclick = () => {
    trainer.restart();
    trainer.started = true;
    again.show();
  };
  element("speed").onchange = ({ target }) => (trainer.speed = Number(target.value));
  element("theme").onclick = () => setTheme(document.documentElement.dataset.theme === "dark" ? "light" : "dark");
  prefersDark.addEventListener("change", () => setTheme(prefersDark.matches ? "dark" : "light"));
  window.addEventListener("beforeprint", printedPlane);
  window.addEventListener("resize", () => charts.heat.done.then(resized));
}

async function start() {
  setTheme(prefersDark.matches ? "dark" : "light");
  listen();
  trainer.speed = Number(element("speed").value);
  heatMap.fillControls();
  await heatMap.draw();
  choose(chosen.first);
  await Promise.all([charts.cost, charts.accuracy, charts.seeds].map((chart) => chart.draw(measureWords(sweep.scoring))));
  document.documentElement.dataset.ready = "true";
}

// For the console, and for the tests of the page.
window.planar = {
  ACTIVATIONS, INITS, OPTIMIZERS, RandomState, TASKS, Training,
  accuracy, backward, computed, cost, forward, initialize, score, update,
  PLAY, addressOf, checked, commandOf, cosOf, defaultSetting, exactSum, fma, generated, logOf, readFile, readTable, sameAs,
  settingOf, settingOfRun, sinOf, splitTable, trainingOf,
  charts, chosen, sweep, trainer,
};

start();
