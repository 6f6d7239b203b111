// Retraining of one network in the page.

import { Training } from "./network.js";
import { TASKS } from "./outputs.js";
import { SCORES, apart, grouped } from "./words.js";

const FRAME = 15; // milliseconds of training and drawing in a frame of 16.7, so that the page never stops answering
const LEAST = 4; // milliseconds of training in a frame, however long drawing takes
/** The tolerance of the final values if training follows the recorded one up to rounding. */
const CLOSE = { cost: 1e-9, score: 0.01 };
/**
 * The tolerance if training amplifies rounding differences. Of the 20 networks with 20 and 50 units and a learning rate
 * of 5 in the default sweep, 19 leave the recorded curve; they end within 0.24 of its cost and 3.3 points of its
 * training accuracy.
 */
const AMPLIFIED = { cost: 0.3, score: 0.05 };
/** The same for regression, where the training R^2 is 1 - 2 cost. */
const AMPLIFIED_VALUES = { cost: 0.05, score: 0.1 };

export function amplified(task) {
  return task === "regression" ? AMPLIFIED_VALUES : AMPLIFIED;
}

/**
 * Trains one network. `shown` is called with the trainer whenever there is something to draw. `others` are trainers that
 * go along: all have the same iteration.
 */
export class Trainer {
  constructor(shown = () => {}) {
    this.shown = shown;
    this.speed = 10; // iterations a frame
    this.playing = false;
    this.others = [];
    this.drawing = 0; // milliseconds that drawing took
  }

  /** Load another run: data, settings, recorded curve, and number of iterations. */
  load(data, how, recorded, iterations, recordEvery) {
    this.pause();
    Object.assign(this, { data, recorded, iterations, recordEvery });
    this.training = new Training(data.X, data.Y, how);
    this.restart();
  }

  /** Nothing to train. */
  unload() {
    this.pause();
    this.training = null;
  }

  restart() {
    this.pause();
    this.reset();
    for (const other of this.others) other.reset();
  }

  reset() {
    this.training.restart();
    this.records = [];
    this.started = false;
    this.stopped = false;
    this.agreed = -1; // the last recorded iteration up to which all costs are close
    this.differed = false;
    this.record();
  }

  get iteration() {
    return this.training.iteration;
  }

  get isDone() {
    return this.stopped || this.iteration >= this.iterations;
  }

  /** Whether the others are, too. */
  get areDone() {
    return this.isDone && this.others.every(({ isDone }) => isDone);
  }

  play() {
    if (!this.training || this.playing) return;
    if (this.areDone) this.restart();
    this.start();
    this.playing = true;
    this.frame = requestAnimationFrame(() => this.work());
    this.show();
  }

  start() {
    for (const each of [this, ...this.others]) each.started = true;
  }

  pause() {
    if (!this.playing) return;
    this.playing = false;
    cancelAnimationFrame(this.frame);
    this.show();
  }

  step() {
    this.pause();
    this.start();
    this.advance();
    this.show();
  }

  work() {
    const end = performance.now() + Math.max(FRAME - this.drawing, LEAST);
    let left = this.speed;
    do this.advance();
    while (--left > 0 && !this.areDone && performance.now() < end);
    if (this.areDone) {
      this.pause();
    } else {
      this.frame = requestAnimationFrame(() => this.work());
      this.show();
    }
  }

  show() {
    const start = performance.now();
    this.shown(this);
    this.drawing = performance.now() - start;
  }

  /** One update of this network and of the others. */
  advance() {
    for (const each of [this, ...this.others]) if (!each.isDone) each.update();
  }

  update() {
    this.training.step();
    if (this.iteration % this.recordEvery === 0 || this.iteration === this.iterations) this.record();
  }

  /** Measure costs and accuracies, and compare the cost with the recorded one. */
  record() {
    const { training, data } = this;
    const name = TASKS[training.task].score;
    const finite = (value) => (Number.isFinite(value) ? value : null);
    const { cost, [name]: train } = training.measure();
    const on = data.Y_test.length ? training.measure(data.X_test, data.Y_test) : {};
    this.stopped = !Number.isFinite(cost);
    if (this.stopped) return;
    const scores = { train: finite(train), test: finite(on[name]), test_cost: finite(on.cost) };
    this.records.push({ iteration: this.iteration, cost, ...scores });
    const then = this.recorded.find(({ iteration }) => iteration === this.iteration);
    if (!then || this.differed) return;
    this.differed = Math.abs(cost - then.cost) > CLOSE.cost;
    if (!this.differed) this.agreed = this.iteration;
  }

  get last() {
    return this.records.at(-1);
  }

  /** Whether this training ended as the recorded one, and the details; null if there is nothing to compare. */
  comparison(final) {
    if (this.stopped) return { verdict: "Training diverged: a number is no longer finite.", details: "" };
    if (!final) return null;
    const agreed =
      this.agreed < 0 || this.recorded.length === 0
        ? ""
        : `Costs agree with the recorded ones to ${CLOSE.cost} up to iteration ${grouped(this.agreed)}. `;
    const after = this.differed ? "After that, training amplified rounding differences. " : "";
    if (!this.isDone || final.cost === null) return { verdict: "", details: agreed + after };
    const { last } = this;
    const { task } = this.training;
    const scoring = SCORES[TASKS[task].score];
    const distance = (a, b) => scoring.apart(Math.fround(a ?? 0), b ?? 0); // recorded ones come in float32
    const scores = Math.max(distance(last.train, final.train), distance(last.test, final.test));
    const tolerance = this.differed || this.recorded.length === 0 ? amplified(task) : CLOSE;
    const isClose = Math.abs(last.cost - final.cost) <= tolerance.cost && scores <= scoring.apart(tolerance.score, 0);
    const ends =
      `It ended ${isClose ? "within" : "outside"} the tolerance of ${tolerance.cost} in cost and` +
      ` ${scoring.within(tolerance.score)}: the differences are ${apart(last.cost, final.cost)} and ${apart(scores, 0)}.`;
    const closely = this.differed ? ", apart from amplified rounding differences" : "";
    const verdict = isClose ? `\u2713 Agrees with the recorded result${closely}.` : "\u2717 Differs from the recorded result.";
    return { verdict, details: agreed + after + ends };
  }
}
