"""Reading CSV files: what is accepted gives the very numbers that were written, what is refused says why."""

from __future__ import annotations

import csv
import locale
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from experiments.datasets.csv_data import read_csv
from experiments.datasets.data import DataError

GOOD = "x1,x2,label\n1,2.5,no\n-3,1e-3,yes\n0.5,7,no\n.25,+8.,yes\n"


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # so that whole messages, path included, can be asserted


def write(content: str | bytes, name: str = "d.csv") -> str:
    Path(name).write_bytes(content.encode() if isinstance(content, str) else content)
    return name


def refusal(path: str, target: str | None = None, positive: str | None = None) -> str:
    with pytest.raises(DataError) as caught:
        read_csv(path, target, positive)
    message = str(caught.value)
    assert len(message.splitlines()) == 1
    return message


# --- accepted ---------------------------------------------------------------------------------------------


def test_a_good_file() -> None:
    table = read_csv(write(GOOD))
    assert table.features.tolist() == [[1.0, 2.5], [-3.0, 0.001], [0.5, 7.0], [0.25, 8.0]]
    assert table.features.dtype == np.float64
    assert table.labels.tolist() == [0.0, 1.0, 0.0, 1.0]
    assert table.labels.dtype == np.float64
    assert table.feature_names == ("x1", "x2")
    assert table.class_names == ("no", "yes")
    assert table.notes == ("labels: 'no' -> 0, 'yes' -> 1",)


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
    ],
    ids=["crlf", "cr", "no last newline", "empty lines at the end", "empty lines", "spaces", "quotes"],
)
def test_other_spellings_of_the_same_file(content: str) -> None:
    reference = read_csv(write(GOOD, "reference.csv"))
    table = read_csv(write(content))
    np.testing.assert_array_equal(table.features, reference.features, strict=True)
    np.testing.assert_array_equal(table.labels, reference.labels, strict=True)
    assert table[2:] == reference[2:]


def test_byte_order_mark_is_skipped_and_said() -> None:
    table = read_csv(write(b"\xef\xbb\xbf" + GOOD.encode()))
    assert table.feature_names == ("x1", "x2")
    assert table.notes == (
        "a byte order mark at the start of the file was skipped",
        "labels: 'no' -> 0, 'yes' -> 1",
    )


def test_target_may_be_any_column() -> None:
    content = "a,b,c\n1,2,3\n0,5,6\n1,8,9\n0,11,12\n"
    table = read_csv(write(content), target="a")
    assert table.feature_names == ("b", "c")
    assert table.features.tolist() == [[2.0, 3.0], [5.0, 6.0], [8.0, 9.0], [11.0, 12.0]]
    assert table.labels.tolist() == [1.0, 0.0, 1.0, 0.0]
    assert read_csv("d.csv", target=" a ").labels.tolist() == [1.0, 0.0, 1.0, 0.0]


def table_with_labels(labels: list[str]) -> str:
    return write("x,y\n" + "".join(f"{row},{label}\n" for row, label in enumerate(labels)))


@pytest.mark.parametrize(
    ("labels", "classes", "names", "notes"),
    [
        (["0", "1", "1", "0"], [0, 1, 1, 0], ("0", "1"), ()),
        (["1.0", "0", "+1", "-0.0"], [1, 0, 1, 0], ("0", "1"), ()),
        (["10", "9", "9", "10"], [1, 0, 0, 1], ("9", "10"), ("labels: '9' -> 0, '10' -> 1",)),
        (["1", "-1", "-1.0", "1e0"], [1, 0, 0, 1], ("-1", "1"), None),
        (["0", "yes", "0", "yes"], [0, 1, 0, 1], ("0", "yes"), None),
        (["é", "z", "z", "é"], [1, 0, 0, 1], ("z", "é"), None),
        (["1_0", "9", "9", "1_0"], [0, 1, 1, 0], ("1_0", "9"), None),
        (["True", "False", "False", "True"], [1, 0, 0, 1], ("False", "True"), None),
        # As floats these two would be one and the same.
        (
            ["9007199254740993", "9007199254740992"] * 2,
            [1, 0] * 2,
            ("9007199254740992", "9007199254740993"),
            None,
        ),
        (["inf", "0", "inf", "0"], [1, 0, 1, 0], ("0", "inf"), None),
        (["sNaN", "0", "0", "sNaN"], [1, 0, 0, 1], ("0", "sNaN"), None),
        (["1e99999999999999999999", "a"] * 2, [0, 1] * 2, ("1e99999999999999999999", "a"), None),
    ],
)
def test_labels(labels: list[str], classes: list[int], names: tuple[str, str], notes: tuple[str, ...] | None) -> None:
    table = read_csv(table_with_labels(labels))
    assert table.labels.tolist() == classes
    assert table.class_names == names
    if notes is None:
        notes = (f"labels: {names[0]!r} -> 0, {names[1]!r} -> 1",)
    assert table.notes == notes


@pytest.mark.parametrize(
    ("labels", "positive", "classes", "names", "notes"),
    [
        (["a", "b", "c", "b"], "b", [0, 1, 0, 1], ("not b", "b"), ("labels: 'b' -> 1, the 2 others ('a', 'c') -> 0",)),
        (
            ["a", "b", "c", "a"],
            " a ",
            [1, 0, 0, 1],
            ("not a", "a"),
            ("labels: 'a' -> 1, the 2 others ('b', 'c') -> 0",),
        ),
        (
            ["3", "1", "2", "3.0"],
            "3.00",
            [1, 0, 0, 1],
            ("not 3", "3"),
            ("labels: '3' -> 1, the 2 others ('1', '2') -> 0",),
        ),
        (["3.0", "1", "2", "3"], "3", [1, 0, 0, 1], ("not 3.0", "3.0"), None),
        (["0", "1", "2", "1"], "1", [0, 1, 0, 1], ("not 1", "1"), ("labels: '1' -> 1, the 2 others ('0', '2') -> 0",)),
        (["1", "x", "1.0", "1.0"], "1.0", [0, 0, 1, 1], ("not 1.0", "1.0"), None),
        (["no", "yes", "yes", "no"], "no", [1, 0, 0, 1], ("yes", "no"), ("labels: 'yes' -> 0, 'no' -> 1",)),
        (["no", "yes", "yes", "no"], "yes", [0, 1, 1, 0], ("no", "yes"), ("labels: 'no' -> 0, 'yes' -> 1",)),
        (["0", "1", "1", "0"], "0", [1, 0, 0, 1], ("1", "0"), ("labels: '1' -> 0, '0' -> 1",)),
        (["0", "1.0", "1", "0"], "1", [0, 1, 1, 0], ("0", "1"), ()),
        (["0", "1.0", "1", "0"], "+1e0", [0, 1, 1, 0], ("0", "1"), ()),
    ],
)
def test_one_class_against_the_rest(
    labels: list[str], positive: str, classes: list[int], names: tuple[str, str], notes: tuple[str, ...] | None
) -> None:
    table = read_csv(table_with_labels(labels), positive=positive)
    assert table.labels.tolist() == classes
    assert table.class_names == names
    if notes is not None:
        assert table.notes == notes


def test_names_that_would_upset_a_spreadsheet_or_a_terminal() -> None:
    name = "we\nird =é \u2028.CSV"
    content = '"=cmd()","two\r\nlines",été\n1,2,0\n3,4,1\n5,6,0\n7,8,1\n'
    table = read_csv(write(content, name))
    assert table.feature_names == ("=cmd()", "two\r\nlines")
    assert table.features.tolist() == [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0], [7.0, 8.0]]
    assert (
        refusal(write(content.replace("4", "?"), name))
        == r"'we\nird =é \u2028.CSV', line 4, column 'two\r\nlines': expected a finite number, found '?': "
        "correct the cell or remove the row (if the column holds the labels, name it with --target)"
    )


@pytest.mark.parametrize("names", ["0,1,2", "2019,2021,y", "5,y,z", "1.5,a,y", "nan,inf,y"])
def test_names_that_are_not_quite_data(names: str) -> None:
    table = read_csv(write(names + "\n1,2,0\n3,4,1\n5,6,0\n7,8,1\n"))
    assert table.feature_names == tuple(names.split(",")[:2])


finite = st.floats(allow_nan=False, allow_infinity=False)


@settings(deadline=None)
@given(st.lists(st.tuples(finite, finite, finite), min_size=4, max_size=20))
def test_numbers_come_back_bit_for_bit(rows: list[tuple[float, float, float]]) -> None:
    with open("h.csv", "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["a", "b", "y", "c"])
        writer.writerows([a, b, i % 2, c] for i, (a, b, c) in enumerate(rows))
    computed = read_csv("h.csv", "y").features
    assert computed.tobytes() == np.array(rows).tobytes()


@settings(deadline=None)
@given(st.binary(max_size=80) | st.text(alphabet='01.,;"\n\r\t a_-é\ufeff\0', max_size=80))
def test_any_file_is_read_or_refused_in_one_line(content: bytes | str) -> None:
    path = write(content)
    try:
        table = read_csv(path)
    except DataError:
        assert refusal(path).startswith("'d.csv'")
    else:
        assert np.isfinite(table.features).all()
        assert set(table.labels.tolist()) == {0.0, 1.0}
        assert table.features.shape == (table.labels.size, len(table.feature_names))


def test_the_locale_does_not_matter() -> None:
    content = "größe,y\n1.5,ä\n2.5,b\n3.5,ä\n4.5,b\n"
    write(content)
    code = (
        "from experiments.datasets.csv_data import read_csv\n"
        "t = read_csv('d.csv')\n"
        "print(ascii(t.feature_names), t.features.tolist(), ascii(t.class_names))"
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
    assert computed == r"('gr\xf6\xdfe',) [[1.5], [2.5], [3.5], [4.5]] ('b', '\xe4')" + "\n"


def test_a_comma_is_no_decimal_point_in_germany_either() -> None:
    before = locale.setlocale(locale.LC_ALL)
    try:
        locale.setlocale(locale.LC_ALL, "de_DE.UTF-8")
    except locale.Error:
        pytest.skip("the locale de_DE.UTF-8 is not installed")
    try:
        assert read_csv(write(GOOD)).features[0].tolist() == [1.0, 2.5]
        assert "found '2,5'" in refusal(write(GOOD.replace("2.5", '"2,5"')))
    finally:
        locale.setlocale(locale.LC_ALL, before)


# --- refused: the file ------------------------------------------------------------------------------------


def test_missing_file() -> None:
    assert refusal("no.csv") == "'no.csv': expected a CSV file, found nothing there: check the path"
    write(GOOD)
    assert refusal("d.csv/x.csv") == ("'d.csv/x.csv': expected a CSV file, found nothing there: check the path")


def test_directory() -> None:
    Path("folder.csv").mkdir()
    assert refusal("folder.csv") == ("'folder.csv': expected a CSV file, found a directory: name a file in it")


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="permissions work differently on Windows")
def test_unreadable_file(monkeypatch: pytest.MonkeyPatch) -> None:
    if os.geteuid() == 0:  # may read anything: let a path too long stand in for the other OSErrors
        path = "x" * 5000 + ".csv"
        assert refusal(path) == (f"'{path}': expected a readable CSV file, found: File name too long: check the path")
    else:
        Path(write(GOOD)).chmod(0)
        assert refusal("d.csv") == ("'d.csv': expected a readable CSV file, found: Permission denied: check the path")


def test_path_that_no_file_can_have() -> None:
    assert refusal("a\0b.csv") == (
        r"'a\x00b.csv': expected a readable CSV file, found: embedded null byte: check the path"
    )


@pytest.mark.parametrize("content", ["", "\n\r\n", b"\xef\xbb\xbf"])
def test_empty_file(content: str | bytes) -> None:
    assert refusal(write(content)) == (
        "'d.csv': expected a header and rows of numbers, found an empty file: add the data"
    )


@pytest.mark.parametrize(
    ("rows", "found"),
    [("", "the header only"), ("\n\n", "the header only"), ("1,0\n", "1 row"), ("1,0\n2,1\n3,1\n", "3 rows")],
)
def test_too_few_rows(rows: str, found: str) -> None:
    assert refusal(write("x,y\n" + rows)) == (
        f"'d.csv': expected at least 4 rows of data below the header, found {found}: add rows"
    )


@pytest.mark.parametrize(
    ("content", "line", "byte"),
    [
        ("x,y\n1,a\n2,\xe9\n".encode("latin-1"), 3, "0xe9"),
        (b"\xef\xbb\xbfx,y\r\n1,a\r\n\xff,b\r\n", 3, "0xff"),
        (b"x,y\r1,a\r2,\xc3", 3, "0xc3"),
        ("x,y\n1,a\n".encode("utf-16-le"), 1, "0x00"),
        ("x,y\n1,a\n".encode("utf-16"), 1, "0xff"),
        (b"x,y\n1,\0\n2,\xff\n", 2, "0x00"),
        (b"x,y\n1,\xff\n2,\0\n", 2, "0xff"),
    ],
)
def test_not_utf_8(content: bytes, line: int, byte: str) -> None:
    if content.startswith(b"\xfe\xff"):  # what "utf-16" means on a big-endian machine
        byte = "0xfe"
    assert refusal(write(content)) == (
        f"'d.csv', line {line}: expected UTF-8 text, found the byte {byte}: save the file as UTF-8"
    )


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ('"1"2,0', "',' expected after '\"'"),
        ('"1,0\n5,1\n6,0', "unexpected end of data"),
        ("1" * 200_000 + ",0", "field larger than field limit (131072)"),
    ],
)
def test_malformed_csv(row: str, reason: str) -> None:
    assert refusal(write(f'"x\n1",y\n1,0\n{row}\n')) == (
        f"'d.csv', line 4: expected well-formed CSV, found: {reason}: correct the quotes on that line"
    )


# --- refused: the header ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("header", "found", "advice"),
    [
        ("label", "'label'", "add a column"),
        ("x1;x2;label", "'x1;x2;label'", "separate cells by commas, not semicolons"),
        ("x1\tlabel", r"'x1\tlabel'", "separate cells by commas, not tabs"),
        ("x" * 70, "'" + "x" * 57 + "...'", "add a column"),
    ],
)
def test_one_column(header: str, found: str, advice: str) -> None:
    assert refusal(write(header + "\n1\n")) == (
        f"'d.csv', line 1: expected at least two columns, separated by commas, found only {found}: {advice}"
    )


def test_column_without_a_name() -> None:
    assert refusal(write("\nx, ,label\n1,2,0\n")) == (
        "'d.csv', line 2: expected a name for every column, found none for column 2: name or remove that column"
    )


def test_duplicate_column_names() -> None:
    assert refusal(write("a,b, a,b\n1,2,3,0\n")) == (
        "'d.csv', line 1: expected distinct column names, found 'a' in columns 1 and 3: rename one of them"
    )
    assert refusal(write("30,1,1,2\n30,3,1,2\n")) == (
        "'d.csv', line 1: expected distinct column names, found '1' in columns 2 and 3: rename one of them, "
        "or add a header line"
    )


@pytest.mark.parametrize("names", ["5.1,3.5", "-1,2", "30,1", "1e3,7"])
def test_no_header(names: str) -> None:
    listed = ", ".join(repr(name) for name in names.split(","))
    assert refusal(write(names + ",setosa\n1,2,a\n3,4,b\n")) == (
        f"'d.csv', line 1: expected column names, found only numbers ({listed}): add a header line"
    )


def test_missing_target() -> None:
    write(GOOD)
    assert refusal("d.csv", "Lable") == (
        "'d.csv', line 1: expected a column named 'Lable', found 'x1', 'x2', 'label': "
        "name one of these with --target (did you mean 'label'?)"
    )
    assert refusal("d.csv", "species") == (
        "'d.csv', line 1: expected a column named 'species', found 'x1', 'x2', 'label': name one of these with --target"
    )
    header = ",".join(f"c{i}" for i in range(12))
    assert refusal(write(header + "\n"), "") == (
        "'d.csv', line 1: expected a column named '', found 'c0', 'c1', 'c2', 'c3', 'c4', 'c5', 'c6', 'c7', "
        "'c8', 'c9', ...: name one of these with --target"
    )


# --- refused: a row ---------------------------------------------------------------------------------------


def test_ragged_rows() -> None:
    assert refusal(write("a,b,c\n1,2,0\n\n3,4\n5,6,1,7\n")) == (
        "'d.csv', line 4: expected 3 cells, one for each column of the header, found 2: "
        "add or remove cells on that line"
    )
    assert refusal(write("a,b,c\n1,2,0\n3,4,1,\n")) == (
        "'d.csv', line 3: expected 3 cells, one for each column of the header, found 4: "
        "add or remove cells on that line"
    )


@pytest.mark.parametrize(
    ("cell", "found", "advice"),
    [
        ("", "a blank cell", "fill it in or remove the row"),
        ("  ", "a blank cell", "fill it in or remove the row"),
        ("nan", "'nan'", "correct the cell or remove the row"),
        ("-NaN", "'-NaN'", "correct the cell or remove the row"),
        ("inf", "'inf'", "correct the cell or remove the row"),
        (" -Infinity", "'-Infinity'", "correct the cell or remove the row"),
        ("1e999", "'1e999'", "correct the cell or remove the row"),
        ("1_000", "'1_000'", "correct the cell or remove the row"),
        ("NA", "'NA'", None),
        ("0x10", "'0x10'", None),
        ('"1,5"', "'1,5'", None),
        ('"1\n2"', r"'1\n2'", None),
        ("a" * 61, "'" + "a" * 57 + "...'", None),
    ],
)
def test_feature_that_is_no_finite_number(cell: str, found: str, advice: str | None) -> None:
    text = "correct the cell or remove the row (if the column holds the labels, name it with --target)"
    assert refusal(write(f"a,y,b\n1,0,2\n3,1,{cell}\n?,0,?\n"), "y") == (
        f"'d.csv', line 3, column 'b': expected a finite number, found {found}: {advice or text}"
    )


@pytest.mark.parametrize(
    ("cell", "found"),
    [("", "a blank cell"), (" ", "a blank cell"), ("NaN", "'NaN'"), ("-nan", "'-nan'"), ("+nan", "'+nan'")],
)
def test_missing_label(cell: str, found: str) -> None:
    assert refusal(write(f"x,y\n1,0\n2,{cell}\n3,1\n4,0\n")) == (
        f"'d.csv', line 3, column 'y': expected a class label, found {found}: fill in the label or remove the row"
    )


# --- refused: the classes ---------------------------------------------------------------------------------


def test_one_class() -> None:
    assert refusal(table_with_labels(["1", "1.0", "1", "1"])) == (
        "'d.csv', column 'y': expected two classes, found only '1' in all 4 rows: "
        "add rows of another class, or name another column with --target"
    )


def test_more_than_two_classes() -> None:
    assert refusal(table_with_labels(["b", "c", "a", "b"])) == (
        "'d.csv', column 'y': expected two classes, found 3 ('a', 'b', 'c'): name the one that is class 1, "
        "against the rest, with --positive LABEL"
    )
    assert refusal(table_with_labels([f"{i}.5" for i in range(11)])) == (
        "'d.csv', column 'y': expected two classes, found 11 ('0.5', '1.5', '2.5', '3.5', '4.5', '5.5', "
        "'6.5', '7.5', '8.5', '9.5', ...): name the one that is class 1, against the rest, with --positive LABEL"
    )


@pytest.mark.parametrize(
    ("labels", "positive", "found"),
    [
        (
            ["setosa", "virginica", "versicolor"],
            "Setosa",
            "'setosa', 'versicolor', 'virginica'): (did you mean 'setosa'?)",
        ),
        (["1", "2", "10"], "3", "'1', '2', '10'):"),
        (["1", "2", "10"], "a", "'1', '2', '10'):"),
        (["1", "b", "10"], "1.0", "'1', '10', 'b'): (did you mean '10'?)"),
        (["1", "2", "1"], "", "'1', '2'):"),
    ],
)
def test_no_row_with_the_label_that_is_to_be_class_1(labels: list[str], positive: str, found: str) -> None:
    found, _, hint = found.partition("):")
    assert refusal(table_with_labels(labels * 2), positive=positive) == (
        f"'d.csv', column 'y': expected the label '{positive}' in some row, found {found}: "
        f"name one of these with --positive{hint}"
    )


def test_one_class_against_the_rest_is_too_small_or_alone() -> None:
    assert refusal(table_with_labels(["a", "a", "b", "c"]), positive="b") == (
        "'d.csv', column 'y': expected at least 2 rows of each class, one to train on and one to test on, "
        "found 1 of 'b': add rows of that class"
    )
    assert refusal(table_with_labels(["a", "a", "a", "b"]), positive="a") == (
        "'d.csv', column 'y': expected at least 2 rows of each class, one to train on and one to test on, "
        "found 1 of 'b': add rows of that class"
    )
    assert refusal(table_with_labels(["a", "a", "a", "a"]), positive="a") == (
        "'d.csv', column 'y': expected two classes, found only 'a' in all 4 rows: "
        "add rows of another class, or name another column with --target"
    )


@pytest.mark.parametrize("labels", [["a", "a", "b", "a"], ["b", "b", "a", "b"]])
def test_class_too_small_to_split(labels: list[str]) -> None:
    assert refusal(table_with_labels(labels)) == (
        "'d.csv', column 'y': expected at least 2 rows of each class, one to train on and one to test on, "
        f"found 1 of {min(labels, key=labels.count)!r}: add rows of that class"
    )


# --- spelling ---------------------------------------------------------------------------------------------
