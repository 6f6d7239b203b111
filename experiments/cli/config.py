"""A request as a TOML file: ``--config FILE`` reads one, ``--print-config`` prints one.

Some come with this package: ``--config playground``.
"""

from __future__ import annotations

import json
import os
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from experiments.knobs.declared import ALIASES, HOW, REQUESTED
from experiments.knobs.knob import SweepError
from experiments.text import closest

_OUT = "out"
OF_MAPS = ("x", "y", "x_times", "y_times")
"""Options of maps alone, which a file may have."""
_KINDS: Mapping[str, tuple[Any, str]] = {
    _OUT: (str, "the name of a folder"),
    **dict.fromkeys(("x", "y"), (str, "KNOB=RANGE")),
    **dict.fromkeys(("x_times", "y_times"), (int | float, "a number")),
}
_OPTION = "--config"
_FOLDER = Path(__file__).parents[1] / "configs"
SHIPPED = tuple(sorted(path.stem for path in _FOLDER.glob("*.toml")))
"""The names of the files that come with this package."""


def read(path: str | os.PathLike[str], is_of_map: bool = False) -> dict[str, Any]:
    """The options in a file, by their Python names. Raises SweepError with a one-line message.

    ``path`` may also be one of ``SHIPPED``, unless there is a file of that name. ``OF_MAPS`` are left out unless it
    ``is_of_map``, so that a sweep can have the settings of a map.
    """
    named = f"{_OPTION}: {os.fspath(path)}"
    try:
        with open(_file(path), "rb") as file:
            given = tomllib.load(file)
    except OSError as error:
        is_name = isinstance(error, FileNotFoundError) and not os.path.splitext(path)[1]
        others = f" or one of {', '.join(SHIPPED)}" if is_name else ""
        raise SweepError(f"{named}: expected a readable file{others}, found: {error.strerror}") from None
    except (ValueError, RecursionError) as error:  # invalid TOML, invalid UTF-8, or an integer of thousands of digits
        raise SweepError(f"{named}: expected TOML, got {error}") from None
    names = ALIASES | {knob.name: knob.name for knob in (*REQUESTED, *HOW)} | {"zip": "zip", _OUT: _OUT}
    names |= {name: name for name in OF_MAPS}
    options: dict[str, Any] = {}
    for key, value in given.items():
        name = names.get(key.replace("-", "_"))
        if name is None:
            raise SweepError(f"{named}: expected an option such as hidden, got {key!r}{closest(key, names)}")
        if name in options:
            raise SweepError(f"{named}: expected each option once, got {key} as well as {name}")
        kind, expected = _KINDS.get(name, (object, "a value or a list"))
        if isinstance(value, dict) or not isinstance(value, kind):
            raise SweepError(f"{named}: {key}: expected {expected}, got {value!r}")
        options[name] = value
    return {name: value for name, value in options.items() if is_of_map or name not in OF_MAPS}


def _file(path: str | os.PathLike[str]) -> Path:
    is_shipped = path in SHIPPED and not os.path.exists(path)
    return _FOLDER / f"{path}.toml" if is_shipped else Path(path)


def lines(request: Mapping[str, Any], how: Mapping[str, Any], is_ascii: bool = False) -> Iterator[str]:
    """The lines of a file from which ``read`` gives the same request, each option with its help text.

    ``is_ascii``: whether to write all other characters as escapes, since their bytes would not be those of UTF-8.
    """
    for knob in (*REQUESTED, *HOW):
        value = {**request, **how}[knob.name]
        yield f"{knob.name} = {_toml(value, is_ascii)}" if value is not None else f"# {knob.name} ="
    if request["zip"]:
        yield f"zip = {_toml(request['zip'], is_ascii)}"


def _toml(value: Any, is_ascii: bool) -> str:
    """A text, a number or a list of them: TOML equals JSON, except that nothing needs surrogates.

    All that a terminal cannot print is an escape.
    """
    return "".join(
        c if c.isprintable() and (c.isascii() or not is_ascii) else f"\\U{ord(c):08x}"
        for c in json.dumps(value, ensure_ascii=False)
    )
