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

/** Copy a text; whether that worked. Not every browser lets a page from a file write to the clipboard. */
export async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const area = create("textarea", text);
    area.style.position = "fixed";
    const { activeElement } = document;
    document.body.append(area);
    area.select();
    const isCopied = document.execCommand("copy");
    area.remove();
    activeElement?.focus({ preventScroll: true });
    return isCopied;
  }
}

/** Pairs of a name and what it is, for a dl. */
export function definitions(pairs) {
  return pairs.flatMap(([name, text]) => [create("dt", name), create("dd", text)]);
}
