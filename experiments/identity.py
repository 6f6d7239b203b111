"""The text that identifies the configuration of a run in the store, made quickly for every series of a sweep."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from experiments.design import IDENTIFYING, Design, ProblemKey, Run, identifies
from experiments.knobs.declared import AXES, ITERATIONS, RECORD_EVERY

_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False)
_PLACES = {axis.name: place for place, axis in enumerate(AXES)}
_KEPT = 10_000  # entries of an axis: a million of them would take 200 MB
_PLACES[RECORD_EVERY.name] = _PLACES[ITERATIONS.name]  # from which it follows


def canonical(about: Mapping[str, Any]) -> str:
    """An identity as text; equal identities have equal texts."""
    return _ENCODER.encode(about)


class Identities:
    """``canonical(design.identity(run, data[run.problem]))`` of any run of a sweep, a few times as fast.

    A text is joined from its entries; that of each value of an axis is kept, if there are not too many. ``data`` has
    the identity of every problem's data.
    """

    def __init__(self, design: Design, data: Mapping[ProblemKey, Mapping[str, Any]]) -> None:
        self._design, self._data = design, data
        varying = (name for each in design.dimensions if each.size > 1 for name in each.names if name in IDENTIFYING)
        self._entries: dict[str, dict[Any, str]] = {name: {} for name in varying}
        if ITERATIONS.name in self._entries:
            self._entries[RECORD_EVERY.name] = {}
        self._problem: ProblemKey | None = None
        # A constant text, then one that varies: its name, the place of the axis that it depends on, and its entries.
        self._template: list[tuple[str, str, int, dict[Any, str]]] = []
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
        for constant, name, place, entries in self._template:
            entry = entries.get(run[place])
            text += constant + (self._add(run, name) if entry is None else entry)
        return f"{{{(text + self._end)[1:]}}}"

    def _make_template(self, run: Run) -> None:
        identity = self._design.identity(run, self._data[run.problem])
        self._template, constant = [], ""
        for name in sorted(identity.keys() | self._entries.keys()):
            if name in self._entries:
                self._template.append((constant, name, _PLACES[name], self._entries[name]))
                constant = ""
            else:
                constant += _entry(identity, name)
        self._end = constant

    def _add(self, run: Run, name: str) -> str:
        place = _PLACES[name]
        value = self._design.record_every_of(run.iterations) if name == RECORD_EVERY.name else run[place]
        entries = self._entries[name]
        if len(entries) >= _KEPT:
            entries.clear()
        made = entries[run[place]] = _entry({name: value} if identifies(AXES[place], value) else {}, name)
        return made


def _entry(identity: Mapping[str, Any], name: str) -> str:
    """The entry of the text, with the comma before it; nothing for one that is left out."""
    return f",{canonical({name: identity[name]})[1:-1]}" if name in identity else ""
