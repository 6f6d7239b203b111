"""Settings and their values in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from experiments.knobs.declared import ACTIVATION, DATASET, DTYPE, OPTIMIZER, TARGET


def text_of(value: Any) -> str:
    """The value of a knob: ``relu``, ``1.2``, ``0.0316227766017``."""
    return f"{value:.12g}" if isinstance(value, float) else str(value)


def _means_nothing(value: Any) -> bool:
    """Whether it is the empty cell of a knob that has no effect: None, or nan in a column."""
    return value is None or value != value


def in_words(values: Mapping[Any, Any]) -> str:
    """``moons, hidden 3, learning rate 0.1``: knobs and their values; names speak for themselves."""
    own_name = (DATASET.name, TARGET.name, DTYPE.name, ACTIVATION.name, OPTIMIZER.name)
    texts = {name: text_of(value) for name, value in values.items() if not _means_nothing(value)}
    return ", ".join(text if name in own_name else f"{name.replace('_', ' ')} {text}" for name, text in texts.items())


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
