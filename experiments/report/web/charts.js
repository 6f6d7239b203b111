// The charts: specifications from experiments/report/charts.py, drawn by Vega-Lite with data from here.

const MOST_SHAPES = 3000; // in SVG, which a screen reader can follow; more are drawn as an image

/** Colours from the style sheet, for the light and the dark theme. */
export function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

function theme() {
  const [ink, lines] = [colour("ink"), colour("line")];
  const words = { labelColor: ink, titleColor: ink, labelFontSize: 12, titleFontSize: 12, titleFontWeight: "normal" };
  return {
    background: "transparent",
    font: "system-ui, sans-serif",
    view: { stroke: "transparent" },
    axis: { ...words, gridColor: lines, domainColor: lines, tickColor: lines },
    legend: { ...words, labelLimit: 240 },
    range: { category: ["seed", "median", "chosen", "here"].map((name) => colour(`curve-${name}`)) },
  };
}

/**
 * One chart in one element. ``words``: the replacements for placeholders in its specification.
 * Calls are queued: each waits for the previous ones.
 */
export class Chart {
  constructor(element, specification, words) {
    Object.assign(this, { element, specification, data: {}, signals: {}, words, size: {}, click: null });
    this.done = Promise.resolve();
  }

  /** Draw it again, with these words added. */
  draw(words = {}) {
    Object.assign(this.words, words);
    return this.next(async () => {
      const named = (_, value) => (typeof value === "string" && value in this.words ? this.words[value] : value);
      const specification = JSON.parse(JSON.stringify(this.specification), named);
      const shapes = Math.max(0, ...Object.values(this.data).map((rows) => rows.length));
      this.result?.finalize();
      this.result = await window.vegaEmbed(
        this.element,
        { ...specification, ...this.size, datasets: this.data },
        { actions: false, logLevel: 1, renderer: shapes > MOST_SHAPES ? "canvas" : "svg", config: theme() },
      );
      this.view = this.result.view;
      for (const [name, value] of Object.entries(this.signals)) this.view.signal(name, value);
      this.view.addEventListener("click", (_, item) => item?.datum && this.click?.(item.datum));
      await this.view.runAsync();
    });
  }

  /** Update data and parameters of the chart in place. */
  update(data, signals = {}) {
    Object.assign(this.data, data);
    Object.assign(this.signals, signals);
    return this.next(async () => {
      if (!this.view) return;
      for (const [name, rows] of Object.entries(data)) this.view.data(name, rows);
      for (const [name, value] of Object.entries(signals)) this.view.signal(name, value);
      await this.view.resize().runAsync(); // labels may need another width
    });
  }

  next(work) {
    this.done = this.done.then(work);
    return this.done;
  }
}
