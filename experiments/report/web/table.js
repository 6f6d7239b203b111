// The table of configurations: sorted by any column, filtered, copied, shown some rows at a time.

import { copyText, create } from "./elements.js";
import { grouped } from "./words.js";
import { asText, columnsOf } from "./columns.js";
import { examplesOf, filterOf } from "./filter.js";
import { saveText } from "./saving.js";

const ROWS = 50;
const SAID = 4000; // milliseconds for which the button says what happened

export class Table {
  /** `choose` is called with a configuration. */
  constructor(sweep, elements, choose) {
    Object.assign(this, { sweep, choose, ...elements });
    this.columns = columnsOf(sweep);
    this.order = { column: this.columns.findIndex(({ title }) => title === "rank"), descending: false };
    this.rows = ROWS;
    this.chosen = -1;
    this.head();
    this.examples = examplesOf(this.columns);
    this.filter.placeholder = this.examples.join(" ");
    this.filter.addEventListener("input", () => this.from());
    this.copy.addEventListener("click", () => this.copyRows());
    this.save.addEventListener("click", () => {
      saveText(asText(this.columns, this.matching().found, ","), [document.title, "configurations"], "csv");
    });
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

  /** The configurations that the filter leaves, in the order of the table. */
  matching() {
    const { holds, problems } = filterOf(this.filter.value, this.columns);
    const { key } = this.columns[this.order.column];
    const sign = this.order.descending ? -1 : 1;
    const found = Array.from({ length: this.sweep.count }, (_, c) => c).filter(holds);
    const keys = new Map(found.map((c) => [c, key(c)]));
    const last = (value) => (value === null ? 1 : 0); // missing numbers come last in both directions
    found.sort((a, b) => last(keys.get(a)) - last(keys.get(b)) || sign * (keys.get(a) - keys.get(b)) || a - b);
    return { found, problems };
  }

  /** All rows that the filter leaves, also those that are not shown, as text for a spreadsheet. */
  async copyRows() {
    const { found } = this.matching();
    const isCopied = await copyText(asText(this.columns, found));
    const usual = (this.copy.dataset.usual ??= this.copy.textContent);
    this.copy.textContent = isCopied ? `Copied ${grouped(found.length)} ${found.length === 1 ? "row" : "rows"}` : "The browser refused to copy";
    setTimeout(() => (this.copy.textContent = usual), SAID);
  }

  show() {
    const { found, problems } = this.matching();
    const body = create("tbody");
    for (const c of found.slice(0, this.rows)) body.append(this.row(c));
    this.table.tBodies[0].replaceWith(body);
    [...this.table.tHead.rows[0].cells].slice(1).forEach((cell, column) => {
      const sorted = column === this.order.column;
      cell.ariaSort = sorted ? (this.order.descending ? "descending" : "ascending") : "none";
    });
    const shown = Math.min(this.rows, found.length);
    this.count.textContent = `${grouped(shown)} of ${grouped(found.length)} configurations shown`;
    this.notUnderstood.hidden = problems.length === 0;
    this.notUnderstood.textContent = `Not understood: ${problems.join("; ")}. It filters nothing. Examples: ${this.examples.join(", ")}`;
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
