"""The options of every command as tables of the manual, in Markdown."""

from __future__ import annotations

from argparse import Action
from collections.abc import Iterable, Sequence
from html import escape

from experiments.cli.options import PARSERS
from experiments.console import Parser
from experiments.knobs.declared import HOW, REQUESTED
from experiments.knobs.knob import Knob
from experiments.knobs.words import shown
from experiments.maps.declared import DEFAULTS

_FIRST = "grid"  # the command that the others follow
_KNOBS = {knob.name: knob for knob in (*REQUESTED, *HOW)}
_MAP = "map"  # whose knobs take one value each, and some of them have other defaults


def options() -> str:
    """A section for each command, with a table for each group of its options."""
    commands = sorted(PARSERS, key=lambda name: (name != _FIRST, name))
    return "\n".join(line for name in commands for line in _section(name, PARSERS[name]()))


def _section(name: str, parser: Parser) -> Iterable[str]:
    yield f"## experiments.{name} {{ #{name} }}\n"
    yield f"{escape(parser.description or '', quote=False)}\n"
    yield f"{escape(parser.epilog or '', quote=False)}\n"
    for group in parser._action_groups:
        if actions := [action for action in group._group_actions if action.dest != "help"]:
            if name == _FIRST:
                yield f"### {(group.title or '').capitalize()} {{ #{name}-{group.title} }}\n"
            yield from _table(actions, name == _MAP)
            yield ""
    if name == _FIRST:
        yield "### Names in other programs\n"
        yield "An option that is typed by the name that another program gives it is refused with its name here.\n"
        named = [knob for knob in _KNOBS.values() if knob.elsewhere]
        yield from _rows(
            ("option", "names elsewhere"),
            ((_code(knob.flags[0]), ", ".join(_code(f"--{other}") for other in knob.elsewhere)) for knob in named),
        )
        yield ""


def _table(actions: Sequence[Action], is_of_map: bool) -> Iterable[str]:
    if not any(action.dest in _KNOBS for action in actions):
        return _rows(("option", "meaning"), ((_spelled(action), _text(action.help)) for action in actions))
    return _rows(("option", "takes", "default", "meaning"), (_row(action, is_of_map) for action in actions))


def _row(action: Action, is_of_map: bool) -> tuple[str, ...]:
    knob = _KNOBS.get(action.dest)
    if knob is None:
        return _spelled(action), "", "", _text(action.help)
    needed = f" (with {_code(knob.needs[1])})" if knob.needs is not None and knob.needs[1].startswith("--") else ""
    defaults = (DEFAULTS[knob.name],) if is_of_map and knob.name in DEFAULTS else knob.default
    is_one = is_of_map and not knob.is_list and knob.gathered is list
    taken = "one value" if is_one else _taken(knob)
    return _spelled(action), taken, _code(shown(defaults)) if defaults else "", _text(knob.help) + needed


def _taken(knob: Knob) -> str:
    if knob.takes_ranges:
        return "values, ranges"
    if knob.is_axis:
        return "values"
    return "a list" if knob.is_list else "one value"


def _spelled(action: Action) -> str:
    """The names of an option and what follows them: ``--jobs``, ``-j`` N."""
    names = action.option_strings or [str(action.metavar or action.dest)]
    metavar = " ".join(action.metavar) if isinstance(action.metavar, tuple) else action.metavar
    value = f"<i>{escape(metavar).replace('|', '&#124;')}</i>" if metavar else ""
    if not action.option_strings or not value:
        return ", ".join(map(_code, names))
    return f"{', '.join(map(_code, names))} {f'[{value}]' if action.nargs == '?' else value}"


def _rows(heading: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterable[str]:
    yield f"| {' | '.join(heading)} |"
    yield "|" + "---|" * len(heading)
    for row in rows:
        yield f"| {' | '.join(row)} |"


def _code(text: str) -> str:
    return f"<code>{escape(text, quote=False)}</code>".replace("|", "&#124;").replace("*", "&#42;")


def _text(about: str | None) -> str:
    plain = (about or "").replace("%%", "%")
    return escape(plain, quote=False).replace("|", "&#124;").replace("*", "&#42;").replace("_", "&#95;")
