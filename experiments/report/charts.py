"""The charts of the report, as Vega-Lite specifications without data: the page fills them in.

Texts that begin with a dollar sign are placeholders filled by the page, such as the name of the chosen axis or a number
format; names from files are never part of a specification. Colours and fonts also come from the page, which has a light
and a dark theme.
"""

from __future__ import annotations

from typing import Any

import altair as alt

Layers = alt.LayerChart | alt.FacetChart  # only for type checking
KINDS = ("each seed", "median", "chosen seed", "trained here")  # kinds of curves, in the order of their colours


def specifications(larger_is_better: bool = True, is_sample: bool = False) -> dict[str, Any]:
    """The specification of each chart of the page, by name.

    Given whether larger metric values are better, and whether the configurations are a sample: a heat map of them would
    be nearly empty.
    """
    charts = {
        "heat": scatter(larger_is_better) if is_sample else heat_map(larger_is_better),
        "cost": _curves("cost", "$cost"),
        "accuracy": _curves("accuracy", "$measure", alt.Axis(labelExpr="$tick")),
        "seeds": _seeds(),
    }
    return {name: chart.to_dict() for name, chart in charts.items()}


def heat_map(larger_is_better: bool = True) -> Layers:
    """The mean of the metric over two axes; lighter is better.

    Data ``cells``: x, y, id, mean (or null), shade (the mean, clipped to the shown range), its number and text with
    unit, tied, words. The first value of y is at the bottom, as in the plots.
    """
    # In the order of the data, which the page sorts by the axes; y grows upwards.
    x = alt.X("x:O", sort=None, title="$x", axis=alt.Axis(labelAngle=0, labelOverlap="greedy", labelLimit=90))
    rising = alt.Scale(reverse=True)
    y = alt.Y("y:O", sort=None, scale=rising, title="$y", axis=alt.Axis(labelOverlap="greedy", labelLimit=110))
    base = alt.Chart(alt.Data(name="cells")).encode(x=x, y=y)
    known = base.transform_filter("isValid(datum.mean)")
    colour, tooltip = _shade(larger_is_better), _about()
    # At this luminance black and white text have the same contrast, 4.6 to 1.
    ink = alt.condition("luminance(scale('color', datum.shade)) > 0.18", alt.value("#000"), alt.value("#fff"))
    return (
        alt.layer(
            base.mark_rect(color="#8884"),
            known.mark_rect(cursor="pointer").encode(color=colour, tooltip=tooltip),
            known.transform_filter("!crowded")
            .transform_calculate(shown="datum.number + (datum.tied === 'yes' ? '*' : '')")
            .mark_text(fontSize=11, cursor="pointer")
            .encode(text="shown:N", color=ink, tooltip=tooltip),
            # A black frame inside a white one is visible on every shade.
            *(
                known.transform_filter("datum.id === selected").mark_rect(
                    filled=False, stroke=stroke, strokeWidth=width, cursor="pointer"
                )
                for stroke, width in (("#fff", 6), ("#000", 3))
            ),
        )
        .add_params(*_signals())
        .properties(width="container")
    )


def scatter(larger_is_better: bool = True) -> Layers:
    """A point for each configuration of a sample, placed by the order of its values; lighter is better.

    Data as of ``heat_map``, and the orders x_code and y_code.
    """
    x = alt.X(
        "x:O",
        sort=alt.EncodingSortField("x_code", op="min"),
        title="$x",
        axis=alt.Axis(labelAngle=0, labelOverlap="greedy", labelSeparation=12, labelLimit=90, ticks=False),
    )
    y = alt.Y(
        "y:O",
        sort=alt.EncodingSortField("y_code", op="min", order="descending"),
        title="$y",
        axis=alt.Axis(labelOverlap="greedy", labelSeparation=12, labelLimit=110, ticks=False),
    )
    known = alt.Chart(alt.Data(name="cells")).transform_filter("isValid(datum.mean)").encode(x=x, y=y, tooltip=_about())
    selected = known.transform_filter("datum.id === selected")
    return (
        alt.layer(
            known.mark_circle(size=90, opacity=1, cursor="pointer").encode(color=_shade(larger_is_better)),
            *(
                selected.mark_point(filled=False, size=size, stroke=stroke, strokeWidth=2, cursor="pointer")
                for stroke, size in (("#fff", 230), ("#000", 160))
            ),
        )
        .add_params(*_signals())
        .properties(width="container")
    )


def _shade(larger_is_better: bool) -> alt.Color:
    return alt.Color(
        "shade:Q",
        title="$mean",
        scale=alt.Scale(scheme="cividis", zero=False, nice=False, reverse=not larger_is_better),
        legend=alt.Legend(labelExpr="$legend", orient="top", gradientLength=180, titleLimit=240),
    )


def _about() -> list[alt.Tooltip]:
    return [
        alt.Tooltip("words:N", title="configuration"),
        alt.Tooltip("text:N", title="$mean-of"),
        alt.Tooltip("tied:N", title="tied with the best"),
    ]


def _signals() -> list[alt.Parameter]:
    return [alt.param(name="selected", value=-1), alt.param(name="crowded", value=False)]


def _curves(field: str, title: str, axis: alt.Axis | None = None) -> Layers:
    """A number against the iteration. Data ``curves`` and ``here``: iteration, the number, run, kind."""
    base = alt.Chart().encode(
        x=alt.X("iteration:Q", title="iteration", axis=alt.Axis(tickCount=5)),
        y=alt.Y(f"{field}:Q", title=title, scale=alt.Scale(zero=False), axis=axis or alt.Axis()),
        color=alt.Color(
            "kind:N",
            title=None,
            scale=alt.Scale(domain=list(KINDS)),
            legend=alt.Legend(orient="top", columns=2, symbolType="stroke", symbolStrokeWidth=3, symbolOpacity=1),
        ),
        detail="run:N",
    )
    thin, median, chosen, _ = (base.transform_filter(f"datum.kind === '{kind}'") for kind in KINDS)
    return alt.layer(
        thin.mark_line(strokeWidth=1, opacity=0.6),
        chosen.mark_line(strokeWidth=2, strokeDash=[5, 3]),
        median.mark_line(strokeWidth=3),
        base.mark_line(strokeWidth=2.5).properties(data=alt.Data(name="here")),
        data=alt.Data(name="curves"),
    ).properties(width="container", height=210)


def _seeds() -> Layers:
    """The metric of every seed as a stack of dots.

    Data ``seeds``: test, its text, at (test, clipped to the range), seed (and fold, as text), run; ``mean``: mean, low,
    high.
    """
    about = "$test"
    x = alt.X(
        "at:Q", title=about, axis=alt.Axis(labelExpr="$tick", tickCount=5), scale=alt.Scale(zero=False, padding=10)
    )
    y = alt.Y("row:Q", axis=None, scale=alt.Scale(zero=True, padding=8))
    dots = (
        alt.Chart(alt.Data(name="seeds"))
        .transform_bin("bin", "at", bin=alt.Bin(maxbins=40))
        .transform_window(row="row_number()", groupby=["bin"], sort=[alt.SortField("at")])
        .mark_circle(size=90, opacity=1, cursor="pointer")
        .encode(
            x=x,
            y=y,
            color=alt.condition("datum.run === chosen", alt.value("#d55e00"), alt.value("#7a7a7a")),
            tooltip=[alt.Tooltip("seed:N"), alt.Tooltip("text:N", title="$test-of")],
        )
    )
    mean = alt.Chart(alt.Data(name="mean"))
    band = mean.mark_rect(opacity=0.25, color="#0072b2").encode(x=alt.X("low:Q", title=about), x2="high:Q")
    rule = mean.mark_rule(strokeWidth=2, color="#0072b2").encode(x="mean:Q")
    return (
        alt.layer(band, rule, dots)
        .add_params(alt.param(name="chosen", value=-1))
        .properties(width="container", height=110)
    )
