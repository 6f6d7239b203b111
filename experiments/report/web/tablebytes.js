// From the bytes of a table file to its text, as experiments/datasets/decoding.py. What this page does not read it
// refuses.

import { COMMAND_LINE } from "./tablewords.js";

const NO_TEXT = [
  [[0x50, 0x41, 0x52, 0x31], "parquet"],
  [[0xd0, 0xcf, 0x11, 0xe0], "xls"],
  [[0x50, 0x4b, 3, 4], "xlsx or zip"],
  [[0x42, 0x5a, 0x68], "bz2"],
  [[0xfd, 0x37, 0x7a, 0x58], "xz"],
  [[0x28, 0xb5, 0x2f, 0xfd], "zstd"],
  [[0xff, 0xfe, 0, 0], "UTF-32"],
  [[0, 0, 0xfe, 0xff], "UTF-32"],
];

/** The text of the bytes of a file, and the decisions made. */
export function textOfBytes(where, bytes) {
  for (const [magic, what] of NO_TEXT) {
    if (magic.every((byte, i) => bytes[i] === byte)) {
      throw new Error(
        `${where}: expected text, found ${what}, which this page does not read: save it as CSV, or ${COMMAND_LINE}`,
      );
    }
  }
  const { name, known = name, why } = encodingOf(bytes);
  let text;
  if (name === "latin-1") text = Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
  else text = decodedBytes(where, name, bytes);
  if (text.includes("\0"))
    throw new Error(`${where}: expected text, found a NUL character: save the file as UTF-8 text`);
  return { text, said: why ? [`encoding: ${known}, ${why}`] : [] };
}

/** The encoding of bytes, by the name of the browser and by that which people know, and how it is known. */
function encodingOf(bytes) {
  const byMark = { known: "UTF-16", why: "from its byte order mark" };
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return { name: "utf-16le", ...byMark };
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return { name: "utf-16be", ...byMark };
  const start = bytes.subarray(0, 2000);
  const zeros = [0, 1].map((side) => start.filter((byte, i) => i % 2 === side && byte === 0).length);
  const half = start.length / 2;
  const byZeros = { why: "from its zero bytes" };
  if (half >= 2 && zeros[1] > 0.7 * Math.floor(half) && !zeros[0])
    return { name: "utf-16le", known: "UTF-16-LE", ...byZeros };
  if (half >= 2 && zeros[0] > 0.7 * Math.ceil(half) && !zeros[1])
    return { name: "utf-16be", known: "UTF-16-BE", ...byZeros };
  const line = lineThatIsNotUtf8(bytes);
  if (line === null) return { name: "utf-8" };
  const why = `because line ${line} is not UTF-8`;
  const isUndefined = bytes.some((byte) => [0x81, 0x8d, 0x8f, 0x90, 0x9d].includes(byte)); // in cp1252
  return isUndefined ? { name: "latin-1", why } : { name: "windows-1252", known: "cp1252", why };
}

/** The first line that is not UTF-8, or null. */
function lineThatIsNotUtf8(bytes) {
  if (isUtf8(bytes)) return null;
  let [line, start] = [1, 0];
  // In UTF-8 the bytes of line ends are nothing else, so that each line can be decoded by itself.
  for (let i = 0; i < bytes.length; i++) {
    if (bytes[i] !== 10 && bytes[i] !== 13) continue;
    if (!isUtf8(bytes.subarray(start, i))) break;
    if (bytes[i] === 13 && bytes[i + 1] === 10) i += 1;
    [line, start] = [line + 1, i + 1];
  }
  return line;
}

function isUtf8(bytes) {
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return true;
  } catch {
    return false;
  }
}

function decodedBytes(where, name, bytes) {
  try {
    return new TextDecoder(name, { fatal: true }).decode(bytes);
  } catch {
    throw new Error(
      `${where}: expected ${name} text, found other bytes: save the file as UTF-8 text, or ${COMMAND_LINE}`,
    );
  }
}
