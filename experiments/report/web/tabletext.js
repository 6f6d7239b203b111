// From the bytes of a table file to its rows: encoding, separator, quotes, comments, header, as experiments/datasets
// reads them (decoding.py, dialect.py, header.py). What this page does not read it refuses.

import { MISSING_TEXTS, meansGapAmongNumbers } from "./tablenumbers.js";

const SEPARATORS = { comma: ",", semicolon: ";", tab: "\t", pipe: "|", blanks: " " };
const BLANKS = " ";
const [SAMPLE_CHARACTERS, SAMPLE_ROWS, SAMPLE_CELLS, HEADER_CELLS] = [400_000, 200, 20_000, 200_000];
const MOST_TITLES = 5; // lines above a table
const CELL_NUMBER =
  /^[+\-(\u2212]?[$€£¥]? ?(?:\d|\.\d)(?:[\d.,'\u2019]*[\d.])?(?:[eE][+-]?\d+)?(?: ?[%€$]| ?[\p{L}_]{1,3})?\)?$/u;
const LOOKS_NUMERIC =
  /^\(?[+\-\u2212]?[$€£¥]?\s?(?:\d|[.,]\d)(?:[\d.,'\u2019 \u00a0]*[\d.])?(?:[eE][+-]?\d+)?\s?[%€$£]?\)?$/;
const NO_TABLE = [
  ["<", "a web page or XML"], ["{", "JSON"], ["[{", "JSON"], ["%PDF", "PDF"], ["@relation", "ARFF"], ["@RELATION", "ARFF"],
];
const NO_TEXT = [
  [[0x50, 0x41, 0x52, 0x31], "parquet"], [[0xd0, 0xcf, 0x11, 0xe0], "xls"], [[0x50, 0x4b, 3, 4], "xlsx or zip"],
  [[0x42, 0x5a, 0x68], "bz2"], [[0xfd, 0x37, 0x7a, 0x58], "xz"], [[0x28, 0xb5, 0x2f, 0xfd], "zstd"],
  [[0xff, 0xfe, 0, 0], "UTF-32"], [[0, 0, 0xfe, 0xff], "UTF-32"],
];

/** How to read what this page does not: the end of a refusal. */
export const COMMAND_LINE = "the command line reads more: python -m experiments.grid --dataset FILE";

/** Text in quotes, on one line, shortened for messages. */
export function quotedText(text) {
  const shown = text.length <= 60 ? text : `${text.slice(0, 57)}...`;
  const line = JSON.stringify(shown).slice(1, -1).replace(/\\"/g, '"');
  return line.includes("'") ? `"${line}"` : `'${line}'`;
}

/** Texts separated by commas; after the first `most`, dots. */
export function listedTexts(texts, most = 10) {
  return texts.length > most ? `${texts.slice(0, most).join(", ")}, ...` : texts.join(", ");
}

/** "a, b and c". */
export function andListed(texts) {
  return texts.length > 1 ? `${texts.slice(0, -1).join(", ")} and ${texts.at(-1)}` : texts.join("");
}

export const counted = (n, noun) => `${n.toLocaleString("en")} ${noun}${n === 1 ? "" : "s"}`;

/** The text of the bytes of a file, and the decisions made. */
export function textOfBytes(where, bytes) {
  for (const [magic, what] of NO_TEXT) {
    if (magic.every((byte, i) => bytes[i] === byte)) {
      throw new Error(`${where}: expected text, found ${what}, which this page does not read: save it as CSV, or ${COMMAND_LINE}`);
    }
  }
  const { name, known = name, why } = encodingOf(bytes);
  let text;
  if (name === "latin-1") text = Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
  else text = decodedBytes(where, name, bytes);
  if (text.includes("\0")) throw new Error(`${where}: expected text, found a NUL character: save the file as UTF-8 text`);
  return { text, said: why ? [`encoding: ${known}, ${why}`] : [] };
}

/** The encoding of bytes, by the name of the browser and by that which people know, and how it is known. */
function encodingOf(bytes) {
  const byMark = { known: "UTF-16", why: "from its byte order mark" };
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return { name: "utf-16le", ...byMark };
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return { name: "utf-16be", ...byMark };
  const start = bytes.subarray(0, 2000);
  const zeros = [0, 1].map((side) => start.filter((byte, i) => i % 2 === side && byte === 0).length);
  const half = start.length / 2;
  const byZeros = { why: "from its zero bytes" };
  if (half >= 2 && zeros[1] > 0.7 * Math.floor(half) && !zeros[0]) return { name: "utf-16le", known: "UTF-16-LE", ...byZeros };
  if (half >= 2 && zeros[0] > 0.7 * Math.ceil(half) && !zeros[1]) return { name: "utf-16be", known: "UTF-16-BE", ...byZeros };
  const line = lineThatIsNotUtf8(bytes);
  if (line === null) return { name: "utf-8" };
  const why = `because line ${line} is not UTF-8`;
  const isUndefined = bytes.some((byte) => [0x81, 0x8d, 0x8f, 0x90, 0x9d].includes(byte)); // in cp1252
  return isUndefined ? { name: "latin-1", why } : { name: "windows-1252", known: "cp1252", why };
}

/** The first line that is not UTF-8, or null. */
function lineThatIsNotUtf8(bytes) {
  if (isUtf8(bytes)) return null;
  let [line, start] = [1, 0];
  // In UTF-8 the bytes of line ends are nothing else, so that each line can be decoded by itself.
  for (let i = 0; i < bytes.length; i++) {
    if (bytes[i] !== 10 && bytes[i] !== 13) continue;
    if (!isUtf8(bytes.subarray(start, i))) break;
    if (bytes[i] === 13 && bytes[i + 1] === 10) i += 1;
    [line, start] = [line + 1, i + 1];
  }
  return line;
}

function isUtf8(bytes) {
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return true;
  } catch {
    return false;
  }
}

function decodedBytes(where, name, bytes) {
  try {
    return new TextDecoder(name, { fatal: true }).decode(bytes);
  } catch {
    throw new Error(`${where}: expected ${name} text, found other bytes: save the file as UTF-8 text, or ${COMMAND_LINE}`);
  }
}

/** The columns of a table: names, cells without surrounding spaces, the line of each row, the separator, the decisions. */
export function columnsOfText(where, text) {
  if (!text.trim()) throw new Error(`${where}: expected a header and rows of values, found an empty file: add the data`);
  const other = NO_TABLE.find(([beginning]) => text.trimStart().startsWith(beginning));
  if (other) throw new Error(`${where}: expected a table as text, found ${other[1]}: save the table as CSV`);
  const found = recordsOf(where, text);
  const { said } = found;
  if (!found.rows.length) throw new Error(`${where}: expected a header and rows of values, found only comments: add the data`);
  if (Math.max(...found.rows.map(({ cells }) => cells.length)) < 2) {
    const first = quotedText(found.rows[0].cells[0] ?? "");
    throw new Error(`${where}, line ${found.rows[0].line}: expected at least two columns, found one (${first}): add a column, or ${COMMAND_LINE} with --separator`);
  }
  const [hasHeader, why] = headerOf(found.rows.map(({ cells }) => cells));
  let rows = rectangularRows(where, found, hasHeader, said);
  if (!rows.length) throw new Error(`${where}: expected a header and rows of values, found only separators: add the data`);
  let names = rows[0].cells.map((_, j) => `x${j + 1}`);
  if (hasHeader) {
    names = columnNames(rows[0].cells, said);
    rows = rows.slice(1);
    if (why.startsWith("the first line numbers")) said.push(`header: yes, because ${why}`);
  } else {
    const above = found.comments.length ? (rowsOfText("", found.comments.at(-1), found.separator, 1, false)[0]?.cells ?? []).map((cell) => cell.trim()) : [];
    if (above.length === names.length && new Set(above).size === above.length && !above.some(looksNumeric)) {
      names = above;
      said.push("header: the last comment line");
    } else said.push(`header: none, because ${why}; columns are named x1 to x${names.length}`);
  }
  if (!rows.length) throw new Error(`${where}: expected rows of values below the header, found only the header: add rows`);
  if (hasHeader && isUnitsRow(rows.map(({ cells }) => cells))) {
    said.push(`line ${rows[0].line} contains units: left out`);
    rows = rows.slice(1);
  }
  const cells = names.map((_, j) => rows.map((row) => row.cells[j].trim()));
  return { names, cells, lines: rows.map(({ line }) => line), separator: found.separator, said };
}

export function looksNumeric(text) {
  return LOOKS_NUMERIC.test(text);
}

/** The rows with the line on which each begins, the separator, comments above the table, and the decisions. */
function recordsOf(where, whole) {
  const said = [];
  let [text, firstLine, separator] = [whole, 1, null];
  const sepLine = /^sep=(.|\\t)[ \t]*(?:\r\n|\r|\n)/i.exec(text);
  if (sepLine) {
    text = text.slice(sepLine[0].length);
    firstLine = 2;
    separator = sepLine[1] === "\\t" ? "\t" : sepLine[1];
    said.push(`separator: ${separatorName(separator)}, from the first line`);
  }
  const top = withoutComments(text);
  text = top.text;
  firstLine += top.skipped;
  if (separator === null) {
    separator = separatorOf(text);
    if (separator !== ",") said.push(`separator: ${separatorName(separator)}`);
  }
  let rows = rowsOfText(where, text, separator, firstLine, true);
  const marked = commentRows(rows, top.comments);
  if (marked.size) {
    said.push(`${counted(marked.size, "line")} that begin${marked.size === 1 ? "s" : ""} with # skipped: ${listedTexts([...marked].map((i) => rows[i].line))}`);
    rows = rows.filter((_, i) => !marked.has(i));
  }
  const titles = titleRows(rows);
  if (titles) {
    said.push(`${counted(titles, "line")} above the table skipped: ${andListed(rows.slice(0, titles).map(({ cells }) => quotedText(cells[0].trim())))}`);
    rows = rows.slice(titles);
  }
  if (top.comments.length) said.push(`${counted(top.comments.length, "comment line")} above the table skipped`);
  return { rows, separator, comments: top.comments, said };
}

function separatorName(character) {
  return Object.keys(SEPARATORS).find((name) => SEPARATORS[name] === character) ?? quotedText(character);
}

function withoutComments(text) {
  const comments = [];
  let [skipped, position] = [0, 0];
  for (const match of text.matchAll(/([^\r\n]*)(?:\r\n|\r|\n)/g)) {
    const line = match[1].trim();
    if (line && !line.startsWith("#")) break;
    if (line) comments.push(line.replace(/^#+/, "").trim());
    skipped += 1;
    position = match.index + match[0].length;
  }
  return comments.length ? { text: text.slice(position), comments, skipped } : { text, comments, skipped: 0 };
}

function commentRows(rows, comments) {
  const marked = rows.flatMap(({ cells }, i) => (cells[0].trimStart().startsWith("#") ? [i] : []));
  if (!marked.length) return new Set();
  const width = mostCommon(rows.map(({ cells }) => cells.length)).value;
  const every = comments.length > 0 && marked.length < rows.length / 2;
  return new Set(marked.filter((i) => every || rows[i].cells.length !== width));
}

function titleRows(rows) {
  const found = rows.findIndex(({ cells }) => cells.filter((cell) => cell.trim()).length > 1);
  const first = Math.max(found, 0);
  if (first === 0 || first > MOST_TITLES || rows.length - first < 2) return 0;
  const width = rows[first].cells.length;
  return width > 1 && rows.slice(first).every(({ cells }) => cells.length === width) ? first : 0;
}

/** The most common value, the first of equally common ones, and how often it is there. */
export function mostCommon(values) {
  const counts = new Map();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  let best = { value: undefined, count: 0 };
  for (const [value, count] of counts) if (count > best.count) best = { value, count };
  return best;
}

/** The separator that gives rows of equal length with most numbers. */
function separatorOf(text) {
  let sample = text.slice(0, SAMPLE_CHARACTERS);
  if (sample.length < text.length) sample = sample.slice(0, Math.max(sample.lastIndexOf("\n"), sample.lastIndexOf("\r")) + 1) || sample;
  let [best, most] = [",", -1];
  for (const separator of Object.values(SEPARATORS)) {
    const score = separatorScore(sample, separator);
    if (score > most) [best, most] = [separator, score];
  }
  return best;
}

function separatorScore(sample, separator) {
  const rows = rowsOfText("", sample, separator, 1, false, SAMPLE_ROWS).map(({ cells }) => cells);
  if (!rows.length) return 0;
  const { value: width, count } = mostCommon(rows.map((cells) => cells.length));
  if (width < 2) return 0;
  const cells = rows.slice(0, Math.max(10, Math.floor(SAMPLE_CELLS / width))).flat();
  const numeric = cells.filter((cell) => CELL_NUMBER.test(cell.trim())).length;
  const first = [width, width - 1].includes(rows[0].length) && rows[0].length > 1 ? 1 : 0.5;
  return first * count / rows.length * (0.2 + numeric / cells.length);
}

/** Every row that is not empty, with the line on which it begins; `strict`: quotes must be well-formed. */
function rowsOfText(where, text, separator, firstLine, strict, most = Infinity) {
  if (separator === BLANKS) {
    const unquoted = (word) => (word.length > 1 && word.startsWith('"') && word.endsWith('"') ? word.slice(1, -1).replaceAll('""', '"') : word);
    const rows = text.split("\n").map((line, i) => ({ line: firstLine + i, cells: (line.match(/"(?:[^"]|"")*"(?!\S)|\S+/g) ?? []).map(unquoted) }));
    return rows.filter(({ cells }) => cells.length).slice(0, most);
  }
  const rows = [];
  let [line, begin, cells, cell, state] = [firstLine, firstLine, [], "", "start"];
  const endRow = () => {
    cells.push(cell);
    if (cells.length > 1 || cells[0].trim()) rows.push({ line: begin, cells });
    [cells, cell, state] = [[], "", "start"];
  };
  const refuse = (what) => {
    throw new Error(`${where}, line ${begin}: expected well-formed CSV, found: ${what}: correct the quotes on that line`);
  };
  for (let i = 0; i < text.length && rows.length < most; i++) {
    let c = text[i];
    const isEnd = c === "\n" || c === "\r";
    if (isEnd && c === "\r" && text[i + 1] === "\n") {
      i += 1;
      c = "\r\n";
    }
    if (isEnd) line += 1;
    if (state === "quoted") {
      if (c === '"') state = "after quote";
      else cell += c;
    } else if (isEnd) {
      endRow();
      begin = line;
    } else if (c === separator) {
      cells.push(cell);
      [cell, state] = ["", "start"];
    } else if (state === "after quote") {
      if (c !== '"' && strict) refuse(`'${separator}' expected after '"'`);
      cell += c;
      state = c === '"' ? "quoted" : "plain";
    } else if (state === "start" && c === '"') state = "quoted";
    else if (!(state === "start" && c === " ")) {
      cell += c;
      state = "plain";
    }
  }
  if (state === "quoted" && strict) refuse("unexpected end of data");
  if (rows.length < most && (cells.length || cell || state !== "start")) endRow();
  return rows;
}

/** Whether the first row is a header, and why. */
function headerOf(rows) {
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
  if (!names && !data) return [!numeric.some(Boolean) || years, "the texts of the first line do not appear again below"];
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

/** The rows, all as wide as the first. Throws one line for rows of other lengths. */
function rectangularRows(where, found, hasHeader, said) {
  let rows = found.rows.filter(({ cells }) => cells.some((cell) => cell.trim()));
  const empty = found.rows.length - rows.length;
  if (empty) said.push(`${counted(empty, "row")} without values skipped`);
  if (!rows.length) return rows;
  const body = () => (hasHeader ? rows.slice(1) : rows);
  const widths = new Set(body().map(({ cells }) => cells.length));
  const isEach = (width) => widths.size === 1 && widths.has(width);
  const isLastEmpty = () => body().length > 0 && !body().some(({ cells }) => cells.at(-1).trim());
  const head = rows[0].cells;
  let width = head.length;
  const withHead = (cells, others = body()) => [{ ...rows[0], cells }, ...others];
  if (hasHeader && isEach(width + 1)) {
    if (isLastEmpty()) rows = withHead(head, body().map((row) => ({ ...row, cells: row.cells.slice(0, -1) })));
    else {
      rows = withHead(["", ...head]);
      said.push("the first column has no name: every row has one cell more than the header");
    }
  } else if (hasHeader && width > 2 && !head.at(-1).trim() && isEach(width - 1)) rows = withHead(head.slice(0, -1));
  else if (widths.size > 1 && !hasHeader) width = mostCommon(rows.map(({ cells }) => cells.length)).value;
  if (hasHeader) width = rows[0].cells.length;
  rows = rows.map((row) => (row.cells.length > width && !row.cells.slice(width).some((cell) => cell.trim()) ? { ...row, cells: row.cells.slice(0, width) } : row));
  const wrong = rows.filter(({ cells }) => cells.length !== width);
  if (wrong.length) {
    const places = listedTexts(wrong.map(({ line, cells }) => `${line} has ${cells.length}`), 5);
    const what = wrong.length === 1 ? "line" : `${wrong.length} lines: line`;
    throw new Error(`${where}: expected ${width} cells on every line, as in the ${hasHeader ? "header" : "others"}, found: ${what} ${places}: add or remove cells there, or quote the cells that contain the separator (${separatorName(found.separator)})`);
  }
  if (width > 2 && isLastEmpty() && !(hasHeader && rows[0].cells.at(-1).trim())) {
    rows = rows.map((row) => ({ ...row, cells: row.cells.slice(0, -1) }));
    said.push("the last column has neither a name nor values: left out");
  }
  return rows;
}

/** Names for all columns, all different. */
function columnNames(cells, said) {
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
  if (nameless.length) said.push(`${counted(nameless.length, "column")} without a name: named ${listedTexts(nameless)}`);
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
function isUnitsRow(rows) {
  if (rows.length < 3 || rows[0].some((cell) => looksNumeric(cell.trim()))) return false;
  const body = bodyOf(rows.slice(1), rows[0].length);
  const units = rows[0].filter((cell, j) => {
    const below = body.map((row) => row[j].trim()).filter((text) => text && !MISSING_TEXTS.has(text));
    const text = cell.trim();
    return below.length && below.every(looksNumeric) && text && !MISSING_TEXTS.has(text) && !meansGapAmongNumbers(text);
  });
  return units.length >= 2;
}
