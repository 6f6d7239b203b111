"""The tables in other formats: the same numbers, the same bytes every time, and nothing left of an earlier sweep."""

from __future__ import annotations

import csv
import io
import json
import shutil
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any
from unittest import mock

import openpyxl
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from experiments.cli import grid, merge, verify
from experiments.copying import copy
from experiments.datasets.loading import load
from experiments.files import FILES, STORE
from experiments.formats import Formats
from experiments.knobs.knob import SweepError
from experiments.results import read
from experiments.sweep import Observer, Sweep
from experiments.tables.csv_files import in_dialect, write_csv
from experiments.tables.parquet_files import ParquetFiles
from experiments.tables.workbook import Workbook
from tests.helpers.commands import TINY
from tests.helpers.mixed import assert_same

EVERY: dict[str, Any] = {"tables": ["xlsx", "parquet"], "csv_dialect": "excel-de", "curves": ["csv", "xlsx", "parquet"]}
ALL_FILES = {
    "runs.csv", "curves.csv", "summary.csv", "runs.parquet", "curves.parquet", "summary.parquet", "sweep.xlsx",
}  # fmt: skip
TABLES = ("summary", "runs", "curves")


def a_sweep(**knobs: Any) -> Sweep:
    request = {"hidden": [0, "2x2"], "learning_rate": [0.1, 1e307], "seed": [3, 0], "iterations": 30, "noise": 0.25}
    return Sweep(**{**request, **knobs})


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()} - {"sweep.json", STORE}


def contents(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in names(folder)}


def sheet(path: Path, name: str) -> list[list[Any]]:
    book = openpyxl.load_workbook(path, read_only=True)
    rows = [[cell.value for cell in row] for row in book[name].iter_rows()]
    book.close()
    return rows


@pytest.mark.parametrize("knobs", [{}, {"patience": 2}, {"dataset": "diabetes", "noise": None, "split": "cv:3"}])
def test_parquet_files_have_every_bit(tmp_path: Path, knobs: dict[str, Any]) -> None:
    expected = a_sweep(**knobs).run(out=tmp_path, jobs=1, tables="parquet")
    for name in TABLES:
        computed = pd.read_parquet(tmp_path / f"{name}.parquet")
        table = getattr(expected, name)
        table = table.astype({column: "float64" for column in table if str(table[column].dtype) == "Int64"})
        pd.testing.assert_frame_equal(computed, table, check_exact=True, check_dtype=False)


def test_cells_of_a_workbook_are_those_of_the_tables(tmp_path: Path) -> None:
    expected = a_sweep().run(out=tmp_path, jobs=1, tables=["xlsx"], curves=["csv", "xlsx"])
    book = openpyxl.load_workbook(tmp_path / "sweep.xlsx")
    assert book.sheetnames == list(TABLES)
    assert {book.properties.created, book.properties.modified} == {datetime(2000, 1, 1)}  # noqa: DTZ001 - no zone
    for name in TABLES:
        header, *rows = sheet(tmp_path / "sweep.xlsx", name)
        table = getattr(expected, name)
        assert header == list(table.columns)
        assert len(rows) == len(table)
        for row, (_, values) in zip(rows, table.iterrows(), strict=True):
            for cell, value in zip(row, values, strict=True):
                if pd.isna(value) or value == "":
                    assert cell is None
                elif isinstance(value, str):
                    assert cell == value
                else:
                    assert cell == pytest.approx(value, rel=1e-15)


def test_numbers_of_a_german_csv_file_are_the_same(tmp_path: Path) -> None:
    expected = a_sweep().run(out=tmp_path, jobs=1, csv_dialect="excel-de")
    for name in TABLES:
        path, types = tmp_path / f"{name}.csv", {"hidden": str}
        computed = pd.read_csv(path, sep=";", decimal=",", dtype=types)
        table = getattr(expected, name)
        for column in table:
            if pd.api.types.is_float_dtype(table[column]):
                assert computed[column].tolist() == pytest.approx(table[column].tolist(), rel=0, abs=0, nan_ok=True)
        assert (tmp_path / f"{name}.csv").read_bytes().startswith("\ufeff".encode())
    data = load(str(tmp_path / "runs.csv"), target="test_accuracy", drop=["error"])  # as any other table
    assert "cost" in data.feature_names


@given(st.lists(st.tuples(st.text(st.characters(codec="utf-8")), st.floats(allow_nan=False)), max_size=5))
def test_text_in_a_german_csv_file_stays_as_it_is(rows: list[tuple[str, float]]) -> None:
    table = pd.DataFrame({"a,b": [text for text, _ in rows], "n": [number for _, number in rows]})
    usual, german = io.BytesIO(), io.BytesIO()
    for dialect, file in (("excel", usual), ("excel-de", german)):
        sink = in_dialect(file, dialect)
        write_csv(table.iloc[:2], sink)
        write_csv(table.iloc[2:], sink, header=False)

    def cells(content: bytes, encoding: str, separator: str) -> list[list[str]]:
        return list(csv.reader(io.StringIO(content.decode(encoding), newline=""), delimiter=separator))

    expected = [[text, number.replace(".", ",")] for text, number in cells(usual.getvalue(), "utf-8", ",")]
    assert cells(german.getvalue(), "utf-8-sig", ";") == expected


def test_names_with_commas_and_points_are_kept_in_german_curves(tmp_path: Path) -> None:
    path = tmp_path / 'a,b "1.5";c.csv'
    path.write_text("x,y\n" + "".join(f"{i % 7},{i % 2}\n" for i in range(40)), encoding="utf-8")
    Sweep(dataset=str(path), hidden=1, learning_rate=0.5, seed=0, iterations=5).run(
        out=tmp_path, csv_dialect="excel-de"
    )
    content = (tmp_path / "curves.csv").read_bytes().decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(content, newline=""), delimiter=";"))
    assert {row[0] for row in rows[1:]} == {str(path)}
    assert {row[2] for row in rows[1:]} == {"0,5"}


def test_the_bytes_do_not_depend_on_how_they_came_about(tmp_path: Path) -> None:
    a_sweep().run(out=tmp_path / "one", jobs=1, **EVERY)
    a_sweep(seed=[0]).run(out=tmp_path / "two")
    a_sweep().run(out=tmp_path / "two", jobs=2, **EVERY)
    assert names(tmp_path / "one") == ALL_FILES
    assert contents(tmp_path / "one") == contents(tmp_path / "two")


def test_row_groups_do_not_depend_on_how_rows_arrive() -> None:
    n = 2**17 + 50
    table = pd.DataFrame({"a": range(n), "b": [f"{i % 3}" for i in range(n)], "c": [i / 7 for i in range(n)]})
    made = []
    for pieces in ([n], [1, 2**17 - 1, 50], [2**17 - 2, 10, 42]):
        file, at = io.BytesIO(), 0
        files = ParquetFiles({"runs": file})
        for piece in pieces:
            files.write("runs", table.iloc[at : at + piece])
            at += piece
        files.close()
        made.append(file.getvalue())
    assert made[0] == made[1] == made[2]
    pd.testing.assert_frame_equal(pd.read_parquet(io.BytesIO(made[0])), table, check_dtype=False)


def test_no_text_of_a_workbook_is_a_formula() -> None:
    texts = ["=1+1", "{=A1}", "+1", "@x", "'quoted", " spaces ", "two\nlines"]
    file = io.BytesIO()
    book = Workbook(file, ["runs"])
    book.write("runs", pd.DataFrame({"=2": texts}))
    book.close()
    cells = [row[0] for row in openpyxl.load_workbook(file)["runs"].iter_rows()]
    assert [cell.value for cell in cells] == ["=2", *texts]
    assert {cell.data_type for cell in cells} == {"s"}


def test_a_long_text_is_cut_and_an_infinity_is_text() -> None:
    file = io.BytesIO()
    book = Workbook(file, ["runs"])
    book.write("runs", pd.DataFrame({"a": ["x" * 40_000, "http://a"], "b": [float("inf"), 0.1]}))
    book.close()
    (_, _), (text, infinity), (link, _) = openpyxl.load_workbook(file)["runs"].iter_rows()
    assert text.value == "x" * 32_764 + "..."
    assert (infinity.value, link.value, link.hyperlink) == ("inf", "http://a", None)


def test_curves_are_written_where_it_is_asked_for(tmp_path: Path) -> None:
    for curves, expected in (
        ("none", {"runs.csv", "summary.csv"}),
        ("parquet", {"runs.csv", "summary.csv", "curves.parquet"}),
        (["csv", "parquet"], {"runs.csv", "summary.csv", "curves.parquet", "curves.csv"}),
        (None, {"runs.csv", "summary.csv", "curves.csv"}),
    ):
        results = a_sweep().run(out=tmp_path, curves=curves)
        assert names(tmp_path) == expected
        assert_same(read(tmp_path), results)
    assert "tables" not in json.loads((tmp_path / "sweep.json").read_text())


def test_nothing_is_left_of_an_earlier_sweep_but_what_others_put_there(tmp_path: Path) -> None:
    said: list[str] = []
    observer = mock.create_autospec(Observer, instance=True)
    observer.note.side_effect = said.append
    a_sweep().run(out=tmp_path, **EVERY)
    a_sweep(hidden=0).run(out=tmp_path, curves="none", observer=observer)
    assert names(tmp_path) == {"runs.csv", "summary.csv"}
    gone = "curves.csv, summary.parquet, runs.parquet, curves.parquet, sweep.xlsx"
    assert said == [f"removed, since they were of an earlier sweep: {gone}"]
    (tmp_path / "sweep.xlsx").write_text("somebody's own")
    a_sweep(hidden=0).run(out=tmp_path)
    assert (tmp_path / "sweep.xlsx").read_text() == "somebody's own"


def test_an_interruption_leaves_the_old_files(tmp_path: Path) -> None:
    class Failing(Observer):
        def replacing_tables(self) -> None:
            raise KeyboardInterrupt

    a_sweep().run(out=tmp_path, **EVERY)
    before = contents(tmp_path)
    for how in (EVERY, {"curves": "none"}):
        with pytest.raises(KeyboardInterrupt):
            a_sweep(hidden=0).run(out=tmp_path, observer=Failing(), **how)
        assert contents(tmp_path) == before


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"tables": "ods"}, "--tables: expected one of csv, xlsx, parquet, got 'ods'"),
        ({"csv_dialect": "german"}, "--csv-dialect: expected one of excel, excel-de, got 'german'"),
        ({"curves": ["none", "csv"]}, "--curves: expected formats, or none alone, got none csv"),
    ],
)
def test_what_cannot_be_written_is_refused_before_training(given: dict[str, Any], message: str, tmp_path: Path) -> None:
    with pytest.raises(SweepError) as caught:
        a_sweep().run(out=tmp_path / "out", **given)
    assert str(caught.value) == message
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("option", "name", "module", "package"),
    [
        ("tables", "xlsx", "xlsxwriter", "XlsxWriter"),
        ("tables", "parquet", "pyarrow", "pyarrow"),
        ("curves", "parquet", "pyarrow", "pyarrow"),
    ],
)
def test_a_missing_package_is_named_before_training(
    option: str, name: str, module: str, package: str, tmp_path: Path
) -> None:
    with mock.patch.dict(sys.modules, {module: None}), pytest.raises(SweepError) as caught:
        a_sweep().run(out=tmp_path / "out", **{option: name})  # type: ignore[arg-type]
    assert str(caught.value) == (
        f"--{option} {name} requires the package {package}, which is not installed: pip install '.[{name}]'"
    )
    assert not (tmp_path / "out").exists()


def test_more_rows_than_a_sheet_holds_are_refused_before_training() -> None:
    of = Formats.of(["xlsx"])
    assert of.curves == ("csv",)  # the workbook has curves only if that is asked for
    of.check(21_000, 100, 51, is_race=False)
    with pytest.raises(SweepError) as caught:
        of.check(1_048_576, 100, 51, is_race=False)
    assert str(caught.value) == (
        "--tables xlsx: a sheet of Excel holds 1,048,575 rows, and runs would have 1,048,576: use --tables parquet"
    )
    of = Formats.of(["xlsx"], curves=["xlsx"])
    of.check(20_000, 100, 51, is_race=False)
    with pytest.raises(SweepError) as caught:
        of.check(21_000, 100, 51, is_race=False)
    assert str(caught.value) == (
        "--curves xlsx: a sheet of Excel holds 1,048,575 rows, and curves would have 1,071,000: use --curves parquet"
    )


def test_a_race_leaves_out_what_does_not_fit() -> None:
    of = Formats.of(["xlsx"], curves=["xlsx"])
    of.check(1_048_576, 1048, 51, is_race=True)  # it trains fewer than it might
    assert of.left_out(of.sheets(1_048_576, 1048, 51)) == [
        "sweep.xlsx without runs: a sheet of Excel holds 1,048,575 rows",
        "sweep.xlsx without curves: a sheet of Excel holds 1,048,575 rows",
    ]
    with pytest.raises(SweepError):
        of.check(2_097_152, 1_048_576, 51, is_race=True)


def test_the_command_line_writes_them_and_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    arguments = [*TINY, "--out", str(out), "--tables", "xlsx", "--curves", "parquet"]
    grid.main([*arguments, "--dry-run"])
    files = [line.split()[1] for line in capsys.readouterr().out.splitlines() if line.startswith("file ")]
    expected = {"runs.csv", "summary.csv", "curves.parquet", "sweep.xlsx", "sweep.json", STORE}
    assert {Path(file).name for file in files} == expected
    assert grid.main(arguments) == 0
    assert {path.name for path in out.iterdir()} == expected
    assert f"6 files written to {out}" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        grid.main([*TINY, "--shard", "1/2", "--curves", "none", "--out", str(tmp_path / "shard")])
    assert capsys.readouterr().err == (
        "experiments.grid: --shard: a shard writes no tables: give --curves to experiments.merge\n"
    )


def test_a_merge_writes_the_same_bytes(tmp_path: Path) -> None:
    a_sweep().run(out=tmp_path / "one", **EVERY)
    for k in (1, 2):
        a_sweep().run_shard(f"{k}/2", out=tmp_path / f"{k}")
    arguments = [
        "--tables",
        "xlsx",
        "parquet",
        "--csv-dialect",
        "excel-de",
        "--curves",
        "csv",
        "xlsx",
        "parquet",
        "--no-plots",
        "--quiet",
    ]
    assert merge.main([str(tmp_path / "out"), str(tmp_path / "1"), str(tmp_path / "2"), *arguments]) == 0
    assert contents(tmp_path / "out") == contents(tmp_path / "one")


def test_a_copy_has_them(tmp_path: Path) -> None:
    a_sweep().run(out=tmp_path / "one", **EVERY)
    list(copy(tmp_path / "one", tmp_path / "two"))
    assert contents(tmp_path / "two") == contents(tmp_path / "one")


def test_a_race_writes_what_was_trained(tmp_path: Path) -> None:
    race = Sweep(hidden=[0, 8], learning_rate=1, seed=range(12), iterations=100, until_decided=0.05)
    results = race.run(out=tmp_path, **EVERY)
    assert len(pd.read_parquet(tmp_path / "runs.parquet")) == len(results.runs)
    assert len(sheet(tmp_path / "sweep.xlsx", "runs")) == 1 + len(results.runs)


def test_verify_compares_them(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def said(status: int) -> list[str]:
        assert verify.main([str(tmp_path)]) == status
        return [line for line in capsys.readouterr().out.splitlines() if ".parquet" in line or "xlsx" in line]

    a_sweep().run(out=tmp_path, **EVERY)
    fine = [
        "summary.parquet: 4 rows as in the store",
        "runs.parquet: 8 rows as in the store",
        f"curves.parquet: {len(pd.read_parquet(tmp_path / 'curves.parquet'))} rows as in the store",
        "sweep.xlsx was not compared",
    ]
    assert said(0) == fine
    path, kept = tmp_path / "runs.parquet", (tmp_path / "runs.parquet").read_bytes()
    changes: list[tuple[Callable[[pd.DataFrame], pd.DataFrame], str]] = [
        (lambda table: table.assign(cost=table["cost"].where(table.index != 2, 0.0)), "1 of 8"),
        (lambda table: table.iloc[:-3], "3 of 8"),
        (lambda table: pd.concat([table, table.iloc[:1]]), "1 of 9"),
        (lambda table: table.rename(columns={"cost": "price"}), "8 of 8"),
    ]
    for change, n in changes:
        changed = io.BytesIO()
        files = ParquetFiles({"runs": changed})
        files.write("runs", change(pd.read_parquet(io.BytesIO(kept))))
        files.close()
        path.write_bytes(changed.getvalue())
        assert said(1)[1] == f"runs.parquet: {n} rows differ from the store"
    path.write_bytes(kept[:-10])
    assert said(1)[1] == "runs.parquet: 8 of 8 rows differ from the store"
    path.unlink()
    (tmp_path / "sweep.xlsx").unlink()
    assert said(1) == [fine[0], "runs.parquet is missing", fine[2], "sweep.xlsx is missing"]


def test_a_manifest_with_other_formats_is_refused(tmp_path: Path) -> None:
    a_sweep().run(out=tmp_path, curves="none")
    path = tmp_path / "sweep.json"
    held = json.loads(path.read_text())
    assert held["tables"] == {"tables": ["csv"], "curves": [], "csv_dialect": "excel"}
    held["tables"]["curves"] = ["../../x"]
    path.write_text(json.dumps(held))
    with pytest.raises(ValueError, match=r"tables\.curves\[0\]: expected csv, xlsx or parquet, found '\.\./\.\./x'"):
        read(tmp_path)
    a_sweep().run(out=tmp_path)  # and harms nobody
    assert names(tmp_path) == set(FILES[:3])
    shutil.rmtree(tmp_path)
