"""Serve a map until it is interrupted."""

from __future__ import annotations

import webbrowser
from pathlib import Path
from typing import NoReturn

from experiments.console import Say
from experiments.knobs.knob import SweepError
from experiments.maps.explorer.source import MapSource
from experiments.maps.explorer.subject import subject_of
from experiments.maps.make import Prepared, check_same
from experiments.maps.store import claimed
from experiments.version import installing


def explore(
    prepared: Prepared,
    folder: Path,
    jobs: int,
    port: int,
    opens: bool,
    say: Say,
    times: tuple[float, float] = (1.0, 1.0),
) -> NoReturn:
    """Serve the map of a folder, which is created if there is none; ends with an exception such as that of Ctrl-C.

    ``port``: 0 for any that is free. ``opens``: whether to open the page in the browser of this machine. ``times``: as
    of a picture. Raises
    SweepError, ResultsError or OSError.
    """
    try:
        from experiments.maps.explorer.server import Explorer  # what it needs is an extra
    except ImportError as error:
        package = (error.name or "").partition(".")[0]
        if package not in ("starlette", "uvicorn"):
            raise
        raise SweepError(
            f"--explore requires the package {package}, which is not installed: {installing('explore')}"
        ) from None
    request = prepared.request
    with claimed(folder, say) as store:
        check_same(request, store, folder)
        store.begin(request.as_dict(), request.identity)
        source = MapSource(request.plane, prepared.setting, store, jobs)
        try:
            with Explorer(source, subject_of(request, folder, prepared.window, times), port) as explorer:
                say("Open this address in a browser on this machine; Ctrl-C ends the explorer:")
                say(explorer.address)
                if opens:
                    webbrowser.open(explorer.address)
                explorer.wait()
                raise OSError("the explorer's server has ended")
        finally:
            source.close()
