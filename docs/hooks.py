"""What MkDocs does not know: pages that stand elsewhere in the project, and tables that are made from the program.

MkDocs calls the functions ``on_...`` while it builds the manual (`make docs`); mkdocstrings takes ``Lists``.
"""

from __future__ import annotations

import posixpath
import re
from pathlib import Path
from typing import Any

from griffe import Extension, Object
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

from experiments.cli.manual import options

ROOT = Path(__file__).parents[1]
ELSEWHERE = {
    "results.md": "results/README.md",
    "guarantees.md": "tests/README.md",
    "measuring.md": "benchmarks/README.md",
    "contributing.md": "CONTRIBUTING.md",
    "changelog.md": "CHANGELOG.md",
    "license.md": "LICENSE",
}
"""Pages that stand beside what they describe, by their names in the manual."""

FOUND_LAST = "---\nsearch:\n  boost: 0.3\n---\n\n"
"""What a page begins with that a search lists behind the pages for users."""

ABOUT_THE_PROJECT = ("guarantees.md", "measuring.md", "contributing.md", "changelog.md", "license.md")

MADE = {"<!-- options -->": options}
"""Lines of pages, and what takes their place."""

_LINK = re.compile(r"(\]\()([^)\s:#]+)((?:#[^)\s]*)?\))")
_ARGUMENT = re.compile(r"^(\*{0,2}\w+(?:, \*{0,2}\w+)*) ?: (.*)$")
_UNDERLINED = re.compile(r"^(\w+)\n-{3,}$", re.MULTILINE)


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that stand elsewhere."""
    for name, path in ELSEWHERE.items():
        text = (ROOT / path).read_text(encoding="utf-8")
        text = text if path.endswith(".md") else f"# License\n\n{text}"
        files.append(File.generated(config, name, content=FOUND_LAST * (name in ABOUT_THE_PROJECT) + text))
    return files


def on_page_markdown(markdown: str, page: Page, **_: Any) -> str:
    """Put made tables into a page, and let its links lead to pages of the manual."""
    for line, make in MADE.items():
        if line in markdown:
            markdown = markdown.replace(line, make())
    here = page.file.src_uri
    folder = posixpath.dirname(ELSEWHERE.get(here, f"docs/{here}"))

    def led(link: re.Match[str]) -> str:
        target = posixpath.normpath(posixpath.join(folder, link[2]))
        of_manual = {path: name for name, path in ELSEWHERE.items()} | {"README.md": "index.md"}
        return link[1] + of_manual.get(target, posixpath.relpath(target, "docs")) + link[3]

    return _LINK.sub(led, markdown)


class Lists(Extension):
    """Descriptions of arguments in docstrings, a line each, as lists."""

    def on_object(self, *, obj: Object, **_: Any) -> None:
        """Change the docstring of an object."""
        if obj.docstring is not None:
            obj.docstring.value = listed(obj.docstring.value)


def listed(docstring: str) -> str:
    """A docstring in which lines such as ``name: what it is`` are items of a list."""
    lines: list[str] = []
    in_list = False
    for line in _UNDERLINED.sub(r"**\1**\n", docstring).splitlines():
        if (found := _ARGUMENT.match(line)) and not line.startswith(("Raises", "Errors")):
            lines += [] if in_list or not lines or not lines[-1] else [""]
            names = ", ".join(f"`{name}`" for name in found[1].split(", "))
            lines.append(f"- {names}: {found[2]}")
            in_list = True
        else:
            lines.append(line)
            in_list = in_list and line.startswith("    ")
    return "\n".join(lines)
