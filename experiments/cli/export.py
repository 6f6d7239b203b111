"""``python -m experiments.export DIR --format onnx``: export the best networks of a sweep."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from experiments.cli.options import export_parser
from experiments.cli.outputs import chosen_row, said_of
from experiments.console import BAD_INPUT, DONE, say, warn
from experiments.files import replacing
from experiments.models import json_file, onnx_file
from experiments.models.ensemble import model_of
from experiments.models.model import Model
from experiments.results import read


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
    parser = export_parser()
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
    warn(said_of(model))
    say(str(path))
    return DONE
