"""What networks are given of a table, fitted on its training part."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.preprocessing import StandardScaler

from experiments.datasets.columns import make_table
from experiments.datasets.data import DataError
from experiments.datasets.encoding import Encoder, fit
from experiments.datasets.options import Reading
from experiments.datasets.partition import fixed
from experiments.datasets.reading import read_table
from experiments.datasets.scaling import Scaling, median
from tests.oracles import tables as oracle

INPUTS = Path(__file__).parent / "inputs"
FLOATS = st.floats(allow_nan=False, allow_infinity=False)
COLOURS = ["red", "green", "blue", "red"]


def table_of(frame: Any, **options: Any) -> Any:
    reading = Reading(**options)
    return make_table(read_table(frame, reading), reading)


def everything(table: Any) -> Any:
    return np.arange(table.rows)


@settings(deadline=None)
@given(st.lists(FLOATS, min_size=1, max_size=40), st.lists(FLOATS, max_size=10))
def test_numbers_are_standardized_as_before_bit_for_bit(train: Any, new: Any) -> None:
    scaling = Scaling.fit(np.array(train))
    expected = oracle.standardized(train, train + new)
    assert scaling.apply(np.array(train + new)).tolist() == expected


def test_standardizing_as_scikit_learn_does() -> None:
    values = np.random.RandomState(0).standard_normal((50, 1)) * 7 + 3
    scaling = Scaling.fit(values[:, 0])
    np.testing.assert_allclose(scaling.apply(values[:, 0]), StandardScaler().fit_transform(values)[:, 0], rtol=1e-12)
    np.testing.assert_allclose([scaling.mean, scaling.deviation], [values.mean(), values.std()], rtol=1e-14)


@settings(deadline=None)
@given(st.lists(st.floats(-1e9, 1e9), min_size=2, max_size=30))
def test_what_is_standardized_can_be_restored(values: Any) -> None:
    scaling = Scaling.fit(np.array(values))
    if scaling.deviation > 0:
        restored = scaling.restore(scaling.apply(np.array(values)))
        np.testing.assert_allclose(restored, values, rtol=1e-12, atol=1e-12 * max(map(abs, values)))


@settings(deadline=None)
@given(st.lists(FLOATS, min_size=1, max_size=30))
def test_the_median(values: Any) -> None:
    expected = sorted(values)
    low, high = expected[(len(values) - 1) // 2], expected[len(values) // 2]
    assert median(np.array(values)) == (low if low == high else low / 2 + high / 2)


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6)), min_size=8, max_size=30, unique=True),
    st.sampled_from([0.25, 0.4]),
)
def test_a_table_of_numbers_is_what_it_was_before(rows: Any, fraction: Any) -> None:
    """With two classes, without gaps, and with the fixed split."""
    labels = [i % 2 for i in range(len(rows))]
    frame = pd.DataFrame({"a": [a for a, _ in rows], "b": [b for _, b in rows], "y": labels})
    if frame.a.nunique() == 1 or frame.b.nunique() == 1:
        return  # constant columns are left out
    table = table_of(frame)
    train, test = fixed(table, fraction)
    encoder = fit(table, train)
    train_rows, test_rows = oracle.fixed_split(labels, fraction)
    for k, name in enumerate(c.name for c in table.columns):
        known = frame[name].astype(float).tolist()
        seen, new = [known[row] for row in train_rows], [known[row] for row in test_rows]
        assert encoder.transform(table, train)[k].tolist() == oracle.standardized(seen, seen)
        assert encoder.transform(table, test)[k].tolist() == oracle.standardized(seen, new)
    assert encoder.target(table, train).tolist() == [[labels[row] for row in train_rows]]
    assert encoder.target(table, test).dtype == np.float64


CELLS = st.lists(st.one_of(st.none(), st.floats(-1e6, 1e6)), min_size=8, max_size=30)


@settings(deadline=None)
@given(CELLS)
def test_gaps_are_filled_by_the_median_of_the_training_part(cells: Any) -> None:
    cells = [0.25, 1.5, 7.0, *cells]
    frame = pd.DataFrame({"a": pd.array(cells, dtype="Float64"), "y": [i % 2 for i in range(len(cells))]})
    table = table_of(frame)
    train, _ = fixed(table)
    seen = [cells[row] for row in train]
    if all(cell is None for cell in seen):
        return
    filled = oracle.filled(seen, cells)
    expected = oracle.standardized([filled[row] for row in train], filled)
    np.testing.assert_allclose(fit(table, train).transform(table)[0], expected, rtol=1e-15)


def test_only_the_training_part_counts() -> None:
    frame = pd.DataFrame({"a": [1.0, 2.0, 3.0, 4.0, 1e6, -1e6], "c": [*COLOURS, "black", "red"], "y": [0, 1] * 3})
    table = table_of(frame, keep="c")
    other = table_of(frame.assign(a=[1.0, 2.0, 3.0, 4.0, -7.0, 9.0]), keep="c")
    rows = np.arange(4)
    assert np.array_equal(fit(table, rows).transform(table, rows), fit(other, rows).transform(other, rows))
    X = fit(table, rows).transform(table)
    assert X[1:, 4].tolist() == [0.0] * (X.shape[0] - 1)  # black, which no training row has


def test_categories_gaps_and_booleans() -> None:
    frame = pd.DataFrame(
        {
            "c": ["red", None, "blue", "red"] * 4,
            "b": [True, False, True, True] * 4,
            "n": np.arange(16) / 8,
            "y": ["p", "q"] * 8,
        }
    )
    table = table_of(frame)
    encoder = fit(table, everything(table))
    assert encoder.feature_names == ("c=blue", "c=red", "c is missing", "b", "n")
    X = encoder.transform(table)
    assert X.flags.c_contiguous
    assert X[:4, :4].tolist() == [[0, 0, 1, 0], [1, 0, 0, 1], [0, 1, 0, 0], [1, 0, 1, 1]]


def test_columns_that_are_constant_in_the_training_part_are_zeros() -> None:
    frame = pd.DataFrame(
        {"a": [1, 1, 1, 1, 2, 3], "c": [*"uuuu", *"vv"], "b": [True] * 4 + [False] * 2, "n": np.arange(6) / 8}
    )
    table = table_of(frame.assign(y=[0, 1] * 3))
    encoder = fit(table, np.arange(4))
    X = encoder.transform(table)
    assert X[: len(encoder.feature_names) - 1].tolist() == [[0.0] * 6] * (len(encoder.feature_names) - 1)
    assert encoder.notes == ("constant in the training part, therefore set to 0: 'a', 'c', 'b'",)


def test_the_target_of_a_regression_is_standardized_and_converted_back() -> None:
    table = make_table(read_table(INPUTS / "regression.csv"))
    train, test = fixed(table)
    encoder = fit(table, train)
    Y = encoder.target(table, train)
    assert Y.shape == (1, train.size)
    assert Y[0].tolist() == oracle.standardized(table.target[train].tolist(), table.target[train].tolist())
    assert encoder.target_scaling is not None
    restored = encoder.target_scaling.restore(encoder.target(table, test)[0])
    np.testing.assert_allclose(restored, table.target[test], rtol=1e-13)
    np.testing.assert_allclose(encoder.target_scaling.mean, table.target[train].mean(), rtol=1e-13)
    np.testing.assert_allclose(encoder.target_scaling.deviation, table.target[train].std(), rtol=1e-13)


TABLES = [
    "text_column.csv", "missing_words.csv", "booleans.csv", "thousands_percent.csv", "semicolon_decimal_comma.csv",
    "regression.csv", "three_classes.csv", "no_header_text_first.csv",
]  # fmt: skip


@pytest.mark.parametrize("name", TABLES)
def test_an_encoder_is_plain_data_and_gives_the_same_bits_for_raw_rows(name: Any) -> None:
    table = make_table(read_table(INPUTS / name))
    encoder = fit(table, fixed(table)[0])
    again = Encoder.from_dict(json.loads(json.dumps(encoder.to_dict())))
    assert again == encoder
    X, _ = again.transform_frame(INPUTS / name)
    assert X.tobytes() == encoder.transform(table).tobytes()


def encoder_of(name: Any, **options: Any) -> Any:
    reading = Reading(**options)
    table = make_table(read_table(INPUTS / name, reading), reading)
    return fit(table, everything(table))


def refused(message: Any, encoder: Any, frame: Any) -> None:
    with pytest.raises(DataError) as caught:
        encoder.transform_frame(frame)
    assert str(caught.value) == message


def test_columns_of_new_rows_are_matched_by_name() -> None:
    encoder = encoder_of("text_column.csv")
    frame = pd.DataFrame({"colour": ["red", "green"], "depth": [1.5, 2.5], "width": [20.0, 30.0]})
    X, notes = encoder.transform_frame(frame)
    assert notes == ()
    assert X.tobytes() == encoder.transform_frame(frame[["width", "colour", "depth"]]).X.tobytes()
    more = encoder.transform_frame(frame.assign(height=1, ripe="yes"))
    assert (more.X.tobytes(), more.notes) == (X.tobytes(), ("unused columns: 'height'",))
    refused(
        "the table: expected the columns that the networks were trained on, found none named 'width': add or rename "
        "them "
        "(did you mean 'width_'?)",
        encoder,
        frame.rename(columns={"width": "width_"}),
    )


def test_new_categories_are_none_of_the_known_ones() -> None:
    encoder = encoder_of("text_column.csv")
    frame = pd.DataFrame({"colour": ["pink", "green", None], "depth": 1.5, "width": 20.0})
    X, notes = encoder.transform_frame(frame)
    assert X[2:].T.tolist() == [[0, 0, 0], [0, 1, 0], [0, 0, 0]]
    assert notes == (
        "column 'colour': values not seen in training, encoded as no category: 'pink'",
        "column 'colour': 1 missing value, not seen in training, encoded as no category",
    )


def test_gaps_of_new_rows_are_filled_by_the_training_part() -> None:
    encoder = encoder_of("separate_train.csv")
    X, notes = encoder.transform_frame(pd.DataFrame({"width": ["?", "unknown", "20"], "depth": [1.5, 1.5, 2]}))
    assert X[0, 0] == X[0, 1] == encoder.columns[0].scaling.apply(np.array([encoder.columns[0].fill]))[0]
    assert notes == ("missing values: 'width' 2: filled with values from the training part",)


def test_new_numbers_are_understood_as_in_the_training_file() -> None:
    percent = encoder_of("thousands_percent.csv")
    X, _ = percent.transform_frame(pd.DataFrame({"income": ["16,146", "17001"], "share": ["23.8%", "20.8 %"]}))
    expected = percent.transform_frame(INPUTS / "thousands_percent.csv").X[:, :2]
    assert X.tobytes() == expected.tobytes()
    refused(
        "the table: expected cells in the format of the training file, found 1 other cell: '0.238' in column 'share' "
        "(row 1), "
        "expected a number in % with a decimal point and no grouped thousands: correct them, or leave them blank",
        percent,
        pd.DataFrame({"income": [16146], "share": [0.238]}),
    )
    comma = encoder_of("semicolon_decimal_comma.csv")
    X, _ = comma.transform_frame(pd.DataFrame({"Länge": ["25,62"], "Breite": [1.2]}))  # a number is what it is
    assert X.tobytes() == comma.transform_frame(INPUTS / "semicolon_decimal_comma.csv").X[:, :1].copy().tobytes()
    refused(
        "the table: expected cells in the format of the training file, found 1 other cell: '25.62' in column 'Länge' "
        "(row 1), "
        "expected a number with a decimal comma and no grouped thousands: correct them, or leave them blank",
        comma,
        pd.DataFrame({"Länge": ["25.62"], "Breite": ["1,2"]}),
    )


def test_new_cells_that_cannot_be_read() -> None:
    encoder = encoder_of("booleans.csv")
    frame = pd.DataFrame({"a": ["17.9", "12 mm"], "is_wild": [True, False], "is_old": ["yes", "maybe"]})
    refused(
        "the table: expected cells in the format of the training file, found 2 other cells: '12 mm' in column 'a' "
        "(row 2), "
        "expected a number with a decimal point and no grouped thousands, 'maybe' in column 'is_old' (row 2), "
        "expected 'no' "
        "or 'yes': correct them, or leave them blank",
        encoder,
        frame,
    )


def test_texts_that_were_missing_in_the_training_file_are_missing_in_new_rows() -> None:
    encoder = encoder_of("numbers_with_text.csv", missing_values="12 mm")
    again = Encoder.from_dict(encoder.to_dict())
    X, _ = again.transform_frame(pd.DataFrame({"width": ["12 mm"], "depth": ["2.5"]}))
    assert X[0, 0] == encoder.columns[0].scaling.apply(np.array([encoder.columns[0].fill]))[0]


def test_a_file_of_one_column(tmp_path: Any) -> None:
    frame = pd.DataFrame({"a": [1.5, 2.5, 3.5, 7.0], "y": [0, 1, 0, 1]})
    encoder = fit(table_of(frame), np.arange(4))
    path = tmp_path / "new.csv"
    path.write_text("a\n1.5\n7\n")
    assert encoder.transform_frame(path).X.tobytes() == encoder.transform_frame(frame[["a"]].iloc[[0, 3]]).X.tobytes()


def test_far_away_numbers_stay_finite() -> None:
    encoder = encoder_of("separate_train.csv")
    X, _ = encoder.transform_frame(pd.DataFrame({"width": [1e308, -1e308], "depth": [1.0, 2.0]}))
    assert X[0].tolist() == [1e30, -1e30]


def test_the_bits_of_an_encoding() -> None:
    """The same on every machine, and in every version."""
    table = make_table(read_table(INPUTS / "missing_words.csv"))
    encoder = fit(table, fixed(table)[0])
    assert [value.hex() for value in encoder.transform(table)[:, 3].tolist()] == [
        "0x1.b768ad72dcec7p-1",
        "-0x1.0df91553382bep-5",
    ]
