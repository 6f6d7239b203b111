// What the page saves as files: charts as pictures, and texts.

import { colour } from "./charts.js";
import { create } from "./elements.js";

const SAVED_FORMATS = ["PNG", "SVG"];
const SAVED_SCALE = 3; // pixels of a PNG for each pixel of the screen, enough for a slide
const LONGEST_NAME = 120; // characters of a file name

/** Add the buttons below a chart. `named()` says what it shows, in words: the file is named by them. */
export function addSaving(chart, what, named) {
  const buttons = SAVED_FORMATS.map((format) => {
    const button = create("button", format);
    button.type = "button";
    button.ariaLabel = `Save ${what} as ${format}`;
    button.title = button.ariaLabel;
    button.addEventListener("click", () => saveChart(chart, format.toLowerCase(), fileNameOf(named())));
    return button;
  });
  const row = create("div", "Save as ");
  row.className = "saving";
  row.append(...buttons);
  chart.element.after(row);
}

async function saveChart(chart, format, name) {
  await chart.done;
  // On the screen the background is that of the page.
  chart.view.background(colour("paper"));
  const url = await chart.view.toImageURL(format, SAVED_SCALE);
  chart.view.background("transparent");
  saveAs(url, `${name}.${format}`);
}

/** Save a text as a file that is named by words. */
export function saveText(text, words, format) {
  saveAs(URL.createObjectURL(new Blob([text], { type: "text/plain" })), `${fileNameOf(words)}.${format}`);
}

function saveAs(url, name) {
  const link = create("a");
  Object.assign(link, { href: url, download: name });
  link.click();
  if (url.startsWith("blob:")) setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

/** `flower: 350 networks`, `cost`: `flower-350-networks-cost`. */
function fileNameOf(words) {
  const name = words.join(" ").toLowerCase().replace(/[^\p{L}\p{N}.]+/gu, "-").replace(/^[-.]+|[-.]+$/g, "");
  return name.length > LONGEST_NAME ? `${name.slice(0, LONGEST_NAME / 2)}-${name.slice(1 - LONGEST_NAME / 2)}` : name;
}
