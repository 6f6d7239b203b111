// Features computed from the inputs, as experiments/knobs/features.py and experiments/datasets/features.py: the same
// bits.

import { sinOf } from "./elementary.js";
import { FARTHEST_INPUT, clippedInput } from "./scaling.js";

export const ALL_INPUTS = "all";
const FARTHEST_ANGLE = 1e9;
const TERM = /^x([1-9]\d{0,8})(?:(\^2)|x([1-9]\d{0,8}))?$/;
const SINE_TERM = /^sin\(x([1-9]\d{0,8})\)$/;

/**
 * The terms of a text such as "x1+x1^2+x1x2+sin(x1)": the inputs that are multiplied, counted from 1, and whether the
 * sine is taken; no terms for "all". Throws what was expected.
 */
export function termsOf(text) {
  if (text.trim().toLowerCase() === ALL_INPUTS) return [];
  const terms = text.split("+").map((part) => termOf(part.trim().toLowerCase()));
  const names = terms.map((term) => nameOfTerm(term));
  const repeated = names.find((name, k) => names.indexOf(name) < k);
  if (repeated !== undefined) throw new Error(`each term once (${repeated} is repeated)`);
  return terms;
}

function termOf(text) {
  let match = SINE_TERM.exec(text);
  if (match) return { inputs: [Number(match[1])], sine: true };
  match = TERM.exec(text);
  if (!match) throw new Error(`terms such as x1, x1^2, x1x2 and sin(x1), joined by +, or ${ALL_INPUTS}`);
  const [first, second] = [Number(match[1]), match[2] ? Number(match[1]) : Number(match[3])];
  return { inputs: match[2] || match[3] ? [first, second].sort((a, b) => a - b) : [first], sine: false };
}

/** The term with the names of the inputs, x1, x2, ... by default. */
export function nameOfTerm({ inputs, sine }, names = null) {
  const [first, second] = inputs.map((input) => (names ? names[input - 1] : `x${input}`));
  if (sine) return `sin(${first})`;
  if (second === undefined) return first;
  return inputs[0] === inputs[1] ? `${first}^2` : `${first}${names ? " * " : ""}${second}`;
}

/** The standard spelling: "x1+x1x2" for " X1 + x2x1". */
export function standardTerms(text) {
  return (
    termsOf(text)
      .map((term) => nameOfTerm(term))
      .join("+") || ALL_INPUTS
  );
}

/** The values of the terms for inputs with a row each. */
export function valuesOfTerms(terms, X) {
  return terms.map(({ inputs, sine }) =>
    Float64Array.from(X[0], (_, i) => {
      const product = inputs.slice(1).reduce((value, input) => value * X[input - 1][i], X[inputs[0] - 1][i]);
      const value = sine ? sinOf(clippedInput(product, FARTHEST_ANGLE)) : product;
      return clippedInput(value, FARTHEST_INPUT);
    }),
  );
}

/** Data with features computed from their inputs, and how to draw them in a plane if there are two inputs. */
export function withFeatures(data, text, isNamed) {
  const terms = termsOf(text);
  const names = data.feature_names;
  const last = Math.max(0, ...terms.flatMap(({ inputs }) => inputs));
  if (last > names.length) {
    const range = names.length > 1 ? `x1 to x${names.length}, the inputs` : "x1, the only input";
    throw new Error(`features: expected ${range} of '${data.name}', got x${last} in '${text}'`);
  }
  const used = terms.length ? terms : names.map((_, k) => ({ inputs: [k + 1], sine: false }));
  const plane = planeOfTerms(used, data);
  if (!terms.length) return { ...data, plane };
  return {
    ...data,
    X: valuesOfTerms(terms, data.X),
    X_test: valuesOfTerms(terms, data.X_test),
    feature_names: terms.map((term) => nameOfTerm(term, isNamed ? names : null)),
    plane,
  };
}

/** Names and points of the two inputs, and for each feature the inputs to multiply, as in the embedded data. */
function planeOfTerms(terms, { X, X_test, feature_names }) {
  const two = X.length === 2 ? [1, 2] : [...new Set(terms.flatMap(({ inputs }) => inputs))].sort((a, b) => a - b);
  if (two.length !== 2) return null;
  return {
    names: two.map((input) => feature_names[input - 1]),
    points: two.map((input) => X[input - 1]),
    test_points: two.map((input) => X_test[input - 1]),
    terms: terms.map(({ inputs, sine }) => ({ factors: inputs.map((input) => two.indexOf(input)), sine })),
  };
}
