"""One picture: the best validated score against time, and below what the choice was worth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.figure import Figure


def draw(found: Mapping[str, Sequence[Mapping[str, Any]]], seconds: float) -> Figure:
    """The picture: a column for each data set, with the rows of its table that have figures."""
    figure = Figure(figsize=(6 * len(found) + 2, 7.5), layout="constrained")
    axes = figure.subplots(2, len(found), squeeze=False, height_ratios=(3, 2))
    tools = list(dict.fromkeys(row["tool"] for rows in found.values() for row in rows))
    lines: dict[str, Any] = {}
    for (dataset, rows), above, below in zip(found.items(), *axes, strict=True):
        for row in rows:
            at = tools.index(row["tool"])
            lines.setdefault(row["tool"], _line(above, row, f"C{at}", seconds))
            _dots(below, row, f"C{at}", at)
        above.set(title=dataset, xlabel="seconds since the command")
        above.set_xlim(0, 1.02 * max([seconds, *(row["to_best"] for row in rows)]))
        above.axvline(seconds, color="grey", linewidth=0.8, linestyle=":")
        above.grid(alpha=0.3)
        _focus(above, rows)
        below.set_xlabel("accuracy: validated (circles), held out (diamonds)")
        below.set_yticks(range(len(tools)), tools if below is axes[1, 0] else [""] * len(tools))
        below.set_ylim(max(1, len(tools)) - 0.5, -0.5)
        below.grid(axis="x", alpha=0.3)
    axes[0, 0].set_ylabel("best validated accuracy so far")
    figure.legend(lines.values(), lines.keys(), loc="outside upper center", ncols=3)
    return figure


def _line(axes: Any, row: Mapping[str, Any], colour: str, seconds: float) -> Any:
    times = [step["seconds"] for step in row["steps"]]
    scores = [step["score"] for step in row["steps"]]
    (line,) = axes.step([*times, max(seconds, times[-1])], [*scores, scores[-1]], where="post", color=colour)
    better = [k for k, score in enumerate(scores) if k == 0 or score != scores[k - 1]]
    axes.plot([times[k] for k in better], [scores[k] for k in better], "o", color=colour, markersize=4)
    return line


def _focus(axes: Any, rows: Sequence[Mapping[str, Any]]) -> None:
    """Show the scores that matter: the first ones of a search may be far below."""
    if rows:
        last = [row["validated"] for row in rows]
        room = max(0.005, max(last) - min(last))
        axes.set_ylim(min(last) - 2 * room, max(last) + room / 2)


def _dots(axes: Any, row: Mapping[str, Any], colour: str, at: int) -> None:
    axes.plot([row["held_out"], row["validated"]], [at, at], color=colour, alpha=0.4)
    axes.plot(row["validated"], at, "o", color=colour)
    axes.plot(row["held_out_scores"], [at] * len(row["held_out_scores"]), "|", color=colour, alpha=0.6)
    axes.plot(row["held_out"], at, "D", color=colour)
