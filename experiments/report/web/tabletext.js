// From the text of a table file to its columns: separator, quotes, comments, as experiments/datasets/dialect.py.

import { columnNames, headerOf, isUnitsRow, looksNumeric } from "./tableheader.js";
import { COMMAND_LINE, andListed, counted, listedTexts, mostCommon, quotedText } from "./tablewords.js";

const SEPARATORS = { comma: ",", semicolon: ";", tab: "\t", pipe: "|", blanks: " " };
const BLANKS = " ";
const [SAMPLE_CHARACTERS, SAMPLE_ROWS, SAMPLE_CELLS] = [400_000, 200, 20_000];
const MOST_TITLES = 5; // lines above a table
const CELL_NUMBER =
  /^[+\-(\u2212]?[$€£¥]? ?(?:\d|\.\d)(?:[\d.,'\u2019]*[\d.])?(?:[eE][+-]?\d+)?(?: ?[%€$]| ?[\p{L}_]{1,3})?\)?$/u;
const NO_TABLE = [
  ["<", "a web page or XML"],
  ["{", "JSON"],
  ["[{", "JSON"],
  ["%PDF", "PDF"],
  ["@relation", "ARFF"],
  ["@RELATION", "ARFF"],
];

/** The columns of a table: names, cells without outer spaces, the line of each row, the separator, the decisions. */
export function columnsOfText(where, text) {
  if (!text.trim())
    throw new Error(`${where}: expected a header and rows of values, found an empty file: add the data`);
  const other = NO_TABLE.find(([beginning]) => text.trimStart().startsWith(beginning));
  if (other) throw new Error(`${where}: expected a table as text, found ${other[1]}: save the table as CSV`);
  const found = recordsOf(where, text);
  const { said } = found;
  if (!found.rows.length)
    throw new Error(`${where}: expected a header and rows of values, found only comments: add the data`);
  if (found.rows.every(({ cells }) => cells.length < 2)) {
    const first = quotedText(found.rows[0].cells[0] ?? "");
    throw new Error(
      `${where}, line ${found.rows[0].line}: expected at least two columns, found one (${first}): add ` +
        `a column, or ${COMMAND_LINE} with --separator`,
    );
  }
  const [hasHeader, why] = headerOf(found.rows.map(({ cells }) => cells));
  let rows = rectangularRows(where, found, hasHeader, said);
  if (!rows.length)
    throw new Error(`${where}: expected a header and rows of values, found only separators: add the data`);
  let names = rows[0].cells.map((_, j) => `x${j + 1}`);
  if (hasHeader) {
    names = columnNames(rows[0].cells, said);
    rows = rows.slice(1);
    if (why.startsWith("the first line numbers")) said.push(`header: yes, because ${why}`);
  } else {
    const above = found.comments.length
      ? (rowsOfText("", found.comments.at(-1), found.separator, 1, false)[0]?.cells ?? []).map((cell) => cell.trim())
      : [];
    if (above.length === names.length && new Set(above).size === above.length && !above.some(looksNumeric)) {
      names = above;
      said.push("header: the last comment line");
    } else said.push(`header: none, because ${why}; columns are named x1 to x${names.length}`);
  }
  if (!rows.length)
    throw new Error(`${where}: expected rows of values below the header, found only the header: add rows`);
  if (hasHeader && isUnitsRow(rows.map(({ cells }) => cells))) {
    said.push(`line ${rows[0].line} contains units: left out`);
    rows = rows.slice(1);
  }
  const cells = names.map((_, j) => rows.map((row) => row.cells[j].trim()));
  return { names, cells, lines: rows.map(({ line }) => line), separator: found.separator, said };
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
    said.push(
      `${counted(marked.size, "line")} that begin${marked.size === 1 ? "s" : ""} with # skipped: ` +
        `${listedTexts([...marked].map((i) => rows[i].line))}`,
    );
    rows = rows.filter((_, i) => !marked.has(i));
  }
  const titles = titleRows(rows);
  if (titles) {
    said.push(
      `${counted(titles, "line")} above the table skipped: ` +
        `${andListed(rows.slice(0, titles).map(({ cells }) => quotedText(cells[0].trim())))}`,
    );
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

/** The separator that gives rows of equal length with most numbers. */
function separatorOf(text) {
  let sample = text.slice(0, SAMPLE_CHARACTERS);
  if (sample.length < text.length)
    sample = sample.slice(0, Math.max(sample.lastIndexOf("\n"), sample.lastIndexOf("\r")) + 1) || sample;
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
  return ((first * count) / rows.length) * (0.2 + numeric / cells.length);
}

/** Every row that is not empty, with the line on which it begins; `strict`: quotes must be well-formed. */
function rowsOfText(where, text, separator, firstLine, strict, most = Infinity) {
  if (separator === BLANKS) {
    const unquoted = (word) =>
      word.length > 1 && word.startsWith('"') && word.endsWith('"') ? word.slice(1, -1).replaceAll('""', '"') : word;
    const rows = text.split("\n").map((line, i) => ({
      line: firstLine + i,
      cells: (line.match(/"(?:[^"]|"")*"(?!\S)|\S+/g) ?? []).map(unquoted),
    }));
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
    throw new Error(
      `${where}, line ${begin}: expected well-formed CSV, found: ${what}: correct the quotes on that line`,
    );
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
    if (isLastEmpty())
      rows = withHead(
        head,
        body().map((row) => ({ ...row, cells: row.cells.slice(0, -1) })),
      );
    else {
      rows = withHead(["", ...head]);
      said.push("the first column has no name: every row has one cell more than the header");
    }
  } else if (hasHeader && width > 2 && !head.at(-1).trim() && isEach(width - 1)) rows = withHead(head.slice(0, -1));
  else if (widths.size > 1 && !hasHeader) width = mostCommon(rows.map(({ cells }) => cells.length)).value;
  if (hasHeader) width = rows[0].cells.length;
  rows = rows.map((row) =>
    row.cells.length > width && !row.cells.slice(width).some((cell) => cell.trim())
      ? { ...row, cells: row.cells.slice(0, width) }
      : row,
  );
  const wrong = rows.filter(({ cells }) => cells.length !== width);
  if (wrong.length) {
    const places = listedTexts(
      wrong.map(({ line, cells }) => `${line} has ${cells.length}`),
      5,
    );
    const what = wrong.length === 1 ? "line" : `${wrong.length} lines: line`;
    throw new Error(
      `${where}: expected ${width} cells on every line, as in the ${hasHeader ? "header" : "others"}, ` +
        `found: ${what} ${places}: add or remove cells there, or quote the cells that contain the ` +
        `separator (${separatorName(found.separator)})`,
    );
  }
  if (width > 2 && isLastEmpty() && !(hasHeader && rows[0].cells.at(-1).trim())) {
    rows = rows.map((row) => ({ ...row, cells: row.cells.slice(0, -1) }));
    said.push("the last column has neither a name nor values: left out");
  }
  return rows;
}
