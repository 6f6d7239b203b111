"""A progress bar: what is done of a stage, and how long the rest takes."""

from __future__ import annotations

import importlib.util
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from tqdm import tqdm

_FORMAT = "{percentage:3.0f}% |{bar}| {desc} [{elapsed}<{remaining}]"


class Bar:
    """Shows one stage after another: on the standard error stream, or in the cell of a notebook."""

    def __init__(self, is_shown: bool = True, in_notebook: bool = False) -> None:
        self._is_shown, self._in_notebook = is_shown, in_notebook
        self._bar: tqdm[None] | None = None

    def start(self, total: int, about: str) -> None:
        """Begin a stage: so much is to do, in any unit."""
        if not self._is_shown:
            return
        if self._in_notebook and self._bar is not None:  # the same bar: a cell would keep the place of each
            self._bar.set_description_str(about, refresh=False)
            self._bar.reset(total=total)
            return
        self.close()
        self._bar = self._kind()(
            total=total,
            desc=about,
            bar_format=_FORMAT,
            dynamic_ncols=not self._in_notebook,
            leave=False,
            file=sys.stdout if self._in_notebook else sys.stderr,
        )

    def move(self, done: int, about: str) -> None:
        """So much is done of the stage by now."""
        if self._bar is not None:
            self._bar.set_description_str(about, refresh=False)
            self._bar.update(done - self._bar.n)

    def show(self, done: int, total: int, about: str) -> None:
        """Begin a stage of which nothing is done, or say how much is done by now."""
        if done == 0:
            self.start(total, about)
        else:
            self.move(done, about)

    def close(self) -> None:
        """Remove the bar."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None

    def _kind(self) -> Callable[..., Any]:
        if self._in_notebook and importlib.util.find_spec("ipywidgets") is not None:
            from tqdm.notebook import tqdm  # 0.1 s, only for those who see it
        else:
            from tqdm import tqdm  # likewise
        kind: Callable[..., Any] = tqdm
        return kind
