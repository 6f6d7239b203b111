// Which rows of a table are for training, and how its columns become inputs, fitted on these rows: the bits of
// experiments/datasets/partition.py, equal_rows.py and encoding.py.

import { PLAY } from "./held.js";
import { RandomState } from "./random.js";
import { scaledBy, scalingOf, unitsOf } from "./scaling.js";
import { counted, gathered, quotedText } from "./tablewords.js";
import { withFeatures } from "./terms.js";

const SPLITS = 2_000_000_000; // added to seeds
const BY_CHANCE = 5; // times as many pairs of equal rows as expected

/** Rows with equal inputs stay together unless that is expected by chance: the first such row of each, or null. */
export function groupsOfEqualRows(columns, rows, said) {
  const first = new Map();
  const codes = Array.from({ length: rows }, (_, row) => {
    const key = JSON.stringify(columns.map(({ values }) => (Number.isNaN(values[row]) ? "" : values[row] + 0)));
    if (!first.has(key)) first.set(key, row);
    return first.get(key);
  });
  const sizes = [...countsOf(codes).values()].filter((size) => size > 1);
  const equal = sizes.reduce((sum, size) => sum + size, 0);
  if (!equal) return null;
  const what = `${counted(equal, "row")} have the same inputs as another row`;
  let most = (BY_CHANCE * rows * (rows - 1)) / 2;
  for (const { values } of columns) {
    const counts = [...countsOf(Array.from(values, (value) => (Number.isNaN(value) ? "" : value + 0))).values()];
    most *= counts.reduce((sum, n) => sum + (n / rows) ** 2, 0);
  }
  if (sizes.reduce((sum, size) => sum + (size * (size - 1)) / 2, 0) <= most) {
    said.push(`${what}, as expected for columns with few values: they are split like other rows`);
    return null;
  }
  said.push(`${what}: such rows stay on the same side of every split`);
  return codes;
}

function countsOf(values) {
  const counts = new Map();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return counts;
}

/** Data of a table, split by a seed and with features, in the form of `Sweep.data`. Throws one line. */
export function splitTable(table, { seed = 0, features = "all" } = {}) {
  const { train, test } = partsOf(table, seed);
  const encoders = table.columns.map((column) => fitted(column, train));
  const part = (rows) => table.columns.flatMap((column, k) => encoders[k](rows.map((row) => column.values[row])));
  const target = (rows) => rows.map((row) => table.target[row]);
  const scaling = table.task === "regression" ? scalingOf(target(train)) : null;
  if (scaling?.deviation === 0) {
    throw new Error(
      `${table.where}, column ${quotedText(table.target_name)}: expected a target with different ` +
        `values in the training part, found only ${table.target[train[0]]}: choose another seed or ` +
        `target`,
    );
  }
  const answers = (rows) => (scaling ? scaledBy(scaling, target(rows)) : Float64Array.from(target(rows)));
  const data = {
    name: table.name,
    task: table.task,
    class_names: table.class_names,
    table,
    feature_names: table.columns.flatMap(({ feature_names }) => feature_names),
    target: scaling ? { name: table.target_name, ...unitsOf(scaling) } : null,
    X: part(train),
    Y: answers(train),
    X_test: part(test),
    Y_test: answers(test),
  };
  return withFeatures(data, features, true);
}

/** The rows for training and for testing, in ascending order: a quarter of each class is for testing. */
function partsOf(table, seed) {
  const { target, task, groups } = table;
  const order = new RandomState((seed + SPLITS) % 2 ** 32).permutation(target.length);
  const classOf = task === "regression" ? target.map(() => 0) : target;
  const names = task === "regression" ? ["the table"] : table.class_names;
  const isTest = groups ? testGroups(table, order, classOf, names) : new Array(target.length).fill(false);
  if (!groups) {
    names.forEach((name, label) => {
      const members = order.filter((row) => classOf[row] === label);
      const tested = testedOf(members.length);
      const isBad = !(tested > 0 && tested < members.length);
      if (isBad && (task !== "multiclass" || (tested >= members.length && members.length > 1))) {
        throw new Error(
          `${table.where}: expected a row to train on and one to test on of each class, found ` +
            `${counted(members.length, "row")} of ${quotedText(name)}: add rows`,
        );
      }
      if (members.length > 1) for (const row of members.slice(0, tested)) isTest[row] = true;
    });
    if (!isTest.includes(true))
      throw new Error(
        `${table.where}: expected enough rows to test on a quarter of them, found ` +
          `${counted(target.length, "row")}: add rows`,
      );
  }
  const rows = (side) => isTest.flatMap((value, row) => (value === side ? [row] : []));
  return { train: rows(false), test: rows(true) };
}

const testedOf = (rows) => Math.floor(PLAY.test_fraction * rows + 0.5);

/** Whole groups with about the wanted rows of each class, of which not all are taken. */
function testGroups({ where, groups, task }, order, classOf, names) {
  const each = [
    ...gathered(
      order,
      (row) => groups[row],
      (row) => row,
    ).values(),
  ].map((rows) => ({ rows, labels: countsOf(rows.map((row) => classOf[row])) }));
  if (each.length < 2)
    throw new Error(
      `${where}: expected at least two different rows, one to train on and one to test on, found one: add rows`,
    );
  const totals = names.map((_, label) => classOf.filter((of) => of === label).length);
  const wanted = totals.map(testedOf);
  const got = names.map(() => 0);
  const left = [...totals];
  const chosen = new Set();
  const fits = ({ labels }) => [...labels].every(([label, n]) => left[label] > n);
  const take = (group) => {
    chosen.add(group);
    for (const [label, n] of group.labels) {
      got[label] += n;
      left[label] -= n;
    }
  };
  for (const group of each) {
    let change = 0;
    for (const [label, n] of group.labels)
      change += Math.abs(wanted[label] - got[label] - n) - Math.abs(wanted[label] - got[label]);
    if (change < 0 && fits(group)) take(group);
  }
  names.forEach((_, label) => {
    if (got[label] || !wanted[label]) return;
    const free = each.filter((group) => group.labels.has(label) && !chosen.has(group) && fits(group));
    if (free.length) take(free.reduce((a, b) => (b.rows.length < a.rows.length ? b : a)));
  });
  const isMissing = names.some((_, label) => ![...chosen].some(({ labels }) => labels.has(label)));
  if (!chosen.size || (task === "binary" && isMissing)) {
    throw new Error(`${where}: expected enough different rows of every class in both parts, found too few: add rows`);
  }
  const isTest = new Array(classOf.length).fill(false);
  for (const { rows } of chosen) for (const row of rows) isTest[row] = true;
  return isTest;
}

/** A function from the values of a column to rows of X; it is fitted on the training rows. */
function fitted({ kind, values, categories }, train) {
  const known = train.map((row) => values[row]);
  const zeros = (rows) => new Float64Array(rows.length);
  if (kind === "category") {
    const hasGaps = values.some((value) => value < 0);
    const seen = new Set(known);
    const codes = [...categories.keys(), ...(hasGaps ? [-1] : [])];
    // A category that is not in the training part is no category.
    return (rows) =>
      codes.map((code) =>
        seen.size < 2 || (code >= 0 && !seen.has(code))
          ? zeros(rows)
          : Float64Array.from(rows, (value) => Number(value === code)),
      );
  }
  const present = known.filter((value) => !Number.isNaN(value));
  if (kind === "boolean") {
    const ones = present.filter((value) => value === 1).length;
    const isConstant = ones === 0 || ones === present.length;
    return (rows) => [isConstant ? zeros(rows) : Float64Array.from(rows)];
  }
  const fill = present.length ? medianOf(present) : 0;
  const fillIn = (rows) => rows.map((value) => (Number.isNaN(value) ? fill : value));
  const scaling = scalingOf(fillIn(known));
  return (rows) => [scaledBy(scaling, fillIn(rows))];
}

function medianOf(values) {
  const order = [...values].sort((a, b) => a - b);
  const [low, high] = [order[(order.length - 1) >> 1], order[order.length >> 1]];
  return low === high ? low : 0.5 * low + 0.5 * high;
}
