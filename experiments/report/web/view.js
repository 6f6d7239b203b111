// One network on the page: its drawing, its plane, and its numbers.

import { colour } from "./charts.js";
import { Drawing } from "./drawing.js";
import { element } from "./elements.js";
import { hiddenLayers } from "./network.js";
import { TASKS } from "./outputs.js";
import { limits, paint } from "./plane.js";
import { UnitColours, paintUnit } from "./units.js";
import { SCORES, grouped, short } from "./words.js";

const CLASS_COLOURS = 8; // in the style sheet
/** The title of the plane plot and the meaning of its lines, by task. */
const PICTURED = {
  binary: ["Decision boundary", "Line: probability 0.5."],
  multiclass: ["Decision boundaries", "Colours: the most likely class, stronger where it is more likely. Lines: where it changes."],
  regression: ["Predicted values", "Background: the predicted value. Points: the true value. Lines: equal steps of the predicted value."],
};

export class View {
  /** `prefix`: of the ids of its elements; `leader`: the trainer with which this one goes along. */
  constructor(trainer, prefix = "", leader = null) {
    Object.assign(this, { trainer, prefix, leader, subject: null, unit: null, showsTest: false });
    this.drawing = new Drawing(this.at("drawing"), (unit) => {
      this.unit = unit;
      this.draw();
    });
  }

  at(id) {
    return element(this.prefix + id);
  }

  say(id, text) {
    this.at(id).textContent = text;
  }

  load(subject) {
    Object.assign(this, { subject, unit: null });
    const { data, how } = subject;
    this.at("plane-part").hidden = !data?.plane;
    this.at("drawing").hidden = !data;
    if (data) this.drawing.load(data, [data.feature_names.length, ...hiddenLayers(how.hidden), how.outputs]);
    this.unit = this.drawing.held;
  }

  get isStarted() {
    return Boolean(this.trainer.training && this.trainer.started);
  }

  /** Whether the picture is one of many: then it is drawn more coarsely. */
  get isMoving() {
    return this.trainer.playing || Boolean(this.leader?.playing);
  }

  /** The parameters that are shown: trained here, recorded, or the initial ones of a network that is not in the sweep. */
  get parameters() {
    const { subject, trainer } = this;
    if (this.isStarted || (trainer.training && !subject.run)) return trainer.training.parameters;
    return subject.network;
  }

  /** The scoring of the task. */
  get scoring() {
    return SCORES[TASKS[this.subject.how.task].score];
  }

  /** Draw the network and the plane. */
  draw() {
    const { subject, parameters } = this;
    if (!subject?.data) return;
    const { data, how } = subject;
    const { colours, unitColours } = themed();
    this.drawing.draw(parameters, how, colours, unitColours);
    if (!data.plane) {
      this.say("plane-shows", "");
      return;
    }
    const canvas = this.at("plane");
    const { ratio } = limits(data.plane.points);
    const height = Math.round(canvas.width / ratio);
    if (canvas.height !== height) canvas.height = height;
    const plane = { ...data.plane, Y: data.Y, Y_test: data.Y_test };
    if (!this.showsTest) plane.test_points = null;
    const [shown] = PICTURED[how.task];
    if (this.unit && parameters) {
      paintUnit(canvas, parameters, how, plane, colours, this.isMoving, this.unit, unitColours);
      this.say("plane-shows", this.drawing.nameOf(this.unit, parameters));
    } else {
      paint(canvas, parameters, how, plane, colours, this.isMoving);
      this.say("plane-shows", shown);
    }
    if (!this.trainer.playing) canvas.ariaLabel = `${shown} over ${data.plane.names.join(" and ")}. ${this.what}`;
  }

  /** What is drawn, in words. */
  get what() {
    const { subject, trainer } = this;
    if (this.isStarted) return `Trained here for ${grouped(trainer.iteration)} ${trainer.iteration === 1 ? "iteration" : "iterations"}.`;
    if (subject.network) return "The recorded network.";
    if (!subject.run) return "Not trained yet.";
    return subject.retrains
      ? "This page does not include this network: retrain it to see it."
      : "This page does not include this network.";
  }

  /** What the plane shows, in words, or why there is none. */
  get said() {
    const { data, how } = this.subject;
    if (!data) return "These data are too large for this page: the boundary cannot be shown, and the network cannot be retrained.";
    if (data.plane) return `${this.what} ${PICTURED[how.task][1]}`;
    return `No boundary plot: the network's ${data.feature_names.length} features are not computed from exactly two inputs.`;
  }

  drawNumbers() {
    const { subject, trainer, isStarted } = this;
    const { run } = subject;
    const last = isStarted ? trainer.last : null;
    this.say("iteration", isStarted ? grouped(trainer.iteration) : "–");
    const { text } = this.scoring;
    for (const [name, written] of [["cost", short], ["test_cost", short], ["train", text], ["test", text]]) {
      const id = name.replace("_", "-");
      this.say(`here-${id}`, written(last?.[name] ?? null));
      this.say(`recorded-${id}`, written(run?.[name] ?? null));
    }
    // The numbers of a run that diverged are those of its last finite record.
    const until = run?.status === "diverged" ? "before " : "";
    const at = subject.retrains ? subject.iterations : (run?.stopped ?? subject.iterations);
    this.say("recorded-iteration", run ? (subject.retrains ? until : "") + grouped(at) : "–");
  }
}

let themeDrawn = { name: null };

/** The colours of the plane, as the style sheet has them, and of units; read once for each theme. */
export function themed() {
  const name = document.documentElement.dataset.theme;
  if (themeDrawn.name === name) return themeDrawn;
  const each = (kind) => Array.from({ length: CLASS_COLOURS }, (_, k) => colour(`${kind}-${k}`));
  const [middle, line, edge] = ["shade-middle", "shade-line", "point-edge"].map(colour);
  const colours = { shades: each("shade"), points: each("point"), middle, line, edge };
  themeDrawn = { name, colours, unitColours: new UnitColours(colours) };
  return themeDrawn;
}
