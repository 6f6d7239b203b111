// The page: its parts and its event handlers.

import { HELD, PLAY, embedded } from "./held.js";
import { exactSum, fma } from "./fma.js";
import { cosOf, logOf, sinOf } from "./elementary.js";
import { ACTIVATIONS, INITS, OPTIMIZERS, Training, backward, forward, initialize, update } from "./network.js";
import { TASKS, accuracy, cost, score } from "./outputs.js";
import { RandomState } from "./random.js";
import { computed, paint } from "./plane.js";
import { Sweep } from "./model.js";
import { generated } from "./generated.js";
import { readFile, readTable } from "./dropped.js";
import { splitTable } from "./tablesplit.js";
import { addressOf, checked, commandOf, defaultSetting, sameAs, settingOf, settingOfRun, trainingOf } from "./setting.js";
import { Chart } from "./charts.js";
import { copyText, element, option, say } from "./elements.js";
import { explainPage } from "./glossary.js";
import { addSaving, saveText } from "./saving.js";
import { Choice } from "./choice.js";
import { HeatMap, stepOf } from "./heatmap.js";
import { Recorded, measureWords } from "./recorded.js";
import { Again } from "./again.js";
import { Beside } from "./beside.js";
import { subjectOf } from "./subject.js";
import { Play } from "./play.js";
import { networkFile } from "./networkfile.js";
import { themed } from "./view.js";
import { Table } from "./table.js";
import { titled } from "./words.js";

const WIDE = "(min-width: 901px)"; // as in the style sheet: the controls are open beside the network
/** What has the focus and needs Space. */
const NEEDS_SPACE = "button, select, input, textarea, summary, a[href]";
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
const again = new Again(charts, sweep, prefersLess);
const { trainer } = again;
const play = new Play(sweep, {
  found: (configuration, run) => {
    choose(configuration, false);
    chooseRun(chosen.runs.find((each) => each.run === run) ?? sweep.runsOf(configuration).find((each) => each.run === run));
    moves();
  },
  made: (subject) => {
    showMade(subject);
    moves();
  },
});
const table = new Table(
  sweep,
  {
    table: element("configurations"), filter: element("filter"), more: element("more"), count: element("count"),
    copy: element("copy-table"), save: element("save-table"), notUnderstood: element("not-understood"),
  },
  (configuration) => {
    choose(configuration);
    inSight();
  },
);

/** The replacements for placeholders in the charts, except those of axes and measures. */
function chartWords(scoring) {
  const [mean, test] = [`mean test ${scoring.name}`, `test ${scoring.name}`];
  return { $mean: titled(mean, scoring), $test: titled(test, scoring), "$mean-of": mean, "$test-of": test, ...scoring.formats };
}

/** Choose a configuration and its median seed, and update the page. */
function choose(configuration, isUnasked) {
  const { follows, median, first } = chosen.choose(configuration);
  if (follows) {
    heatMap.fillControls();
    heatMap.draw();
  }
  heatMap.mark(configuration);
  table.mark(configuration);
  recorded.drawConfiguration(median);
  chooseRun(first, isUnasked);
}

function chooseRun(run, isUnasked = false) {
  chosen.chooseRun(run);
  if (run) element("seed").value = run.run;
  play.follow(chosen.configuration, run, isUnasked);
  show(subjectOf(sweep, chosen.configuration, chosen.run));
  recorded.drawRuns();
  again.show();
}

/** Show a network that is not in the sweep. */
function showMade(subject) {
  heatMap.mark(-1);
  table.mark(-1);
  element("seed").replaceChildren(option(-1, subject.how.seed));
  element("seed").disabled = true;
  show(subject);
  recorded.drawNone();
  again.show();
}

/** Show a network, ready to train. */
function show(subject) {
  const before = again.scoring;
  again.load(subject);
  if (before && before !== again.scoring) charts.accuracy.draw(measureWords(again.scoring));
  again.beside?.named();
}

/** The network beside the map is seen in training, without scrolling. */
function inSight() {
  element("network").scrollIntoView({ block: "nearest", behavior: prefersLess.matches ? "auto" : "smooth" });
}

/** What was asked for moves at once, unless the reader prefers less of that. */
function moves() {
  if (!prefersLess.matches) trainer.play();
}

/** Space starts and pauses, wherever it has no other meaning. */
function spaceKey(event) {
  if (event.key !== " " || event.defaultPrevented || event.target.closest(NEEDS_SPACE)) return;
  event.preventDefault();
  if (!event.repeat) toggle();
}

function toggle() {
  if (trainer.playing) trainer.pause();
  else trainer.play();
}

/** Pin the network beside the next one that is chosen, or end that. */
function compare() {
  if (again.beside) again.beside.close();
  else new Beside(again);
  element("compare").ariaPressed = String(Boolean(again.beside));
  say("compare", again.beside ? "Close A" : "Compare");
  again.show();
}

function linkOf({ address }) {
  return `${window.location.href.split("#")[0]}${address}`;
}

/** Copy a text, and say so on the button for a moment. */
async function copied(button, text) {
  const before = (button.dataset.name ??= button.textContent);
  button.textContent = (await copyText(text)) ? "Copied" : "Not allowed here";
  setTimeout(() => (button.textContent = before), 1500);
}

function runOf(number) {
  return chosen.runs.find(({ run }) => run === number);
}

/** Arrow keys move from cell to cell; Enter trains. */
function heatMapKey(event) {
  if (event.key === "Enter") {
    event.preventDefault();
    trainer.play();
  }
  const step = stepOf(event.key);
  if (!step) return;
  event.preventDefault();
  const next = chosen.neighbour(step);
  if (next === null) return;
  choose(next);
  inSight();
}

function setTheme(name) {
  document.documentElement.dataset.theme = name;
  say("theme", name === "dark" ? "Light" : "Dark");
  for (const chart of Object.values(charts)) if (chart.view) chart.draw();
  if (again.subject) again.draw();
}

/** The plane is printed in the light theme. */
function printedPlane() {
  const { dataset } = document.documentElement;
  const onScreen = dataset.theme;
  dataset.theme = "light";
  again.draw();
  window.addEventListener("afterprint", () => {
    dataset.theme = onScreen;
    again.draw();
  }, { once: true });
}

function setMeasure() {
  charts.accuracy.draw(measureWords(again.scoring));
  if (sweep.hasTestCosts) charts.cost.draw(measureWords(again.scoring));
  if (again.subject.run) recorded.drawRuns();
  again.drawNumbers();
}

let pageWidth = window.innerWidth;

function resized() {
  if (window.innerWidth === pageWidth) return; // a phone's address bar changes the height alone
  pageWidth = window.innerWidth;
  heatMap.draw();
}

/** Charts of the chosen configuration are named by it. */
function addSavings() {
  const ofChosen = (what) => () => [document.title, what(), sweep.words(chosen.configuration)];
  const measured = (id, name) => () => `${element(id).value === "train" ? "training" : "test"} ${name}`;
  const map = sweep.is_sample ? "points" : "heat map";
  const axes = () => `${sweep.axes[chosen.x].label} ${sweep.axes[chosen.y].label}`;
  addSaving(charts.heat, `the ${map}`, () => [document.title, map, "test", sweep.judging.name, axes()]);
  addSaving(charts.cost, "the curves of the cost", ofChosen(measured("measure-cost", "cost")));
  addSaving(charts.accuracy, `the curves of the ${sweep.scoring.name}`, ofChosen(measured("measure", sweep.scoring.name)));
  addSaving(charts.seeds, "the chart of the seeds", ofChosen(() => `seeds test ${sweep.judging.name}`));
}

function listen() {
  charts.heat.click = ({ id }) => {
    if (!(id >= 0)) return;
    choose(id);
    inSight();
    moves();
  };
  charts.seeds.click = ({ run }) => run >= 0 && chooseRun(runOf(run));
  element("chart-heat").onkeydown = heatMapKey;
  element("seed").onchange = ({ target }) => chooseRun(runOf(Number(target.value)));
  element("measure").onchange = setMeasure;
  element("measure-cost").onchange = setMeasure;
  element("play").onclick = toggle;
  element("compare").onclick = compare;
  element("show-test").onchange = ({ target }) => again.showTest(target.checked);
  element("copy-link").onclick = ({ target }) => {
    copied(target, linkOf(play));
    say("link-said", play.isOfTable ? "The link does not contain the table: whoever opens it must drop the same file on the page." : "");
  };
  element("save-network").onclick = () => {
    const file = networkFile(again.view, play.setting);
    saveText(`${JSON.stringify(file)}\n`, [file.name, "iteration", String(file.iteration)], "json");
  };
  element("copy-command").onclick = ({ target }) => copied(target, element("command").textContent);
  document.addEventListener("keydown", spaceKey);
  element("step").onclick = () => trainer.step();
  element("restart").onclick = () => {
    trainer.restart();
    trainer.start();
    again.show();
  };
  element("speed").onchange = ({ target }) => (trainer.speed = Number(target.value));
  element("theme").onclick = () => setTheme(document.documentElement.dataset.theme === "dark" ? "light" : "dark");
  prefersDark.addEventListener("change", () => setTheme(prefersDark.matches ? "dark" : "light"));
  window.addEventListener("beforeprint", printedPlane);
  window.addEventListener("resize", () => charts.heat.done.then(resized));
}

async function start() {
  heatMap.fillControls();
  explainPage();
  setTheme(prefersDark.matches ? "dark" : "light");
  element("change").open = window.matchMedia(WIDE).matches;
  listen();
  addSavings();
  trainer.speed = Number(element("speed").value);
  await heatMap.draw();
  choose(chosen.first, true);
  play.open();
  await Promise.all([charts.cost, charts.accuracy, charts.seeds].map((chart) => chart.draw(measureWords(again.scoring))));
  document.documentElement.dataset.ready = "true";
}

// For the console, and for the tests of the page.
window.planar = {
  ACTIVATIONS, INITS, OPTIMIZERS, RandomState, TASKS, Training,
  accuracy, backward, computed, cost, forward, initialize, paint, score, update,
  PLAY, addressOf, checked, commandOf, cosOf, defaultSetting, exactSum, fma, generated, logOf, readFile, readTable, sameAs,
  settingOf, settingOfRun, sinOf, splitTable, trainingOf,
  again, charts, chosen, play, sweep, themed, trainer,
};

start();
