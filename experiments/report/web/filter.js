// The filter of the table: terms as people type them, such as `hidden>3 tied "learning rate" 1.2`, all of which must hold.

import { byPlace, numbersOf } from "./columns.js";

const TOKENS = /"([^"]*)"?|'([^']*)'?|“([^”]*)”?|(>=|<=|=>|=<|!=|==|<>|[=<>≥≤≠])|(!)|([^\s"“<>=!≥≤≠,;]+)/g;
const SAME_OPERATORS = { "≥": ">=", "=>": ">=", "≤": "<=", "=<": "<=", "≠": "!=", "<>": "!=", "==": "=" };
const NEGATIONS = ["not", "no", "without", "!"];
const FILLERS = ["and", "with", "at", "the"];
const MOST_WORDS = 6; // of the name of a column
const FEWEST_LETTERS = 3; // of a beginning that stands for a name
const COMPARED = {
  "=": (order) => order === 0,
  "!=": (order) => order !== 0,
  ">": (order) => order > 0,
  "<": (order) => order < 0,
  ">=": (order) => order >= 0,
  "<=": (order) => order <= 0,
};

const foldedName = (text) => text.toLowerCase().replace(/[_\-\s]+/g, " ").trim();

function tokensOf(text) {
  return Array.from(text.matchAll(TOKENS), ([, double, single, curly, operator, bang, word]) => {
    const quoted = double ?? single ?? curly;
    if (quoted !== undefined) return { kind: "quoted", text: quoted.trim() };
    if (operator) return { kind: "operator", text: SAME_OPERATORS[operator] ?? operator };
    return { kind: "word", text: bang ?? word };
  });
}

/** What was not understood, in a few words. */
class Riddle extends Error {}

class Reader {
  constructor(text, columns) {
    Object.assign(this, { tokens: tokensOf(text), at: 0, columns });
    this.settings = columns.filter(({ kind }) => kind === "setting");
    this.judged = columns.find(({ title }) => title.startsWith("mean test"));
    const isBest = { kind: "flag", title: "best", names: ["best"], key: (c) => columns.find(({ title }) => title === "rank").key(c) === 1 };
    this.named = [...columns, isBest];
  }

  get next() {
    return this.tokens[this.at];
  }

  terms() {
    const [terms, problems] = [[], []];
    while (this.next) {
      const start = this.at;
      try {
        const term = this.term();
        if (term) terms.push(term);
      } catch (problem) {
        if (!(problem instanceof Riddle)) throw problem;
        problems.push(problem.message);
        this.at = Math.max(this.at, start + 1);
      }
    }
    return { terms, problems };
  }

  term() {
    const { kind, text } = this.next;
    if (kind === "word" && NEGATIONS.includes(text.toLowerCase())) {
      this.at++;
      if (!this.next) throw new Riddle(`${text}: expected a term after it, as in "not tied"`);
      const term = this.term();
      return term && ((c) => !term(c));
    }
    if (kind === "word" && FILLERS.includes(text.toLowerCase()) && !this.column()) {
      this.at++;
      return null;
    }
    if (kind === "operator") return this.comparison(this.judged);
    const found = this.column();
    if (found) {
      this.at = found.end;
      return this.ofColumn(found.column);
    }
    this.at++;
    return this.value(text, kind === "quoted");
  }

  /** The column with the longest name that begins here, and where the name ends. */
  column(from = this.at) {
    for (let end = Math.min(this.tokens.length, from + MOST_WORDS); end > from; end--) {
      const words = this.tokens.slice(from, end);
      if (words.some(({ kind }) => kind === "operator")) continue;
      const name = foldedName(words.map(({ text }) => text).join(" "));
      const exact = this.named.find(({ names }) => names.some((each) => foldedName(each) === name));
      if (exact) return { column: exact, end };
    }
    const first = this.tokens[from];
    if (!first || first.kind !== "word" || first.text.length < FEWEST_LETTERS) return null;
    const begins = ({ names }) => names.some((each) => foldedName(each).startsWith(foldedName(first.text)));
    const ofSettings = this.settings.filter(begins);
    const begun = ofSettings.length ? ofSettings : this.named.filter(begins);
    const isValue = this.settings.some(({ axis }) => axis.values.some((value) => foldedName(value) === foldedName(first.text)));
    return begun.length === 1 && !isValue ? { column: begun[0], end: from + 1 } : null;
  }

  ofColumn(column) {
    const { kind, title } = column;
    if (this.next?.text === "is") this.at++;
    if (this.next?.kind === "operator") return this.comparison(column);
    const word = this.next && !this.column() ? this.next.text : null;
    if (kind === "flag") {
      const said = { yes: true, no: false, true: true, false: false }[word?.toLowerCase()];
      if (said !== undefined) this.at++;
      return flagged(column, said ?? true);
    }
    if (kind === "setting") {
      if (word === null) throw new Riddle(`${title}: expected a value after it, such as ${title} ${column.axis.values[0]}`);
      this.at++;
      const term = havingValue(column, word);
      if (!term) throw new Riddle(`${title} ${word}: no such value; there are ${someValues(column.axis.values)}`);
      return term;
    }
    if (word !== null && Number.isFinite(Number(word.replace(/%$/, "")))) return this.compared(column, "=");
    if (kind === "count") return (c) => column.key(c) > 0;
    throw new Riddle(`${title}: expected a comparison after it, such as ${title}>${exampleOf(column)}`);
  }

  comparison(column) {
    const { text } = this.next;
    this.at++;
    return this.compared(column, text);
  }

  compared(column, operator) {
    const given = this.next;
    const name = `${column.title} ${operator}`;
    if (!given || given.kind === "operator") throw new Riddle(`${name}: expected a value after it`);
    this.at++;
    const holds = COMPARED[operator];
    if (column.kind === "flag") {
      const said = { yes: true, no: false, true: true, false: false, 1: true, 0: false }[given.text.toLowerCase()];
      if (said === undefined || !["=", "!="].includes(operator)) throw new Riddle(`${name} ${given.text}: expected yes or no`);
      return flagged(column, said === (operator === "="));
    }
    if (column.kind === "setting") return ofSetting(column, operator, given.text);
    let text = given.text;
    if (this.next?.text === "%") {
      this.at++;
      text += "%";
    }
    const limit = limitOf(column, text);
    if (limit === null) throw new Riddle(`${name} ${text}: expected a number, such as ${exampleOf(column)}`);
    const isShown = operator === "=" || operator === "!=";
    return (c) => {
      const value = column.key(c);
      if (value === null) return false;
      const equal = value === limit.value || (isShown && Number.parseFloat(column.text(c).replaceAll(",", "")) === limit.shown);
      return holds(equal ? 0 : value - limit.value);
    };
  }

  /** A word without a column: `relu`, `4 hidden units`, a part of the name of a data set. */
  value(text, isQuoted) {
    if (this.next?.kind === "operator") {
      this.at += 2; // what follows belongs to this term, and is no comparison of the ranking metric
      throw new Riddle(`${text}: no such column`);
    }
    const after = this.column();
    const isBefore = after?.column.kind === "setting" && this.tokens[after.end]?.kind !== "operator";
    const turned = isBefore && havingValue(after.column, text);
    const follows = isBefore && this.tokens[after.end] && havingValue(after.column, this.tokens[after.end].text);
    if (turned && !follows) {
      this.at = after.end;
      return turned;
    }
    const exact = this.settings.map((column) => havingValue(column, text)).filter(Boolean);
    if (exact.length) return (c) => exact.some((holds) => holds(c));
    const part = text.toLowerCase();
    const holding = isQuoted ? this.columns : this.settings.filter(({ axis }) => axis.values.some((value) => numbersOf(value) === null));
    const within = (c) => holding.some((column) => column.text(c).toLowerCase().includes(part));
    const isKnown = part.length > 1 && this.settings.some(({ axis }) => axis.values.some((value) => value.toLowerCase().includes(part)));
    if (isQuoted || (isKnown && numbersOf(part) === null)) return within;
    throw new Riddle(`${text}: neither a column nor a value of this table`);
  }
}

const flagged = (column, wanted) => (c) => column.key(c) !== null && Boolean(column.key(c)) === wanted;

/** Whether a setting has this value; null if none has. */
function havingValue(column, text) {
  const has = (value) => foldedName(value) === foldedName(text) || (numbersOf(text) !== null && numbersOf(value) !== null && byPlace(value, text) === 0);
  return column.axis.values.some(has) ? (c) => has(column.text(c)) : null;
}

function ofSetting(column, operator, text) {
  if (operator === "=" || operator === "!=") {
    const equal = havingValue(column, text);
    if (!equal) throw new Riddle(`${column.title} ${operator} ${text}: no such value; there are ${someValues(column.axis.values)}`);
    return (c) => equal(c) === (operator === "=");
  }
  if (numbersOf(text) === null) throw new Riddle(`${column.title} ${operator} ${text}: expected a number`);
  return (c) => numbersOf(column.text(c)) !== null && COMPARED[operator](byPlace(column.text(c), text));
}

/** What was typed, as a value of the column and as its cells show it: 0.9, 90 and 90 % are the same accuracy. */
function limitOf({ factor = 1, inPoints }, text) {
  const isPercent = text.endsWith("%");
  const typed = text.replace(/\s*%$/, "");
  const number = typed === "" ? NaN : Number(typed);
  if (!Number.isFinite(number) || (isPercent && factor === 1)) return null;
  const isShown = factor > 1 && (isPercent || inPoints || Math.abs(number) > 1);
  return isShown ? { value: number / factor, shown: number } : { value: number, shown: number * factor };
}

const exampleOf = ({ factor = 1, kind }) => (factor === 100 ? "90 %" : kind === "count" ? "1" : "0.9");

function someValues(values) {
  return values.length > 8 ? `${values.slice(0, 6).join(", ")}, ..., ${values.at(-1)}` : values.join(", ");
}

/**
 * What the filter asks for: `holds`, whether a configuration has all of it, and `problems`, what was not understood and
 * therefore filters nothing.
 */
export function filterOf(text, columns) {
  const { terms, problems } = new Reader(text, columns).terms();
  return { holds: (c) => terms.every((term) => term(c)), problems };
}

/** Examples that hold for this table. */
export function examplesOf(columns) {
  const varied = columns.filter(({ kind, axis }) => kind === "setting" && axis.values.length > 1);
  const middle = ({ axis }) => axis.values[(axis.values.length - 1) >> 1];
  const [first, second] = varied.sort((a, b) => (numbersOf(middle(a)) === null) - (numbersOf(middle(b)) === null));
  const judged = columns.find(({ title }) => title.startsWith("mean test"));
  const named = ({ axis }) => axis.name.replaceAll("_", " ");
  const examples = first ? [`${named(first)}${numbersOf(middle(first)) ? ">" : " "}${middle(first)}`] : [];
  if (second) examples.push(`${named(second)} ${middle(second)}`);
  return [...examples, "not tied", `${judged.names[0].replace("²", "2")}>${exampleOf(judged)}`];
}
