"""Results in the cell of a notebook: the main result, the best configurations, a picture; or the whole report."""

from __future__ import annotations

import base64
import html
import io
import itertools
from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from experiments.findings.headline import headline
from experiments.knobs.words import in_words, text_of
from experiments.store.store import Store
from experiments.tables.baselines import baseline_rows
from experiments.tables.statistics import best_configurations
from experiments.tables.tables import Tables
from experiments.tables.words import label, said, said_interval
from experiments.text import count

_PROBLEMS, _CONFIGURATIONS = 3, 5  # that are shown
_DPI, _CSS_DPI = 144, 96  # of the picture, sharp on fine screens; an inch of a page has 96 pixels
# Colours come from the notebook, so that everything is legible on light and on dark ground; the picture has its own.
_PICTURE = "max-width:100%;background:#fff;border-radius:4px"
_WORDS = "max-width:44em"
_LEFT = "text-align:left"


def cell(tables: Tables, manifest: Mapping[str, Any], picture: Figure | None = None) -> str:
    """What a notebook shows, as HTML."""
    parts = [f'<p style="{_WORDS}">{html.escape(text)}</p>' for text in headline(tables, manifest["findings"])]
    problem = tables.problem_columns
    ranked = best_configurations(tables.summary, problem).groupby(problem, sort=False)
    for _, table in itertools.islice(ranked, _PROBLEMS):
        parts.append("".join(_table(tables, table)))
    if ranked.ngroups > _PROBLEMS:
        parts.append(f"<p>{count(ranked.ngroups - _PROBLEMS, 'more problem')} in <code>.summary</code></p>")
    if picture is not None:
        parts.append(_image(picture))
    parts.append(f"<p>{html.escape(_end(tables, manifest))}</p>")
    return f"<div>{''.join(parts)}</div>"


def _table(tables: Tables, table: pd.DataFrame) -> Iterator[str]:
    metric, names = tables.metric, tables.design.configuration_columns
    axes = [name for name in names if table[name].nunique(dropna=False) > 1]
    common = {name: table[name].iloc[0] for name in names if name not in axes}
    verdict = "race" if "race" in table else "tied_with_best"
    heads = ["rank", *(axis.replace("_", " ") for axis in axes), f"test {label(metric)}", "95 % interval", "best?"]
    yield f'<table><caption style="{_LEFT}">{html.escape(in_words(common))}</caption>'
    yield f"<thead><tr>{''.join(f'<th>{html.escape(head)}</th>' for head in heads)}</tr></thead><tbody>"
    for place, (_, row) in enumerate(table.head(_CONFIGURATIONS).iterrows()):
        mean, low, high = (row[f"{of}_test_{metric}"] for of in ("mean", "ci_low", "ci_high"))
        rank = row[f"rank_test_{metric}"]
        is_tied = not pd.isna(row[verdict]) and bool(row[verdict])
        word = row["race"] if verdict == "race" else "tied" if is_tied else ""
        cells = [
            "-" if pd.isna(rank) else str(rank),
            *("" if pd.isna(row[axis]) else text_of(row[axis]) for axis in axes),
            "-" if pd.isna(mean) else said(metric, mean, False),
            "-" if pd.isna(low) else said_interval(metric, low, high),
            "best" if place == 0 and not pd.isna(rank) else word,
        ]
        yield f"<tr>{''.join(f'<td>{html.escape(text)}</td>' for text in cells)}</tr>"
    for name, value in baseline_rows(tables, table.iloc[0]):
        span = f'<td colspan="{1 + len(axes)}" style="{_LEFT}">{html.escape(name)}</td>'
        yield f"<tr>{span}<td>{said(metric, value, False)}</td><td></td><td></td></tr>"
    yield "</tbody></table>"
    if len(table) > _CONFIGURATIONS:
        more = count(len(table) - _CONFIGURATIONS, "more configuration")
        yield f"<p>{more} in <code>.summary</code></p>"


def _image(picture: Figure) -> str:
    content = io.BytesIO()
    picture.savefig(content, format="png", dpi=_DPI, metadata={"Software": None})
    text = base64.b64encode(content.getvalue()).decode()
    width = round(_CSS_DPI * picture.get_figwidth())
    return f'<img style="{_PICTURE}" width="{width}" alt="the best settings" src="data:image/png;base64,{text}">'


def _end(tables: Tables, manifest: Mapping[str, Any]) -> str:
    n = manifest["counts"]
    kinds = ", ".join(f"{n[of]:,} {of}" for of in ("computed", "reused", "diverged", "failed"))
    where = "not written to a folder" if isinstance(tables.store, Store) else f"in {tables.store.parent}"
    return f"{count(n['runs'], 'run')}: {kinds}; {where}"


class Frame:
    """A page in a frame of a notebook, which needs no server and no file."""

    def __init__(self, page: str, height: int) -> None:
        self.page, self.height = page, height

    def __repr__(self) -> str:
        return f"<report of {len(self.page) / 1e6:.1f} MB: a notebook shows it>"

    def _repr_html_(self) -> str:
        style = "width:100%;border:0;background:#fff"
        return (
            f'<iframe title="report" style="{style}" height="{self.height}" srcdoc="{html.escape(self.page)}"></iframe>'
        )
