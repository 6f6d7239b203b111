"""Inputs of a network as text: terms such as x1, x1^2, x1x2 and sin(x1)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

ALL = "all"
"""The text for the inputs themselves."""

FARTHEST = 1e30
"""Limit of the inputs of a network. Beyond it, sums over features could overflow float32 to inf - inf = nan."""

LARGEST_ANGLE = 1e9
"""Limit of the argument of a sine, that of `planar_core.elementary`."""

_EXPECTED = f"terms such as x1, x1^2, x1x2 and sin(x1), joined by +, or {ALL}"
_TERM = re.compile(r"x(?P<first>[1-9]\d{0,8})(?:(?P<squared>\^2)|x(?P<second>[1-9]\d{0,8}))?", re.ASCII)
_SINE = re.compile(r"sin\(x([1-9]\d{0,8})\)", re.ASCII)


class Term(NamedTuple):
    """One feature: an input, the product of two, or the sine of one.

    inputs: the inputs that are multiplied, in ascending order, counted from 1
    is_sine: whether the sine is taken
    """

    inputs: tuple[int, ...]
    is_sine: bool = False

    def __str__(self) -> str:
        return self._spelled([f"x{i}" for i in self.inputs], "")

    def named(self, names: Sequence[str]) -> str:
        """The term with the inputs' own names: "width^2", "length * width", "sin(width)"."""
        return self._spelled([names[i - 1] for i in self.inputs], " * ")

    def _spelled(self, factors: list[str], times: str) -> str:
        if self.is_sine:
            return f"sin({factors[0]})"
        if len(self.inputs) == 2 and self.inputs[0] == self.inputs[1]:
            return f"{factors[0]}^2"
        return times.join(factors)


def parse(text: str) -> tuple[Term, ...]:
    """Return the terms, in the order of the text; no terms for "all", the inputs as they are.

    xI is input I, counted from 1; xI^2 is its square, xIxJ a product, sin(xI) a sine; xIxI means xI^2, and x2x1 means
    x1x2. Upper case and spaces around terms are allowed. Raises ValueError with a description of what was expected
    for other text and for repeated terms.
    """
    if not isinstance(text, str):
        raise ValueError(_EXPECTED)
    if text.strip().lower() == ALL:
        return ()
    terms = tuple(_term(part.strip().lower()) for part in text.split("+"))
    for i, term in enumerate(terms):
        if term in terms[:i]:
            raise ValueError(f"each term once ({term} is repeated)")
    return terms


def standard_form(text: str) -> str:
    """Return the standard spelling: "x1+x1x2" for " X1 + x2x1". Raises ValueError as `parse`."""
    return "+".join(map(str, parse(text))) or ALL


def _term(text: str) -> Term:
    if match := _SINE.fullmatch(text):
        return Term((int(match[1]),), is_sine=True)
    if match := _TERM.fullmatch(text):
        inputs = [int(match["first"])]
        if match["squared"]:
            inputs *= 2
        elif match["second"]:
            inputs.append(int(match["second"]))
        return Term(tuple(sorted(inputs)))
    raise ValueError(_EXPECTED)
