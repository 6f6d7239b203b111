"""The names of the pictures, and how they are written. Light, for the command line."""

from __future__ import annotations

from typing import NamedTuple

COSTS = ("cost", "test_cost", "validation_cost")
SCORES = ("accuracy", "r2")  # a sweep records one of them
PARTS = ("train", "test")
MEASURES = (*COSTS, *(f"{part}_{score}" for score in SCORES for part in PARTS))
"""What is recorded during training."""

USUAL = (
    "slices", "importance", "accuracy", "heat_map", "learning_curves", "race", "boundaries", "boundary_grid",
)  # fmt: skip
"""What a sweep draws, as far as it applies."""

FURTHER = (
    "distribution", "parallel", *(f"curves_{measure}" for measure in MEASURES), "convergence", "cost_by_size", "data",
    "hidden_units", "training_strip", "training", "confusion", "roc", "predicted",
)  # fmt: skip
"""What is drawn on demand."""

NAMES = (*USUAL, *FURTHER)
ALL = "all"
FORMATS = ("png", "pdf", "svg")
ANIMATION = "gif"  # the format of `training`, whatever others are wanted

FONT_SIZE = 10.0  # points, of most text
DPI = 120.0


class Look(NamedTuple):
    """How pictures are written.

    formats: `png`, `pdf`, `svg`
    title: replaces the usual one; an empty one leaves out the notes below it as well
    font_size: of most text, in points; titles of panels and the like are smaller. Lines and marks are in proportion
    dpi: pixels per inch of a PNG file
    size: (width, height) in inches; None: what the text needs
    """

    formats: tuple[str, ...] = ("png",)
    title: str | None = None
    font_size: float = FONT_SIZE
    dpi: float = DPI
    size: tuple[float, float] | None = None
