"""A table dropped on the page, in a browser: the same rows, columns and bits as the project's, or a refusal in one line."""

from __future__ import annotations

import base64
import gzip
import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from experiments.datasets.data import DataError
from experiments.datasets.loading import load_source
from tests.helpers.browser import Browser

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
        planar.readFile(new File([bytes], name), options).then(async ({ data, said, names, target }) => {
          const { X, Y, X_test, Y_test, task, class_names, feature_names } = data;
          const hashes = await Promise.all([X, [Y], X_test, [Y_test]].map(hash));
          const sizes = [X.length, Y.length, X_test.length, Y_test.length];
          done({ hashes, sizes, task, class_names, feature_names, target: data.target, plane: data.plane, said, names });
        }).catch((error) => done(error instanceof Error && error.constructor === Error ? error.message : String(error.stack)));
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
