// The controls of a network: one for each knob that can be played with, made from their declarations.

import { create, option } from "./elements.js";
import { generatedSet } from "./generated.js";
import { PLAY } from "./held.js";
import { hiddenLayers } from "./network.js";
import { checked, matters } from "./setting.js";
import { nextValue } from "./stepping.js";

/** The features of two inputs that are offered; others can be given in the address. */
const TERMS = ["x1", "x2", "x1^2", "x2^2", "x1x2", "sin(x1)", "sin(x2)"];
const MINUS = "\u2212";

export class Panel {
  /**
   * `change` is called with a setting and the name of the knob that was changed; what it throws is said beside that
   * control. `others`: further data sets that can be chosen.
   */
  constructor(place, change, others = []) {
    Object.assign(this, { place, change, others, controls: new Map(), setting: null });
    const groups = new Map();
    for (const knob of PLAY.knobs) {
      if (!groups.has(knob.group)) groups.set(knob.group, this.group(knob.group));
      groups.get(knob.group).append(this.control(knob));
    }
    place.append(...groups.values());
  }

  group(name) {
    const group = create("fieldset");
    group.append(create("legend", name[0].toUpperCase() + name.slice(1)));
    group.className = "group";
    group.id = `group-${name}`;
    return group;
  }

  /** A row with a label, what changes the value, and a line for what is wrong with it. */
  control(knob) {
    const { name, label } = knob;
    const row = create("div");
    row.className = "knob";
    row.title = knob.help;
    const wrong = create("p");
    Object.assign(wrong, { className: "wrong", id: `wrong-${name}` });
    wrong.setAttribute("role", "alert");
    const made =
      name === "hidden" ? this.layers() : name === "features" ? this.terms() : knob.choices ? this.select(knob) : this.number(knob);
    if (made.input) {
      const named = create("label", label);
      made.input.id = `knob-${name}`;
      named.htmlFor = made.input.id;
      made.input.setAttribute("aria-describedby", wrong.id);
      row.append(named);
    } else {
      row.append(create("span", label));
      made.place.setAttribute("role", "group");
      made.place.ariaLabel = label;
    }
    row.append(made.place, wrong);
    this.controls.set(name, { row, wrong, ...made });
    return row;
  }

  select(knob) {
    const input = create("select");
    const values = knob.name === "dataset" ? [...knob.choices, ...this.others] : knob.choices;
    input.append(...values.map((value) => option(value, value)));
    input.addEventListener("change", () => this.set(knob.name, input.value));
    const fill = (value) => {
      if (![...input.options].some((each) => each.value === value)) input.append(option(value, value));
      input.value = value;
    };
    return { place: input, input, fill };
  }

  number(knob) {
    const input = create("input");
    Object.assign(input, { type: "text", inputMode: knob.is_integer ? "numeric" : "decimal", autocomplete: "off", spellcheck: false });
    input.addEventListener("change", () => this.set(knob.name, input.value));
    const place = create("span");
    place.className = "stepped";
    const step = (text, what, direction) => button(text, `${what} ${knob.label}`, () => {
      this.set(knob.name, nextValue(knob, this.setting, direction));
    });
    place.append(step(MINUS, "smaller", -1), input, step("+", "larger", 1));
    return { place, input, fill: (value) => (input.value = value) };
  }

  /** The hidden layers: one more or less, and the units of each. */
  layers() {
    const place = create("span");
    place.className = "layers";
    const fill = (value) => {
      const focused = place.contains(document.activeElement) ? document.activeElement.ariaLabel : null;
      const layers = hiddenLayers(String(value));
      const set = (units) => this.set("hidden", units.length ? units.join("x") : "0");
      const head = create("span");
      head.className = "stepped";
      const count = create("output", layers.length === 1 ? "1 layer" : `${layers.length} layers`);
      head.append(
        button(MINUS, "remove a layer", () => set(layers.slice(0, -1)), layers.length === 0),
        count,
        button("+", "add a layer", () => set([...layers, layers.at(-1) ?? 4]), layers.length >= PLAY.most_layers),
      );
      const each = layers.map((units, k) => {
        const made = create("span");
        made.className = "stepped";
        const to = (count) => () => set(layers.map((other, at) => (at === k ? count : other)));
        const input = create("input");
        Object.assign(input, { type: "text", inputMode: "numeric", value: units, ariaLabel: `units of layer ${k + 1}`, autocomplete: "off" });
        input.setAttribute("aria-describedby", "wrong-hidden");
        input.addEventListener("change", () => {
          to(input.value.trim())();
          if (this.setting.hidden === String(value)) input.focus();
        });
        made.append(
          button(MINUS, `fewer units in layer ${k + 1}`, to(units - 1), units <= 1),
          input,
          button("+", `more units in layer ${k + 1}`, to(units + 1)),
        );
        return made;
      });
      place.replaceChildren(head, ...each);
      if (focused) [...place.querySelectorAll("button, input")].find((other) => other.ariaLabel === focused)?.focus();
    };
    return { place, fill };
  }

  /** A box for each feature. */
  terms() {
    const place = create("span");
    place.className = "terms";
    const fill = (value) => {
      const chosen = String(value) === "all" ? ["x1", "x2"] : String(value).split("+");
      const offered = [...TERMS, ...chosen.filter((term) => !TERMS.includes(term))];
      if (place.childElementCount !== offered.length) place.replaceChildren(...offered.map((term) => this.term(place, term)));
      for (const box of place.querySelectorAll("input")) box.checked = chosen.includes(box.value);
    };
    return { place, fill };
  }

  term(place, name) {
    const box = create("input");
    Object.assign(box, { type: "checkbox", value: name });
    box.addEventListener("change", () => {
      const chosen = [...place.querySelectorAll(":checked")].map(({ value }) => value).join("+");
      if (!this.set("features", chosen === "x1+x2" ? "all" : chosen)) box.checked = !box.checked;
    });
    const label = create("label");
    label.append(box, name);
    return label;
  }

  /** Change a knob; if that is not possible, say why beside its control, and return false. */
  set(name, text) {
    const { wrong, input } = this.controls.get(name);
    try {
      const value = checked(name, text);
      if (value !== this.setting[name]) this.change({ ...this.settingWithout(name), [name]: value }, name);
      else if (input) this.controls.get(name).fill(value);
      this.wrong(name, "");
      return true;
    } catch (error) {
      this.wrong(name, error.message);
      return false;
    }
  }

  /** What stays as it is when a knob changes: the target and the reading of a table only with that table. */
  settingWithout(name) {
    const { target, reading, ...others } = this.setting;
    return name === "dataset" ? others : this.setting;
  }

  wrong(name, text) {
    const { wrong, input } = this.controls.get(name);
    wrong.textContent = text;
    if (input) input.ariaInvalid = String(text !== "");
  }

  /** Show a setting. */
  fill(setting) {
    this.setting = setting;
    for (const [name, { row, fill }] of this.controls) {
      fill(setting[name]);
      this.wrong(name, "");
      row.hidden = !matters(name, setting) || (name === "features" && !generatedSet(setting.dataset));
    }
  }
}

function button(text, name, act, disabled = false) {
  const made = create("button", text);
  Object.assign(made, { type: "button", ariaLabel: name, title: name, disabled });
  made.addEventListener("click", act);
  return made;
}
