// What the page holds: the JSON within it. Its constants are those of planar_core, which stand there alone.

import { element } from "./elements.js";

export const HELD = embedded("results");
export const CONSTANTS = HELD.constants;

export function embedded(id) {
  return JSON.parse(element(id).textContent);
}
