// Retraining in the page: progress as numbers, as curves, and as a plot of the plane.

import { colour } from "./charts.js";
import { element, say } from "./elements.js";
import { fillLegend } from "./legend.js";
import { limits, paint } from "./plane.js";
import { curveRow } from "./recorded.js";
import { Trainer, amplified } from "./trainer.js";
import { grouped, short } from "./words.js";

const CLASS_COLOURS = 8; // in the style sheet
/** The title of the plane plot and the meaning of its lines, by task. */
const PICTURED = {
  binary: ["Decision boundary", "Line: probability 0.5."],
  multiclass: ["Decision boundaries", "Colours: the most likely class, stronger where it is more likely. Lines: where it changes."],
  regression: ["Predicted values", "Background: the predicted value. Points: the true value. Lines: equal steps of the predicted value."],
};
const REDRAW = 200; // milliseconds between two updates of a chart in training

export class Again {
  /** ``prefersLess``: a media query, whether the reader prefers less motion. */
  constructor(charts, sweep, choice, prefersLess) {
    Object.assign(this, { charts, sweep, choice, prefersLess, drawn: 0 });
    this.trainer = new Trainer(() => this.show());
    const isHidden = !sweep.hasTestCosts;
    for (const id of ["row-test-cost", "cost-on"]) element(id).hidden = isHidden;
  }

  /** Make the chosen run ready to train. */
  load() {
    const { choice, sweep, trainer } = this;
    const { configuration: c, run } = choice;
    const data = sweep.data(c, run?.run);
    const isPossible = Boolean(run && data && this.retrains);
    if (isPossible) {
      const { iterations, record_every } = sweep.howLong(c);
      trainer.load(data, sweep.training(c, run.seed), sweep.curve(run.run), iterations, record_every);
    } else {
      trainer.unload();
    }
    element("training-controls").disabled = !(run && data);
    for (const id of ["play", "step", "restart"]) element(id).disabled = !isPossible;
    if (!this.retrains) {
      say("tolerance", "Training with early stopping is not repeated on this page; the numbers are those of the network that was kept.");
      return;
    }
    const { cost, score } = amplified(sweep.task(c));
    const scores = sweep.score === "accuracy" ? `${100 * score} percentage points of the recorded accuracies` : `${score} of the recorded R²`;
    say(
      "tolerance",
      `Retraining starts from the same initial weights and data as the recorded training. Costs agree to about 1e-15` +
        ` unless a large learning rate amplifies rounding differences. In that case training should end within` +
        ` ${cost} of the recorded cost and ${scores}.`,
    );
  }

  /** Whether the page can repeat the training: it knows nothing of early stopping. */
  get retrains() {
    return this.sweep.settings.patience === undefined;
  }

  get isStarted() {
    return this.trainer.training && this.trainer.started;
  }

  /** Show the progress: the boundary immediately, charts and numbers a few times a second. */
  show() {
    const { trainer, prefersLess } = this;
    const { playing } = trainer;
    say("play", playing ? "Pause" : this.isStarted && trainer.isDone ? "Train again" : "Play");
    const now = performance.now();
    const late = now - this.drawn > (prefersLess.matches ? 5 * REDRAW : REDRAW);
    if (!playing || late || !prefersLess.matches) this.drawPlane();
    if (playing && !late) return;
    this.drawn = now;
    this.drawNumbers();
  }

  drawNumbers() {
    const { charts, trainer } = this;
    const { configuration, run } = this.choice;
    const { iterations } = this.sweep.howLong(configuration);
    const { dtype } = this.sweep.settings;
    const here = (this.isStarted ? trainer.records : []).map((record) => curveRow(record, -2, "trained here"));
    charts.cost.update({ here });
    charts.accuracy.update({ here });
    const last = this.isStarted ? trainer.last : null;
    say("iteration", this.isStarted ? grouped(trainer.iteration) : "–");
    const { text } = this.sweep.scoring;
    for (const [name, written] of [["cost", short], ["test_cost", short], ["train", text], ["test", text]]) {
      const id = name.replace("_", "-");
      say(`here-${id}`, written(last?.[name] ?? null));
      say(`recorded-${id}`, written(run?.[name] ?? null));
    }
    // The numbers of a run that diverged are those of its last finite record.
    const until = run?.status === "diverged" ? "before " : "";
    const at = this.retrains ? iterations : (run?.stopped ?? iterations);
    say("recorded-iteration", run ? (this.retrains ? until : "") + grouped(at) : "–");
    const precision = dtype === "float64" ? "" : ` Recorded in ${dtype}, trained here in float64.`;
    say("comparison", this.isStarted ? trainer.comparison(run) + precision : "");
  }

  drawPlane() {
    const { choice, sweep, trainer } = this;
    const c = choice.configuration;
    const data = sweep.data(c, choice.run?.run);
    element("plane-part").hidden = !data?.plane;
    if (!data?.plane) {
      say(
        "plane-said",
        data
          ? `No boundary plot: the network's ${data.feature_names.length} features are not computed from exactly two inputs.`
          : "These data are too large for this page: the boundary cannot be shown, and the network cannot be retrained.",
      );
      return;
    }
    const recorded = choice.run && sweep.network(choice.run.run, data.feature_names.length);
    const canvas = element("plane");
    const { names, points } = data.plane;
    const { x, y, ratio } = limits(points);
    canvas.height = Math.round(canvas.width / ratio);
    const parameters = this.isStarted ? trainer.training.parameters : recorded;
    const { task } = data;
    paint(canvas, parameters, { task, activation: sweep.activation(c) }, { ...data.plane, Y: data.Y }, planeColours());
    fillLegend(element("plane-legend"), data, planeColours());
    say("plane-x", `${names[0]}: ${short(x.low)} to ${short(x.high)}`);
    say("plane-y", `${names[1]}: ${short(y.low)} to ${short(y.high)}`);
    const what = this.isStarted
      ? `Trained here for ${grouped(trainer.iteration)} iterations.`
      : recorded
        ? "The recorded network."
        : this.retrains
          ? "This page does not include this network: retrain it to see it."
          : "This page does not include this network.";
    const [shown, lines] = PICTURED[task];
    if (!trainer.playing) canvas.ariaLabel = `${shown} over ${names.join(" and ")}. ${what}`;
    say("plane-said", `${what} ${lines}`);
  }
}

/** The colours of the plane, as the style sheet has them. */
function planeColours() {
  const each = (name) => Array.from({ length: CLASS_COLOURS }, (_, k) => colour(`${name}-${k}`));
  const [middle, line, edge] = ["shade-middle", "shade-line", "point-edge"].map(colour);
  return { shades: each("shade"), points: each("point"), middle, line, edge };
}
