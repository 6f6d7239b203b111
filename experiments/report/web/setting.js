// A setting in play: every knob of one network as text or number, its address, and the command that sweeps it.

import { drawnAs, generatedSet } from "./generated.js";
import { CONSTANTS, PLAY } from "./held.js";
import { inTraining } from "./network.js";
import { standardTerms } from "./terms.js";

const KNOBS = new Map(PLAY.knobs.map((knob) => [knob.name, knob]));
const OF_GENERATED = ["noise", "samples", "data_seed"];
const TABLE = /\.(csv|tsv|txt|dat|data|parquet|xlsx)(\.(gz|bz2|xz|zip|zst))*$/i;
const SEEDS = 10; // of a sweep, by default

/** The setting with which a new network begins. */
export function defaultSetting() {
  return Object.fromEntries(PLAY.knobs.map(({ name, default: value }) => [name, value]));
}

/** Whether a knob has an effect: the momentum only with that optimizer, the noise only for generated data. */
export function matters(name, setting) {
  if (name === "class_weight") return generatedSet(setting.dataset)?.task !== "regression";
  if (OF_GENERATED.includes(name) && !generatedSet(setting.dataset)) return false;
  const { needs } = KNOBS.get(name);
  return needs === null || setting[needs[0]] === needs[1];
}

/** The value of a knob in standard form. Throws one line, that of the command line. */
export function checked(name, value) {
  const knob = KNOBS.get(name);
  if (!knob) throw new Error(`${name}: expected one of ${[...KNOBS.keys()].join(", ")}`);
  const text = String(value).trim();
  const refuse = (expected = knob.expected) => {
    throw new Error(`${knob.option}: expected ${expected}, got ${inQuotes(String(value))}`);
  };
  if (knob.words.includes(text)) return text;
  if (name === "dataset") {
    if (knob.choices.includes(text) || PLAY.known.includes(text) || TABLE.test(text)) return text;
    return refuse(`one of ${PLAY.known.join(", ")}, or the path of a file such as data.csv`);
  }
  if (knob.choices) return knob.choices.includes(text) ? text : refuse();
  if (name === "hidden") return layersChecked(text, refuse);
  if (name === "features") return refusing(() => standardTerms(text), refuse);
  return numberChecked(text, knob, refuse);
}

function layersChecked(text, refuse) {
  const layers = text.split("x").map((part) => (/^\d+$/.test(part) ? Number(part) : NaN));
  if (layers.length === 1 && layers[0] === 0) return "0";
  if (!layers.every((units) => units >= 1)) return refuse();
  if (layers.some((units) => units > PLAY.most_units))
    return refuse(`layers of at most ${PLAY.most_units.toLocaleString("en")} hidden units`);
  if (layers.length > PLAY.most_layers) return refuse(`at most ${PLAY.most_layers.toLocaleString("en")} hidden layers`);
  return layers.join("x");
}

function numberChecked(text, knob, refuse) {
  const form = knob.is_integer ? /^[+-]?\d+$/ : /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
  const number = form.test(text) ? Number(text) : NaN;
  const isAbove = knob.low === null || (knob.low_open ? number > knob.low : number >= knob.low);
  const isBelow = knob.high === null || (knob.high_open ? number < knob.high : number <= knob.high);
  if (!Number.isFinite(number) || !isAbove || !isBelow) return refuse();
  return number + 0; // -0 becomes 0
}

/** The result of a function, or the refusal of what it says that it expected. */
function refusing(f, refuse) {
  try {
    return f();
  } catch (error) {
    return refuse(error.message);
  }
}

/** Text in quotes on one line, as Python writes it. */
function inQuotes(text) {
  const escaped = text.replace(/\\/g, "\\\\").replace(/\n/g, "\\n").replace(/\r/g, "\\r").replace(/\t/g, "\\t");
  if (escaped.includes("'") && !escaped.includes('"')) return `"${escaped}"`;
  return `'${escaped.replace(/'/g, "\\'")}'`;
}

/** The setting as an address such as "#dataset=spiral&hidden=4x4"; all of it, or only what is not a default. */
export function addressOf(setting, changedOnly = false) {
  const usual = defaultSetting();
  const parts = Object.entries(setting)
    .filter(([name, value]) => (KNOBS.has(name) && !(changedOnly && value === usual[name])) || (name === "target" && value))
    .map(([name, value]) => `${name}=${encodeURIComponent(value).replace(/%2B/g, "+").replace(/%5E/g, "^")}`);
  return `#${parts.join("&")}`;
}

/**
 * The setting of an address; what it does not name is as in `base`. Names that are not known are ignored, and `say` is
 * called with a line about them. Throws one line where a value is not possible.
 */
export function settingOf(hash, base = defaultSetting(), say = () => {}) {
  const setting = { ...base };
  const unknown = [];
  for (const part of hash.replace(/^#/, "").split("&").filter(Boolean)) {
    const [before, ...after] = part.split("=");
    const [name, text] = [before, after.join("=")].map(decodedPart);
    if (name === "target") setting.target = text; // of a table
    else if (!KNOBS.has(name)) unknown.push(name);
    else setting[name] = checked(name, text);
  }
  if (unknown.length)
    say(`The address has names that this page does not know: ${unknown.join(", ")}. They are ignored.`);
  return setting;
}

function decodedPart(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new Error(`address: expected text such as hidden=4x4, got ${inQuotes(text)}: copy the link again`);
  }
}

/** The settings of a network for Training, and the shape of its output. */
export function trainingOf(setting, data) {
  const how = { seed: setting.seed, task: data.task };
  how.outputs = data.task === "multiclass" ? data.class_names.length : 1;
  how.hidden = String(setting.hidden);
  if (data.task !== "regression") how.class_weight = setting.class_weight;
  else if (setting.class_weight !== "none" && matters("class_weight", setting))
    throw new Error("--class-weight: expected classification data, got regression");
  for (const [name, usual] of Object.entries(CONSTANTS.hyperparameters)) {
    how[name] = KNOBS.get(name).words.includes(setting[name]) ? usual : inTraining(setting[name], usual);
  }
  return how;
}

/**
 * The command that sweeps a setting: over ten seeds, of which that of the setting is the first. It names what differs
 * from the defaults of the command line.
 */
export function commandOf(setting) {
  const options = [];
  for (const { name, option, default: usual } of PLAY.knobs) {
    const value = setting[name];
    const isAlways = name === "hidden" || name === "learning_rate"; // a sweep has several by default
    if (name === "seed" && value > 0) options.push(`--seeds ${value}:${Math.min(value + SEEDS, 2 ** 32)}`);
    if (name === "seed" || !matters(name, setting)) continue;
    const word = name === "dataset" && value.startsWith("-") ? `./${value}` : String(value); // no option
    if (isAlways || value !== usual) options.push(`${option} ${inShell(word)}`);
  }
  if (!generatedSet(setting.dataset)) {
    if (setting.target) options.push(`--target ${inShell(setting.target)}`);
    options.push(...(setting.reading ?? []).map((word) => (word.startsWith("--") ? word : inShell(word))));
  }
  return ["python -m experiments.grid", ...options].join(" ");
}

/** A word for a shell: as it is, in double quotes, which every shell has, or if these are not enough in single ones. */
function inShell(word) {
  if (/^[\w./:+-]+$/.test(word)) return word;
  return /["$`\\!%\n]/.test(word) ? `'${word.replace(/'/g, `'"'"'`)}'` : `"${word}"`;
}

/** The setting of a configuration of the sweep with a seed, as far as this page can vary it. */
export function settingOfRun(sweep, configuration, seed) {
  const setting = defaultSetting();
  for (const { name, words, choices } of PLAY.knobs) {
    const value = sweep.setting(name, configuration);
    if (value === undefined || value === null || value === "–") continue; // a default, or without effect
    const isText = choices || words.includes(value) || ["hidden", "features"].includes(name);
    setting[name] = isText ? String(value) : Number(value);
  }
  setting.seed = seed;
  if (generatedSet(setting.dataset)) return setting;
  const fraction = sweep.setting("test_fraction", configuration);
  const isUsual = fraction === undefined || fraction === "–" || Number(fraction) === PLAY.test_fraction;
  const reading = [...(sweep.settings.reading ?? []), ...(isUsual ? [] : ["--test-fraction", fraction])];
  return reading.length ? { ...setting, reading } : setting;
}

/**
 * The run of the sweep with exactly this setting, {configuration, run}, or null. Of a table the name says little: the
 * numbers of `data` must be those of the run.
 */
export function sameAs(sweep, setting, data = null) {
  if (sweep.settings.patience !== undefined || sweep.folds) return null;
  const wanted = meaningOf(setting);
  for (let configuration = 0; configuration < sweep.count; configuration++) {
    for (const [place, seed] of sweep.seeds.entries()) {
      if (seed !== setting.seed || meaningOf(settingOfRun(sweep, configuration, seed)) !== wanted) continue;
      const run = configuration * sweep.seeds.length + place;
      if (generatedSet(setting.dataset) || hasSameNumbers(data, sweep.data(configuration, run)))
        return { configuration, run };
    }
  }
  return null;
}

/**
 * A text that is equal for settings of which the networks are equal: "auto" as what it stands for, no idle knobs. All
 * tables have the same name: a file may have been moved, and its numbers are compared.
 */
function meaningOf(setting) {
  const words = { ...setting };
  if (setting.output_learning_rate === "same") words.output_learning_rate = setting.learning_rate;
  if (setting.init_scale === "auto") words.init_scale = setting.init === "normal" ? CONSTANTS.initial_scale : 1;
  if (setting.output_init_scale === "same") words.output_init_scale = words.init_scale;
  if (generatedSet(setting.dataset)) Object.assign(words, drawnAs(setting));
  else words.dataset = "a table";
  if (words.batch_size >= words.samples && matters("samples", setting)) words.batch_size = "all";
  return JSON.stringify(PLAY.knobs.map(({ name }) => (matters(name, setting) ? words[name] : null)));
}

function hasSameNumbers(one, other) {
  if (!one || !other || one.X.length !== other.X.length) return false;
  const rows = ({ X, Y, X_test, Y_test }) => [...X, Y, ...X_test, Y_test];
  const others = rows(other);
  return rows(one).every(
    (row, k) => row.length === others[k].length && row.every((value, i) => value === others[k][i]),
  );
}
