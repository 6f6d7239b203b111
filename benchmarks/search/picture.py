"""One picture: the best validated score against time, and below what the choice was worth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.figure import Figure


def draw(found: Mapping[str, Sequence[Mapping[str, Any]]], seconds: float) -> Figure:
    """The picture: a column for each data set, with the rows of its table."""
    figure = Figure(figsize=(6.5 * len(found), 7.5), layout="constrained")
    axes = figure.subplots(2, len(found), squeeze=False, height_ratios=(3, 2))
    names = list(dict.fromkeys(row["name"] for rows in found.values() for row in rows))
    colours = {name: f"C{k}" for k, name in enumerate(names)}
    for (dataset, rows), above, below in zip(found.items(), *axes, strict=True):
        for row in rows:
            _line(above, row, colours[row["name"]], seconds)
        above.set(
            title=dataset,
            xlabel="seconds since the command",
            xlim=(0, max([seconds, *(row["to_best"] for row in rows)])),
        )
        above.set_ylabel("best validated accuracy so far")
        above.grid(alpha=0.3)
        _focus(above, rows)
        _dots(below, rows, colours)
    if any(found.values()):
        axes[0, 0].legend(loc="lower right", fontsize="small")
    return figure


def _line(axes: Any, row: Mapping[str, Any], colour: str, seconds: float) -> None:
    times = [step["seconds"] for step in row["steps"]]
    scores = [step["score"] for step in row["steps"]]
    better = [k for k, score in enumerate(scores) if k == 0 or score != scores[k - 1]]
    axes.step([*times, max(seconds, times[-1])], [*scores, scores[-1]], where="post", color=colour, label=row["name"])
    axes.plot([times[k] for k in better], [scores[k] for k in better], "o", color=colour, markersize=4)


def _focus(axes: Any, rows: Sequence[Mapping[str, Any]]) -> None:
    """Show the scores that matter: the first ones of a search may be far below."""
    if rows:
        last = [row["validated"] for row in rows]
        room = max(0.01, max(last) - min(last))
        axes.set_ylim(min(last) - 3 * room, max(last) + room)


def _dots(axes: Any, rows: Sequence[Mapping[str, Any]], colours: Mapping[str, str]) -> None:
    for at, row in enumerate(rows):
        colour = colours[row["name"]]
        axes.plot([row["held_out"], row["validated"]], [at, at], color=colour, alpha=0.4)
        axes.plot(row["validated"], at, "o", color=colour, label="validated" if at == 0 else None)
        axes.plot(row["held_out"], at, "D", color=colour, label="held out" if at == 0 else None)
        axes.plot(row["held_out_scores"], [at] * len(row["held_out_scores"]), "|", color=colour, alpha=0.6)
    axes.set_yticks(range(len(rows)), [row["name"] for row in rows], fontsize="small")
    axes.set_ylim(max(1, len(rows)) - 0.5, -0.5)
    axes.set_xlabel("accuracy of the choice: validated (circle), held out (diamond)")
    axes.grid(axis="x", alpha=0.3)
