// Whether the first row of a table is a header, and the names of its columns, as experiments/datasets/header.py.

import { MISSING_TEXTS, meansGapAmongNumbers } from "./tablenumbers.js";
import { counted, listedTexts, quotedText } from "./tablewords.js";

const HEADER_CELLS = 200_000; // that decide on a header
const LOOKS_NUMERIC =
  /^\(?[+\-\u2212]?[$€£¥]?\s?(?:\d|[.,]\d)(?:[\d.,'\u2019 \u00a0]*[\d.])?(?:[eE][+-]?\d+)?\s?[%€$£]?\)?$/;

export function looksNumeric(text) {
  return LOOKS_NUMERIC.test(text);
}

/** Whether the first row is a header, and why. */
export function headerOf(rows) {
  const first = rows[0].map((cell) => cell.trim());
  const numeric = first.map(looksNumeric);
  const named = first.filter(Boolean);
  const countsFrom = (start) => named.every((cell, i) => cell === String(i + start));
  if (named.length > 2 && (countsFrom(0) || countsFrom(1))) return [true, "the first line numbers the columns"];
  if (numeric.every(Boolean)) return [false, "the first line has numbers"];
  const body = bodyOf(rows.slice(1), first.length);
  const years = isIncreasing(first.filter((_, j) => numeric[j]));
  let [names, data, fractions] = [0, 0, 0];
  first.forEach((cell, j) => {
    const below = body.map((row) => (row[j] ?? "").trim()).filter((text) => text && !MISSING_TEXTS.has(text));
    if (cell === "?") data += 1;
    if (!cell || MISSING_TEXTS.has(cell) || !below.length) return;
    const numberBelow = below.filter(looksNumeric).length >= 0.9 * below.length;
    if (numeric[j]) {
      if (numberBelow && !years) {
        data += 1;
        fractions += /^\d+$/.test(cell) ? 0 : 1;
      }
    } else if (numberBelow) names += /^\d/.test(cell) ? 0 : 1;
    else data += below.includes(cell) ? 1 : 0;
  });
  const likeBelow = "the first line has numbers like those below";
  if (!names && !data)
    return [!numeric.some(Boolean) || years, "the texts of the first line do not appear again below"];
  if (names && data && fractions) return [false, likeBelow];
  if (names) return [true, "the first line has text above numbers"];
  if (numeric.some(Boolean)) return [false, likeBelow];
  return [2 * data <= named.length, "the texts of the first line appear again below"];
}

function bodyOf(rows, width) {
  return rows.slice(0, Math.max(20, Math.min(1000, Math.floor(HEADER_CELLS / width))));
}

function isIncreasing(numbers) {
  if (numbers.length < 2 || !numbers.every((text) => /^\d+$/.test(text))) return false;
  return numbers.slice(1).every((text, i) => Number(text) - Number(numbers[i]) === 1);
}

/** Names for all columns, all different. */
export function columnNames(cells, said) {
  const names = cells.map((cell) => cell.split(/\s+/).filter(Boolean).join(" "));
  const taken = new Set(names);
  const free = (name) => {
    if (!taken.has(name)) return name;
    let number = 2;
    while (taken.has(`${name} (${number})`)) number += 1;
    return `${name} (${number})`;
  };
  const rename = (i, name) => {
    names[i] = free(name);
    taken.add(names[i]);
    return quotedText(names[i]);
  };
  const nameless = names.flatMap((name, i) => (name ? [] : [i])).map((i) => rename(i, `column ${i + 1}`));
  if (nameless.length)
    said.push(`${counted(nameless.length, "column")} without a name: named ${listedTexts(nameless)}`);
  const seen = new Set();
  const renamed = [];
  names.forEach((name, i) => {
    if (seen.has(name)) renamed.push(rename(i, name));
    seen.add(name);
  });
  if (renamed.length) said.push(`columns with repeated names: renamed ${listedTexts(renamed)}`);
  return names;
}

/** Whether the first row below the header contains units: texts above numbers, in at least two columns. */
export function isUnitsRow(rows) {
  if (rows.length < 3 || rows[0].some((cell) => looksNumeric(cell.trim()))) return false;
  const body = bodyOf(rows.slice(1), rows[0].length);
  const units = rows[0].filter((cell, j) => {
    const below = body.map((row) => row[j].trim()).filter((text) => text && !MISSING_TEXTS.has(text));
    const text = cell.trim();
    return below.length && below.every(looksNumeric) && text && !MISSING_TEXTS.has(text) && !meansGapAmongNumbers(text);
  });
  return units.length >= 2;
}
