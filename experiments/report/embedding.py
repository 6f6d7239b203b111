"""What a page of this project holds besides its own words: styles, scripts, data and definitions."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

WEB = Path(__file__).parent / "web"


def as_json(value: Any) -> str:
    """JSON for a script element: escaped so that it cannot end the element or begin a comment."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def joined(modules: Iterable[Path]) -> str:
    """JavaScript modules, each after those that it imports, as one script without imports and exports."""
    texts = [path.read_text(encoding="utf-8") for path in modules]
    return re.sub(r"^(import .*\n|export (?=\w))", "", "\n".join(texts), flags=re.MULTILINE)


def definitions(pairs: Iterable[tuple[str, str]]) -> str:
    """Pairs of a name and a text as HTML, for a ``dl`` element."""
    return "\n".join(f"<dt>{html.escape(name)}</dt><dd>{html.escape(text)}</dd>" for name, text in pairs)
