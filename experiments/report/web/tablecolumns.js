// What the columns of a table are: numbers, booleans, categories, or not usable. As experiments/datasets/kinds.py and
// decimals.py.

import { MISSING_TEXTS, areIntegers, hasLeadingZero, meansGapAmongNumbers, waysToRead } from "./tablenumbers.js";
import { COMMAND_LINE, andListed, counted, listedTexts, quotedText } from "./tablewords.js";

const MOST_CATEGORIES = 30; // text columns with more different values are left out
const NEARLY_UNIQUE = 0.8; // share of different values from which on texts are names
const MOSTLY_NUMBERS = 0.8; // share of numbers from which on other texts are errors
const FEW_NUMBERS = 10; // with at most this many different ones, repeated texts make the column a category
const FEWEST_COUNTED = 5; // rows required to take 0, 1, 2, ... for row numbers
const BOOLEANS = [
  ["false", "true"],
  ["no", "yes"],
  ["f", "t"],
  ["n", "y"],
  ["off", "on"],
  ["falsch", "wahr"],
  ["nein", "ja"],
  ["faux", "vrai"],
  ["non", "oui"],
  ["no", "si"],
  ["no", "s\u00ed"],
  ["falso", "vero"],
  ["falso", "verdadero"],
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
const ID_NAME =
  /^(?:(?:.*[_ .-])?(?:id|index|idx|uuid|guid)|.*[a-z](?:Id|ID)|unnamed: 0|row(?:_?n(?:o|umber|ame)s?)?)$/;

/** The different texts of a column, with counts and possible formats; codes: the text of each cell, -1 for a gap. */
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
    if (unread.length && unread.every(meansGapAmongNumbers))
      found = withoutTexts(found, (text) => unread.includes(text));
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

export const total = (numbers) => numbers.reduce((sum, n) => sum + n, 0);
export const cellsOf = (profile) => total(profile.counts);

/** The texts that are wrong in a column of numbers, by their index; null if it is none. */
export function slipsOf(profile, way) {
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
  const pair =
    gaps.size || folded.size !== 2 ? undefined : BOOLEANS.find((each) => each.every((text) => folded.has(text)));
  if (pair) return { kind: "boolean", profile, categories: pair };
  return { kind: "category", profile, categories: [...texts].sort(byCodePoints) };
}

/** How to read each column of numbers; where 1,234 could be two numbers, the other columns decide. Throws one line. */
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
    if (mark)
      ways.set(
        profile.name,
        profile.ways.find(({ format }) => format.decimal === mark),
      );
  }
  if (refused.length) {
    throw new Error(
      `${where}: expected unambiguous numbers, found a comma or point that may separate decimals or ` +
        `thousands: ${listedTexts(refused)}: ${COMMAND_LINE} with --decimal . or --decimal ,`,
    );
  }
  if (assumed.length) said.push(`decimal mark: assumed to be a point in ${listedTexts(assumed)}`);
  sayFormats(profiles, ways, said);
  return ways;
}

function sayFormats(profiles, ways, said) {
  const read = profiles
    .filter(({ name }) => ways.has(name))
    .map((profile) => ({ ...profile, ...ways.get(profile.name) }));
  const names = (fits, text = ({ name }) => quotedText(name)) => listedTexts(read.filter(fits).map(text));
  const lines = [
    ["negative numbers are in parentheses in ", names(({ texts }) => texts.some((text) => text.endsWith(")")))],
    [
      "decimal mark: comma in ",
      names(({ format, texts }) => format.decimal === "," && texts.some((text) => text.includes(","))),
    ],
    ["thousands are grouped in ", names(({ format }) => format.grouped, groupedExample)],
    [
      "numbers with a unit: ",
      names(
        ({ format }) => format.before || format.after,
        ({ name, format }) => `${quotedText(name)} in ${format.before || format.after}`,
      ),
    ],
  ];
  for (const [what, which] of lines) if (which) said.push(what + which);
}

function groupedExample({ name, texts, values }) {
  const at = Math.max(
    0,
    values.findIndex((value, i) => Math.abs(value) >= 1000 && /[.,'\u2019 \u00a0\u202f]/.test(texts[i])),
  );
  return `${quotedText(name)} (${quotedText(texts[at])} is ${Number(values[at].toPrecision(15))})`;
}

/** The order of Python: by code points, where JavaScript compares halves of pairs. */
export function byCodePoints(a, b) {
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
  throw new Error(
    `${where}: expected numbers, found other text in ${counted(cells, "cell")}: ${texts.join("; ")}: ` +
      `correct the cells, or use the command line with --missing-values ${JSON.stringify(first)} or ` +
      `--drop`,
  );
}
