// Words that are explained where they stand, by experiments/glossary.py: with the mouse, the keyboard, or a tap.

import { create, element } from "./elements.js";
import { HELD } from "./held.js";

const EXPLAINED_TERMS = HELD.glossary ?? []; // [{name, forms, meaning}, ...]
const UNEXPLAINED = "select, label, legend, summary, a, dd, td, svg, canvas, script, style, noscript, button, .controls, [role=tooltip]";
const TIP_MARGIN = 8; // pixels between a tooltip and the edges of the window

const termsByForm = new Map(EXPLAINED_TERMS.flatMap((term) => term.forms.map((form) => [form.toLowerCase(), term])));
const escapedForm = (text) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
const termForms = [...termsByForm.keys()].sort((a, b) => b.length - a.length).map(escapedForm);
const TERM_PATTERN = termForms.length ? new RegExp(`(?<![\\w-])(?:${termForms.join("|")})(?![\\w-])`, "i") : null;
const LEADING_PATTERN = termForms.length ? new RegExp(`^(?:${termForms.join("|")})(?![\\w-])`, "i") : null;
const explainedControls = new WeakSet();
let openTip = null; // the tooltip and its word
let usesKeys = false; // the focus came by a key, not by the mouse or a finger

/** The tooltip of a term, made when it is first needed. */
function tipOf(term) {
  const id = `term-${term.name.toLowerCase().replace(/[^a-z0-9]+/g, "-")}`;
  const made = element(id);
  if (made) return made;
  const tip = create("div", term.meaning);
  Object.assign(tip, { id, hidden: true });
  tip.setAttribute("role", "tooltip");
  tip.addEventListener("pointerleave", hideTip);
  document.querySelector("main").append(tip);
  return tip;
}

function showTip(word, tip) {
  hideTip();
  openTip = { word, tip };
  tip.hidden = false;
  const [place, size] = [word.getBoundingClientRect(), tip.getBoundingClientRect()];
  const left = Math.min(Math.max(place.left, TIP_MARGIN), document.documentElement.clientWidth - size.width - TIP_MARGIN);
  const below = place.bottom + size.height + TIP_MARGIN <= window.innerHeight;
  tip.style.left = `${left}px`;
  tip.style.top = `${below ? place.bottom : place.top - size.height}px`; // it touches the word, so that the mouse can reach it
}

function hideTip() {
  if (openTip) openTip.tip.hidden = true;
  openTip = null;
}

/** Let a focusable element say what a term means. */
function explainWord(word, term, isAction) {
  const tip = tipOf(term);
  word.setAttribute("aria-describedby", tip.id);
  word.dataset.term = term.name;
  word.addEventListener("pointerenter", ({ pointerType }) => pointerType === "mouse" && showTip(word, tip));
  word.addEventListener("pointerleave", ({ pointerType, relatedTarget }) => {
    if (pointerType === "mouse" && relatedTarget !== tip) hideTip();
  });
  word.addEventListener("focus", () => word.matches(":focus-visible") && showTip(word, tip));
  word.addEventListener("blur", hideTip);
  // A tap, or a click of somebody who does not wait.
  if (!isAction) word.addEventListener("click", () => showTip(word, tip));
}

/** The term with which the label of a control begins, or what is chosen in it. */
function termOfControl(control) {
  const named = [...control.labels[0].childNodes].find((node) => node.textContent.trim() && !node.matches?.("select, input"));
  const text = control.dataset.explains === "choice" ? control.selectedOptions[0]?.text : named?.textContent;
  return termsByForm.get(text?.trim().match(LEADING_PATTERN)?.[0].toLowerCase());
}

/** Let a control say what its term means: to the mouse over it or its label, to the keyboard, to a screen reader. */
function explainControl(control) {
  const described = control.getAttribute("aria-describedby");
  const update = () => {
    const term = termOfControl(control);
    const ids = [described, term && tipOf(term).id].filter(Boolean);
    if (ids.length) control.setAttribute("aria-describedby", ids.join(" "));
    else control.removeAttribute("aria-describedby");
    if (term) control.dataset.term = term.name;
    else delete control.dataset.term;
    return term;
  };
  const show = () => {
    const term = update();
    if (term) showTip(control, tipOf(term));
  };
  const [label] = control.labels;
  for (const place of label.contains(control) ? [label] : [label, control]) {
    place.addEventListener("pointerenter", ({ pointerType }) => pointerType === "mouse" && show());
    place.addEventListener("pointerleave", ({ relatedTarget }) => relatedTarget !== openTip?.tip && hideTip());
  }
  control.addEventListener("focus", () => usesKeys && show());
  for (const name of ["blur", "input", "pointerdown"]) control.addEventListener(name, hideTip);
  control.addEventListener("change", update);
  if (update()) control.closest("[title]")?.removeAttribute("title");
}

/** Explain the controls in a part of the page that have a label, each once. */
export function explainControls(root) {
  if (!LEADING_PATTERN) return;
  for (const control of root.querySelectorAll("select, input")) {
    if (!control.labels.length || explainedControls.has(control)) continue;
    explainedControls.add(control);
    explainControl(control);
  }
}

/** Explain the first mention of each term in a part of the page; columns of the table keep their sorting by a click. */
export function explainIn(root) {
  if (!TERM_PATTERN) return;
  const seen = new Set();
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  const texts = [];
  while (walker.nextNode()) texts.push(walker.currentNode);
  for (const text of texts) {
    const column = text.parentElement.closest("th > button");
    if (column) {
      const term = termsByForm.get(column.textContent.match(TERM_PATTERN)?.[0].toLowerCase());
      if (term && !column.dataset.term) explainWord(column, term, true);
    } else if (!text.parentElement.closest(UNEXPLAINED)) {
      explainText(text, seen);
    }
  }
}

function explainText(text, seen) {
  for (let rest = text; ; ) {
    const match = rest.data.match(TERM_PATTERN);
    if (!match) return;
    const found = rest.splitText(match.index);
    rest = found.splitText(match[0].length);
    const term = termsByForm.get(match[0].toLowerCase());
    if (seen.has(term)) continue;
    seen.add(term);
    const word = create("button", found.data);
    Object.assign(word, { type: "button", className: "term" });
    explainWord(word, term, false);
    found.replaceWith(word);
  }
}

/** Explain what the page says before anything is chosen, and let Escape, a tap elsewhere and scrolling close a tooltip. */
export function explainPage() {
  for (const section of document.querySelectorAll("main section:not(section section), main .note")) explainIn(section);
  explainControls(document.querySelector("main"));
  window.addEventListener("keydown", ({ key }) => {
    usesKeys = true;
    if (key === "Escape") hideTip();
  }, true);
  window.addEventListener("pointerdown", ({ target }) => {
    usesKeys = false;
    if (openTip && target !== openTip.word && target !== openTip.tip) hideTip();
  }, true);
  window.addEventListener("scroll", hideTip, { passive: true, capture: true });
}
