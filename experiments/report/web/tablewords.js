// What is said about a table, texts in quotes, lists, counts; and what is counted.

/** How to read what this page does not: the end of a refusal. */
export const COMMAND_LINE = "the command line reads more: python -m experiments.grid --dataset FILE";

/** Text in quotes, on one line, shortened for messages. */
export function quotedText(text) {
  const shown = text.length <= 60 ? text : `${text.slice(0, 57)}...`;
  const line = JSON.stringify(shown).slice(1, -1).replace(/\\"/g, '"');
  return line.includes("'") ? `"${line}"` : `'${line}'`;
}

/** Texts separated by commas; after the first `most`, dots. */
export function listedTexts(texts, most = 10) {
  return texts.length > most ? `${texts.slice(0, most).join(", ")}, ...` : texts.join(", ");
}

/** "a, b and c". */
export function andListed(texts) {
  return texts.length > 1 ? `${texts.slice(0, -1).join(", ")} and ${texts.at(-1)}` : texts.join("");
}

export const counted = (n, noun) => `${n.toLocaleString("en")} ${noun}${n === 1 ? "" : "s"}`;

/** The most common value, the first of equally common ones, and how often it is there. */
export function mostCommon(values) {
  const counts = new Map();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  let best = { value: undefined, count: 0 };
  for (const [value, count] of counts) if (count > best.count) best = { value, count };
  return best;
}

/** For each key the values of the items with that key, in order. */
export function gathered(items, keyOf, valueOf) {
  const lists = new Map();
  for (const item of items) {
    const key = keyOf(item);
    if (!lists.has(key)) lists.set(key, []);
    lists.get(key).push(valueOf(item));
  }
  return lists;
}
