"""What each column of a table becomes, and what is to be predicted."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from experiments.datasets.columns import make_table
from experiments.datasets.data import DataError
from experiments.datasets.options import Reading
from experiments.datasets.reading import read_table

ROWS = 24
FRACTIONS = [f"{(i * 7 % 24) / 4 + 0.125}" for i in range(ROWS)]
LABELS = ["no", "yes"] * (ROWS // 2)


@pytest.fixture
def make(tmp_path: Any) -> Any:
    """A table of the columns, of a column "n" of numbers, and of the labels "y"; with the options."""

    def make(labels: Any = LABELS, separator: Any = ",", columns: Any = None, **options: Any) -> Any:
        every = {"n": FRACTIONS, **(columns or {}), "y": labels}
        lines = [separator.join(f'"{name}"' for name in every)]
        lines += [separator.join(f'"{cell}"' for cell in row) for row in zip(*every.values(), strict=True)]
        path = tmp_path / "t.csv"
        path.write_text("\n".join(lines), encoding="utf-8")
        reading = Reading(**options)
        return make_table(read_table(path, reading), reading, name="t.csv")

    return make


def repeated(*texts: Any) -> Any:
    return [texts[i * 7 % len(texts)] for i in range(ROWS)]


def column(table: Any, name: Any = "c") -> Any:
    return next((column for column in table.columns if column.name == name), None)


def said(table: Any, text: Any) -> Any:
    return any(text in note for note in table.notes)


def test_booleans_of_the_same_words_are_one_line(make: Any) -> None:
    votes = {f"vote {k}": repeated("y", "n") for k in range(12)}
    table = make(columns={**votes, "smokes": repeated("Yes", "no")})
    (some, other) = (note for note in table.notes if note.startswith("true or false: "))
    listed = ", ".join(f"'vote {k}'" for k in range(10))
    assert some == f"true or false: {listed}, ...: 'n' is 0, 'y' is 1"
    assert other == "true or false: 'smokes': 'no' is 0, 'yes' is 1"


KINDS = {
    "text": (repeated("red", "green", "blue"), "category"),
    "zip codes": (repeated("01234", "02345", "10115"), "category"),
    "zip codes that differ": ([f"0{1000 + i * 37}" for i in range(ROWS)], "text with nearly as many values as rows"),
    "true and false": (repeated("True", "false", "TRUE", "False", "true"), "boolean"),
    "yes and no in German": (repeated("ja", "Nein", "nein"), "boolean"),
    "yes and no with gaps": (repeated("yes", "no", ""), "category"),
    "two texts": (repeated("m", "f"), "category"),
    "0 and 1": (repeated("0", "1", "1"), "number"),
    "integers": ([str(i * i % 23) for i in range(ROWS)], "number"),
    "scientific": ([f"{i * 1.7:.3e}" for i in range(ROWS)], "number"),
    "signs": ([f"{i - 5.5:+}" for i in range(ROWS)], "number"),
    "minus signs": ([f"{i - 5.5:+}".replace("-", "\u2212") for i in range(ROWS)], "number"),
    "dollars": ([f"${1000 + i * 37:,}.50" for i in range(ROWS)], "number"),
    "euros": ([f"{i * 37}.50 €" for i in range(ROWS)], "number"),
    "units": ([f"{i * 1.5} mm" for i in range(ROWS)], "number"),
    "apostrophes": ([f"{1000 + i * 371:,}.5".replace(",", "'") for i in range(ROWS)], "number"),
    "parentheses": ([f"({i}.5)" if i % 2 else f"{i}.5" for i in range(ROWS)], "number"),
    "gaps in words": (["unknown" if i % 5 == 0 else str(i + 0.5) for i in range(ROWS)], "number"),
    "a category called none": (repeated("none", "beer", "wine"), "category"),
    "a few integers and a text": (repeated("0", "1", "2", "3+"), "category"),
    "days": ([f"2024-03-{i + 1:02}" for i in range(ROWS)], "dates or times"),
    "days with points": ([f"{i + 1:02}.03.2024" for i in range(ROWS)], "dates or times"),
    "American days": ([f"3/{i + 1}/24" for i in range(ROWS)], "dates or times"),
    "days in words": ([f"Mar {i + 1}, 2024" for i in range(ROWS)], "dates or times"),
    "times": ([f"2024-03-01T{i:02}:30:00Z" for i in range(ROWS)], "dates or times"),
    "codes like dates": (repeated("10abc20", "12abc24", "1234-56"), "category"),
    "months": ([f"2024-{i % 12 + 1:02}" for i in range(ROWS)], "dates or times"),
    "days of SAS": ([f"{i + 1:02}JAN2024" for i in range(ROWS)], "dates or times"),
    "hours": ([f"{i:02}:30" for i in range(ROWS)], "dates or times"),
    "names": ([f"sample {i * 7919 % 997}" for i in range(ROWS)], "text with nearly as many values as rows"),
    "constant text": (["mm"] * ROWS, "constant"),
    "constant number": (["4", "4.0"] * (ROWS // 2), "constant"),
    "nothing": ([""] * ROWS, "no values"),
    "gaps only": (repeated("NA", "?", ""), "no values"),
    "counted from 0": ([str(i) for i in range(ROWS)], "row numbers"),
    "counted from 1": ([str(i + 1) for i in range(ROWS)], "row numbers"),
    "counted from 2": ([str(i + 2) for i in range(ROWS)], "number"),
}


@pytest.mark.parametrize("kind", KINDS)
def test_what_a_column_becomes(make: Any, kind: Any) -> None:
    cells, expected = KINDS[kind]
    table = make(columns={"c": cells})
    if expected in ("number", "boolean", "category"):
        assert column(table).kind == expected
    else:
        assert column(table) is None
        assert said(table, f"left out: 'c': {expected}")


def test_more_than_30_categories(make: Any, tmp_path: Any) -> None:
    path = tmp_path / "t.csv"
    for categories, is_kept in ((30, True), (31, False)):
        path.write_text("a,c,y\n" + "".join(f"{i % 7}.5,k{i % categories},{i % 2}\n" for i in range(200)))
        table = make_table(read_table(path))
        assert (column(table) is not None) == is_kept
    assert said(table, "left out: 'c': text with more than 30 different values (override with --keep)")
    assert len(column(make_table(read_table(path), Reading(keep=("c",)))).categories) == 31


@pytest.mark.parametrize("name", ["id", "ID", "index", "customer_id", "PassengerId", "Unnamed: 0", "row id"])
def test_unique_columns_with_the_name_of_an_identifier(make: Any, name: Any) -> None:
    table = make(columns={name: [str(i * 7 + 100) for i in range(ROWS)]})
    assert column(table, name) is None
    assert said(table, f"left out: {name!r}: identifiers, different in every row (override with --keep)")
    assert column(make(columns={name: [str(i * 7 % 50 + 1) for i in range(ROWS)]}, keep=name), name).kind == "number"
    assert column(make(columns={name: repeated("7", "8", "9")}), name).kind == "number"


@pytest.mark.parametrize("name", ["acid", "solid", "grid", "candid"])
def test_names_that_end_like_that_of_an_identifier(make: Any, name: Any) -> None:
    assert column(make(columns={name: [str(i * 7 + 100) for i in range(ROWS)]}), name).kind == "number"


VALUES = {
    "dollars": [1000.5 + i * 37 for i in range(ROWS)],
    "euros": [i * 37 + 0.5 for i in range(ROWS)],
    "units": [i * 1.5 for i in range(ROWS)],
    "apostrophes": [1000.5 + i * 371 for i in range(ROWS)],
    "parentheses": [-(i + 0.5) if i % 2 else i + 0.5 for i in range(ROWS)],
    "minus signs": [i - 5.5 for i in range(ROWS)],
}


@pytest.mark.parametrize("kind", VALUES)
def test_numbers_with_more_than_digits(make: Any, kind: Any) -> None:
    assert column(make(columns={"c": KINDS[kind][0]})).values.tolist() == VALUES[kind]


def test_units_that_differ_are_slips(make: Any) -> None:
    cells = [f"{i * 1.5} mm" for i in range(ROWS - 1)] + ["1.2 cm"]
    with pytest.raises(DataError, match=r"found other text in 1 cell: column 'c': '1\.2 cm' \(line 25\): correct"):
        make(columns={"c": cells})


def test_a_decimal_comma_elsewhere_decides_what_a_point_is(make: Any) -> None:
    cells = [f"{i + 1}.{i * 37:03}" for i in range(ROWS)]
    commas = [cell.replace(".", ",") for cell in FRACTIONS]
    table = make(separator=";", columns={"c": cells, "d": commas, "n": commas})
    assert column(table).values.tolist() == [float(cell.replace(".", "")) for cell in cells]
    assert said(table, "decimal mark: comma in 'n', 'd' (override with --decimal)")
    assert said(table, "thousands are grouped in 'c' ('1.000' is 1000)")


def test_a_point_that_may_be_either_is_refused_among_semicolons_and_else_said(make: Any) -> None:
    cells = [f"{i + 1}.{i * 37:03}" for i in range(ROWS)]
    integers = [str(i * i) for i in range(ROWS)]
    with pytest.raises(DataError, match=r"column 'c' has '1\.000': choose one with --decimal \. or --decimal ,$"):
        make(separator=";", columns={"c": cells, "n": integers})
    table = make(columns={"c": cells, "n": integers})
    assert column(table).values.tolist() == [float(cell) for cell in cells]
    assert said(table, "decimal mark: assumed to be a point in 'c' ('1.000') (override with --decimal)")


def test_missing_values_as_numbers(make: Any) -> None:
    cells = ["-999" if i % 6 == 0 else f"{i}.25" for i in range(ROWS)]
    table = make(columns={"c": cells}, missing_values="-999.0")
    assert np.isnan(column(table).values).sum() == 4
    assert said(table, "missing values: 'c' 4: the median of the training part")


def test_a_number_that_may_stand_for_a_gap_is_warned_of(make: Any) -> None:
    cells = ["-999" if i % 6 == 0 else f"{i}.25" for i in range(ROWS)]
    table = make(columns={"c": cells})
    assert np.isnan(column(table).values).sum() == 0
    assert said(
        table,
        "warning: 'c' is -999 in 4 rows and otherwise never negative: if this means a missing value, use "
        "--missing-values",
    )
    assert not said(make(columns={"c": ["-999", *(f"{i - 9}.25" for i in range(1, ROWS))]}), "warning")


def test_gaps_of_texts(make: Any) -> None:
    table = make(columns={"c": repeated("red", "green", "NA")})
    assert (column(table).values < 0).sum() == 8
    assert column(table).categories == ("green", "red")
    assert said(table, "missing values: 'c' 8: a category of their own")


LABELLED = {
    "1 and 2": (repeated("1", "2"), ("1", "2")),
    "-1 and 1": (repeated("1", "-1"), ("-1", "1")),
    "True and False": (repeated("True", "False"), ("False", "True")),
    "0 and 1": (repeated("1", "0.0"), ("0", "1")),
    "2 and 10": (repeated("10", "2"), ("2", "10")),
    "1 and 1.0": (repeated("1", "1.0", "2"), ("1", "2")),
    "text by code point": (repeated("no", "Yes"), ("Yes", "no")),
    "text in cases": (repeated("no", "Yes", "yes", "YES", "yes"), ("no", "yes")),
    "three": (repeated("c", "a", "b"), ("a", "b", "c")),
    "two fractions": (repeated("0.5", "1.5"), ("0.5", "1.5")),
    "Unicode": (repeated("нет", "да"), ("да", "нет")),
    "long integers": (repeated("12345678901234567890", "12345678901234567891"),
                      ("12345678901234567890", "12345678901234567891")),
}  # fmt: skip


@pytest.mark.parametrize("kind", LABELLED)
def test_labels(make: Any, kind: Any) -> None:
    labels, names = LABELLED[kind]
    table = make(labels=labels)
    assert table.class_names == names
    assert table.task == ("binary" if len(names) == 2 else "multiclass")
    spelled = [table.class_names[code] for code in table.target]
    if kind not in ("0 and 1", "1 and 1.0", "text in cases"):
        assert spelled == labels


@pytest.mark.parametrize(
    ("labels", "task", "note"),
    [
        ([str(i % 12) for i in range(ROWS)], "multiclass", "because 'y' has 12 different integers"),
        ([str(i * 3) for i in range(ROWS)], "regression", "because 'y' has 24 different numbers"),
        ([str(i % 3 + 0.5) for i in range(ROWS)], "regression", "because 'y' has fractions"),
        ([f"{i}.0" for i in range(12)] * 2, "multiclass", "because 'y' has 12 different integers"),
        ([str(i) for i in range(ROWS)], "regression", "because 'y' has 24 different numbers"),
        (["unknown", *(f"{i}.5" for i in range(1, ROWS))], "regression", "1 row without a label in 'y' left out"),
    ],
)
def test_the_task(make: Any, labels: Any, task: Any, note: Any) -> None:
    table = make(labels=labels)
    assert table.task == task
    assert said(table, note)


def test_the_target_and_columns_to_drop(make: Any) -> None:
    colours = repeated("red", "green", "blue")
    table = make(columns={"c": colours, "d": repeated("1.5", "2.5", "7")}, target="c", drop=("d",))
    assert (table.target_name, table.class_names) == ("c", ("blue", "green", "red"))
    assert [column.name for column in table.columns] == ["n", "y"]
    assert said(table, "left out: 'd': named with --drop")
    assert said(make(), "target: 'y', the last column (override with --target)")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"labels": ["1"] * ROWS}, (", column 'y': expected at least two classes, found only '1' in all 24 rows: "
        "add rows of "
         "another class, or choose another column with --target")),
        ({"labels": [""] * ROWS}, ": expected at least 4 rows with a label, found 0: add rows"),
        ({"labels": [f"name {i}" for i in range(ROWS)]}, (", column 'y': expected at least two rows per class, found "
        "24 classes in "
         "24 rows: choose another column with --target, or use --task regression for numbers")),
        ({"labels": ["a", *"b" * (ROWS - 1)]}, (", column 'y': expected at least 2 rows of each class, one to "
        "train on and one "
         "to test on, found 1 of 'a': add rows of that class")),
        ({"target": "x"}, ": expected a column named 'x', found 'n', 'y': choose one of these with --target"),
        ({"keep": "N"}, (": expected a column named 'N', found 'n', 'y': choose one of these with --keep (did you "
        "mean 'n'?)")),
        ({"drop": "y"}, (": expected a column other than the target with --drop, got 'y': choose the target with "
        "--target")),
        ({"drop": "n"}, (": expected columns to predict 'y' from, found none that can be used: add one, or keep "
         "one with --keep")),
        ({"positive": "maybe"}, (", column 'y': expected the label 'maybe' in at least one row, found 'no', 'yes': "
         "choose one of these with --positive")),
        ({"positive": ("yes", "no")}, (", column 'y': expected at least one label that is not positive, got all of "
         "them with --positive: remove one")),
        ({"task": "regression"}, (", column 'y': expected numbers for --task regression, found text such as 'no': "
         "choose --task classification, or choose another column with --target")),
        ({"task": "regression", "labels": ["3"] * ROWS}, (", column 'y': expected a target with different values, "
         "found 3 in every row: "
         "choose another column with --target")),
    ],
)  # fmt: skip
def test_what_is_refused(make: Any, tmp_path: Any, arguments: Any, message: Any) -> None:
    with pytest.raises(DataError) as caught:
        make(**arguments)
    assert str(caught.value) == f"{str(tmp_path / 't.csv')!r}{message}"


def test_positive_and_regression(make: Any) -> None:
    with pytest.raises(DataError, match=r"^--positive, --task: expected classification with --positive, got 'yes' and"):
        make(positive="yes", task="regression")


def test_labels_of_the_test_file_only(tmp_path: Any) -> None:
    train, test = tmp_path / "a.csv", tmp_path / "b.csv"
    train.write_text("n,y\n1.5,a\n2.5,b\n3.5,a\n4.5,b\n")
    test.write_text("n,y\n1.5,a\n2.5,c\n")
    with pytest.raises(
        DataError,
        match=r"expected every label of the test file to occur in the training file, found 'c' only in the test",
    ):
        make_table(read_table(train), None, read_table(test))
    test.write_text("m,y\n1.5,a\n2.5,b\n")
    with pytest.raises(DataError, match=r"expected the columns of .*, found none named 'n': add them$"):
        make_table(read_table(train), None, read_table(test))


def test_test_rows_that_are_training_rows_are_said(tmp_path: Any) -> None:
    train, test = tmp_path / "a.csv", tmp_path / "b.csv"
    train.write_text("n,y\n1.5,a\n2.5,b\n3.5,a\n4.5,b\n")
    test.write_text("n,y\n1.5,a\n7.5,b\n")
    table = make_table(read_table(train), None, read_table(test))
    assert said(table, "1 of them are test rows with the inputs of a training row")


CELL = st.sampled_from(["a", "b", "1", "2.5", "", "NA", "x y", "é"])


@settings(deadline=None)
@given(st.lists(st.tuples(CELL, CELL), min_size=1, max_size=20))
def test_any_cells_give_a_table_or_one_line(rows: Any) -> None:
    frame = pd.DataFrame({"p": [a for a, _ in rows], "q": [b for _, b in rows], "y": [i % 2 for i in range(len(rows))]})
    try:
        table = make_table(read_table(frame))
    except DataError as error:
        message = str(error)
        assert "\n" not in message
        return
    assert table.rows == len(rows)
    assert all(c.values.shape == (table.rows,) for c in table.columns)


def test_a_frame_and_its_file_are_the_same_table(tmp_path: Any) -> None:
    frame = pd.DataFrame({"n": list(map(float, FRACTIONS)), "c": repeated("r", "g", "b"), "y": LABELS})
    frame.to_csv(tmp_path / "t.csv", index=False)
    assert make_table(read_table(frame)).fingerprint == make_table(read_table(tmp_path / "t.csv")).fingerprint


def test_the_fingerprint_is_of_all_that_matters(make: Any) -> None:
    base = make(columns={"c": repeated("r", "g", "b")})
    others = [
        make(columns={"c": repeated("r", "g", "d")}),
        make(columns={"d": repeated("r", "g", "b")}),
        make(columns={"c": repeated("g", "r", "b")}),
        make(columns={"c": repeated("r", "g", "b")}, labels=LABELS[::-1]),
        make(columns={"c": repeated("r", "g", "b")}, labels=repeated("no", "yea")),
        make(columns={"c": repeated("r", "g", "b")}, group="c"),
        make(),
    ]
    prints = [table.fingerprint for table in (base, *others)]
    assert len(set(prints)) == len(prints)
    assert make(columns={"c": repeated("r", "g", "b")}, missing_values="zzz").fingerprint == base.fingerprint


def test_the_fingerprint_does_not_depend_on_the_platform(make: Any) -> None:
    table = make(columns={"c": repeated("r", "g", ""), "d": [FRACTIONS[0], "", *FRACTIONS[2:]]})
    assert table.fingerprint == "0ac3494a2f7e7a30ff92b3ca81c4dba03c2d001ba0d20e5bd68969b825c50092"


def test_a_slip_of_several_lines_is_shown_on_one(make: Any) -> None:
    with pytest.raises(DataError) as caught:
        make(columns={"c": ["1\n2", *FRACTIONS[1:]]})
    assert "\n" not in str(caught.value)
    assert r"'1\n2' (line 2)" in str(caught.value)
