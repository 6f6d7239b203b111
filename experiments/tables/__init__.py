"""The tables of a sweep. ``read`` reads those of a results folder."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from experiments.results import Results


def read(folder: str | os.PathLike[str]) -> Results:
    """The same as ``experiments.read``."""
    from experiments.results import read  # an import upwards: this is an entry point under its old name

    return read(folder)
