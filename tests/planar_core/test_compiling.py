"""The cache of compiled kernels: never stale, never in the way; and no kernel is compiled twice for one dtype."""

from __future__ import annotations

import functools
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from planar_core import compiling
from tests.helpers.machines import ROOT

PACKAGE = ROOT / "planar_core"


def run(program: str, root: Path = ROOT, **environment: str) -> tuple[Any, list[str]]:
    """Run a program that prints JSON, with ``root`` on its path: what it printed, and its warnings."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("NUMBA_", "PYTHON"))}
    if "NUMBA_CACHE_DIR" in os.environ:
        kept["NUMBA_CACHE_DIR"] = os.environ["NUMBA_CACHE_DIR"]
    done = subprocess.run(
        [sys.executable, "-W", "always", "-c", program],
        env=kept | {"PYTHONPATH": str(root)} | environment,
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout), [line for line in done.stderr.splitlines() if "Warning: " in line]


# --- never stale --------------------------------------------------------------------------------------------


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """A copy of the package, to be edited."""
    shutil.copytree(PACKAGE, tmp_path / "planar_core", ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


EXP_OF_1 = """
import json
import numpy as np
from planar_core import elementary

print(json.dumps(elementary.evaluate("exp", np.ones(3))[0]))
"""


TWICE_THE_CONSTANTS = """

true_constant = constant


def constant(**by_dtype):
    return true_constant(**{dtype: 2 * number for dtype, number in by_dtype.items()})
"""


def test_an_edit_of_another_module_is_never_answered_by_an_old_kernel(copied: Path) -> None:
    def exp_of_1() -> tuple[float, int]:
        """The result, and how many files were added to the cache."""
        before = len(list(cache.rglob("*.nbc")))
        result, warnings = run(EXP_OF_1, copied, NUMBA_CACHE_DIR=str(cache))
        assert warnings == []
        return result, len(list(cache.rglob("*.nbc"))) - before

    cache = copied / "cache"
    first, files = exp_of_1()
    assert first == pytest.approx(2.718281828459045)
    assert files > 0
    assert exp_of_1() == (first, 0)

    # evaluate() and exp() stand in elementary.py, which stays as it is
    simd = copied / "planar_core" / "simd.py"
    content = simd.read_text(encoding="utf-8")
    simd.write_text(content + TWICE_THE_CONSTANTS, encoding="utf-8")
    other, files = exp_of_1()
    assert other != first
    assert files > 0

    simd.write_text(content, encoding="utf-8")
    assert exp_of_1() == (first, 0)


def test_digest_knows_the_name_and_the_content_of_every_file(copied: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = copied / "planar_core"
    monkeypatch.setattr(compiling, "__file__", str(package / "compiling.py"))
    digest: Callable[[], str] = compiling.sources_digest.__wrapped__
    assert digest() == compiling.sources_digest()
    seen = {digest()}
    for path in sorted(package.glob("*.py")):
        path.write_bytes(path.read_bytes().swapcase())  # of the same length as before
        seen.add(digest())
    (package / "another.py").touch()
    seen.add(digest())
    (package / "another.py").rename(package / "renamed.py")
    seen.add(digest())
    assert len(seen) == 1 + len(list(PACKAGE.glob("*.py"))) + 2


# --- never in the way -----------------------------------------------------------------------------------------

# Kernels that compile in no time, in a file of their own.
SMALL_KERNELS = """
from planar_core.compiling import kernel

def multiply(x):
    return x * 3

def square(x):
    return x * x

def add(x):
    return x + 1

def subtract(x):
    return x - 1

kernels = [kernel(each) for each in (multiply, square, add, subtract)]
"""

CALL_SMALL_KERNELS = """
import json
from small import kernels

results = [kernel(number) for kernel in kernels for number in (1.5, 3)]
print(json.dumps([results, sum(sum(kernel.stats.cache_hits.values()) for kernel in kernels)]))
"""
RIGHT = [4.5, 9, 2.25, 9, 2.5, 4, 0.5, 2]


Outcome = tuple[Any, list[str]]


def call_small(folder: Path, before: str = "", **environment: str) -> Outcome:
    """Call the small kernels in a process of its own, with ``folder / "cache"`` as the cache folder."""
    (folder / "small.py").write_text(SMALL_KERNELS, encoding="utf-8")
    environment = {"NUMBA_CACHE_DIR": str(folder / "cache")} | environment
    return run(before + CALL_SMALL_KERNELS, folder, PYTHONPATH=f"{folder}{os.pathsep}{ROOT}", **environment)


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the small kernels in its cache."""
    folder = tmp_path_factory.mktemp("compiled")
    assert call_small(folder) == ([RIGHT, 0], [])
    return folder


@pytest.fixture
def small(compiled: Path, tmp_path: Path) -> Callable[..., Outcome]:
    """``call_small`` in a folder of its own, where the kernels are already compiled."""
    shutil.copytree(compiled, tmp_path, dirs_exist_ok=True)
    return functools.partial(call_small, tmp_path)


def test_a_second_process_finds_what_the_first_compiled(small: Callable[..., Outcome]) -> None:
    assert small() == ([RIGHT, 8], [])


def test_what_is_compiled_is_loaded_without_what_compiles(compiled: Path) -> None:
    program = CALL_SMALL_KERNELS.rpartition("print")[0]
    program += "import sys; print(json.dumps([results, 'numba.np.linalg' in sys.modules]))"
    path = f"{compiled}{os.pathsep}{ROOT}"
    for cache, compiles in (("cache", False), ("empty", True)):
        assert run(program, compiled, NUMBA_CACHE_DIR=str(compiled / cache), PYTHONPATH=path) == ([RIGHT, compiles], [])


def test_no_folder_is_writable(small: Callable[..., Outcome], tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    nowhere = str(tmp_path / "file" / "folder")  # fails for root as well
    result, warnings = small(NUMBA_CACHE_DIR=nowhere, HOME=nowhere, XDG_CACHE_HOME=nowhere)
    assert result == [RIGHT, 0]
    assert len(warnings) == 1
    message = (
        "UserWarning: compiled kernels are not kept: no folder for compiled kernels is writable;"
        " every start will compile them again"
    )
    assert warnings[0].endswith(message)


@pytest.mark.parametrize("place", ["a relative folder", "a folder of all"])
def test_code_in_a_folder_of_others_is_not_run(place: str, small: Callable[..., Outcome], tmp_path: Path) -> None:
    (cache,) = (tmp_path / "cache").iterdir()
    for path in tmp_path.rglob("small.add-*.nbc"):  # code that somebody could have placed there
        path.write_bytes(next(tmp_path.rglob("small.subtract-*.nbc")).read_bytes())
    if place == "a folder of all":
        cache.chmod(0o777)
    given = "cache" if place == "a relative folder" else str(tmp_path / "cache")
    before = {path: path.stat().st_mtime_ns for path in cache.iterdir()}
    nowhere = str(tmp_path / "small.py" / "folder")
    result, warnings = small(NUMBA_CACHE_DIR=given, HOME=nowhere, XDG_CACHE_HOME=nowhere)
    assert result == [RIGHT, 0]
    reason = f"other users can write to {cache}"
    if place == "a relative folder":
        reason = f"cache/{cache.name} is no absolute path: set HOME or NUMBA_CACHE_DIR to one"
    assert len(warnings) == 1
    assert f"compiled kernels are not kept: {reason}; every start will compile them again" in warnings[0]
    assert {path: path.stat().st_mtime_ns for path in cache.iterdir()} == before


def test_the_folder_is_taken_away_while_running(small: Callable[..., Outcome], tmp_path: Path) -> None:
    shutil.rmtree(tmp_path / "cache")
    take_away = f"""
import shutil
import small
shutil.rmtree({str(tmp_path / "cache")!r})
open({str(tmp_path / "cache")!r}, "w").close()
"""
    result, warnings = small(before=take_away)
    assert result == [RIGHT, 0]
    assert len(warnings) == 1
    assert "UserWarning: compiled kernels are not kept: " in warnings[0]


def cut_in_half(content: bytes) -> bytes:
    return content[: len(content) // 2]


def empty(content: bytes) -> bytes:
    return b""


def overwrite(content: bytes) -> bytes:
    return b"neither a pickle nor an object file\n" * 100


def flip_a_bit(content: bytes) -> bytes:
    """In the middle: of compiled code that is the code itself."""
    changed = bytearray(content)
    changed[len(changed) // 2] ^= 1
    return bytes(changed)


DAMAGES = {"multiply": cut_in_half, "square": empty, "add": overwrite, "subtract": flip_a_bit}


@pytest.mark.parametrize("suffix", ["nbi", "nbc"])
def test_damaged_files_are_replaced(suffix: str, small: Callable[..., Outcome], tmp_path: Path) -> None:
    for name, damage in DAMAGES.items():
        files = list((tmp_path / "cache").rglob(f"small.{name}-*.{suffix}"))
        assert files
        for path in files:
            path.write_bytes(damage(path.read_bytes()))
    (result, hits), warnings = small()
    assert result == RIGHT
    assert hits == 0 or (suffix == "nbi" and hits <= 2)  # a flipped bit of an index may be one that does not matter
    assert len(warnings) == 1
    assert "UserWarning: compiled kernels are not kept: " in warnings[0]
    assert small() == ([RIGHT, 8], [])


def test_code_for_other_types_is_not_run(small: Callable[..., Outcome], tmp_path: Path) -> None:
    """Two processes that compile at once for two dtypes can leave an index that names the file of the other one."""
    for name in DAMAGES:
        one, other = sorted((tmp_path / "cache").rglob(f"small.{name}-*.nbc"))
        content = one.read_bytes()
        one.write_bytes(other.read_bytes())
        other.write_bytes(content)
    (result, hits), warnings = small()
    assert (result, hits, len(warnings)) == (RIGHT, 0, 1)
    assert small() == ([RIGHT, 8], [])


def test_code_for_another_cpu_is_not_run(small: Callable[..., Outcome], tmp_path: Path) -> None:
    (tmp_path / "cache").rename(tmp_path / "here")
    small(NUMBA_CPU_NAME="generic", NUMBA_CPU_FEATURES="")
    for path in (tmp_path / "here").rglob("*.nbc"):
        there = tmp_path / "cache" / path.relative_to(tmp_path / "here")
        assert there.read_bytes() != path.read_bytes()
        there.replace(path)
    shutil.rmtree(tmp_path / "cache")
    (tmp_path / "here").rename(tmp_path / "cache")
    (result, hits), warnings = small()
    assert (result, hits, len(warnings)) == (RIGHT, 0, 1)


# --- one compilation a kernel and dtype -----------------------------------------------------------------------

VARIOUS_SHAPES = """
import gc
import json
import numpy as np
from planar_core import backward, compiling, cost, forward, initialize, predict, train, update
from planar_core.elementary import evaluate

def signatures():
    kernels = [each for each in gc.get_objects() if isinstance(getattr(each, "_cache", None), compiling._Cache)]
    return {each.__qualname__: [str(signature) for signature in each.signatures] for each in kernels}

def use(features, hidden, examples, dtype, integer=int, **options):
    random = np.random.RandomState(0)
    X, Y = random.randn(features, examples), random.randint(0, 2, examples)
    train(X, Y, hidden, 0.1, integer(3), integer(1), integer(2), dtype, **options)
    evaluate("exp", X.astype(dtype))
    parameters = initialize(features, hidden, 0)
    passed = forward(parameters, X)
    cost(passed, Y)
    update(parameters, backward(parameters, passed, X, Y), 1)
    predict(parameters, X)

for dtype in ("float64", "float32"):
    use(2, 4, 50, dtype)
first = signatures()
for dtype in ("float64", "float32"):
    for integer in (int, np.int64, np.int32, np.uint8):
        use(2, 4, 50, dtype, integer)
    use(1, 0, 1, dtype)
    use(30, "8x8", 7, dtype, X_test=np.zeros((30, 5)), Y_test=np.zeros(5))
    use(3, (4, 4, 2), 400, dtype, X_test=np.zeros((3, 5), "float32", "F"), Y_test=np.zeros((1, 5), bool))
    use(2, [5], 16, dtype, verbose=True, report=lambda line: None)
train(np.zeros((2, 9), "int8", "F"), np.zeros(9, bool), 2, np.float32(0.5), 1)
train(np.zeros((2, 9), "float32"), np.zeros((1, 9), "float32"), 2, 1, 1, dtype="float32")
print(json.dumps([first, signatures()]))
"""


def test_a_kernel_is_compiled_once_for_each_dtype_whatever_the_shapes() -> None:
    (first, after), _ = run(VARIOUS_SHAPES)
    assert after == first
    assert len(first["train_batch"]) == 2
    for name, signatures in first.items():
        dtypes = ["float32" in signature for signature in signatures]
        assert len(dtypes) == len(set(dtypes)), name
