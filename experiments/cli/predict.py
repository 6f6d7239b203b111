"""``python -m experiments.predict DIR FILE``: predict the rows of a file with the best networks of a sweep."""

from __future__ import annotations

import io
import sys
from collections.abc import Sequence

from experiments.cli.options import predict_parser
from experiments.cli.outputs import chosen_row, said_of
from experiments.console import BAD_INPUT, DONE, say, warn
from experiments.datasets.options import Reading
from experiments.files import replacing, sync
from experiments.models.ensemble import estimate, model_of
from experiments.results import read
from experiments.tables.csv_files import write_csv
from experiments.tables.words import label, said


def main(arguments: Sequence[str] | None = None) -> int:
    """Write predictions; returns 0, or 2 after printing a one-line error."""
    parser = predict_parser()
    options = parser.parse(arguments)
    try:
        results = read(options.folder)
        row = chosen_row(results, options.dataset)
        model = model_of(results, row, options.seed)
        predictions = model.predict(options.file, Reading())
        warn(said_of(model))
        found = estimate(results, model, row)
        if found is not None:
            value = said(found.metric, found.value, is_labelled=False)
            warn(f"{label(found.metric)} on unseen rows: {value} ({found.rows:,} of {found.every:,} rows)")
            warn(f"each of them predicted by the networks not trained on it, {found.networks:.1f} on average")
        for note in predictions.notes:
            warn(note)
        if options.out is None and sys.stdout.isatty():
            content = io.BytesIO()
            write_csv(predictions.table, content)
            for line in content.getvalue().decode().removesuffix("\n").split("\n"):
                say(line)
        elif options.out is None:
            sys.stdout.flush()
            write_csv(predictions.table, sys.stdout.buffer)
            sys.stdout.buffer.flush()
        else:
            with replacing(options.out) as file:
                write_csv(predictions.table, file)
                sync(file)
            say(str(options.out))
    except BrokenPipeError:  # | head
        return DONE
    except (OSError, ValueError, LookupError) as error:
        warn(f"{parser.program}: {error}")
        return BAD_INPUT
    return DONE
