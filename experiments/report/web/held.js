// The JSON embedded in the page. Its constants come from planar_core and are declared only there.

import { element } from "./elements.js";

export const HELD = embedded("results");
export const CONSTANTS = HELD.constants;
/** What can be played with: knobs and generated data sets. */
export const PLAY = HELD.play;

/** The bytes of a text in base64, in which numbers of the page are. */
export const bytesOfBase64 = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));

export function embedded(id) {
  return JSON.parse(element(id).textContent);
}
