"""Files as they are found: dialects, encodings, compressions, headers, and how what is wrong is refused."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import re
import sys
import zipfile
from collections.abc import Callable
from typing import Any
from unittest import mock

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from experiments.datasets.data import DataError
from experiments.datasets.number_format import NumberFormat, candidates
from experiments.datasets.options import Reading
from experiments.datasets.reading import read_table
from tests.oracles.tables import number

PLAIN = "a,b,y\n" + "".join(f"{i / 2},{i * i / 10},{['no', 'yes'][i % 2]}\n" for i in range(12))


@pytest.fixture
def file(tmp_path: Any) -> Any:
    def write(content: Any, name: Any = "t.csv") -> Any:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def content(table: Any) -> Any:
    return table.names, table.cells


def refused(source: Any, message: Any, **options: Any) -> None:
    with pytest.raises(DataError) as caught:
        read_table(source, Reading(**options))
    assert str(caught.value) == message
    assert "\n" not in message


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("last", ["", "\n", "\n\n \n"])
def test_line_ends(file: Any, newline: Any, last: Any) -> None:
    table = read_table(file((PLAIN.rstrip("\n") + last).replace("\n", newline)))
    assert content(table) == content(read_table(file(PLAIN)))
    assert table.lines == list(range(2, 14))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252"])
def test_encodings(file: Any, encoding: Any) -> None:
    text = PLAIN.replace("a,b", "Größe,é")
    table = read_table(file(text.encode(encoding)))
    assert table.names == ("Größe", "é", "y")
    assert any("encoding" in note for note in table.notes) == (not encoding.startswith("utf-8"))


def test_an_encoding_that_is_given(file: Any) -> None:
    path = file(PLAIN.replace("a,b", "год,b").encode("cp1251"))
    assert read_table(path, Reading(encoding="cp1251")).names[0] == "год"
    assert any("cp1252" in note and "--encoding" in note for note in read_table(path).notes)


COMPRESSIONS: dict[str, Callable[[bytes], bytes]] = {"gz": gzip.compress, "bz2": bz2.compress, "xz": lzma.compress}


@pytest.mark.parametrize("compression", COMPRESSIONS)
def test_compressions_are_found_whatever_the_name(file: Any, compression: Any) -> None:
    path = file(COMPRESSIONS[compression](PLAIN.encode()), "t.csv")
    assert content(read_table(path)) == content(read_table(file(PLAIN, "plain.csv")))


def zipped(**files: Any) -> Any:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, text in files.items():
            archive.writestr(name.replace("__", "/"), text)
    return buffer.getvalue()


def test_an_archive_of_one_file(file: Any) -> None:
    assert content(read_table(file(zipped(t=PLAIN)))) == content(read_table(file(PLAIN, "plain.csv")))
    path = file(zipped(t=PLAIN, u=PLAIN))
    refused(path, f"{str(path)!r}: expected one file in the archive, found 2 ('t', 'u'): extract the one to use")


@pytest.mark.parametrize("compression", COMPRESSIONS)
def test_a_compressed_file_that_is_cut_off(file: Any, compression: Any) -> None:
    path = file(COMPRESSIONS[compression](PLAIN.encode())[:-12])
    with pytest.raises(
        DataError, match=r"expected a complete compressed file, found: .*: compress it or copy it again$"
    ):
        read_table(path)


SEPARATED = st.sampled_from([",", ";", "\t", "|", " "])
NUMBERS = st.floats(-1e6, 1e6).map(lambda x: f"{x:.4f}")


@settings(deadline=None)
@given(SEPARATED, st.lists(st.lists(NUMBERS, min_size=3, max_size=3), min_size=4, max_size=30), st.booleans())
def test_any_usual_separator_and_decimal_mark_are_found(
    tmp_path_factory: Any, separator: Any, rows: Any, comma: Any
) -> None:
    path = tmp_path_factory.mktemp("t") / "t.csv"
    if comma and separator == ",":
        separator = ";"
    written = [[cell.replace(".", ",") if comma else cell for cell in row] for row in rows]
    path.write_text("\n".join(map(separator.join, [["alpha", "beta", "y"], *written])))
    table = read_table(path)
    assert table.names == ("alpha", "beta", "y")
    assert [list(row) for row in zip(*table.cells, strict=True)] == written
    assert table.separator == separator


def test_texts_that_contain_other_separators(file: Any) -> None:
    table = read_table(file("a;text;y\n" + "".join(f"{i};one, two, {'three' * (i % 2)};{i % 2}\n" for i in range(9))))
    assert table.separator == ";"
    assert table.cells[1][0] == "one, two,"


def test_quoted_cells_may_hold_lines_and_separators(file: Any) -> None:
    table = read_table(file('a,note,y\n1,"red,\nor ""blue""",x\n2,"b",x\n3,c,z\n'))
    assert table.cells[1] == ['red,\nor "blue"', "b", "c"]
    assert table.lines == [2, 4, 5]


def test_quotes_that_do_not_match(file: Any) -> None:
    path = file(PLAIN.replace("1.0,", '1.0,"'))
    refused(
        path,
        f"{str(path)!r}, line 4: expected well-formed CSV, found: unexpected end of data: correct the quotes on "
        f"that line",
    )


@pytest.mark.parametrize(
    "change",
    [
        lambda t: t.replace("\n", ",\n"),
        lambda t: t.replace("\n", ",\n", 1),
        lambda t: t.replace("\n", ",\n").replace(",\n", "\n", 1),
        lambda t: t + ",,\n,,\n",
        lambda t: t.replace(",", " , "),
        lambda t: "Measurements of 2024\n\n" + t,
        lambda t: t.replace("\n", "\nmm,kg,-\n", 1),
        lambda t: t.replace("\n", "\n\n"),
    ],
    ids=["separators at all ends", "at the header's", "at the rows'", "rows of separators", "padded", "a title",
         "units",
         "empty lines"],
)  # fmt: skip
def test_what_is_around_a_table_does_not_change_it(file: Any, change: Any) -> None:
    table = read_table(file(change(PLAIN)))
    assert content(table) == content(read_table(file(PLAIN)))


def test_what_was_skipped_is_said(file: Any) -> None:
    assert "line 2 contains units: left out" in read_table(file(PLAIN.replace("\n", "\nmm,kg,-\n", 1))).notes
    assert "1 line above the table skipped: 'Title'" in read_table(file("Title\n" + PLAIN)).notes
    assert "2 rows without values skipped" in read_table(file(PLAIN + ",,\n,,\n")).notes
    remark = read_table(file(PLAIN.replace("\n", "\n# a remark\n", 1)))
    assert "1 line that begins with # skipped: 2" in remark.notes
    assert remark.rows == 12


def test_a_row_that_is_commented_out_is_not_lost_in_silence(file: Any) -> None:
    table = read_table(file(PLAIN.replace("\n", "\n#1,2,yes\n", 1)))
    assert table.cells[0][0] == "#1"


def test_the_names_that_numpy_writes(file: Any) -> None:
    buffer = io.BytesIO()
    np.savetxt(buffer, np.arange(12).reshape(4, 3) / 7, header="a b y")
    table = read_table(file(buffer.getvalue()))
    assert table.names == ("a", "b", "y")
    assert float(table.cells[1][3]) == 10 / 7


def test_the_row_names_that_r_writes(file: Any) -> None:
    table = read_table(file('"a","b"\n' + "".join(f'"r{i}",{i},{i}\n' for i in range(5))))
    assert table.names == ("column 1", "a", "b")


def test_rows_of_another_length(file: Any) -> None:
    path = file(PLAIN.replace("\n", ",9\n", 3).replace(",9\n", "\n", 1))
    refused(
        path,
        f"{str(path)!r}: expected 3 cells on every line, as in the header, found: 2 lines: line 2 has 4, 3 "
        f"has 4: "
        "add or remove cells there, or quote the cells that contain the separator (comma)",
    )


HEADERS = {
    "a,b,y\n1,2,3\n4,5,6": True,
    "1,2.5,3\n4,5,6": False,
    "19,19000,0\n20,19500,1\n21,20000,0": False,
    "M,0.455,15\nM,0.35,7\nF,0.53,9": False,
    "5.1,3.5,Iris-setosa\n4.9,3.0,Iris-setosa": False,
    "0,1,2\n0.5,1.5,2.5": True,
    ",0,1,2\n0,0.5,1.5,2.5": True,
    "id,2019,2020,label\nk1,0.5,0.6,a\nk2,0.7,0.3,b": True,
    "p,x,s\ne,x,s\np,x,y\ne,y,s": False,
    "colour,shape,y\nred,round,p\nblue,square,e\nred,round,e": True,
    "39,State-gov,77516\n50,Private,83311\n38,Private,215646": False,
    "?,2,3\n4,5,6\n7,8,9": False,
    "x1,x2,y\n,,\n1,2,3": True,
    "class,p1,p2\n,1,2\na,3,4": True,
    "2.5,NA,a\n3.5,4.5,b\n5.5,6.5,a": False,
    "RI,Na,Mg\n1.5,13.6,4.5\n1.6,13.9,3.6": True,
}


@pytest.mark.parametrize("text", HEADERS)
def test_whether_there_is_a_header(file: Any, text: Any) -> None:
    table = read_table(file(text))
    rows = len([line for line in text.splitlines() if line.strip(",")])
    assert table.rows == rows - HEADERS[text]
    if not HEADERS[text]:
        assert table.names[0] == "x1"
        assert any(note.startswith("header: none") and "--header yes" in note for note in table.notes)
    assert read_table(file(text), Reading(header="no")).rows == rows
    assert read_table(file(text), Reading(header="yes")).rows == rows - 1


def test_names_that_come_twice_or_not_at_all(file: Any) -> None:
    table = read_table(file("a,,a,,y\n1,2,3,4,5\n6,7,8,9,0\n"))
    assert table.names == ("a", "column 2", "a (2)", "column 4", "y")
    assert "2 columns without a name: named 'column 2', 'column 4'" in table.notes
    assert "columns with repeated names: renamed 'a (2)'" in table.notes


def test_very_long_cells(file: Any) -> None:
    table = read_table(file(f'a,t,y\n1,{"x" * 300_000},0\n2,"{"y" * 300_000}",1\n'))
    assert [len(cell) for cell in table.cells[1]] == [300_000, 300_000]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "expected a header and rows of values, found an empty file: add the data"),
        (" \n\n", "expected a header and rows of values, found an empty file: add the data"),
        ("a,b,y\n", "expected rows of values below the header, found only the header: add rows"),
        ("# a\n# b\n", "expected a header and rows of values, found only comments: add the data"),
        (";", "expected a header and rows of values, found only separators: add the data"),
        (",,\n , ,\n", "expected a header and rows of values, found only separators: add the data"),
        ("<html></html>", "expected a table as text, found a web page or XML: save the table as CSV"),
        ('{"a": 1}', "expected a table as text, found JSON: save the table as CSV"),
    ],
)
def test_what_is_no_table(file: Any, text: Any, message: Any) -> None:
    path = file(text)
    refused(path, f"{str(path)!r}: {message}")


def test_one_column(file: Any) -> None:
    path = file("a\n1\n2\n")
    refused(
        path,
        f"{str(path)!r}, line 1: expected at least two columns, found one ('a'): "
        "add a column, or choose the separator with --separator",
    )


def test_nul_characters(file: Any) -> None:
    path = file("a,b\n1,2\n3,\0\n")
    refused(path, f"{str(path)!r}, line 3: expected text, found a NUL character: save the file as UTF-8 text")


def test_no_file(tmp_path: Any) -> None:
    path = tmp_path / "none.csv"
    refused(path, f"{str(path)!r}: expected a file, found none: check the path")
    refused(tmp_path, f"{str(tmp_path)!r}: expected a file, found a directory: choose a file in it")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"encoding": "utf9"}, ("--encoding: expected the name of an encoding such as utf-8, utf-16, cp1252 or "
        "latin-1, "
         "got 'utf9': choose a known one (did you mean 'utf-8'?)")),
        ({"separator": "coma"}, ("--separator: expected comma, semicolon, tab, pipe, blanks or one character, "
         "got 'coma': choose one of these (did you mean 'comma'?)")),
        ({"decimal": "x"}, "--decimal: expected a point or a comma, got 'x': use . or ,"),
        ({"header": "maybe"}, "--header: expected auto, yes or no, got 'maybe': choose one of these"),
        ({"missing": "fil"}, ("--missing: expected fill, drop or refuse, got 'fil': choose one of these "
         "(did you mean 'fill'?)")),
        ({"drop": "a", "keep": ("a", "b")}, ("--keep, --drop: expected each column in only one of them, got 'a' in "
         "both: remove it from one")),
    ],
)  # fmt: skip
def test_options_that_make_no_sense(file: Any, options: Any, message: Any) -> None:
    refused(file(PLAIN), message, **options)


def test_bytes_that_are_not_in_the_encoding_given(file: Any) -> None:
    path = file(PLAIN.replace("b", "\u00f6").encode("cp1252"))
    refused(
        path,
        f"{str(path)!r}, line 1: expected utf-8 text, found the byte 0xf6: choose the encoding with --encoding",
        encoding="utf-8",
    )


def test_a_frame_is_read_as_its_file(file: Any) -> None:
    frame = pd.read_csv(io.StringIO(PLAIN))
    table = read_table(frame)
    assert [list(map(float, column)) for column in table.cells[:2]] == [frame.a.tolist(), frame.b.tolist()]
    assert table.typed == {"a", "b"}
    assert content(read_table(frame.to_dict("list"))) == content(table)
    assert content(read_table((frame[["a", "b"]], frame.y))) == content(table)


@settings(deadline=None)
@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=2))
def test_the_numbers_of_a_frame_keep_every_bit(values: Any) -> None:
    cells = read_table(pd.DataFrame({"a": values, "y": 0})).cells[0]
    assert list(map(float, cells)) == values


def test_gaps_and_types_of_a_frame() -> None:
    frame = pd.DataFrame(
        {
            "i": pd.array([1, None, 3], dtype="Int64"),
            "f": [1.0, np.nan, 2.0],
            "o": ["x", None, "z"],
            "b": [True, False, True],
            "d": pd.to_datetime(pd.Series(["2024-01-02", None, "2024-01-04"])),
            "c": pd.Categorical(["u", None, "u"]),
        }
    )
    cells = read_table(frame).cells
    assert cells[0] == ["1", "", "3"]
    assert cells[1] == ["1", "", "2"]
    assert cells[2] == ["x", "", "z"]
    assert cells[3] == ["True", "False", "True"]
    assert cells[4][1] == ""
    assert cells[4][0].startswith("2024-01-02")
    assert cells[5] == ["u", "", "u"]


def test_arrays() -> None:
    table = read_table((np.array([[0.1, 1], [0.2, 2]]), np.array(["a", "b"])))
    assert (table.names, table.cells[0]) == (("x1", "x2", "y"), ["0.1", "0.2"])
    refused(
        (np.zeros((3, 2)), np.zeros(2)),
        "(X, y): expected y of shape (3,), one value per row of X, got (2,): check their lengths",
    )
    refused((np.zeros(3), np.zeros(3)), "(X, y): expected X of shape (rows, columns), got (3,): reshape it")


def test_parquet(file: Any) -> None:
    pytest.importorskip("pyarrow")
    frame = pd.read_csv(io.StringIO(PLAIN))
    buffer = io.BytesIO()
    frame.to_parquet(buffer)
    assert content(read_table(file(buffer.getvalue(), "t.parquet"))) == content(read_table(frame))


def test_xlsx(file: Any) -> None:
    pytest.importorskip("openpyxl")
    frame = pd.read_csv(io.StringIO(PLAIN))
    buffer = io.BytesIO()
    with pd.ExcelWriter(buffer, engine="openpyxl") as writer:
        frame.to_excel(writer, index=False, sheet_name="one")
        frame.to_excel(writer, index=False, sheet_name="two")
    table = read_table(file(buffer.getvalue(), "t.xlsx"))
    assert table.names == ("a", "b", "y")
    assert [list(map(float, column)) for column in table.cells[:2]] == [frame.a.tolist(), frame.b.tolist()]
    assert table.typed == {"a", "b"}
    assert "sheet: the first of 2, 'one'" in table.notes


def test_readers_that_are_not_installed(file: Any) -> None:
    path = file(b"PAR1 and so on PAR1", "t.parquet")
    with mock.patch.dict(sys.modules, {"pyarrow": None, "fastparquet": None}):
        refused(
            path,
            f"{str(path)!r}: reading parquet files requires pyarrow, which is not installed: pip install '.[parquet]'",
        )
    path = file(zipped(xl__workbook="x"), "t.xlsx")
    with mock.patch.dict(sys.modules, {"openpyxl": None}):
        refused(
            path,
            f"{str(path)!r}: reading xlsx files requires openpyxl, which is not installed: pip install '.[xlsx]'",
        )


def test_files_of_text_need_no_pandas(file: Any) -> None:
    """Its import takes 0.4 s, in every worker process."""
    import subprocess

    code = (
        "import sys; from experiments.datasets.reading import read_table; "
        f"print(read_table({str(file(PLAIN))!r}).rows, 'pandas' in sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.split() == ["12", "False"]


GROUPED = st.integers(0, 10**12), st.sampled_from(",' \u2019\u00a0"), st.integers(0, 99)


@settings(deadline=None)
@given(*GROUPED, st.sampled_from(["", "%", " kg", "\u20ac"]), st.sampled_from(["", "-", "+", "\u2212"]))
def test_grouped_numbers_are_exact(whole: Any, mark: Any, cents: Any, unit: Any, sign: Any) -> None:
    text = f"{sign}{whole:,}.{cents:02d}{unit}".replace(",", mark)
    (way,) = candidates([text, f"1.5{unit}"], [1, 1], "auto")
    expected = number(f"{whole}.{cents:02d}") * (-1 if sign in ("-", "\u2212") else 1)
    assert way.values.tolist() == [expected, 1.5]
    swapped = text.translate(str.maketrans(".,", ",."))
    (way,) = candidates([swapped, f"1,5{unit}"], [1, 1], "auto")
    assert (way.values.tolist(), way.format.decimal) == ([expected, 1.5], ",")


@pytest.mark.parametrize(
    "text", ["1,23,456.0", "12,34", "1.2.3", "--1", "1e", "0,123.5", "1_000", "inf", "nan", "12 mm",
             "1'23", "0x1F", "1 2",
             "$-", "1,234,56", "e5", "1.5.", "(5", "5-"]
)  # fmt: skip
def test_what_is_no_number_with_a_decimal_point(text: Any) -> None:
    assert np.isnan(NumberFormat(".", grouped=True).read([text, "1.5"])[0])


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e5", 1e5),
        ("-2.5E-3", -2.5e-3),
        (".5", 0.5),
        ("5.", 5.0),
        ("+7", 7.0),
        ("(1,234.5)", -1234.5),
        ("\u22123", -3.0),
    ],
)
def test_what_is_a_number_with_a_decimal_point(text: Any, value: Any) -> None:
    assert NumberFormat(".", grouped=True).read([text])[0] == value


def test_the_message_of_every_error_is_one_line(file: Any) -> None:
    path = file("a,b\n1,\0\n", "odd\nname.csv")
    with pytest.raises(DataError, match=re.escape(r"odd\nname.csv")) as caught:
        read_table(path)
    assert "\n" not in str(caught.value)
