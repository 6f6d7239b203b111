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
from planar_core.caches import make_private

_VEGA = "window.vegaEmbed = vegaEmbed;"


def vega() -> str:
    """The JavaScript of Vega, Vega-Lite and vega-embed. Bundling takes two seconds, so the result is cached."""
    vega_lite = ".".join(alt.SCHEMA_VERSION.lstrip("v").split(".")[:2])
    about = f"{version('vl-convert-python')} {vega_lite} {_VEGA}"
    kept = _cache_folder()
    if kept is not None:
        kept /= f"vega-{hashlib.sha256(about.encode()).hexdigest()[:16]}.js"
        with contextlib.suppress(OSError, ValueError):
            digest, _, script = kept.read_text(encoding="utf-8").partition("\n")
            if digest == _digest(script):
                return script
    script = vl_convert.javascript_bundle(_VEGA, vega_lite)
    # Both are equal in a script string, but only the second does not end the script element of a page.
    script = script.replace("</script", "<\\/script").replace("<!--", "<\\!--")
    if kept is not None:
        with contextlib.suppress(OSError):
            write_text(kept, f"{_digest(script)}\n{script}")
    return script


def _digest(text: str) -> str:
    return f"// {hashlib.sha256(text.encode()).hexdigest()}"


def _cache_folder() -> Path | None:
    """The folder of the script in the user's cache; None if others can write to it, or no home folder is known."""
    caches = {"darwin": "~/Library/Caches", "win32": "~/AppData/Local"}.get(sys.platform, "~/.cache")
    folder = Path(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser(caches), "planar-sweep", "vega")
    try:
        make_private(folder)
    except OSError:
        return None
    return folder
