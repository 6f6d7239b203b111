// A table file dropped on the page, which goes nowhere: read, split and encoded as the command line does by default.

import { countsRows, kindOf, profileOf, refuseSlips, resolvedWays } from "./tablecolumns.js";
import { classesOf, sayDetermining, taskOfTarget, unreadableTarget } from "./tabletarget.js";
import { textOfBytes } from "./tablebytes.js";
import { columnsOfText } from "./tabletext.js";
import { COMMAND_LINE, counted, listedTexts, quotedText } from "./tablewords.js";
import { groupsOfEqualRows, splitTable } from "./tablesplit.js";

const [MOST_BYTES, FEWEST_ROWS] = [5e6, 4];

/** The table of a File, as `readTable`; also compressed by gzip. */
export async function readFile(file, options = {}) {
  const where = quotedText(file.name);
  if (file.size > MOST_BYTES)
    throw new Error(
      `${where}: expected at most ${MOST_BYTES / 1e6} MB, found ${Math.round(file.size / 1e6)} MB: ${COMMAND_LINE}`,
    );
  let bytes = new Uint8Array(await file.arrayBuffer());
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) {
    try {
      bytes = new Uint8Array(
        await new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).arrayBuffer(),
      );
    } catch {
      throw new Error(`${where}: expected a complete compressed file, found other bytes: compress it or copy it again`);
    }
  }
  const { text, said } = textOfBytes(where, bytes);
  const read = readTable(text, file.name, options);
  return { ...read, said: [...said, ...read.said] };
}

/**
 * The data of a table: {data, said: the decisions, one line each; names: of the columns; target}. `target`: the column
 * to predict, the last one by default; `seed`: of the split. Throws one line for what the command line would refuse, too.
 */
export function readTable(text, fileName, { target = null, features = "all", seed = 0 } = {}) {
  const where = quotedText(fileName);
  const raw = columnsOfText(where, text);
  const targetName = target ?? raw.names.at(-1);
  if (!raw.names.includes(targetName)) {
    throw new Error(
      `${where}: expected a column named ${quotedText(targetName)}, found ` +
        `${listedTexts(raw.names.map(quotedText))}: choose one of these`,
    );
  }
  const said = [...raw.said];
  const table = tableOf(where, raw, targetName, target === null, said);
  const data = splitTable({ ...table, name: fileName }, { seed, features });
  return { data, said, names: raw.names, target: targetName };
}

function tableOf(where, raw, targetName, isDefault, said) {
  let { cells, lines } = raw;
  const numbering = new Set(raw.names.filter((_, j) => countsRows(cells[j])));
  const place = raw.names.indexOf(targetName);
  let labelled = profileOf(targetName, cells[place]);
  if (labelled.gaps.size) {
    const kept = labelled.codes.flatMap((code, row) => (code < 0 ? [] : [row]));
    const gone = lines.length - kept.length;
    said.push(
      `${counted(gone, "row")} without a label in ${quotedText(targetName)} left out ` +
        `(${listedTexts([...labelled.gaps.keys()].map(quotedText), 5)})`,
    );
    cells = cells.map((column) => kept.map((row) => column[row]));
    lines = kept.map((row) => lines[row]);
  }
  if (lines.length < FEWEST_ROWS)
    throw new Error(`${where}: expected at least ${FEWEST_ROWS} rows with a label, found ${lines.length}: add rows`);
  labelled = profileOf(targetName, cells[place]);
  const column = `${where}, column ${quotedText(targetName)}`;
  const ofTask = [];
  const task = taskOfTarget(column, labelled, ofTask);
  const profiles = raw.names.flatMap((name, j) => (name === targetName ? [] : [profileOf(name, cells[j])]));
  const toRead = profiles.filter(({ name }) => !numbering.has(name));
  const ways = resolvedWays(where, raw.separator, task === "regression" ? [...toRead, labelled] : toRead, said);
  if (isDefault) said.push(`target: ${quotedText(targetName)}, the last column`);
  const verdicts = profiles.map((profile) =>
    numbering.has(profile.name)
      ? { kind: "", profile, reason: "row numbers" }
      : kindOf(profile, ways.get(profile.name)),
  );
  refuseSlips(
    where,
    lines,
    task === "regression" ? [...verdicts, unreadableTarget(labelled, ways.get(targetName))] : verdicts,
  );
  sayKinds(verdicts, said);
  const used = verdicts.filter(({ kind }) => kind);
  if (!used.length)
    throw new Error(
      `${where}: expected columns to predict ${quotedText(targetName)} from, found none that can be ` +
        `used: add one, or use the command line with --keep`,
    );
  const columns = used.map(valuesOfColumn);
  const about = { where, columns, target_name: targetName };
  let table;
  if (task === "regression") {
    const { values } = ways.get(targetName);
    const numbers = labelled.codes.map((code) => values[code]);
    if (numbers.every((value) => value === numbers[0]))
      throw new Error(
        `${column}: expected a target with different values, found ${numbers[0]} in every row: choose another target`,
      );
    table = { ...about, task, class_names: [], target: numbers };
  } else {
    const { names, codes } = classesOf(column, labelled, ofTask);
    table = { ...about, task: names.length === 2 ? "binary" : "multiclass", class_names: names, target: codes };
    refuseRareClasses(where, column, table);
  }
  const groups = groupsOfEqualRows(columns, lines.length, ofTask);
  said.push(...ofTask);
  if (task !== "regression") sayDetermining(verdicts, table.target, targetName, said);
  return { ...table, groups };
}

function valuesOfColumn({ kind, profile, way, categories = [] }) {
  const { name, texts, codes, gaps } = profile;
  if (kind === "number")
    return {
      kind,
      values: codes.map((code) => (code < 0 ? NaN : way.values[code])),
      categories,
      feature_names: [name],
    };
  const place = new Map(categories.map((text, i) => [text, i]));
  if (kind === "boolean")
    return {
      kind,
      values: codes.map((code) => place.get(texts[code].toLowerCase())),
      categories,
      feature_names: [name],
    };
  const feature_names = [...categories.map((text) => `${name}=${text}`), ...(gaps.size ? [`${name} is missing`] : [])];
  return { kind, values: codes.map((code) => (code < 0 ? -1 : place.get(texts[code]))), categories, feature_names };
}

function refuseRareClasses(where, column, { task, class_names, target }) {
  if (2 * class_names.length > target.length) {
    throw new Error(
      `${column}: expected at least two rows per class, found ${class_names.length} classes in ` +
        `${counted(target.length, "row")}: choose another target`,
    );
  }
  if (task !== "binary") return;
  const counts = class_names.map((_, label) => target.filter((of) => of === label).length);
  const fewest = counts[0] <= counts[1] ? 0 : 1;
  if (counts[fewest] < 2) {
    throw new Error(
      `${column}: expected at least 2 rows of each class, one to train on and one to test on, found ` +
        `${counts[fewest]} of ${quotedText(class_names[fewest])}: add rows of that class`,
    );
  }
}

function sayKinds(verdicts, said) {
  const names = (which) => listedTexts(which.map(({ profile }) => quotedText(profile.name)));
  const left = verdicts.filter(({ kind }) => !kind);
  for (const reason of new Set(left.map((verdict) => verdict.reason))) {
    said.push(`left out: ${names(left.filter((verdict) => verdict.reason === reason))}: ${reason}`);
  }
  const categories = verdicts.filter(({ kind }) => kind === "category");
  if (categories.length)
    said.push(
      `categories, encoded one-hot: ` +
        `${listedTexts(categories.map(({ profile, categories: of }) => `${quotedText(profile.name)} (${of.length})`))}`,
    );
  const booleans = verdicts.filter(({ kind }) => kind === "boolean");
  for (const pair of new Set(booleans.map(({ categories: of }) => of))) {
    said.push(
      `true or false: ${names(booleans.filter((verdict) => verdict.categories === pair))}: ` +
        `${quotedText(pair[0])} is 0, ${quotedText(pair[1])} is 1`,
    );
  }
  for (const { profile, way } of verdicts.filter((verdict) => verdict.way)) sayStandingForGaps(profile, way, said);
  const gaps = (fits) =>
    listedTexts(
      verdicts
        .filter((verdict) => verdict.kind && fits(verdict) && verdict.profile.gaps.size)
        .map(
          ({ profile }) => `${quotedText(profile.name)} ${[...profile.gaps.values()].reduce((sum, n) => sum + n, 0)}`,
        ),
    );
  const parts = [
    [gaps(({ kind }) => kind === "number"), "the median of the training part"],
    [gaps(({ kind }) => kind !== "number"), "a category of their own"],
  ];
  const filled = parts.filter(([which]) => which).map(([which, how]) => `${which}: ${how}`);
  if (filled.length) said.push(`missing values: ${filled.join("; ")}`);
}

/** A warning of a number such as -999 that is repeated in a column without other negative numbers. */
function sayStandingForGaps({ name, texts, counts }, { values }, said) {
  const negative = values.flatMap((value, i) => (value < 0 ? [i] : []));
  const [at] = negative;
  if (negative.length !== 1 || ![-9, -99, -999, -9999, -99999].includes(values[at]) || counts[at] < 2) return;
  said.push(
    `warning: ${quotedText(name)} is ${texts[at]} in ${counted(counts[at], "row")} and otherwise ` +
      `never negative: if this means a missing value, use the command line with --missing-values ` +
      `${texts[at]}`,
  );
}
