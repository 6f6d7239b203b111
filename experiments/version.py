"""The version of this package, what pyproject.toml says, and how its extras are installed."""

from __future__ import annotations

import contextlib
import shlex
import tomllib
from pathlib import Path

_NAME = "planar-sweep"
_TREE = Path(__file__).parents[1]


def _version_of_tree() -> str | None:
    """The version of the source tree that runs; None for an installed package."""
    with contextlib.suppress(OSError, ValueError, KeyError):
        project = tomllib.loads((_TREE / "pyproject.toml").read_text(encoding="utf-8"))["project"]
        if project["name"] == _NAME:
            return str(project["version"])
    return None


def _version() -> str:
    # In a source tree, the metadata are those of the last installation, or of another one.
    if (version := _version_of_tree()) is not None:
        return version
    from importlib import metadata  # 40 ms, which a source tree does not need

    with contextlib.suppress(metadata.PackageNotFoundError):
        return metadata.version(_NAME)
    return "unknown"  # a copy of the package alone


def installing(extra: str) -> str:
    """The command that installs an extra such as ``onnx``, from the source tree that runs or for the installed package.

    ``pip install '.[onnx]'`` in the folder of the source tree, elsewhere with its path, otherwise
    ``pip install 'planar-sweep[onnx]'``.
    """
    what = _NAME
    if _version_of_tree() is not None:
        is_here = False
        with contextlib.suppress(OSError):  # the working directory was removed
            is_here = Path.cwd().samefile(_TREE)
        what = "." if is_here else str(_TREE)
    return f"pip install {shlex.quote(f'{what}[{extra}]')}"


__version__ = _version()
"""The version of this project, as in ``pyproject.toml``."""
