"""sweep.json: the request, the data, and how the sweep was carried out."""

from __future__ import annotations

import contextlib
import json
import os
import platform
import subprocess
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numba
import numpy as np
import pandas as pd
import scipy

from experiments.design import Design
from experiments.files import FILES, MANIFEST, OTHER_FILES
from experiments.formats import Formats
from experiments.store.store import STATUSES
from experiments.tables.tables import Tables
from experiments.version import __version__

FORMAT = 3  # of the manifest; increased when readers have to distinguish versions


def manifest_of(
    tables: Tables, findings: list[dict[str, Any]], done: Mapping[str, Any], formats: Formats | None = None
) -> dict[str, Any]:
    """The contents of sweep.json, as plain values.

    ``findings`` are those of ``experiments.findings``; ``done`` says how the sweep was run: runs computed and reused,
    seconds, jobs and backend. ``formats`` are those of the tables, if they are written.
    """
    design = tables.design

    return {
        "format": FORMAT,
        "request": design.request,
        "columns": design.columns,
        "problem_columns": design.problem_columns,
        "counts": {
            "runs": design.n_runs,
            **_statuses(tables),
            "computed": done["computed"],
            "reused": done["reused"],
        },
        "data": tables.about,
        **_seeds(design),
        **(formats or Formats()).in_manifest(),
        "notes": design.notes,
        "findings": findings,
        "execution": {
            "finished": datetime.now(UTC).isoformat(timespec="seconds"),
            "training_seconds": round(done["seconds"], 3),
            "jobs": done["jobs"],
            "backend": done["backend"],
            "commit": _commit(),
            "python": platform.python_version(),
            "versions": {
                "planar-sweep": __version__,
                "numpy": np.__version__,
                "numba": numba.__version__,
                "pandas": pd.__version__,
                "scipy": scipy.__version__,
            },
            "machine": {"system": platform.platform(), "processor": _processor(), "cores": os.cpu_count()},
        },
    }


def earlier_files(folder: Path) -> tuple[str, ...]:
    """The tables that an earlier sweep wrote into a folder, by its manifest; of one that cannot be read, the usual."""
    with contextlib.suppress(OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        held = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        return tuple(name for name in Formats.from_manifest(held).files if name in (*FILES, *OTHER_FILES))
    return FILES


def _seeds(design: Design) -> dict[str, int | list[int]]:
    """The number of seeds that were trained, in a race of each configuration; nothing if it is that of the request."""
    if design.trained is not None:
        return {"seeds": list(design.trained)}
    return {} if design.budget is None else {"seeds": len(design.values["seed"])}


def _statuses(tables: Tables) -> dict[str, int]:
    """The number of runs of each status."""
    others = {status: int(tables.summary[f"n_{status}"].sum()) for status in STATUSES if status != "ok"}
    return {"ok": tables.design.n_runs - sum(others.values()), **others}


def _commit() -> str | None:
    """The commit of the source tree this runs from, with "+" if files differ from it; None outside git."""
    here = Path(__file__).parent

    def git(*arguments: str) -> str:
        return subprocess.run(
            ["git", *arguments], cwd=here, capture_output=True, text=True, check=True, timeout=10
        ).stdout.strip()

    try:
        # If the package is installed inside another repository, that repository's commit does not describe it.
        if not git("ls-files", Path(__file__).name):
            return None
        changes = git("status", "--porcelain", "--untracked-files=no")
        return git("rev-parse", "HEAD") + ("+" if changes else "")
    except (OSError, subprocess.SubprocessError):
        return None


def _processor() -> str:
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(errors="replace").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()
