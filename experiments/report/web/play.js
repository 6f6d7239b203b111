// Playing: from a network of the sweep to any other one, and from there to the command that sweeps it.

import { readFile } from "./dropped.js";
import { create, element, option, say } from "./elements.js";
import { generated, generatedSet } from "./generated.js";
import { PLAY } from "./held.js";
import { Panel } from "./panel.js";
import { addressOf, commandOf, sameAs, settingOf, settingOfRun, trainingOf } from "./setting.js";
import { splitTable } from "./tablesplit.js";
import { grouped } from "./words.js";

const ALWAYS = ["dataset", "hidden", "learning_rate"]; // in the name of a network

export class Play {
  /** `found` is called with a configuration and a run of the sweep, `made` with a network that is not one of them. */
  constructor(sweep, { found, made }) {
    Object.assign(this, { sweep, found, made, setting: null, origin: null, table: null, awaited: null });
    this.panel = new Panel(element("knobs"), (setting) => this.go(setting), tablesOf(sweep));
    element("group-data").prepend(element("own-table"));
    element("file").addEventListener("change", ({ target }) => target.files[0] && this.drop(target.files[0]));
    element("target").addEventListener("change", ({ target }) => this.drop(this.table.file, target.value));
    document.addEventListener("dragover", (event) => event.preventDefault());
    document.addEventListener("drop", (event) => {
      event.preventDefault();
      const [file] = event.dataTransfer.files;
      if (file) this.drop(file);
    });
    window.addEventListener("hashchange", () => this.open());
  }

  /** Train on a table that was dropped or chosen; nothing of it leaves the page. */
  async drop(file, target = null) {
    element("change").open = true;
    try {
      const awaited = this.awaited?.dataset === file.name ? this.awaited : null;
      const { reading, ...setting } = awaited ?? { ...this.setting, features: "all" }; // the reading is that of another table
      const read = await readFile(file, { target: target ?? awaited?.target ?? null, seed: setting.seed });
      this.table = { file, name: file.name, ...read };
      element("target").replaceChildren(...read.names.map((name) => option(name, name)));
      element("target").value = read.target;
      element("target-part").hidden = false;
      element("table-said").replaceChildren(...read.said.map((line) => create("li", line)));
      element("table-fold").hidden = read.said.length === 0;
      say("wrong-file", "");
      this.go({ ...setting, dataset: file.name, target: read.target });
    } catch (error) {
      say("wrong-file", error.message);
    }
  }

  /** A run of the sweep was chosen: changes start from there. */
  follow(configuration, run, isUnasked = false) {
    this.origin = { configuration, run };
    if (!run) return;
    this.show(settingOfRun(this.sweep, configuration, run.seed));
    const { sweep } = this;
    const number = sweep.is_whole ? ` ${grouped(run.run + 1)}` : "";
    this.standing(`This is ${number ? "run" : "a run"}${number} of the sweep.`);
    if (!isUnasked) this.remember();
  }

  /** Show the network of a setting; throws one line if there is none. */
  go(setting) {
    const data = this.dataOf(setting);
    const same = sameAs(this.sweep, setting, data);
    if (same) {
      this.found(same.configuration, same.run);
      return;
    }
    const how = trainingOf(setting, data);
    this.show(setting);
    this.standing("Not in this sweep. To train it with ten seeds:", commandOf(setting));
    this.remember();
    this.made({
      name: nameOf(setting), data, how, run: null, recorded: [], network: null, isTrainable: true, retrains: true,
      iterations: setting.iterations, recordEvery: Math.max(1, Math.floor(setting.iterations / 50)),
    });
  }

  /** The data of a setting: drawn here, of the sweep, or of the table that was dropped. */
  dataOf(setting) {
    if (generatedSet(setting.dataset)) return generated(setting);
    if (this.table?.name === setting.dataset) return splitTable(this.table.data.table, setting);
    const { sweep, origin } = this;
    const isIts = (c) => c >= 0 && String(sweep.setting("dataset", c)) === setting.dataset;
    const c = isIts(origin?.configuration ?? -1) ? origin.configuration : Array.from({ length: sweep.count }, (_, k) => k).find(isIts);
    const data = c === undefined ? null : sweep.data(c, c === origin?.configuration ? origin.run?.run : undefined);
    if (data) return data;
    throw new Error(`--dataset: expected data that this page includes, got ${setting.dataset}: drop the file on the page`);
  }

  show(setting) {
    Object.assign(this, { setting, awaited: null });
    this.panel.fill(setting);
    say("play-said", "");
    say("link-said", "");
  }

  /** Whether the network is trained on a table that only this page has. */
  get isOfTable() {
    return this.table?.name === this.setting.dataset;
  }

  standing(text, command = "") {
    say("standing", text);
    say("command", command);
    element("command-part").hidden = command === "";
  }

  /** Keep the network in the address of the page. */
  remember() {
    history.replaceState(null, "", this.address);
  }

  get address() {
    return addressOf(this.setting, true) || "#";
  }

  /** Open the network of the address, if it has one; returns whether. */
  open() {
    const { hash } = window.location;
    if (hash.length < 2) return false;
    let said = "";
    try {
      const setting = settingOf(hash, undefined, (line) => (said = line));
      this.awaited = setting; // until its table is dropped
      this.go(setting);
      say("play-said", said);
      return true;
    } catch (error) {
      say("play-said", error.message);
      return false;
    }
  }
}

/** The data sets of a sweep that are not generated. */
function tablesOf(sweep) {
  const names = Array.from({ length: sweep.count }, (_, c) => String(sweep.setting("dataset", c)));
  return [...new Set(names)].filter((name) => !generatedSet(name));
}

/** A setting in words: what is always said, and what is not a default. */
function nameOf(setting) {
  const said = PLAY.knobs.filter(({ name, default: usual }) => ALWAYS.includes(name) || setting[name] !== usual);
  return said.map(({ name, label }) => `${label} ${setting[name]}`).join(", ");
}
