// Elements of the page.

export const element = (id) => document.getElementById(id);

export function say(id, text) {
  element(id).textContent = text;
}

export function create(name, text = "") {
  const made = document.createElement(name);
  made.textContent = text;
  return made;
}

export function option(value, text) {
  const made = create("option", text);
  made.value = value;
  return made;
}

/** Pairs of a name and what it is, for a dl. */
export function definitions(pairs) {
  return pairs.flatMap(([name, text]) => [create("dt", name), create("dd", text)]);
}
