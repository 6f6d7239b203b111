// The network that was chosen, in training: its view, the curves, and the comparison with what was recorded.

import { element, say } from "./elements.js";
import { fillLegend } from "./legend.js";
import { limits } from "./plane.js";
import { curveRow } from "./recorded.js";
import { Trainer, amplified } from "./trainer.js";
import { themed, View } from "./view.js";
import { short } from "./words.js";

const REDRAW = 200; // milliseconds between two updates of a chart in training

export class Again {
  /** ``prefersLess``: a media query, whether the reader prefers less motion. */
  constructor(charts, sweep, prefersLess) {
    Object.assign(this, { charts, sweep, prefersLess, drawn: 0, subject: null, beside: null });
    this.trainer = new Trainer(() => this.show());
    this.view = new View(this.trainer);
    element("cost-on").hidden = !sweep.hasTestCosts;
    for (const each of document.querySelectorAll(".of-test-cost")) each.hidden = !sweep.hasTestCosts;
  }

  /** Make a network ready to train. */
  load(subject) {
    this.subject = subject;
    const { trainer, view } = this;
    const { data, how, retrains } = subject;
    const isPossible = Boolean(subject.isTrainable && data && retrains);
    if (isPossible) trainer.load(data, how, subject.recorded, subject.iterations, subject.recordEvery);
    else trainer.unload();
    view.load(subject);
    element("training-controls").disabled = !(subject.isTrainable && data);
    for (const id of ["play", "step", "restart"]) element(id).disabled = !isPossible;
    element("compare").disabled = !isPossible && !this.beside;
    say("tolerance", this.tolerance());
    say("chosen-name", subject.name);
    for (const each of document.querySelectorAll(".score")) each.textContent = view.scoring.name;
    say("measured", view.scoring.name[0].toUpperCase() + view.scoring.name.slice(1));
  }

  /** The scoring of its task; undefined before there is a network. */
  get scoring() {
    return this.subject ? this.view.scoring : undefined;
  }

  tolerance() {
    const { run, retrains, how } = this.subject;
    if (!retrains) return "Training with early stopping is not repeated on this page; the numbers are those of the network that was kept.";
    if (!run) return "";
    const { cost, score } = amplified(how.task);
    const scores = this.sweep.score === "accuracy" ? `${100 * score} percentage points of the recorded accuracies` : `${score} of the recorded R²`;
    return (
      "Retraining starts from the same initial weights and data as the recorded training. Costs agree to about 1e-15" +
      " unless a large learning rate amplifies rounding differences. In that case training should end within" +
      ` ${cost} of the recorded cost and ${scores}.`
    );
  }

  /** Show the progress: the boundary immediately, charts and numbers a few times a second. */
  show() {
    const { trainer, prefersLess, view } = this;
    const { playing } = trainer;
    say("play", playing ? "Pause" : view.isStarted && trainer.areDone ? "Train again" : "Play");
    const now = performance.now();
    const late = now - this.drawn > (prefersLess.matches ? 5 * REDRAW : REDRAW);
    if (!playing || late || !prefersLess.matches) this.draw();
    if (playing && !late) return;
    this.drawn = now;
    this.drawNumbers();
    this.drawWords();
  }

  drawNumbers() {
    const { charts, trainer, view } = this;
    const here = (view.isStarted ? trainer.records : []).map((record) => curveRow(record, -2, "trained here"));
    charts.cost.update({ here });
    charts.accuracy.update({ here });
    view.drawNumbers();
    this.beside?.drawNumbers();
  }

  /** How the training compares with the recorded one. */
  drawWords() {
    const { subject, sweep, trainer, view } = this;
    const { dtype } = sweep.settings;
    const compared = view.isStarted ? trainer.comparison(subject.run) : null;
    const precision = dtype === "float64" ? "" : ` Recorded in ${dtype}, trained here in float64.`;
    say("comparison", compared?.verdict ?? "");
    say("comparison-details", compared?.details ? compared.details + precision : "");
    element("comparison-fold").hidden = !subject.run;
    element("save-network").disabled = !subject.data || !view.parameters;
  }

  showTest(shows) {
    for (const view of [this.view, this.beside?.view]) if (view) view.showsTest = shows;
    this.draw();
  }

  /** The pictures. */
  draw() {
    this.view.draw();
    this.beside?.draw();
    this.drawLegend();
  }

  drawLegend() {
    const { data } = this.subject;
    say("plane-said", this.view.said);
    element("plane-axes").hidden = element("points-part").hidden = !data?.plane;
    if (!data?.plane || this.trainer.playing) return;
    fillLegend(element("plane-legend"), data, themed().colours);
    const { x, y } = limits(data.plane.points);
    say("plane-x", `${data.plane.names[0]}, ${short(x.low)} to ${short(x.high)}`);
    say("plane-y", `${data.plane.names[1]}, ${short(y.low)} to ${short(y.high)}`);
  }
}
