"""Settings and their values as text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from experiments.knobs.declared import ACTIVATION, DATA_SEED, DATASET, DTYPE, ITERATIONS, OPTIMIZER, SEED, TARGET

NEW_DATA = "new data for each seed"
"""What ``--data-seed seed`` is called."""

_OWN_NAME = (DATASET.name, TARGET.name, DTYPE.name, ACTIVATION.name, OPTIMIZER.name)


def text_of(value: Any) -> str:
    """The value of a knob: ``relu``, ``1.2``, ``0.0316227766017``."""
    return f"{value:.12g}" if isinstance(value, float) else str(value)


def _means_nothing(value: Any) -> bool:
    """Whether the knob has no effect here: None, or nan in a column."""
    return value is None or value != value


def in_words(values: Mapping[Any, Any]) -> str:
    """``moons, hidden 3, learning rate 0.1``: knobs and their values; some values need no name."""
    return ", ".join(_said(name, text_of(value)) for name, value in values.items() if not _means_nothing(value))


def _said(name: Any, text: str) -> str:
    if name in _OWN_NAME:
        return text
    if name == ITERATIONS.name:
        return f"{text} iterations"
    if (name, text) == (DATA_SEED.name, SEED.name):
        return NEW_DATA
    return f"{name.replace('_', ' ')} {text}"


def units(hidden: str) -> str:
    """``4 hidden units``, ``8x8 hidden units``, ``1 hidden unit``, ``no hidden units``."""
    return {"0": "no hidden units", "1": "1 hidden unit"}.get(hidden, f"{hidden} hidden units")


def range_text(values: range) -> str:
    """``0:10``, ``1:10:2``."""
    return f"{values.start}:{values.stop}" + (f":{values.step}" if values.step != 1 else "")


def shown(values: Sequence[Any], width: int = 80) -> str:
    """The values of a knob in a few words."""
    if isinstance(values, range) and len(values) > 1:
        return range_text(values)

    def some(of: Sequence[Any]) -> str:
        return " ".join(f"{value:g}" if isinstance(value, float) else str(value) for value in of)

    lines = [some(values)] if len(values) <= 12 else []
    lines += [f"{some(values[:first])} ... {some(values[-1:])}" for first in (3, 2, 1) if first + 1 < len(values)]
    return next((line for line in lines if len(line) <= width), f"{lines[-1][: width - 3]}...")
