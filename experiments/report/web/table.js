// The table of configurations: sorted by any column, filtered by any words, shown some rows at a time.

import { create } from "./elements.js";
import { grouped, short, span } from "./words.js";

const ROWS = 50;

/** The columns: the text of a cell and the sort key of a row. */
function columnsOf(sweep) {
  const has = (name) => name in sweep.columns;
  const some = (name) => has(name) && sweep.columns[name].some((value) => value > 0);
  const number = (name, title, text) => ({
    title,
    text: (c) => text(sweep.number(name, c)),
    key: (c) => sweep.number(name, c),
  });
  const { name: metric, text: written, difference, differences: unit } = sweep.judging;
  const { limits: [least, most] } = sweep.judging;
  const differences = { text: difference, limits: [0, most - least] };
  const interval = (title, low, high, scoring) => ({
    title,
    text: (c) => span(sweep.number(low, c), sweep.number(high, c), scoring),
    key: (c) => sweep.number(low, c),
  });
  const yesNo = (value) => (value === null ? "–" : value ? "yes" : "no");
  const columns = sweep.axes
    .map((axis, i) => ({ axis, title: axis.label, text: (c) => sweep.text(i, c), key: (c) => sweep.codes[i][c] }))
    .filter(({ axis }, _, all) => axis.values.length > 1 || all.every((other) => other.axis.values.length === 1));
  columns.push(
    number("rank_test", "rank", (value) => (value === null ? "–" : String(value))),
    number("mean_test", `mean test ${metric}`, written),
    interval("95 % interval", "ci_low_test", "ci_high_test", sweep.judging),
    number("tied_with_best", "tied with best", yesNo),
  );
  if (has("difference_to_best")) {
    columns.push(
      number("difference_to_best", `difference to best${unit ? ` (${unit})` : ""}`, difference),
      interval("difference to truly best, 95 %", "difference_ci_low", "difference_ci_high", differences),
    );
  }
  columns.push(
    number("mean_train", `mean training ${sweep.scoring.name}`, sweep.scoring.text),
    number("mean_cost", "mean cost", short),
    ...(has("mean_test_cost") ? [number("mean_test_cost", "mean test cost", short)] : []),
    has("n_replicates") ? number("n_replicates", "folds and seeds", String) : number("n_seeds", "seeds", String),
  );
  if (has("median_iterations_to_target")) {
    columns.push(number("median_iterations_to_target", "iterations to target", (value) => (value === null ? "–" : grouped(value))));
  }
  for (const what of sweep.counted) {
    if (some(`n_${what}`)) columns.push(number(`n_${what}`, what, String));
  }
  return columns;
}

export class Table {
  /** `choose` is called with a configuration. */
  constructor(sweep, elements, choose) {
    Object.assign(this, { sweep, choose, ...elements });
    this.columns = columnsOf(sweep);
    this.order = { column: this.columns.findIndex(({ title }) => title === "rank"), descending: false };
    this.rows = ROWS;
    this.chosen = -1;
    this.head();
    this.filter.addEventListener("input", () => this.from());
    this.more.addEventListener("click", () => {
      this.rows += 4 * ROWS;
      this.show();
    });
    this.show();
  }

  from() {
    this.rows = ROWS;
    this.show();
  }

  head() {
    const row = this.table.tHead.insertRow();
    this.columns.forEach(({ title }, column) => {
      const button = create("button", title);
      button.type = "button";
      button.addEventListener("click", () => {
        const descending = this.order.column === column && !this.order.descending;
        this.order = { column, descending };
        this.from();
      });
      const cell = create("th");
      cell.scope = "col";
      cell.append(button);
      row.append(cell);
    });
    const last = create("th");
    last.scope = "col";
    last.append(create("span", "choose"));
    row.prepend(last);
  }

  /** The configurations that match all words of the filter: "hidden=4" for a column, other words anywhere. */
  matching() {
    const words = this.filter.value.toLowerCase().split(/\s+/).filter(Boolean);
    const all = Array.from({ length: this.sweep.count }, (_, c) => c);
    if (words.length === 0) return all;
    const named = (c) => this.columns.map(({ title, text }) => `${title.replaceAll(" ", "_")}=${text(c)}`.toLowerCase());
    return all.filter((c) => {
      const cells = named(c);
      return words.every((word) =>
        word.includes("=") ? cells.includes(word) : cells.some((cell) => cell.slice(cell.indexOf("=") + 1).includes(word)),
      );
    });
  }

  show() {
    const { key } = this.columns[this.order.column];
    const sign = this.order.descending ? -1 : 1;
    const found = this.matching();
    const keys = new Map(found.map((c) => [c, key(c)]));
    const last = (value) => (value === null ? 1 : 0); // missing numbers come last in both directions
    found.sort((a, b) => last(keys.get(a)) - last(keys.get(b)) || sign * (keys.get(a) - keys.get(b)) || a - b);
    const body = create("tbody");
    for (const c of found.slice(0, this.rows)) body.append(this.row(c));
    this.table.tBodies[0].replaceWith(body);
    [...this.table.tHead.rows[0].cells].slice(1).forEach((cell, column) => {
      const sorted = column === this.order.column;
      cell.ariaSort = sorted ? (this.order.descending ? "descending" : "ascending") : "none";
    });
    const shown = Math.min(this.rows, found.length);
    this.count.textContent = `${grouped(shown)} of ${grouped(found.length)} configurations shown`;
    this.more.hidden = shown === found.length;
  }

  row(c) {
    const row = create("tr");
    const button = create("button", "show");
    button.type = "button";
    button.ariaLabel = `show ${this.sweep.words(c)}`;
    button.addEventListener("click", () => this.choose(c));
    row.insertCell().append(button);
    for (const { text } of this.columns) row.insertCell().textContent = text(c);
    row.dataset.configuration = c;
    row.ariaCurrent = c === this.chosen ? "true" : null;
    return row;
  }

  mark(configuration) {
    this.chosen = configuration;
    for (const row of this.table.tBodies[0].rows) {
      row.ariaCurrent = Number(row.dataset.configuration) === configuration ? "true" : null;
    }
  }
}
