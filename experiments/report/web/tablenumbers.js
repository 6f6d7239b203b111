// Numbers in the cells of a table: decimal marks, grouped thousands, currencies and units; and texts that mean a
// missing value. As experiments/datasets/number_format.py, decimals.py and missing.py.

/** Texts that mean a missing value in any column. */
export const MISSING_TEXTS = new Set([
  "",
  "?",
  "-",
  "NA",
  "N/A",
  "n/a",
  "#N/A",
  "#N/A N/A",
  "#NA",
  "<NA>",
  "NaN",
  "nan",
  "-NaN",
  "-nan",
  "NAN",
  "null",
  "NULL",
  "Null",
  "None",
  "NaT",
  "#NULL!",
  "#DIV/0!",
  "#VALUE!",
  "#REF!",
  "#NAME?",
  "#NUM!",
  "1.#QNAN",
  "-1.#IND",
  "1.#IND",
  "\u2013",
  "\u2014",
]);
const GAPS_AMONG_NUMBERS = new Set([
  "na",
  "n.a.",
  "n.a",
  "n/a.",
  "none",
  "missing",
  "unknown",
  "undefined",
  "not available",
  "k.a.",
  "k. a.",
  ".",
  "..",
  "...",
  "--",
  "---",
  "*",
  "\\n",
]);
const GROUPING = "'\u2019 \u00a0\u202f";
const CURRENCY = "(?:[A-Z]{0,3}[$€£¥₹₽₩₺¢]|USD|EUR|GBP|CHF|JPY|CNY|INR|SEK|NOK|DKK|PLN|Fr\\.|kr)";
const NUMBER_TEXT = new RegExp(
  `^(?<open>\\()?(?<sign>[+\\-\u2212]?)\\s*(?<before>${CURRENCY})?\\s*(?<sign2>[+\\-\u2212]?)` +
    `(?<body>(?:\\d|[.,]\\d)(?:[\\d.,${GROUPING}]*[\\d.,])?)(?<exponent>[eE][+\\-]?\\d+)?` +
    "\\s*(?<after>[^\\s\\d()<>=~+\\-*#?!,;:][^\\d()<>=~+\\-*#?!,;:]{0,11}?)?(?<close>\\))?$",
);
const GROUPED = { ".": groupedForm(",", "\\."), ",": groupedForm(".", ",") };
const PLAIN = { ".": /^(?:\d+(?:\.\d*)?|\.\d+)$/, ",": /^(?:\d+(?:,\d*)?|,\d+)$/ };
const EITHER_WAY = /^\D*[1-9]\d{0,2}([.,])\d{3}(?![\deE])(?!.*[.,]\d).*$/s;
const PYTHON_FLOAT = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;

function groupedForm(other, mark) {
  return new RegExp(`^[1-9]\\d{0,2}(?<by>[${other}${GROUPING}])\\d{3}(?:\\k<by>\\d{3})*(?:${mark}\\d*)?$`);
}

export function meansGapAmongNumbers(text) {
  return GAPS_AMONG_NUMBERS.has(text.toLowerCase()) || MISSING_TEXTS.has(text);
}

/** Whether there is a code such as 01234, which would lose its leading zero as a number. */
export function hasLeadingZero(texts) {
  return texts.some((text) => /^[+-]?0\d+$/.test(text));
}

/**
 * The ways to read texts as numbers: one if it is clear, none if hardly any is a number, two if both decimal marks give
 * numbers and some of these differ. A way has a format and values, nan for what is not a number.
 */
export function waysToRead(texts, counts) {
  const point = plainNumbers(texts, ".");
  if (point) {
    const dotted = texts.filter((text) => text.includes("."));
    const way = { format: { decimal: ".", before: "", after: "", grouped: false }, values: point };
    if (!dotted.length || !dotted.every((text) => EITHER_WAY.test(text))) return [way];
    return [way, candidate(texts, ",", "", "")];
  }
  const comma = plainNumbers(texts, ",");
  if (comma && !texts.filter((text) => text.includes(",")).every((text) => EITHER_WAY.test(text))) {
    return [{ format: { decimal: ",", before: "", after: "", grouped: false }, values: comma }];
  }
  const affixes = new Map();
  let inParentheses = true;
  texts.forEach((text, i) => {
    const match = matchedNumber(text);
    if (!match) return;
    const key = JSON.stringify([match.before ?? "", match.after ?? ""]);
    affixes.set(key, (affixes.get(key) ?? 0) + counts[i]);
    inParentheses &&= match.open !== undefined;
  });
  if (!affixes.size || inParentheses) return [];
  const [best] = [...affixes].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? 1 : -1))[0];
  const ways = [".", ","].map((mark) => candidate(texts, mark, ...JSON.parse(best)));
  const cells = ways.map(({ values }) =>
    values.reduce((sum, value, i) => sum + (Number.isNaN(value) ? 0 : counts[i]), 0),
  );
  if (cells[0] !== cells[1]) return [ways[cells[1] > cells[0] ? 1 : 0]];
  return ways[0].values.every((value, i) => Object.is(value, ways[1].values[i])) ? [ways[0]] : ways;
}

export function areIntegers({ values }) {
  return values.every((value) => Number.isNaN(value) || value === Math.floor(value));
}

function candidate(texts, decimal, before, after) {
  const ungrouped = { decimal, before, after, grouped: false };
  const grouped = { ...ungrouped, grouped: true };
  const [values, more] = [ungrouped, grouped].map((format) => texts.map((text) => readNumber(text, format)));
  const isGrouped = values.some((value, i) => Number.isNaN(value) && !Number.isNaN(more[i]));
  return isGrouped ? { format: grouped, values: more } : { format: ungrouped, values };
}

function matchedNumber(text) {
  const groups = NUMBER_TEXT.exec(text)?.groups;
  return groups && (groups.open === undefined) === (groups.close === undefined) ? groups : null;
}

function readNumber(text, { decimal, before, after, grouped }) {
  const match = matchedNumber(text);
  if (!match || (match.before ?? "") !== before || (match.after ?? "") !== after) return NaN;
  const sign = match.sign + match.sign2;
  if (sign.length > 1 || (sign && match.open)) return NaN;
  const form = grouped ? GROUPED[decimal].exec(match.body) : null;
  let digits;
  if (PLAIN[decimal].test(match.body)) digits = match.body.replace(decimal, ".");
  else if (form) digits = match.body.replaceAll(form.groups.by, "").replace(decimal, ".");
  else return NaN;
  const value = Number(digits + (match.exponent ?? ""));
  if (!Number.isFinite(value)) return NaN;
  return match.open || sign === "-" || sign === "\u2212" ? -value : value;
}

/** The numbers if all texts are plain: digits, sign, decimal mark, exponent; otherwise null. */
function plainNumbers(texts, decimal) {
  if (decimal === "," && texts.some((text) => text.includes("."))) return null;
  const numbers = texts.map((text) => {
    const plain = decimal === "," ? text.replaceAll(",", ".") : text;
    return PYTHON_FLOAT.test(plain) ? Number(plain) : NaN;
  });
  return numbers.every(Number.isFinite) ? numbers : null;
}
