"""The progress of ``Sweep.run`` in a notebook, and on request in a script: a bar, a race as it stands, the files."""

from __future__ import annotations

import html
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from experiments.bar import Bar
from experiments.runner.observer import Observer, Prepared, Progress, Stage, Standing
from experiments.text import listed


def is_notebook() -> bool:
    """Whether this is the kernel of a notebook."""
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    return shell is not None and "IPKernelApp" in getattr(shell, "config", {})


class Shown(Observer):
    """Shows the progress of a sweep: in a notebook in the cell, elsewhere on the standard error stream."""

    def __init__(self, out: str | os.PathLike[str] | None, in_notebook: bool) -> None:
        self._out, self._in_notebook = out, in_notebook
        self._bar = Bar(in_notebook=in_notebook)
        self._race: _Race | None = None

    def _say(self, line: str) -> None:
        print(line, file=sys.stdout if self._in_notebook else sys.stderr, flush=True)

    def note(self, message: str) -> None:
        """Print it."""
        self.close()
        self._say(message)

    def accepted(self, prepared: Prepared) -> None:
        """Print the plan."""
        most = "at most " if prepared.left.design.margin is not None else ""
        self._say(f"{most}{prepared.plan}")

    def began(self, progress: Progress) -> None:
        """Show the bar."""
        if progress.done < progress.runs:
            self._bar.start(progress.total_work, _runs(progress))

    def trained(self, progress: Progress) -> None:
        """Move the bar."""
        self._bar.move(progress.work, _runs(progress))

    def raced(self, standing: Standing) -> None:
        """Add a line to the race."""
        if not self._in_notebook:  # where the bar is beside the table
            self.close()
        if self._race is None:
            self._race = _Race(self._in_notebook, self._say)
        self._race.add(standing)

    def building(self) -> None:
        """Remove the bar."""
        self.close()

    def advanced(self, stage: Stage) -> None:
        """Show the bar of the stage."""
        self._bar.show(stage.done, stage.total, str(stage))

    def finished(self, files: Sequence[Path]) -> None:
        """Say where everything is."""
        self.close()
        self._say(f"written to {self._out}{os.sep}: {listed(str(os.path.relpath(file, self._out)) for file in files)}")

    def close(self) -> None:
        """Remove the bar."""
        self._bar.close()


def _runs(progress: Progress) -> str:
    return f"{progress.done:,}/{progress.runs:,} runs"


class _Race:
    """A race: in a notebook one table that grows, elsewhere a line for every round."""

    def __init__(self, in_notebook: bool, say: Callable[[str], None]) -> None:
        self._say, self._standings, self._in_notebook = say, list[Standing](), in_notebook
        self._handle: Any = None

    def add(self, standing: Standing) -> None:
        """Another round."""
        self._standings.append(standing)
        if not self._in_notebook:
            self._say(str(standing))
        elif self._handle is None:
            from IPython.display import display  # the notebook has it

            self._handle = display(self, display_id=True)  # type: ignore[no-untyped-call]
        else:
            self._handle.update(self)

    def __repr__(self) -> str:
        return "\n".join(map(str, self._standings))

    def _repr_html_(self) -> str:
        rows = "".join(map(_row, self._standings))
        heads = "".join(f"<th>{head}</th>" for head in ("seeds", "ruled out", "within the margin", "open", "left"))
        return f"<table><thead><tr>{heads}<th></th></tr></thead><tbody>{rows}</tbody></table>"


def _row(standing: Standing) -> str:
    left = standing.left
    numbers = (standing.seeds, standing.out, standing.within, left - standing.within, left)
    cells = "".join(f"<td>{html.escape(f'{number:,}')}</td>" for number in numbers)
    # In the colour of the text, and so on light and on dark ground.
    width = 12 * left / standing.configurations
    bar = f"display:block;width:{width:.2f}em;height:.7em;background:currentColor;opacity:.5"
    return f'<tr>{cells}<td style="text-align:left"><span style="{bar}"></span></td></tr>'
