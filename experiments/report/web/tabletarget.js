// The target of a table: its task, its classes, and columns that nearly determine it. As experiments/datasets/labels.py.

import { byCodePoints, cellsOf, slipsOf, total } from "./tablecolumns.js";
import { areIntegers } from "./tablenumbers.js";
import { andListed, counted, gathered, listedTexts, mostCommon, quotedText } from "./tablewords.js";

const MOST_INTEGERS = 20;
const [DETERMINED, FEWEST_VALUES, ROWS_PER_VALUE] = [0.95, 5, 2];

/** Classification or regression; throws one line if all labels are missing. */
export function taskOfTarget(where, profile, said) {
  if (!profile.texts.length)
    throw new Error(`${where}: expected labels, found only missing values: choose another target`);
  const [way] = profile.ways;
  const values = new Set(way ? way.values.filter((value) => !Number.isNaN(value)) : []);
  const wrong = way ? slipsOf(profile, way) : null;
  if (wrong === null || (wrong.length && values.size <= MOST_INTEGERS) || values.size <= 2) return "classification";
  const isClasses = areIntegers(way) && values.size <= MOST_INTEGERS;
  const task = isClasses ? "classification" : "regression";
  const what = areIntegers(way) ? `${values.size} different ${isClasses ? "integers" : "numbers"}` : "fractions";
  said.push(`task: ${task}, because ${quotedText(profile.name)} has ${what}`);
  return task;
}

/** The classes of a target: names in order, and the class of each row. Throws one line for a single class. */
export function classesOf(where, profile, said) {
  const { names, classOf } = distinctLabels(profile, said);
  if (names.length === 1) {
    throw new Error(
      `${where}: expected at least two classes, found only ${quotedText(names[0])} in all ` +
        `${counted(cellsOf(profile), "row")}: add rows of another class, or choose another target`,
    );
  }
  const isPlain = names.length === 2 && names[0] === "0" && names[1] === "1";
  if (names.length === 2 && !isPlain) said.push(`labels: ${quotedText(names[0])} -> 0, ${quotedText(names[1])} -> 1`);
  else if (names.length > 2) said.push(`classes: ${names.length} (${listedTexts(names.map(quotedText))})`);
  return { names, codes: profile.codes.map((code) => classOf[code]) };
}

function distinctLabels({ texts, counts }, said) {
  const keys = texts.map(decimalKey);
  if (keys.every((key) => key !== null)) {
    const spelled = new Map();
    texts.forEach((text, i) => spelled.has(keys[i]) || spelled.set(keys[i], text));
    const order = [...spelled.keys()].sort(byDecimals);
    const isBinary = order.length === 2 && order[0] === "0" && order[1] === "1";
    return {
      names: isBinary ? ["0", "1"] : order.map((key) => spelled.get(key)),
      classOf: keys.map((key) => order.indexOf(key)),
    };
  }
  const folded = texts.map((text) => text.split(/\s+/).filter(Boolean).join(" ").toLowerCase());
  const spellings = gathered(
    [...texts.keys()],
    (i) => folded[i],
    (i) => i,
  );
  const name = new Map(
    [...spellings].map(([key, all]) => [key, texts[all.reduce((a, b) => (counts[b] > counts[a] ? b : a))]]),
  );
  const merged = [...spellings].filter(([, all]) => all.length > 1);
  const order = [...spellings.keys()].sort((a, b) =>
    merged.length ? byCodePoints(a, b) : byCodePoints(name.get(a), name.get(b)),
  );
  if (merged.length) {
    const which = merged.map(
      ([key, all]) => `${andListed(all.map((i) => quotedText(texts[i])))} are ${quotedText(name.get(key))}`,
    );
    said.push(`labels that differ only in case or spaces are one class: ${which.slice(0, 10).join("; ")}`);
  }
  return { names: order.map((key) => name.get(key)), classOf: folded.map((key) => order.indexOf(key)) };
}

/** A text that is equal for texts of the same decimal number, however long; null for other texts. */
function decimalKey(text) {
  const match = /^([+-]?)(\d*)\.?(\d*)(?:[eE]([+-]?\d{1,6}))?$/.exec(text);
  if (!match || !(match[2] || match[3])) return null;
  const digits = (match[2] + match[3]).replace(/^0+/, "");
  const exponent = Number(match[4] ?? 0) - match[3].length;
  const short = digits.replace(/0+$/, "");
  if (!short) return "0";
  const power = exponent + digits.length - short.length;
  return `${match[1] === "-" ? "-" : ""}${short}${power ? `e${power}` : ""}`;
}

function byDecimals(a, b) {
  const parts = (key) => {
    const [, sign, digits, power] = /^(-?)(\d+)(?:e(-?\d+))?$/.exec(key);
    return { sign: digits === "0" ? 0 : sign ? -1 : 1, size: digits.length + Number(power ?? 0), digits };
  };
  const [x, y] = [parts(a), parts(b)];
  if (x.sign !== y.sign) return x.sign - y.sign;
  return x.sign * (x.size - y.size || (x.digits < y.digits ? -1 : x.digits > y.digits ? 1 : 0));
}

/** The wrong texts of a target of numbers. */
export function unreadableTarget(profile, way) {
  return { profile, slips: way.values.flatMap((value, i) => (Number.isNaN(value) ? [i] : [])) };
}

/** Warnings of columns of which the values repeat and nearly determine the class: they may name a patient. */
export function sayDetermining(verdicts, target, targetName, said) {
  for (const { kind, profile, way, reason = "" } of verdicts) {
    const { texts, codes, name } = profile;
    if (kind === "boolean" || reason.includes("dates") || texts.length < 2) continue;
    if (way && (texts.length * 2 > cellsOf(profile) || !areIntegers(way))) continue;
    const known = codes.flatMap((code, row) => (code < 0 ? [] : [row]));
    const byValue = gathered(
      known,
      (row) => codes[row],
      (row) => target[row],
    );
    const classes = new Set(known.map((row) => target[row])).size;
    if (byValue.size < Math.max(FEWEST_VALUES, classes) || byValue.size * ROWS_PER_VALUE > known.length) continue;
    const right = total([...byValue.values()].map((labels) => mostCommon(labels).count));
    const largest = mostCommon(known.map((row) => target[row])).count;
    if (right >= Math.ceil(DETERMINED * known.length) && 5 * (known.length - right) <= known.length - largest) {
      said.push(
        `warning: values of ${quotedText(name)} repeat and nearly determine ${quotedText(targetName)}: ` +
          `if rows with the same value belong together, such as those of one patient, use the command line ` +
          `with --group ${quotedText(name)}`,
      );
    }
  }
}
