"""The text that identifies the configuration of a run in the store, made quickly for every series of a sweep."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from experiments.design import IDENTIFYING, Design, ProblemKey, Run, identifies
from experiments.knobs.declared import AXES

_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False)
_PLACES = {axis.name: place for place, axis in enumerate(AXES)}


def canonical(about: Mapping[str, Any]) -> str:
    """An identity as text; equal identities have equal texts."""
    return _ENCODER.encode(about)


class Identities:
    """``canonical(design.identity(run, data[run.problem]))`` of any run of a sweep, a few times as fast.

    A text is joined from its entries; that of each value of an axis is made once. ``data`` has the identity of every
    problem's data.
    """

    def __init__(self, design: Design, data: Mapping[ProblemKey, Mapping[str, Any]]) -> None:
        self._design, self._data = design, data
        varying = (name for each in design.dimensions if each.size > 1 for name in each.names if name in IDENTIFYING)
        self._entries: dict[str, dict[Any, str]] = {name: {} for name in varying}
        self._problem: ProblemKey | None = None
        self._template: list[tuple[str, int, dict[Any, str]]] = []  # a constant text, then an axis: place and entries
        self._end = ""

    def __iter__(self) -> Iterator[str]:
        """The text of each series, in the order of the sweep."""
        return map(self.text, self._design.all_series())

    def text(self, run: Run) -> str:
        """The text of a run."""
        problem = run.problem
        if problem != self._problem:
            self._problem = problem
            self._make_template(run)
        text = ""
        for constant, place, entries in self._template:
            entry = entries.get(run[place])
            text += constant + (self._add(run, place) if entry is None else entry)
        return f"{{{(text + self._end)[1:]}}}"

    def _make_template(self, run: Run) -> None:
        identity = self._design.identity(run, self._data[run.problem])
        self._template, constant = [], ""
        for name in sorted(identity.keys() | self._entries.keys()):
            if name in self._entries:
                self._template.append((constant, _PLACES[name], self._entries[name]))
                constant = ""
            else:
                constant += _entry(identity, name)
        self._end = constant

    def _add(self, run: Run, place: int) -> str:
        axis, value = AXES[place], run[place]
        made = self._entries[axis.name][value] = _entry(
            {axis.name: value} if identifies(axis, value) else {}, axis.name
        )
        return made


def _entry(identity: Mapping[str, Any], name: str) -> str:
    """The entry of the text, with the comma before it; nothing for one that is left out."""
    return f",{canonical({name: identity[name]})[1:-1]}" if name in identity else ""
