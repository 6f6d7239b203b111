// The heat map, or the points of a sample, and the controls of the axes.

import { BEST } from "./choice.js";
import { create, element, option, say } from "./elements.js";
import { explainControls } from "./glossary.js";

const ROW = 34; // pixels of a row
const HIGHEST = 900; // pixels of all of them
const POINTS = 420; // pixels of the height of points
const MOST_VALUES = 12; // of a further axis of a sample from which one is chosen
const STEPS_OF_KEYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };

export class HeatMap {
  constructor(chart, sweep, choice) {
    Object.assign(this, { chart, sweep, choice });
  }

  async draw() {
    const { chart, choice } = this;
    const shown = choice.cells();
    const [x, y] = [this.sweep.axes[choice.x], this.sweep.axes[choice.y]];
    chart.data = { cells: shown };
    const width = (chart.element.clientWidth - 110) / x.values.length;
    const height = Math.min(ROW, HIGHEST / y.values.length);
    chart.size = { height: this.sweep.is_sample ? POINTS : height * y.values.length };
    chart.signals = { selected: choice.configuration, crowded: width < 38 || height < 16 };
    say("further-said", this.furtherSaid());
    await chart.draw({ $x: x.label, $y: y.label });
  }

  furtherSaid() {
    const { axes, is_sample } = this.sweep;
    if (is_sample) return "Each point is a configuration, placed by the order of its values.";
    const best = this.choice.furtherAxesToChoose().filter((axis) => this.choice.further.get(axis) === BEST);
    const said = best.length ? `Each cell shows the best over ${best.map((axis) => axes[axis].label).join(", ")}. ` : "";
    return `${said}An asterisk marks a tie with the best.`;
  }

  mark(configuration) {
    this.chart.update({}, { selected: configuration });
  }

  /** Fill the controls with the chosen axes. */
  fillControls() {
    const { axes } = this.sweep;
    const { choice } = this;
    for (const which of ["x", "y"]) {
      const select = element(`axis-${which}`);
      select.replaceChildren(...choice.axesToChoose().map((axis) => option(axis, axes[axis].label)));
      select.value = choice[which];
      select.onchange = () => {
        choice.chooseAxis(which, Number(select.value));
        this.fillControls();
        this.draw();
      };
    }
    element("axis-further").replaceChildren(...this.furtherAxes().map((axis) => this.controlOf(axis)));
    explainControls(element("axis-further"));
  }

  /** The further axes with a control: of a sample, those without a value for nearly every configuration. */
  furtherAxes() {
    const few = (axis) => !this.sweep.is_sample || this.sweep.axes[axis].values.length <= MOST_VALUES;
    return this.choice.furtherAxesToChoose().filter(few);
  }

  controlOf(axis) {
    const { label, values } = this.sweep.axes[axis];
    const { further } = this.choice;
    const control = create("label", label);
    const select = create("select");
    select.append(option(BEST, this.sweep.is_sample ? "all" : "the best"), ...values.map((value, code) => option(code, value)));
    select.value = further.get(axis);
    select.onchange = () => {
      further.set(axis, select.value === BEST ? BEST : Number(select.value));
      this.draw();
    };
    control.append(select);
    return control;
  }
}

/** The direction of an arrow key, as columns and rows from the bottom; undefined for other keys. */
export function stepOf(key) {
  return STEPS_OF_KEYS[key];
}
