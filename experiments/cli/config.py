"""A request as a TOML file: ``--config FILE`` reads one, ``--print-config`` prints one."""

from __future__ import annotations

import json
import os
import tomllib
from collections.abc import Iterator, Mapping
from typing import Any

from experiments.knobs.declared import ALIASES, HOW, REQUESTED
from experiments.knobs.knob import SweepError
from experiments.text import closest

_OUT = "out"
_OPTION = "--config"


def read(path: str | os.PathLike[str]) -> dict[str, Any]:
    """The options in a file, by their Python names. Raises SweepError with a one-line message."""
    named = f"{_OPTION}: {os.fspath(path)}"
    try:
        with open(path, "rb") as file:
            given = tomllib.load(file)
    except OSError as error:
        raise SweepError(f"{named}: expected a readable file, found: {error.strerror}") from None
    except (ValueError, RecursionError) as error:  # invalid TOML, invalid UTF-8, or an integer of thousands of digits
        raise SweepError(f"{named}: expected TOML, got {error}") from None
    names = ALIASES | {knob.name: knob.name for knob in (*REQUESTED, *HOW)} | {"zip": "zip", _OUT: _OUT}
    options: dict[str, Any] = {}
    for key, value in given.items():
        name = names.get(key.replace("-", "_"))
        if name is None:
            raise SweepError(f"{named}: expected an option such as hidden, got {key!r}{closest(key, names)}")
        if name in options:
            raise SweepError(f"{named}: expected each option once, got {key} as well as {name}")
        if isinstance(value, dict) or (name == _OUT and not isinstance(value, str)):
            expected = "the name of a folder" if name == _OUT else "a value or a list"
            raise SweepError(f"{named}: {key}: expected {expected}, got {value!r}")
        options[name] = value
    return options


def lines(request: Mapping[str, Any], how: Mapping[str, Any]) -> Iterator[str]:
    """The lines of a file from which ``read`` gives the same request, each option with its help text."""
    for knob in (*REQUESTED, *HOW):
        value = {**request, **how}[knob.name]
        yield f"{knob.name} = {_toml(value)}" if value is not None else f"# {knob.name} ="
    if request["zip"]:
        yield f"zip = {_toml(request['zip'])}"


def _toml(value: Any) -> str:
    """A text, a number or a list of them: TOML equals JSON, except that nothing needs surrogates.

    All that a terminal cannot print is an escape.
    """
    return "".join(c if c.isprintable() else f"\\U{ord(c):08x}" for c in json.dumps(value, ensure_ascii=False))
