"""Small tables as people have them, and what each must become without any option, unless one is named."""

from __future__ import annotations

import csv
import gzip
import math
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from experiments.datasets.columns import make_table
from experiments.datasets.data import DataError
from experiments.datasets.encoding import fit
from experiments.datasets.options import Reading
from experiments.datasets.partition import fixed, folds, split
from experiments.datasets.reading import read_table
from tests.oracles.tables import nearest_neighbour_accuracy, number

INPUTS = Path(__file__).parent / "inputs"


def table_of(name: Any, **options: Any) -> Any:
    reading = Reading(**options)
    test = None if reading.test_file is None else read_table(INPUTS / reading.test_file, reading)
    return make_table(read_table(INPUTS / name, reading), reading, test, name)


def rows_of(name: Any, delimiter: Any = ",", encoding: Any = "utf-8") -> Any:
    raw = (INPUTS / name).read_bytes()
    text = (gzip.decompress(raw) if name.endswith(".gz") else raw).decode(encoding)
    return list(csv.reader(text.splitlines(), delimiter=delimiter))


def names(table: Any) -> Any:
    return [column.name for column in table.columns]


def kinds(table: Any) -> Any:
    return [column.kind for column in table.columns]


def said(table: Any, text: Any) -> Any:
    return [note for note in table.notes if text in note]


def columns_of(rows: Any, decimal: Any = ".") -> Any:
    """The numbers of all columns but the last of rows that are numbers."""
    return [[number(cell, decimal) for cell in column] for column in list(zip(*rows, strict=True))[:-1]]


def refused(message: Any, name: Any, **options: Any) -> None:
    with pytest.raises(DataError, match="^" + re.escape(message) + "$"):
        table_of(name, **options)


def test_a_text_among_numbers_is_refused_with_its_place_and_remedy() -> None:
    path = str(INPUTS / "numbers_with_text.csv")
    refused(
        f"{path!r}: expected numbers, found other text in 1 cell: column 'width': '12 mm' (line 19): correct the "
        f"cells, "
        'or treat them as missing with --missing-values "12 mm", or leave the column out with --drop',
        "numbers_with_text.csv",
    )


def test_a_text_that_is_said_to_be_missing_is_a_gap() -> None:
    table = table_of("numbers_with_text.csv", missing_values="12 mm")
    assert np.flatnonzero(np.isnan(table.columns[0].values)).tolist() == [17]  # line 19
    assert said(table, "missing values: 'width' 1: the median of the training part")


def test_all_slips_are_listed_at_once(tmp_path: Any) -> None:
    rows = rows_of("numbers_with_text.csv")
    rows[4][1], rows[9][1], rows[11][0] = "x", "x", "y"
    path = tmp_path / "t.csv"
    path.write_text("\n".join(map(",".join, rows)))
    with pytest.raises(DataError) as caught:
        make_table(read_table(path))
    assert "found other text in 4 cells" in str(caught.value)
    assert "column 'width': 'y' (line 12) and '12 mm' (line 19); column 'depth': 'x' (lines 5 and 10)" in str(
        caught.value
    )


def test_a_text_column_becomes_a_column_for_each_category() -> None:
    table = table_of("text_column.csv")
    assert kinds(table) == ["number", "number", "category"]
    assert table.columns[2].categories == ("blue", "green", "red")
    assert said(table, "categories, encoded one-hot: 'colour' (3)")
    encoder = fit(table, np.arange(table.rows))
    assert encoder.feature_names == ("width", "depth", "colour=blue", "colour=green", "colour=red")
    expected = [
        [float(row[2] == colour) for row in rows_of("text_column.csv")[1:]] for colour in ("blue", "green", "red")
    ]
    np.testing.assert_array_equal(encoder.transform(table)[2:], expected)


@pytest.mark.parametrize(("name", "cells"), [("missing_blank.csv", (6, 6)), ("missing_words.csv", (5, 7))])
def test_gaps_are_filled_by_the_training_part_and_counted(name: Any, cells: Any) -> None:
    table = table_of(name)
    assert said(table, f"missing values: 'width' {cells[0]}, 'depth' {cells[1]}: the median of the training part")
    train, _ = fixed(table)
    widths = table.columns[0].values[train]
    assert fit(table, train).columns[0].fill == np.median(widths[~np.isnan(widths)])


def test_rows_with_gaps_are_left_out_on_demand() -> None:
    blank = [row for row in rows_of("missing_blank.csv")[1:] if "" in row]
    table = table_of("missing_blank.csv", missing="drop")
    assert table.rows == 60 - len(blank)
    assert said(table, f"{len(blank)} rows with missing values left out")
    assert not np.isnan(table.columns[0].values).any()


def test_all_gaps_are_counted_where_they_are_refused() -> None:
    path = str(INPUTS / "missing_words.csv")
    refused(
        f"{path!r}: expected no missing values with --missing refuse, found 12 cells: "
        "'width' 5 (lines 13, 28, 30, 34 and 44), 'depth' 7 (lines 5, 14, 22, 36, 38 and 2 more): "
        "fill them in, or use --missing fill or --missing drop",
        "missing_words.csv",
        missing="refuse",
    )


def test_a_missing_label_is_no_class() -> None:
    table = table_of("missing_label.csv")
    assert (table.rows, table.task, table.class_names) == (55, "binary", ("female", "male"))
    assert said(table, "5 rows without a label in 'sex' left out ('NA')")


def test_a_missing_label_is_not_positive() -> None:
    path = str(INPUTS / "missing_label.csv")
    refused(
        f"{path!r}, column 'sex': expected a label, got 'NA' with --positive, which means a missing label: "
        "choose one of 'female', 'male'",
        "missing_label.csv",
        positive="NA",
    )


@pytest.mark.parametrize(("name", "column"), [("id_column.csv", "id"), ("index_column.csv", "column 1")])
def test_a_column_that_numbers_the_rows_is_left_out_unless_kept(name: Any, column: Any) -> None:
    table = table_of(name)
    assert names(table) == ["width", "depth"]
    assert said(table, f"left out: {column!r}: row numbers (override with --keep)")
    kept = table_of(name, keep=column)
    assert names(kept) == [column, "width", "depth"]


def test_an_id_in_the_order_of_the_classes_gives_everything_away() -> None:
    """Why it is left out: the file is sorted by class."""
    table = table_of("id_column.csv", keep="id", drop=("width", "depth"))
    train, test = fixed(table)
    X = fit(table, train)
    parts = (X.transform(table, train), table.target[train], X.transform(table, test), table.target[test])
    assert nearest_neighbour_accuracy(*parts) > 0.9


def test_three_classes() -> None:
    table = table_of("three_classes.csv")
    assert (table.task, table.class_names) == ("multiclass", ("canadian", "kama", "rosa"))
    labels = [row[-1] for row in rows_of("three_classes.csv")[1:]]
    assert [table.class_names[code] for code in table.target] == labels
    assert said(table, "for one against the rest use --positive LABEL")


def test_one_class_against_the_rest() -> None:
    table = table_of("three_classes.csv", positive="rosa")
    assert (table.task, table.class_names) == ("binary", ("not rosa", "rosa"))
    assert table.target.tolist() == [int(row[-1] == "rosa") for row in rows_of("three_classes.csv")[1:]]


def test_a_number_with_many_values_is_a_regression() -> None:
    table = table_of("regression.csv")
    assert (table.task, table.class_names, table.target_name) == ("regression", (), "price")
    assert table.target.tolist() == [float(row[-1]) for row in rows_of("regression.csv")[1:]]
    assert said(table, "task: regression, because 'price' has fractions (override with --task classification)")


def test_a_few_integers_are_classes_and_on_demand_numbers() -> None:
    table = table_of("ordered_grades.csv")
    assert (table.task, table.class_names) == ("multiclass", ("3", "4", "5", "6", "7", "8"))
    assert said(table, "because 'quality' has 6 different integers (override with --task regression)")
    grades = [float(row[-1]) for row in rows_of("ordered_grades.csv")[1:]]
    assert table_of("ordered_grades.csv", task="regression").target.tolist() == grades


def test_several_positive_labels() -> None:
    table = table_of("ordered_grades.csv", positive=("6", "7", "8"))
    assert (table.task, table.class_names) == ("binary", ("not 6, 7 or 8", "6, 7 or 8"))
    assert table.target.tolist() == [int(int(row[-1]) >= 6) for row in rows_of("ordered_grades.csv")[1:]]


DIALECTS = [
    ("semicolon_decimal_comma.csv", ";", "utf-8-sig", ",", ("separator: semicolon", "decimal mark: comma")),
    ("utf16_tab.csv", "\t", "utf-16", ",", ("encoding: UTF-16", "separator: tab", "decimal mark: comma")),
    ("pipes.csv", "|", "utf-8", ".", ("separator: pipe",)),
    ("blanks.csv", " ", "utf-8", ".", ("separator: blanks",)),
    ("tabs.tsv", "\t", "utf-8", ".", ("separator: tab",)),
    ("compressed.csv.gz", ",", "utf-8", ".", ()),
]


@pytest.mark.parametrize(("name", "delimiter", "encoding", "decimal", "notes"), DIALECTS)
def test_a_dialect_is_found_and_said(name: Any, delimiter: Any, encoding: Any, decimal: Any, notes: Any) -> None:
    table = table_of(name)
    header, *rows = rows_of(name, delimiter, encoding)
    assert names(table) == header[:-1]
    assert [column.values.tolist() for column in table.columns] == columns_of(rows, decimal)
    for note in notes:
        assert said(table, note)
    assert len([n for n in table.notes if "separator" in n or "decimal mark" in n or "encoding" in n]) == len(notes)


def test_the_sep_line_of_excel() -> None:
    table = table_of("excel_sep_line.csv")
    _, header, *rows = rows_of("excel_sep_line.csv", ";", "cp1252")
    assert names(table) == header[:-1] == ["Länge", "Breite"]
    assert [column.values.tolist() for column in table.columns] == columns_of(rows, ",")
    assert said(table, "encoding: cp1252")
    assert said(table, "separator: semicolon")


def test_comment_lines() -> None:
    table = table_of("comment_lines.csv")
    header, *rows = rows_of("comment_lines.csv")[2:]
    assert names(table) == header[:-1]
    assert [column.values.tolist() for column in table.columns] == columns_of(rows)
    assert said(table, "2 comment lines above the table skipped")


def test_a_dialect_can_be_decided_otherwise() -> None:
    table = table_of("semicolon_decimal_comma.csv", separator="semicolon", decimal=",", encoding="utf-8-sig")
    assert table.columns[0].values[0] == 25.62
    assert not said(table, "separator")
    odd = read_table(INPUTS / "pipes.csv", Reading(separator="pipe", header="no"))
    assert (odd.names, odd.rows) == (("x1", "x2", "x3"), 51)


@pytest.mark.parametrize(
    ("name", "rows"), [("no_header.csv", 50), ("no_header_increasing.csv", 40), ("no_header_text_first.csv", 50)]
)
def test_without_a_header_all_rows_are_data(name: Any, rows: Any) -> None:
    table = table_of(name)
    assert table.rows == rows
    assert names(table) == [f"x{i + 1}" for i in range(len(table.columns))]
    assert said(table, "header: none")
    assert table_of(name, header="yes").rows == rows - 1


def test_thousands_and_percent() -> None:
    table = table_of("thousands_percent.csv")
    rows = rows_of("thousands_percent.csv")[1:]
    assert table.columns[0].values.tolist() == [number(row[0]) for row in rows]
    assert table.columns[1].values.tolist() == [number(row[1].rstrip("%")) for row in rows]
    assert said(table, "thousands are grouped in 'income' ('16,146' is 16146)")
    assert said(table, "numbers with a unit: 'share' in %")


def test_thousands_alone_may_be_two_numbers(tmp_path: Any) -> None:
    path = tmp_path / "t.csv"
    path.write_text("".join(f'"{row[0]}",{i * i},{row[2]}\n' for i, row in enumerate(rows_of("thousands_percent.csv"))))
    with pytest.raises(DataError, match=r"column 'income' has '16,146': choose one with --decimal \. or --decimal ,$"):
        make_table(read_table(path))
    values = {d: make_table(read_table(path, Reading(decimal=d)), Reading(decimal=d)).columns[0].values for d in ".,"}
    assert (values["."][0], values[","][0]) == (16146, 16.146)


def test_dates_and_names_are_left_out() -> None:
    table = table_of("dates_names.csv")
    assert names(table) == ["a", "b"]
    assert said(table, "left out: 'visit': dates or times")
    assert said(table, "left out: 'name': text with nearly as many values as rows")


def test_booleans() -> None:
    table = table_of("booleans.csv")
    rows = rows_of("booleans.csv")[1:]
    assert kinds(table) == ["number", "boolean", "boolean"]
    assert table.columns[1].values.tolist() == [float(row[1] == "True") for row in rows]
    assert table.columns[2].values.tolist() == [float(row[2] == "yes") for row in rows]
    assert table.target.tolist() == [int(row[3] == "TRUE") for row in rows]
    assert said(table, "'is_old': 'no' is 0, 'yes' is 1")
    X = fit(table, np.arange(table.rows)).transform(table)
    np.testing.assert_array_equal(X[1], table.columns[1].values)  # 0 and 1, not standardized


def test_labels_that_differ_in_case_or_blanks_are_one_class() -> None:
    table = table_of("labels_case.csv")
    assert (table.task, table.class_names) == ("binary", ("NO", "yes"))
    labels = [row[2].strip().lower() for row in rows_of("labels_case.csv")[1:]]
    assert table.target.tolist() == [int(label == "yes") for label in labels]
    assert said(table, "labels that differ only in case or spaces are one class: 'Yes', 'yes' and 'YES' are 'yes'")


def test_constant_columns_are_left_out() -> None:
    table = table_of("constant_column.csv")
    assert names(table) == ["a", "b"]
    assert said(table, "left out: 'unit', 'batch': constant")


@pytest.mark.parametrize("name", ["imbalanced.csv", "nothing_to_learn.csv"])
def test_tables_that_are_hard_to_learn_are_read_as_any(name: Any) -> None:
    table = table_of(name)
    rows = rows_of(name)[1:]
    assert table.target.tolist() == [int(row[-1]) for row in rows]
    assert len(set(kinds(table))) == 1
    train, test = split(table, 0)
    assert abs(table.target[test].mean() - table.target.mean()) < 0.02
    assert train.size + test.size == table.rows


def test_equal_rows_stay_on_one_side() -> None:
    table = table_of("duplicates.csv")
    assert said(table, "240 rows have the same inputs as another row: such rows stay on the same side of every split")
    inputs = [tuple(row[:-1]) for row in rows_of("duplicates.csv")[1:]]
    for train, test in [*(split(table, seed) for seed in range(5)), *folds(table, 5, 0)]:
        assert not {inputs[row] for row in train} & {inputs[row] for row in test}
        assert train.size
        assert test.size


def test_equal_rows_on_both_sides_would_flatter() -> None:
    """A nearest neighbour gets what it has seen; with equal rows kept together its accuracy is about chance."""
    table = table_of("duplicates.csv")

    def accuracy(train: Any, test: Any) -> Any:
        encoder = fit(table, train)
        X, X_test = encoder.transform(table, train), encoder.transform(table, test)
        return nearest_neighbour_accuracy(X, table.target[train], X_test, table.target[test])

    together = np.mean([accuracy(*split(table, seed)) for seed in range(20)])
    assert together < 0.65
    assert accuracy(*fixed(table)) > 0.8


def test_equal_rows_of_few_categories_are_split_like_others(tmp_path: Any) -> None:
    path = tmp_path / "t.csv"
    path.write_text("colour,size,y\n" + "".join(f"{'rgb'[i % 3]},{i % 4},{i % 5 % 2}\n" for i in range(60)))
    table = make_table(read_table(path))
    assert table.groups is None
    assert said(table, "60 rows have the same inputs as another row, as expected for columns with few values")


def test_rows_that_come_twice_stay_together_in_a_small_table(tmp_path: Any) -> None:
    rows = [f"{math.sin(i):.3f},{100 * math.cos(i * i):.1f},{i % 2}\n" for i in range(40)]
    path = tmp_path / "t.csv"
    path.write_text("width,height,y\n" + "".join(rows + rows[:10]))
    table = make_table(read_table(path))
    assert said(table, "20 rows have the same inputs as another row: such rows stay on the same side of every split")
    assert table.groups is not None
    assert table.groups[:10].tolist() == table.groups[40:].tolist()
    path.write_text("width,height,y\n" + "".join(rows + rows[:1]))
    assert make_table(read_table(path)).groups is None  # one pair is what chance gives: 0.8 are expected


def test_the_rows_of_a_group_stay_on_one_side() -> None:
    table = table_of("groups.csv", group="patient")
    patients = [row[0] for row in rows_of("groups.csv")[1:]]
    assert names(table) == ["a", "b"]
    assert said(table, "groups: rows with the same 'patient' stay on the same side of every split (12 groups)")
    for train, test in [fixed(table), *(split(table, seed) for seed in range(5)), *folds(table, 4, 1)]:
        assert not {patients[row] for row in train} & {patients[row] for row in test}
        assert set(table.target[train]) == {0, 1}
        assert set(table.target[test]) == {0, 1}


def test_a_column_that_may_be_a_group_is_warned_of() -> None:
    assert said(table_of("groups.csv"), "warning: values of 'patient' repeat and nearly determine 'y'")
    for name in ("id_column.csv", "text_column.csv", "ordered_grades.csv", "duplicates.csv", "booleans.csv"):
        assert not said(table_of(name), "warning")


def test_a_test_file() -> None:
    table = table_of("separate_train.csv", test_file="separate_test.csv")
    train, test = rows_of("separate_train.csv")[1:], rows_of("separate_test.csv")[1:]
    assert table.test_rows.tolist() == list(range(len(train), len(train) + len(test)))
    for part in (fixed(table), split(table, 3)):
        assert [rows.tolist() for rows in part] == [list(range(len(train))), table.test_rows.tolist()]
    assert [column.values.tolist() for column in table.columns] == columns_of(train + test)
    assert said(table, f"test part: the {len(test)} rows of")


def test_the_columns_of_a_test_file_are_matched_by_name(tmp_path: Any) -> None:
    path = tmp_path / "turned.csv"
    path.write_text("\n".join(",".join(row[::-1]) for row in rows_of("separate_test.csv")))
    turned = make_table(read_table(INPUTS / "separate_train.csv"), None, read_table(path))
    straight = table_of("separate_train.csv", test_file="separate_test.csv")
    assert turned.fingerprint == straight.fingerprint


def test_new_rows_are_encoded_as_those_of_the_training_file() -> None:
    table = table_of("separate_train.csv")
    encoder = fit(table, np.arange(table.rows))
    X, notes = encoder.transform_frame(INPUTS / "new_rows.csv")
    rows = rows_of("new_rows.csv")[1:]
    for k, name in enumerate(("width", "depth")):
        train = [float(row[k]) for row in rows_of("separate_train.csv")[1:]]
        new = [float(row[1 - k]) for row in rows]
        assert encoder.feature_names[k] == name
        np.testing.assert_allclose(X[k], (np.array(new) - np.mean(train)) / np.std(train), rtol=1e-12)
    assert notes == ()
