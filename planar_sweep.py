"""The command ``planar-sweep``, also ``python -m planar_sweep``: see ``experiments.cli.command``.

It stands beside the packages so that it can clear the way before they are imported: the working folder may hold
anything, such as a package named ``experiments`` or a ``random.py``.
"""

from __future__ import annotations

import os
import sys

_HOME = os.path.dirname(os.path.realpath(__file__))  # of the packages
_PACKAGES = ("experiments", "planar_core")


def main() -> None:
    """Run the command line. The process ends with the exit status of the command."""
    _clear_the_way()
    import signal  # all other modules only now

    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C gives no traceback before the command has its own handler
    from experiments.cli.command import run

    run()


def _clear_the_way() -> None:
    """Import nothing from the working folder, here and in the processes that are started.

    Nor from a folder in PYTHONPATH with other packages of the same names.
    """
    given = [entry for entry in os.environ.get("PYTHONPATH", "").split(os.pathsep) if entry]
    left_out = {os.getcwd(), *(os.path.realpath(entry) for entry in given if _has_others(entry))} - {_HOME}
    sys.path[:] = [entry for entry in sys.path if os.path.realpath(entry) not in left_out]
    for at, entry in enumerate(sys.path):
        if os.path.realpath(entry) == _HOME:
            break
        if _has_others(entry):  # installed by somebody else
            sys.path.insert(at, _HOME)
            break
    if given:
        os.environ["PYTHONPATH"] = os.pathsep.join(e for e in given if os.path.realpath(e) not in left_out)
    os.environ["PYTHONSAFEPATH"] = "1"  # otherwise Python starts other processes with the working folder in their path


def _has_others(entry: str) -> bool:
    places = [os.path.join(entry, name) for name in _PACKAGES]
    return os.path.realpath(entry) != _HOME and any(map(os.path.exists, [*places, *(f"{at}.py" for at in places)]))


if __name__ == "__main__":
    main()
