"""A table dropped on the page, in a browser: rows, columns and bits of the project, or a refusal in one line."""

from __future__ import annotations

import base64
import gzip
import hashlib
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from experiments.datasets.data import DataError
from experiments.datasets.loading import load_source
from tests.helpers.browser import Browser
from tests.helpers.random_tables import random_table

INPUTS = Path(__file__).parents[1] / "datasets" / "inputs"
DOCS = Path(__file__).parents[3] / "docs"
FILES = sorted([*INPUTS.iterdir(), *DOCS.glob("*.csv")])
NOT_READ = "the command line reads more: python -m experiments.grid --dataset FILE"


@pytest.fixture
def functions(browser: Browser, page: Path) -> Browser:
    """The page, as whoever was here before left it: what its functions return does not depend on that."""
    if browser.driver.current_url != page.as_uri():
        browser.open(page)
    return browser


def dropped(browser: Browser, name: str, content: bytes, **options: Any) -> Any:
    """What the page makes of a file: fingerprints and names, or its refusal as text."""
    return browser.driver.execute_async_script(
        """const [name, text, options, done] = arguments;
        const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
        const hash = async (rows) => {
          const digest = await crypto.subtle.digest("SHA-256", await new Blob(rows).arrayBuffer());
          return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
        };
        planar.readFile(new File([bytes], name), options).then(async ({ data, said, names }) => {
          const { X, Y, X_test, Y_test, task, class_names, feature_names } = data;
          const hashes = await Promise.all([X, [Y], X_test, [Y_test]].map(hash));
          const sizes = [X.length, Y.length, X_test.length, Y_test.length];
          const { target, plane } = data;
          done({ hashes, sizes, task, class_names, feature_names, target, plane, said, names });
        }).catch((error) => done(error.constructor === Error ? error.message : { fault: String(error.stack) }));
        """,
        name,
        base64.b64encode(content).decode(),
        options,
    )


def of_project(path: Path | str, seed: int = 0, **options: Any) -> Any:
    """The same of the project; None for what it refuses."""
    try:
        data = load_source(str(path), **options).part(seed)
    except DataError:
        return None
    arrays = (data.X, data.Y, data.X_test, data.Y_test)
    return {
        "sizes": [len(data.X), data.Y.size, len(data.X_test), data.Y_test.size],
        "task": data.task,
        "class_names": list(data.class_names),
        "feature_names": list(data.feature_names),
        "hashes": [hashlib.sha256(array.astype("<f8").tobytes()).hexdigest() for array in arrays],
    }


def agree(computed: Any, expected: Any) -> None:
    assert isinstance(computed, dict), computed
    assert {name: computed[name] for name in expected} == expected


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_table_has_the_bits_of_the_project_or_is_refused(functions: Browser, path: Path) -> None:
    content = path.read_bytes()
    for seed in (0, 7):
        computed, expected = dropped(functions, path.name, content, seed=seed), of_project(path, seed)
        if expected is None:
            assert isinstance(computed, str), path.name
            assert computed.startswith(f"'{path.name}'")
            assert "\n" not in computed
        else:
            agree(computed, expected)


@pytest.mark.parametrize("first", [0, 40, 80])
def test_random_tables_have_the_bits_of_the_project_or_are_refused(
    functions: Browser, tmp_path: Path, first: int
) -> None:
    read = 0
    for seed in range(first, first + 40):
        path = tmp_path / f"{seed}.csv"
        path.write_bytes(random_table(seed))
        computed, expected = dropped(functions, path.name, path.read_bytes(), seed=seed), of_project(path, seed)
        if expected is None:
            assert isinstance(computed, str), seed
            assert computed.startswith(f"'{path.name}'"), seed
            assert "\n" not in computed
        else:
            agree(computed, expected)
            read += 1
    assert read > 10


@pytest.mark.parametrize(
    ("repeated", "said"), [(5, "as expected for columns with few values"), (20, "stay on the same")]
)
def test_equal_rows_stay_together_where_chance_does_not_explain_them(
    functions: Browser, tmp_path: Path, repeated: int, said: str
) -> None:
    rows = [f"{i % 30 / 4},{i * 7 % 30 // 2 / 8},{'uv'[i % 2]}\n" for i in range(30)]
    path = tmp_path / "x.csv"
    path.write_text("a,b,y\n" + "".join([*rows, *rows[:repeated]]))
    computed = dropped(functions, path.name, path.read_bytes())
    agree(computed, of_project(path))
    what = f"{2 * repeated} rows have the same inputs as another row"
    assert [said in line for line in computed["said"] if line.startswith(what)] == [True]


def test_another_target_and_features_of_a_table(functions: Browser) -> None:
    path = INPUTS / "three_classes.csv"
    names = path.read_text().splitlines()[0].split(",")
    computed = dropped(functions, path.name, path.read_bytes(), target=names[0])
    agree(computed, of_project(path, target=names[0]))
    assert computed["names"] == names
    assert not any(line.startswith("target") for line in computed["said"])
    features = "x2+x1x2+x1^2+sin(x2)"
    computed = dropped(functions, path.name, path.read_bytes(), features=features, seed=3)
    agree(computed, of_project(path, seed=3, features=features))
    assert computed["plane"]["names"] == names[:2]


def test_the_target_of_a_regression_has_its_units(functions: Browser) -> None:
    path = INPUTS / "regression.csv"
    data = load_source(str(path)).part(0)
    computed = dropped(functions, path.name, path.read_bytes())
    assert computed["target"] == {
        "name": data.target_name,
        "mean": data.target_scale[0],
        "deviation": data.target_scale[1],
    }


def test_a_table_can_be_split_again(functions: Browser) -> None:
    path = DOCS / "penguins.csv"
    computed = functions(
        """const { data } = planar.readTable(arguments[0], "penguins.csv"), sum = (X) => X.map((row) => [...row]);
        return [1, 1, 0].map((seed) => sum(planar.splitTable(data.table, { seed }).X)).concat([sum(data.X)]);""",
        path.read_text(encoding="utf-8"),
    )
    assert computed[0] == computed[1] != computed[2] == computed[3]
    np.testing.assert_array_equal(np.array(computed[0]), load_source(str(path)).part(1).X)


TABLE = "a,b,y\n" + "".join(f"{i / 8},{i * i % 11 / 4},{'uv'[i % 2]}\n" for i in range(20))


WRONG_CELL = (
    "expected numbers, found other text in 1 cell: column 'a': '1 m' (line 10): correct the cells, or use the command"
    ' line with --missing-values "1 m" or --drop'
)
AMBIGUOUS = (
    "expected unambiguous numbers, found a comma or point that may separate decimals or thousands: column 'a' has"
    f" '1,234': {NOT_READ} with --decimal . or --decimal ,"
)
REFUSED = {
    "": "expected a header and rows of values, found an empty file: add the data",
    "a\n1\n2\n": (
        f"line 1: expected at least two columns, found one ('a'): add a column, or {NOT_READ} with --separator"
    ),
    "PK\x03\x04...": f"expected text, found xlsx or zip, which this page does not read: save it as CSV, or {NOT_READ}",
    "PAR1...": f"expected text, found parquet, which this page does not read: save it as CSV, or {NOT_READ}",
    '{"a": 1}': "expected a table as text, found JSON: save the table as CSV",
    "a,b\n1,\0\n": "expected text, found a NUL character: save the file as UTF-8 text",
    TABLE.replace("u\n", "v\n"): (
        "column 'y': expected at least two classes, found only 'v' in all 20 rows: add rows of another class, or choose"
        " another target"
    ),
    TABLE.replace("\n1.0,", "\n1 m,"): WRONG_CELL,
    TABLE.replace("\n1.0,", '\n"1"0,'): (
        "line 10: expected well-formed CSV, found: ',' expected after '\"': correct the quotes on that line"
    ),
    TABLE.replace("\n0.5,", "\n0.5,,"): (
        "expected 3 cells on every line, as in the header, found: line 6 has 4: add or remove cells there, or quote the"
        " cells that contain the separator (comma)"
    ),
    "a;y\n1,234;0\n2,345;1\n3,456;0\n4,567;1\n": AMBIGUOUS,
}


@pytest.mark.parametrize("number", range(len(REFUSED)))
def test_a_file_that_the_page_does_not_read_is_refused_in_a_line(functions: Browser, number: int) -> None:
    content, message = list(REFUSED.items())[number]
    refusal = dropped(functions, "x.csv", content.encode())
    assert isinstance(refusal, str), refusal
    assert refusal.removeprefix("'x.csv'").lstrip(":, ") == message


def test_a_compressed_file_must_be_whole(functions: Browser) -> None:
    assert dropped(functions, "x.csv.gz", gzip.compress(TABLE.encode()))["sizes"] == [2, 14, 2, 6]
    expected = "'x.csv.gz': expected a complete compressed file, found other bytes: compress it or copy it again"
    assert dropped(functions, "x.csv.gz", gzip.compress(TABLE.encode())[:50]) == expected


def test_a_column_that_there_is_not_is_refused(functions: Browser) -> None:
    assert dropped(functions, "x.csv", TABLE.encode(), target="c") == (
        "'x.csv': expected a column named 'c', found 'a', 'b', 'y': choose one of these"
    )


READ = [path for path in FILES if of_project(path) is not None]


@pytest.mark.parametrize("path", READ, ids=lambda path: path.name)
def test_the_decisions_are_said_in_the_words_of_the_project(functions: Browser, path: Path) -> None:
    source = load_source(str(path))
    options = r" \(override with --[^()]*\)|: if (rows|this) .*|; for one against .*"  # which the page does not have
    expected = [re.sub(options, "", note) for note in source.notes]
    computed = dropped(functions, path.name, path.read_bytes())["said"]
    assert [re.sub(": if (rows|this) .*", "", line) for line in computed] == expected


def test_a_large_file_is_left_to_the_command_line(functions: Browser) -> None:
    refusal = functions.driver.execute_async_script(
        "const done = arguments[0];"
        "planar.readFile(new File([new Uint8Array(6e6)], 'x.csv')).catch((error) => done(error.message));"
    )
    assert refusal == f"'x.csv': expected at most 5 MB, found 6 MB: {NOT_READ}"


def test_encodings(functions: Browser) -> None:
    utf_16 = dropped(functions, "x.csv", TABLE.encode("utf-16"))
    assert utf_16["said"][0] == "encoding: UTF-16, from its byte order mark"
    euro = dropped(functions, "x.csv", TABLE.replace("u", "€").encode("cp1252"))
    assert euro["said"][0] == "encoding: cp1252, because line 2 is not UTF-8"
    assert euro["class_names"] == ["v", "€"]


def test_a_dropped_table_is_sent_nowhere(functions: Browser) -> None:
    functions.requests()  # what came before
    dropped(functions, "x.csv", TABLE.encode())
    assert functions.requests() == []
