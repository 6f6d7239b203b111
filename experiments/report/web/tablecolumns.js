// What the columns of a table are: numbers, booleans, categories, or not usable; and what the target is. As
// experiments/datasets/kinds.py, decimals.py and labels.py.

import { MISSING_TEXTS, areIntegers, hasLeadingZero, meansGapAmongNumbers, waysToRead } from "./tablenumbers.js";
import { COMMAND_LINE, andListed, counted, listedTexts, mostCommon, quotedText } from "./tabletext.js";

const [MOST_CATEGORIES, NEARLY_UNIQUE, MOSTLY_NUMBERS, FEW_NUMBERS, FEWEST_COUNTED, MOST_INTEGERS] = [30, 0.8, 0.8, 10, 5, 20];
const BOOLEANS = [
  ["false", "true"], ["no", "yes"], ["f", "t"], ["n", "y"], ["off", "on"], ["falsch", "wahr"], ["nein", "ja"],
  ["faux", "vrai"], ["non", "oui"], ["no", "si"], ["no", "s\u00ed"], ["falso", "vero"], ["falso", "verdadero"],
];
const TIME = "(?:[T ,]+\\d{1,2}:\\d{2}(?::\\d{2}(?:[.,]\\d+)?)?(?: ?[AaPp][Mm])?(?: ?Z| ?[+\\-]\\d{2}:?\\d{2})?)?";
const MONTH =
  "(?:jan|ene|feb|f[eé]v|mar|m[äa]r|mrt|apr|avr|abr|ma[iyj]|mei|mag|jun|jui|giu|jul|lug|aug|ao[uû]|ago|sep|set|o[ck]t" +
  "|out|nov|de[cz]|déc|dic)[\\p{L}_]{0,7}\\.?";
const DATE = new RegExp(
  `^(?:\\d{4}[-/.]\\d{1,2}[-/.]\\d{1,2}${TIME}|\\d{1,2}[-/.]\\d{1,2}[-/.](?:\\d{4}|\\d{2})${TIME}` +
    `|\\d{1,2}[-. ]{0,2}${MONTH}[-, ]*(?:\\d{4}|\\d{2})${TIME}|${MONTH} \\d{1,2},? \\d{4}${TIME}|${MONTH} \\d{4}` +
    "|\\d{1,2}:\\d{2}(?::\\d{2}(?:\\.\\d+)?)?(?: ?[ap]m)?|(?:1[5-9]|2[01])\\d{2}-(?:(?:0[1-9]|1[0-2])|q[1-4]))$",
  "iu",
);
const ID_NAME = /^(?:(?:.*[_ .-])?(?:id|index|idx|uuid|guid)|.*[a-z](?:Id|ID)|unnamed: 0|row(?:_?n(?:o|umber|ame)s?)?)$/;

/** The different texts of a column, with counts and possible number formats; codes: that of each cell, -1 for a gap. */
export function profileOf(name, cells) {
  const index = new Map();
  for (const cell of cells) if (!index.has(cell)) index.set(cell, index.size);
  const counts = new Array(index.size).fill(0);
  const codes = cells.map((cell) => index.get(cell));
  for (const code of codes) counts[code] += 1;
  const whole = { name, texts: [...index.keys()], counts, codes, gaps: new Map() };
  let found = withoutTexts(whole, (text) => MISSING_TEXTS.has(text));
  if (found.ways.length) {
    const unread = found.texts.filter((_, i) => Number.isNaN(found.ways[0].values[i]));
    if (unread.length && unread.every(meansGapAmongNumbers)) found = withoutTexts(found, (text) => unread.includes(text));
  }
  return found;
}

function withoutTexts(profile, isGap) {
  const kept = profile.texts.flatMap((text, i) => (isGap(text) ? [] : [i]));
  const place = new Map(kept.map((old, i) => [old, i]));
  const gaps = new Map(profile.gaps);
  profile.texts.forEach((text, i) => isGap(text) && gaps.set(text, profile.counts[i]));
  const [texts, counts] = [profile.texts, profile.counts].map((values) => kept.map((i) => values[i]));
  const codes = profile.codes.map((code) => place.get(code) ?? -1);
  return { name: profile.name, texts, counts, codes, gaps, ways: waysToRead(texts, counts) };
}

const total = (numbers) => numbers.reduce((sum, n) => sum + n, 0);
const cellsOf = (profile) => total(profile.counts);

/** The texts that are wrong in a column of numbers, by their index; null if it is none. */
function slipsOf(profile, way) {
  const wrong = way.values.flatMap((value, i) => (Number.isNaN(value) ? [i] : []));
  if (!wrong.length) return wrong;
  const numbers = cellsOf(profile) - total(wrong.map((i) => profile.counts[i]));
  if (numbers < MOSTLY_NUMBERS * cellsOf(profile)) return null;
  const different = new Set(way.values.filter((value) => !Number.isNaN(value))).size;
  const isCategory = different <= FEW_NUMBERS && wrong.every((i) => profile.counts[i] >= 3) && different < numbers / 3;
  return isCategory ? null : wrong;
}

/** Whether the cells are 0, 1, 2, ... or 1, 2, 3, ... */
export function countsRows(cells) {
  if (cells.length < FEWEST_COUNTED || !["0", "1"].includes(cells[0])) return false;
  return cells.every((cell, i) => cell === String(i + Number(cells[0])));
}

/** The kind of a column: number, boolean or category; "" with a reason if it is left out. */
export function kindOf(profile, way) {
  const { name, texts, counts, gaps } = profile;
  const out = (reason) => ({ kind: "", profile, reason });
  if (!texts.length) return out("no values");
  if (texts.length === 1 && !gaps.size) return out("constant");
  const isId = ID_NAME.test(name) || ID_NAME.test(name.toLowerCase());
  const cells = cellsOf(profile);
  const isUnique = texts.length === cells && cells >= FEWEST_COUNTED;
  const wrong = way ? slipsOf(profile, way) : null;
  if (way && wrong && !hasLeadingZero(texts)) {
    if (isUnique && isId && areIntegers(way)) return out("identifiers, different in every row");
    if (!wrong.length && way.values.every((value) => value === way.values[0]) && !gaps.size) return out("constant");
    return { kind: "number", profile, way, slips: wrong };
  }
  if (isUnique && isId) return out("identifiers, different in every row");
  if (total(counts.filter((_, i) => DATE.test(texts[i]))) >= 0.9 * cells) return out("dates or times");
  if (texts.length > 2 && texts.length >= NEARLY_UNIQUE * cells) return out("text with nearly as many values as rows");
  if (texts.length > MOST_CATEGORIES) return out(`text with more than ${MOST_CATEGORIES} different values`);
  const folded = new Set(texts.map((text) => text.toLowerCase()));
  const pair = gaps.size || folded.size !== 2 ? undefined : BOOLEANS.find((each) => each.every((text) => folded.has(text)));
  if (pair) return { kind: "boolean", profile, categories: pair };
  return { kind: "category", profile, categories: [...texts].sort(byCodePoints) };
}

/** How to read each column of numbers; where 1,234 could mean two numbers, the other columns decide. Throws one line. */
export function resolvedWays(where, separator, profiles, said) {
  const ways = new Map();
  const evidence = new Set();
  const unclear = [];
  for (const profile of profiles) {
    if (!profile.ways.length || slipsOf(profile, profile.ways[0]) === null) continue;
    if (profile.ways.length === 2) unclear.push(profile);
    else {
      ways.set(profile.name, profile.ways[0]);
      if (profile.texts.some((text) => /[.,]/.test(text))) evidence.add(profile.ways[0].format.decimal);
    }
  }
  const [refused, assumed] = [[], []];
  for (const profile of unclear) {
    const example = profile.texts.find((text) => /[.,]/.test(text));
    let mark;
    if (evidence.size === 1) [mark] = evidence;
    else if (example.includes(".") && !evidence.size && separator !== ";") {
      mark = ".";
      assumed.push(`${quotedText(profile.name)} (${quotedText(example)})`);
    } else refused.push(`column ${quotedText(profile.name)} has ${quotedText(example)}`);
    if (mark) ways.set(profile.name, profile.ways.find(({ format }) => format.decimal === mark));
  }
  if (refused.length) {
    throw new Error(`${where}: expected unambiguous numbers, found a comma or point that may separate decimals or thousands: ${listedTexts(refused)}: ${COMMAND_LINE} with --decimal . or --decimal ,`);
  }
  if (assumed.length) said.push(`decimal mark: assumed to be a point in ${listedTexts(assumed)}`);
  sayFormats(profiles, ways, said);
  return ways;
}

function sayFormats(profiles, ways, said) {
  const read = profiles.filter(({ name }) => ways.has(name)).map((profile) => ({ ...profile, ...ways.get(profile.name) }));
  const names = (fits, text = ({ name }) => quotedText(name)) => listedTexts(read.filter(fits).map(text));
  const lines = [
    ["negative numbers are in parentheses in ", names(({ texts }) => texts.some((text) => text.endsWith(")")))],
    ["decimal mark: comma in ", names(({ format, texts }) => format.decimal === "," && texts.some((text) => text.includes(",")))],
    ["thousands are grouped in ", names(({ format }) => format.grouped, groupedExample)],
    ["numbers with a unit: ", names(({ format }) => format.before || format.after, ({ name, format }) => `${quotedText(name)} in ${format.before || format.after}`)],
  ];
  for (const [what, which] of lines) if (which) said.push(what + which);
}

function groupedExample({ name, texts, values }) {
  const at = Math.max(0, values.findIndex((value, i) => Math.abs(value) >= 1000 && /[.,'\u2019 \u00a0\u202f]/.test(texts[i])));
  return `${quotedText(name)} (${quotedText(texts[at])} is ${Number(values[at].toPrecision(15))})`;
}

/** Classification or regression; throws one line if all labels are missing. */
export function taskOfTarget(where, profile, said) {
  if (!profile.texts.length) throw new Error(`${where}: expected labels, found only missing values: choose another target`);
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
    throw new Error(`${where}: expected at least two classes, found only ${quotedText(names[0])} in all ${counted(cellsOf(profile), "row")}: add rows of another class, or choose another target`);
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
    return { names: isBinary ? ["0", "1"] : order.map((key) => spelled.get(key)), classOf: keys.map((key) => order.indexOf(key)) };
  }
  const folded = texts.map((text) => text.split(/\s+/).filter(Boolean).join(" ").toLowerCase());
  const spellings = new Map();
  texts.forEach((text, i) => spellings.set(folded[i], [...(spellings.get(folded[i]) ?? []), i]));
  const name = new Map([...spellings].map(([key, all]) => [key, texts[all.reduce((a, b) => (counts[b] > counts[a] ? b : a))]]));
  const merged = [...spellings].filter(([, all]) => all.length > 1);
  const order = [...spellings.keys()].sort((a, b) => (merged.length ? byCodePoints(a, b) : byCodePoints(name.get(a), name.get(b))));
  if (merged.length) {
    const which = merged.map(([key, all]) => `${andListed(all.map((i) => quotedText(texts[i])))} are ${quotedText(name.get(key))}`);
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

/** The order of Python: by code points, where JavaScript compares halves of pairs. */
function byCodePoints(a, b) {
  const [x, y] = [Array.from(a, (c) => c.codePointAt(0)), Array.from(b, (c) => c.codePointAt(0))];
  const at = x.findIndex((code, i) => code !== y[i]);
  if (at < 0) return x.length - y.length;
  return at < y.length ? x[at] - y[at] : 1;
}

/** Refuses texts in columns of numbers, with the places of all of them. */
export function refuseSlips(where, lines, verdicts) {
  const wrong = verdicts.filter(({ slips }) => slips?.length);
  if (!wrong.length) return;
  const cells = total(wrong.map(({ profile, slips }) => total(slips.map((i) => profile.counts[i]))));
  const texts = wrong.slice(0, 5).map(({ profile, slips }) => {
    const each = slips.slice(0, 3).map((i) => {
      const rows = profile.codes.flatMap((code, row) => (code === i ? [lines[row]] : []));
      return `${quotedText(profile.texts[i])} (line${rows.length > 1 ? "s" : ""} ${listedTexts(rows, 5)})`;
    });
    if (slips.length > 3) each.push(`${slips.length - 3} other texts`);
    return `column ${quotedText(profile.name)}: ${andListed(each)}`;
  });
  const first = wrong[0].profile.texts[wrong[0].slips[0]];
  throw new Error(`${where}: expected numbers, found other text in ${counted(cells, "cell")}: ${texts.join("; ")}: correct the cells, or use the command line with --missing-values ${JSON.stringify(first)} or --drop`);
}

/** The wrong texts of a target of numbers. */
export function unreadableTarget(profile, way) {
  return { profile, slips: way.values.flatMap((value, i) => (Number.isNaN(value) ? [i] : [])) };
}

const [DETERMINED, FEWEST_VALUES, ROWS_PER_VALUE] = [0.95, 5, 2];

/** Warnings of columns of which the values repeat and nearly determine the class: they may name a patient. */
export function sayDetermining(verdicts, target, targetName, said) {
  for (const { kind, profile, way, reason = "" } of verdicts) {
    const { texts, codes, name } = profile;
    if (kind === "boolean" || reason.includes("dates") || texts.length < 2) continue;
    if (way && (texts.length * 2 > cellsOf(profile) || !areIntegers(way))) continue;
    const byValue = new Map();
    const known = codes.flatMap((code, row) => (code < 0 ? [] : [row]));
    for (const row of known) byValue.set(codes[row], [...(byValue.get(codes[row]) ?? []), target[row]]);
    const classes = new Set(known.map((row) => target[row])).size;
    if (byValue.size < Math.max(FEWEST_VALUES, classes) || byValue.size * ROWS_PER_VALUE > known.length) continue;
    const right = total([...byValue.values()].map((labels) => mostCommon(labels).count));
    const largest = mostCommon(known.map((row) => target[row])).count;
    if (right >= Math.ceil(DETERMINED * known.length) && 5 * (known.length - right) <= known.length - largest) {
      said.push(`warning: values of ${quotedText(name)} repeat and nearly determine ${quotedText(targetName)}: if rows with the same value belong together, such as those of one patient, use the command line with --group ${quotedText(name)}`);
    }
  }
}
