"""CSV files from end to end: what is accepted gives the very numbers that were written, what is refused says why."""

from __future__ import annotations

import csv
import locale
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from experiments.datasets.columns import make_table
from experiments.datasets.data import DataError
from experiments.datasets.options import Reading
from experiments.datasets.reading import read_table
from experiments.datasets.table import Table

GOOD = "x1,x2,label\n1,2.5,no\n-3,1e-3,yes\n0.5,7,no\n.25,+8.,yes\n"
LAST = "target: 'y', the last column (override with --target)"


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # so that whole messages, path included, can be asserted


def write(content: str | bytes, name: str = "d.csv") -> str:
    Path(name).write_bytes(content.encode() if isinstance(content, str) else content)
    return name


def read(path: str, **options: Any) -> Table:
    reading = Reading(**options)
    return make_table(read_table(path, reading), reading, None, path)


def refusal(path: str, **options: Any) -> str:
    with pytest.raises(DataError) as caught:
        read(path, **options)
    message = str(caught.value)
    assert len(message.splitlines()) == 1
    return message


def numbers(table: Table) -> list[list[float]]:
    """The rows of the inputs."""
    return [list(row) for row in zip(*(column.values.tolist() for column in table.columns), strict=True)]


def names(table: Table) -> tuple[str, ...]:
    return tuple(column.name for column in table.columns)


# --- accepted ---------------------------------------------------------------------------------------------


def test_a_good_file() -> None:
    table = read(write(GOOD))
    assert numbers(table) == [[1.0, 2.5], [-3.0, 0.001], [0.5, 7.0], [0.25, 8.0]]
    assert {column.values.dtype for column in table.columns} == {np.dtype(np.float64)}
    assert table.target.tolist() == [0, 1, 0, 1]
    assert table.target.dtype == np.int64
    assert names(table) == ("x1", "x2")
    assert (table.task, table.class_names, table.target_name) == ("binary", ("no", "yes"), "label")
    assert table.lines == (2, 3, 4, 5)
    assert table.notes == (
        "target: 'label', the last column (override with --target)",
        "labels: 'no' -> 0, 'yes' -> 1",
    )


@pytest.mark.parametrize(
    "content",
    [
        GOOD.replace("\n", "\r\n"),
        GOOD.replace("\n", "\r"),
        GOOD.rstrip("\n"),
        GOOD + "\n\r\n",
        "\n\n" + GOOD.replace("\n", "\n\n"),
        GOOD.replace(",", " , "),
        GOOD.replace("2.5", '"2.5"').replace("x2", '"x2"').replace("yes", '"yes"'),
        b"\xef\xbb\xbf" + GOOD.encode(),
    ],
    ids=["crlf", "cr", "no last newline", "empty lines at the end", "empty lines", "spaces", "quotes", "mark"],
)
def test_other_spellings_of_the_same_file(content: str | bytes) -> None:
    reference = read(write(GOOD, "reference.csv"))
    table = read(write(content))
    assert table.fingerprint == reference.fingerprint
    assert table.notes == reference.notes


def test_the_target_may_be_any_column() -> None:
    write("a,b,c\n1,2,3\n0,5,6\n1,8,9\n0,11,12\n")
    for target in ("a", " a "):
        table = read("d.csv", target=target)
        assert names(table) == ("b", "c")
        assert numbers(table) == [[2.0, 3.0], [5.0, 6.0], [8.0, 9.0], [11.0, 12.0]]
        assert table.target.tolist() == [1, 0, 1, 0]
        assert table.notes == ()


def with_labels(labels: list[str]) -> str:
    return write("x,y\n" + "".join(f"{row / 4},{label}\n" for row, label in enumerate(labels)))


@pytest.mark.parametrize(
    ("labels", "classes", "called", "notes"),
    [
        (["0", "1", "1", "0"], [0, 1, 1, 0], ("0", "1"), ()),
        (["1.0", "0", "+1", "-0.0"], [1, 0, 1, 0], ("0", "1"), ()),
        (["10", "9", "9", "10"], [1, 0, 0, 1], ("9", "10"), None),
        (["1", "-1", "-1.0", "1e0"], [1, 0, 0, 1], ("-1", "1"), None),
        (["0", "yes", "0", "yes"], [0, 1, 0, 1], ("0", "yes"), None),
        (["é", "z", "z", "é"], [1, 0, 0, 1], ("z", "é"), None),
        (["1_0", "9", "9", "1_0"], [0, 1, 1, 0], ("1_0", "9"), None),
        (["True", "False", "False", "True"], [1, 0, 0, 1], ("False", "True"), None),
        # As floats these two would be one and the same.
        (["9007199254740993", "9007199254740992"] * 2, [1, 0] * 2, ("9007199254740992", "9007199254740993"), None),
        (["inf", "0", "inf", "0"], [1, 0, 1, 0], ("0", "inf"), None),
        (["sNaN", "0", "0", "sNaN"], [1, 0, 0, 1], ("0", "sNaN"), None),
        (["1e99999999999999999999", "a"] * 2, [0, 1] * 2, ("1e99999999999999999999", "a"), None),
    ],
)
def test_two_labels(
    labels: list[str], classes: list[int], called: tuple[str, str], notes: tuple[str, ...] | None
) -> None:
    table = read(with_labels(labels))
    assert table.task == "binary"
    assert table.target.tolist() == classes
    assert table.class_names == called
    if notes is None:
        notes = (f"labels: {called[0]!r} -> 0, {called[1]!r} -> 1",)
    assert table.notes == (LAST, *notes)


def test_three_labels_or_more_are_as_many_classes() -> None:
    table = read(with_labels(["b", "c", "a", "b", "c", "a"]))
    assert (table.task, table.class_names, table.target.tolist()) == ("multiclass", ("a", "b", "c"), [1, 2, 0, 1, 2, 0])
    assert table.notes == (LAST, "classes: 3 ('a', 'b', 'c'); for one against the rest use --positive LABEL")
    many = read(with_labels([*"abcdefghijkl"] * 2))
    assert many.class_names == tuple("abcdefghijkl")
    assert many.notes[-1] == (
        "classes: 12 ('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', ...); "
        "for one against the rest use --positive LABEL"
    )


@pytest.mark.parametrize(
    ("labels", "positive", "classes", "called", "note"),
    [
        (["a", "b", "c", "b"], "b", [0, 1, 0, 1], ("not b", "b"), "labels: 'b' -> 1, the 2 others ('a', 'c') -> 0"),
        (["a", "b", "c", "a"], " a ", [1, 0, 0, 1], ("not a", "a"), "labels: 'a' -> 1, the 2 others ('b', 'c') -> 0"),
        (
            ["3", "1", "2", "3.0"],
            "3.00",
            [1, 0, 0, 1],
            ("not 3", "3"),
            "labels: '3' -> 1, the 2 others ('1', '2') -> 0",
        ),
        (
            ["3.0", "1", "2", "3"],
            "3",
            [1, 0, 0, 1],
            ("not 3.0", "3.0"),
            "labels: '3.0' -> 1, the 2 others ('1', '2') -> 0",
        ),
        (["0", "1", "2", "1"], "1", [0, 1, 0, 1], ("not 1", "1"), "labels: '1' -> 1, the 2 others ('0', '2') -> 0"),
        (
            ["1", "x", "1.0", "1.0"],
            "1.0",
            [0, 0, 1, 1],
            ("not 1.0", "1.0"),
            "labels: '1.0' -> 1, the 2 others ('1', 'x') -> 0",
        ),
        (
            ["setosa", "b", "setosa", "a"],
            "Setosa",
            [1, 0, 1, 0],
            ("not setosa", "setosa"),
            "labels: 'setosa' -> 1, the 2 others ('a', 'b') -> 0",
        ),
        (["no", "yes", "yes", "no"], "no", [1, 0, 0, 1], ("yes", "no"), "labels: 'yes' -> 0, 'no' -> 1"),
        (["no", "yes", "yes", "no"], "yes", [0, 1, 1, 0], ("no", "yes"), "labels: 'no' -> 0, 'yes' -> 1"),
        (["0", "1", "1", "0"], "0", [1, 0, 0, 1], ("1", "0"), "labels: '1' -> 0, '0' -> 1"),
        (["0", "1.0", "1", "0"], "1", [0, 1, 1, 0], ("0", "1"), None),
        (["0", "1.0", "1", "0"], "+1e0", [0, 1, 1, 0], ("0", "1"), None),
    ],
)
def test_one_class_against_the_rest(
    labels: list[str], positive: str, classes: list[int], called: tuple[str, str], note: str | None
) -> None:
    table = read(with_labels(labels), positive=positive)
    assert table.target.tolist() == classes
    assert table.class_names == called
    assert table.notes == ((LAST,) if note is None else (LAST, note))


def test_names_that_would_upset_a_spreadsheet_or_a_terminal() -> None:
    name = "we\nird =é \u2028.CSV"
    content = '"=cmd()","two\r\nlines",été\n1,2,0\n3,4,1\n5,6,0\n7,8,1\n'
    table = read(write(content, name))
    assert names(table) == ("=cmd()", "two lines")
    assert numbers(table) == [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0], [7.0, 8.0]]
    assert refusal(write(content, name), target="ete") == (
        r"'we\nird =é \u2028.CSV': expected a column named 'ete', found '=cmd()', 'two lines', 'été': "
        "choose one of these with --target"
    )


@pytest.mark.parametrize("header", ["0,1,2", "2019,2021,y", "5,y,z", "nan,inf,y"])
def test_names_that_are_not_quite_data(header: str) -> None:
    table = read(write(header + "\n1,2,0\n3,4,1\n5,6,0\n7,8,1\n"))
    assert names(table) == tuple(header.split(",")[:2])
    assert table.rows == 4


@pytest.mark.parametrize("first", ["5.1,3.5", "-1,2", "30,1", "1e3,7"])
def test_a_first_line_of_data_is_data(first: str) -> None:
    table = read(write(first + ",setosa\n1,2,a\n3,4,b\n4,5,setosa\n7,8,a\n6,5,b\n"))
    assert numbers(table)[0] == [float(cell) for cell in first.split(",")]
    assert names(table) == ("x1", "x2")
    assert table.notes[0] == (
        "header: none, because the first line has numbers like those below; columns are named x1 to x3 "
        "(override with --header yes)"
    )


finite = st.floats(allow_nan=False, allow_infinity=False)


@settings(deadline=None)
@given(st.lists(st.tuples(finite, finite, finite), min_size=4, max_size=20))
def test_numbers_come_back_bit_for_bit(rows: list[tuple[float, float, float]]) -> None:
    with open("h.csv", "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["a", "b", "y", "c"])
        writer.writerows([a, b, i % 2, c] for i, (a, b, c) in enumerate(rows))
    expected = {name: np.array([row[k] for row in rows]) for k, name in enumerate("abc")}
    # Columns that are constant, or that number the rows, are left out; of the others every bit comes back.
    kept = {name: values for name, values in expected.items() if len(set(values.tolist())) > 1}
    if not kept:
        return
    table = read("h.csv", target="y", keep=tuple(kept))
    assert {column.name: column.values.tobytes() for column in table.columns} == {
        name: values.tobytes() for name, values in kept.items()
    }


@settings(deadline=None)
@given(st.binary(max_size=80) | st.text(alphabet='01.,;"\n\r\t a_-é\ufeff\0', max_size=80))
def test_any_file_is_read_or_refused_in_one_line(content: bytes | str) -> None:
    path = write(content)
    try:
        table = read(path)
    except DataError:
        assert refusal(path).startswith("'d.csv'")
    else:
        assert np.isfinite(table.target).all()
        assert table.task == "regression" or set(table.target.tolist()) == set(range(len(table.class_names)))
        assert {column.values.size for column in table.columns} == {table.rows}


def test_the_locale_does_not_matter() -> None:
    write("größe,y\n1.5,ä\n2.5,b\n3.5,ä\n4.5,b\n")
    code = (
        "from experiments.datasets.loading import load\n"
        "d = load('d.csv', test_fraction=0.5)\n"
        "print(ascii(d.feature_names), d.X.size, ascii(d.class_names))"
    )
    root = Path(__file__).parents[3]
    environment = os.environ | {
        "LC_ALL": "C",
        "PYTHONUTF8": "0",
        "PYTHONCOERCECLOCALE": "0",
        "PYTHONPATH": os.pathsep.join([str(root), os.environ.get("PYTHONPATH", "")]),
    }
    computed = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    ).stdout
    assert computed == r"('gr\xf6\xdfe',) 2 ('b', '\xe4')" + "\n"


def test_the_locale_decides_on_no_decimal_comma() -> None:
    english, german = write(GOOD, "point.csv"), write(GOOD.replace(",", ";").replace(".", ","), "comma.csv")
    expected = read(english).fingerprint
    assert read(german).fingerprint == expected
    before = locale.setlocale(locale.LC_ALL)
    try:
        locale.setlocale(locale.LC_ALL, "de_DE.UTF-8")
    except locale.Error:
        pytest.skip("the locale de_DE.UTF-8 is not installed")
    try:
        assert read(english).fingerprint == read(german).fingerprint == expected
    finally:
        locale.setlocale(locale.LC_ALL, before)


# --- refused: the file ------------------------------------------------------------------------------------


def test_a_missing_file() -> None:
    assert refusal("no.csv") == "'no.csv': expected a file, found none: check the path"
    write(GOOD)
    assert refusal("d.csv/x.csv") == "'d.csv/x.csv': expected a file, found none: check the path"


def test_a_directory() -> None:
    Path("folder.csv").mkdir()
    assert refusal("folder.csv") == "'folder.csv': expected a file, found a directory: choose a file in it"


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="permissions work differently on Windows")
def test_an_unreadable_file() -> None:
    if os.geteuid() == 0:  # may read anything: let a path too long stand in for the other OSErrors
        path = "x" * 5000 + ".csv"
        assert refusal(path) == f"'{path}': expected a readable file, found: File name too long: check the path"
    else:
        Path(write(GOOD)).chmod(0)
        assert refusal("d.csv") == "'d.csv': expected a readable file, found: Permission denied: check the path"


def test_a_path_that_no_file_can_have() -> None:
    assert refusal("a\0b.csv") == r"'a\x00b.csv': expected a readable file, found: embedded null byte: check the path"


@pytest.mark.parametrize("content", ["", "\n\r\n", b"\xef\xbb\xbf"])
def test_an_empty_file(content: str | bytes) -> None:
    assert refusal(write(content)) == (
        "'d.csv': expected a header and rows of values, found an empty file: add the data"
    )


@pytest.mark.parametrize("rows", ["", "\n\n"])
def test_a_header_alone(rows: str) -> None:
    assert refusal(write("x,y\n" + rows)) == (
        "'d.csv': expected rows of values below the header, found only the header: add rows"
    )


@pytest.mark.parametrize(("rows", "found"), [("1,0\n", 1), ("1,0\n2,1\n3,1\n", 3), ("1,0\n2,1\n3,1\n4,\n", 3)])
def test_too_few_rows(rows: str, found: int) -> None:
    assert refusal(write("x,y\n" + rows)) == f"'d.csv': expected at least 4 rows with a label, found {found}: add rows"


def test_bytes_that_are_not_utf_8() -> None:
    latin = "x,y\n1,a\n2,\xe9\n3.5,a\n4,\xe9\n".encode("latin-1")
    table = read(write(latin))
    assert table.class_names == ("a", "é")
    assert table.notes[0] == "encoding: cp1252, because line 3 is not UTF-8 (override with --encoding)"
    assert refusal(write(latin), encoding="utf-8") == (
        "'d.csv', line 3: expected utf-8 text, found the byte 0xe9: choose the encoding with --encoding"
    )
    assert refusal(write(b"x,y\r1,a\r2,\xc3"), encoding="utf-8") == (
        "'d.csv', line 3: expected utf-8 text, found the byte 0xc3: choose the encoding with --encoding"
    )
    assert refusal(write(b"x,y\n1,\0\n2,\xff\n")) == (
        "'d.csv', line 2: expected text, found a NUL character: save the file as UTF-8 text"
    )


@pytest.mark.parametrize(
    ("row", "reason"),
    [('"1"2,0', "',' expected after '\"'"), ('"1,0\n5,1\n6,0', "unexpected end of data")],
)
def test_malformed_csv(row: str, reason: str) -> None:
    assert refusal(write(f'"x\n1",y\n1,0\n{row}\n')) == (
        f"'d.csv', line 4: expected well-formed CSV, found: {reason}: correct the quotes on that line"
    )


@pytest.mark.parametrize(("header", "found"), [("label", "'label'"), ("x" * 70, "'" + "x" * 57 + "...'")])
def test_one_column(header: str, found: str) -> None:
    assert refusal(write(header + "\n1\n")) == (
        f"'d.csv', line 1: expected at least two columns, found one ({found}): "
        "add a column, or choose the separator with --separator"
    )


def test_a_target_that_is_not_there() -> None:
    write(GOOD)
    assert refusal("d.csv", target="Lable") == (
        "'d.csv': expected a column named 'Lable', found 'x1', 'x2', 'label': "
        "choose one of these with --target (did you mean 'label'?)"
    )
    assert refusal("d.csv", target="") == (
        "'d.csv': expected a column named '', found 'x1', 'x2', 'label': choose one of these with --target"
    )
    many = ",".join(f"c{i}" for i in range(12)) + "\n" + ",".join(["1"] * 12) + "\n"
    assert refusal(write(many), target="species") == (
        "'d.csv': expected a column named 'species', found 'c0', 'c1', 'c2', 'c3', 'c4', 'c5', 'c6', 'c7', 'c8', "
        "'c9', ...: choose one of these with --target"
    )


# --- a row ------------------------------------------------------------------------------------------------


def test_rows_of_different_lengths() -> None:
    assert refusal(write("a,b,c\n1,2,0\n\n3,4\n5,6,1,7\n")) == (
        "'d.csv': expected 3 cells on every line, as in the header, found: 2 lines: line 4 has 2, 5 has 4: "
        "add or remove cells there, or quote the cells that contain the separator (comma)"
    )


def with_cell(cell: str) -> str:
    return write(f"a,y,b\n1,0,2\n3,1,{cell}\n4.5,0,2.5\n5,1,7\n6,0,1\n")


@pytest.mark.parametrize(
    ("cell", "found"),
    [
        ("inf", "inf"),
        (" -Infinity", "-Infinity"),
        ("1e999", "1e999"),
        ("1_000", "1_000"),
        ("0x10", "0x10"),
        ("two", "two"),
        ('"1\n2"', r"1\n2"),
        ("a" * 61, "a" * 57 + "..."),
    ],
)
def test_a_cell_that_is_no_finite_number_among_numbers(cell: str, found: str) -> None:
    assert refusal(with_cell(cell), target="y") == (
        f"'d.csv': expected numbers, found other text in 1 cell: column 'b': '{found}' (line 3): correct the cells, "
        f'or treat them as missing with --missing-values "{found}", or leave the column out with --drop'
    )


@pytest.mark.parametrize("cell", ["", "  ", "nan", "-NaN", "NA", "?"])
def test_a_gap_among_numbers_is_filled_and_said(cell: str) -> None:
    table = read(with_cell(cell), target="y")
    assert [np.isnan(column.values).tolist() for column in table.columns] == [
        [False] * 5,
        [False, True, False, False, False],
    ]
    assert table.notes == ("missing values: 'b' 1: the median of the training part (override with --missing)",)


@pytest.mark.parametrize("cell", ["", " ", "NaN", "-nan"])
def test_a_row_without_a_label_is_left_out_and_said(cell: str) -> None:
    table = read(write(f"x,y\n1,0\n2,{cell}\n3.5,1\n4,0\n9,1\n"))
    assert numbers(table) == [[1.0], [3.5], [4.0], [9.0]]
    assert table.target.tolist() == [0, 1, 0, 1]
    assert table.notes == (f"1 row without a label in 'y' left out ('{cell.strip()}')", LAST)


# --- refused: the classes ---------------------------------------------------------------------------------


def test_one_class() -> None:
    expected = (
        "'d.csv', column 'y': expected at least two classes, found only '1' in all 4 rows: "
        "add rows of another class, or choose another column with --target"
    )
    assert refusal(with_labels(["1", "1.0", "1", "1"])) == expected
    assert refusal(with_labels(["1"] * 4), positive="1") == expected


def test_more_classes_than_can_be_trained_and_tested_on() -> None:
    assert refusal(with_labels(["b", "c", "a", "b"])) == (
        "'d.csv', column 'y': expected at least two rows per class, found 3 classes in 4 rows: "
        "choose another column with --target, or use --task regression for numbers"
    )


@pytest.mark.parametrize(
    ("labels", "positive", "found"),
    [
        (["setosa", "virginica", "b"], "setoso", "'b', 'setosa', 'virginica': hint (did you mean 'setosa'?)"),
        (["1", "2", "10"], "3", "'1', '2', '10': hint"),
        (["1", "2", "10"], "a", "'1', '2', '10': hint"),
    ],
)
def test_no_row_with_the_label_that_is_to_be_class_1(labels: list[str], positive: str, found: str) -> None:
    assert refusal(with_labels(labels * 2), positive=positive) == (
        f"'d.csv', column 'y': expected the label '{positive}' in at least one row, "
        f"found {found.replace('hint', 'choose one of these with --positive')}"
    )


def test_a_gap_is_no_label() -> None:
    assert refusal(with_labels(["1", "2", "1"] * 2), positive="") == (
        "'d.csv', column 'y': expected a label, got '' with --positive, which means a missing label: "
        "choose one of '1', '2'"
    )


@pytest.mark.parametrize(
    ("labels", "positive"),
    [
        (["a", "a", "b", "a"], ()),
        (["b", "b", "a", "b"], ()),
        (["a", "a", "b", "c"], "b"),
        (["a", "a", "a", "b"], "a"),
    ],
)
def test_a_class_too_small_to_split(labels: list[str], positive: str | tuple[str, ...]) -> None:
    few = "b" if positive else min(labels, key=labels.count)
    assert refusal(with_labels(labels), positive=positive) == (
        "'d.csv', column 'y': expected at least 2 rows of each class, one to train on and one to test on, "
        f"found 1 of '{few}': add rows of that class"
    )
