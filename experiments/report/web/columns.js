// The columns of the table of configurations: what a cell says, how rows are sorted and compared, and what is copied.

import { grouped, short, span } from "./words.js";

/** Further names under which people look for a column; those of the page come first. */
const FURTHER_NAMES = {
  hidden: ["hidden units", "hidden size", "units"],
  learning_rate: ["lr", "rate"],
  batch_size: ["batch"],
  dataset: ["data set", "data"],
  stuck: ["learned nothing"],
  one_class: ["predicts one class"],
};

/**
 * The columns: the `title`; the `text` of a cell; the `key` by which rows are sorted; the `names` that the filter knows;
 * the `kind` (setting, number, count or flag); and what is `copied`, pairs of a title and a value.
 */
export function columnsOf(sweep) {
  const has = (name) => name in sweep.columns;
  const some = (name) => has(name) && sweep.columns[name].some((value) => value > 0);
  const of = (name) => (c) => sweep.number(name, c);
  const number = (name, title, text, names, more = {}) => ({
    kind: "number",
    title,
    names: [...names, title],
    text: (c) => text(sweep.number(name, c)),
    key: of(name),
    copied: [[title, of(name)]],
    ...more,
  });
  const interval = (title, low, high, scoring, names) => ({
    ...number(low, title, String, names, { factor: scoring.factor }),
    text: (c) => span(sweep.number(low, c), sweep.number(high, c), scoring),
    copied: [[`${title}, low`, of(low)], [`${title}, high`, of(high)]],
  });
  const { judging, scoring } = sweep;
  const { name: metric, factor, differences: points } = judging;
  const [least, most] = judging.limits;
  const yesNo = (value) => (value === null ? "–" : value ? "yes" : "no");
  const ofScore = (before, { name }) => [`${before} ${name}`, `${before} ${typedName(name)}`];
  const columns = sweep.axes
    .map((axis, i) => settingColumn(sweep, axis, i))
    .filter(({ axis }, _, all) => axis.values.length > 1 || all.every((other) => other.axis.values.length === 1));
  columns.push(
    number("rank_test", "rank", (value) => (value === null ? "–" : String(value)), ["rank"]),
    number("mean_test", `mean test ${metric}`, judging.text, [metric, sweep.metric.name, ...ofScore("test", judging)], { factor }),
    interval("95 % interval", "ci_low_test", "ci_high_test", judging, ["interval"]),
    number("tied_with_best", "tied with best", yesNo, ["tied", "tied with the best"], { kind: "flag" }),
  );
  if (has("difference_to_best")) {
    const differences = { text: judging.difference, limits: [0, most - least], factor };
    const title = `difference to best${points ? ` (${points})` : ""}`;
    columns.push(
      number("difference_to_best", title, judging.difference, ["difference", "difference to best"], { factor, inPoints: true }),
      { ...interval("difference to truly best, 95 %", "difference_ci_low", "difference_ci_high", differences, []), inPoints: true },
    );
  }
  columns.push(
    number("mean_train", `mean training ${scoring.name}`, scoring.text, [...ofScore("training", scoring), ...ofScore("train", scoring)], {
      factor: scoring.factor,
    }),
    number("mean_cost", "mean cost", short, ["cost", "training cost"]),
    ...(has("mean_test_cost") ? [number("mean_test_cost", "mean test cost", short, ["test cost"])] : []),
    has("n_replicates")
      ? number("n_replicates", "folds and seeds", String, ["replicates", "folds", "seeds"])
      : number("n_seeds", "seeds", String, ["seeds"]),
  );
  if (has("median_iterations_to_target")) {
    const text = (value) => (value === null ? "–" : grouped(value));
    columns.push(number("median_iterations_to_target", "iterations to target", text, ["iterations"]));
  }
  for (const what of sweep.counted) {
    const title = what.replaceAll("_", " ");
    if (some(`n_${what}`)) columns.push(number(`n_${what}`, title, String, [what, ...(FURTHER_NAMES[what] ?? [])], { kind: "count" }));
  }
  return columns;
}

function settingColumn(sweep, axis, i) {
  const text = (c) => sweep.text(i, c);
  const order = axis.values.map((_, code) => code).sort((a, b) => byPlace(axis.values[a], axis.values[b]) || a - b);
  const rank = [];
  order.forEach((code, k) => (rank[code] = k));
  return {
    kind: "setting",
    axis,
    title: axis.label,
    names: [axis.label, axis.name, ...(FURTHER_NAMES[axis.name] ?? [])],
    text,
    key: (c) => rank[sweep.codes[i][c]],
    copied: [[axis.label, (c) => asValue(text(c))]],
  };
}

/** `R²` as it is typed. */
const typedName = (name) => name.replace("²", "2");

/** The numbers of `1.2` or of layers such as `8x8`; null for words. */
export function numbersOf(text) {
  const parts = text.split("x").map((part) => (part.trim() === "" ? NaN : Number(part)));
  return parts.every(Number.isFinite) ? parts : null;
}

/** Numbers and layers ascending, the first layer first; words last. */
export function byPlace(a, b) {
  const [these, those] = [numbersOf(a), numbersOf(b)];
  if (!these || !those) return (these ? 0 : 1) - (those ? 0 : 1);
  for (let k = 0; k < Math.min(these.length, those.length); k++) {
    if (these[k] !== those[k]) return these[k] - those[k];
  }
  return these.length - those.length;
}

/** A number as a number, so that a spreadsheet computes with it; a text as text. */
const asValue = (text) => (text !== "" && Number.isFinite(Number(text)) ? Number(text) : text);

/** The rows as text for a spreadsheet, with tabs or commas: numbers with all their digits, no cell a formula. */
export function asText(columns, rows, separator = "\t") {
  const copied = columns.flatMap((column) => column.copied);
  const cell = (value) => {
    if (value === null) return "";
    if (typeof value === "number") return String(value);
    const plain = value.replace(/[\t\r\n]+/g, " ");
    const text = /^[=+\-@]/.test(plain) ? `'${plain}` : plain;
    return separator === "," && /[,"]/.test(text) ? `"${text.replace(/"/g, '""')}"` : text;
  };
  const lines = [copied.map(([title]) => cell(title)), ...rows.map((c) => copied.map(([, value]) => cell(value(c))))];
  return lines.map((line) => line.join(separator) + "\n").join("");
}
