"""The version of this package: what pyproject.toml says."""

from __future__ import annotations

import contextlib
import tomllib
from importlib import metadata
from pathlib import Path

_NAME = "planar-sweep"


def _version() -> str:
    # In a source tree, the metadata are those of the last installation, or of another one.
    with contextlib.suppress(OSError, ValueError, KeyError):
        source = Path(__file__).parents[1] / "pyproject.toml"
        project = tomllib.loads(source.read_text(encoding="utf-8"))["project"]
        if project["name"] == _NAME:
            return str(project["version"])
    with contextlib.suppress(metadata.PackageNotFoundError):
        return metadata.version(_NAME)
    return "unknown"  # a copy of the package alone


__version__ = _version()
"""The version of this project, as in ``pyproject.toml``."""
