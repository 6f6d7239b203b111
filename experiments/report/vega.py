"""The JavaScript of the charts."""

from __future__ import annotations

import contextlib
import hashlib
import os
import sys
from importlib.metadata import version
from pathlib import Path

import altair as alt
import vl_convert

from experiments.files import write_text

_VEGA = "window.vegaEmbed = vegaEmbed;"


def vega() -> str:
    """The JavaScript of Vega, Vega-Lite and vega-embed. Bundling takes two seconds, so the result is cached."""
    vega_lite = ".".join(alt.SCHEMA_VERSION.lstrip("v").split(".")[:2])
    about = f"{version('vl-convert-python')} {vega_lite} {_VEGA}"
    kept = _cache_folder() / f"vega-{hashlib.sha256(about.encode()).hexdigest()[:16]}.js"
    with contextlib.suppress(OSError, ValueError):
        digest, _, script = kept.read_text(encoding="utf-8").partition("\n")
        if digest == _digest(script):
            return script
    script = vl_convert.javascript_bundle(_VEGA, vega_lite)
    # Both are equal in a script string, but only the second does not end the script element of a page.
    script = script.replace("</script", "<\\/script").replace("<!--", "<\\!--")
    with contextlib.suppress(OSError):
        kept.parent.mkdir(parents=True, exist_ok=True)
        write_text(kept, f"{_digest(script)}\n{script}")
    return script


def _digest(text: str) -> str:
    return f"// {hashlib.sha256(text.encode()).hexdigest()}"


def _cache_folder() -> Path:
    """The user's cache folder."""
    if given := os.environ.get("XDG_CACHE_HOME"):
        return Path(given) / "planar-sweep"
    home = Path.home()
    return home / ("Library/Caches" if sys.platform == "darwin" else ".cache") / "planar-sweep"
