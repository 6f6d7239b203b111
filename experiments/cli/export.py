"""``python -m experiments.export DIR --format onnx``: export the best networks of a sweep."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from experiments.cli.outputs import chosen_row, configuration_options
from experiments.console import BAD_INPUT, DONE, Parser, say, warn
from experiments.files import replacing
from experiments.knobs.words import in_words
from experiments.models import json_file, onnx_file
from experiments.models.ensemble import model_of
from experiments.models.model import Model
from experiments.results import read
from experiments.text import count


def _joblib(model: Model) -> bytes:
    from experiments.models import pipeline  # scikit-learn: 0.8 s

    return pipeline.content(model)


FORMATS: Mapping[str, Callable[[Model], bytes]] = {
    "onnx": onnx_file.content,
    "joblib": _joblib,
    "json": json_file.content,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Write a model file; returns 0, or 2 after printing a one-line error."""
    parser = Parser(
        prog="python -m experiments.export",
        description="Export the networks of the best configuration of a sweep over a table, together with the "
        "preprocessing"
        " of new rows, to one file. docs/predictions.md describes the formats.",
        epilog="onnx requires an extra (pip install '.[onnx]'). Loading a joblib file runs the code in it: load only"
        " files that you trust. Exit status: 0 success, 2 invalid arguments or data.",
    )
    configuration_options(parser)
    parser.add_argument(
        "--format", required=True, choices=list(FORMATS), help="onnx, joblib (a scikit-learn pipeline) or json"
    )
    parser.add_argument("--out", metavar="FILE", type=Path, help="output file (default: model.FORMAT in DIR)")
    options = parser.parse(arguments)
    try:
        results = read(options.folder)
        model = model_of(results, chosen_row(results, options.dataset), options.seed)
        content = FORMATS[options.format](model)
        path = options.out or Path(options.folder) / f"model.{options.format}"
        with replacing(path) as file:
            file.write(content)
    except (OSError, ValueError, LookupError) as error:
        warn(f"{parser.program}: {error}")
        return BAD_INPUT
    warn(f"{in_words(model.configuration)}: {count(len(model.members), 'network')}")
    say(str(path))
    return DONE
