"""The environment of a command: what would spoil it is set or refused before anything slow is imported."""

from __future__ import annotations

import argparse
import logging
import os
import sys
import warnings

from experiments.console import fail, named, warn


def prepare(command: str, options: argparse.Namespace) -> None:
    """Set up the environment of a command. Exits, with one line, if it could not train or draw in this one."""
    if problem := _problem(command, options):
        fail(named(command), problem)
    os.environ["MPLBACKEND"] = "agg"  # nothing is shown in windows, and an unknown name ends matplotlib's import
    # Neither BLAS nor Arrow is used for what their threads are good for; where no thread can start, both complain.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    # Numba would have colorama, where that is installed, end the output in a terminal with a code.
    os.environ.setdefault("NUMBA_DISABLE_ERROR_MESSAGE_HIGHLIGHTING", "1")
    os.environ.setdefault("JE_ARROW_MALLOC_CONF", "background_thread:false")
    logging.getLogger("matplotlib").setLevel(logging.ERROR)  # it has much to say of its settings, which are not used
    warnings.showwarning = lambda message, *_, **__: warn(f"{named(command)}: {message}")


def _problem(name: str, options: argparse.Namespace) -> str | None:
    if _integer(os.environ.get("NUMBA_DISABLE_JIT") or "0") != 0:
        return "NUMBA_DISABLE_JIT is set, without Numba nothing can be trained: unset it"
    threads = os.environ.get("NUMBA_NUM_THREADS") or "1"
    if (_integer(threads) or 0) < 1:
        return f"NUMBA_NUM_THREADS: expected an integer of at least 1, got {threads!r}: unset it"
    makes_report = name == "report" or (name == "grid" and not options.no_plots and not options.print_config)
    if makes_report and sys.flags.optimize > 1:
        instead = ", or use --no-plots" if name == "grid" else ""
        return f"PYTHONOPTIMIZE=2 (python -OO) removes docstrings that Altair needs for the report: unset it{instead}"
    return None


def _integer(text: str) -> int | None:
    try:
        return int(text)
    except ValueError:
        return None
