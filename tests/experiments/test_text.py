"""experiments.text: durations, sizes and words as people read them, in the columns that there are."""

from __future__ import annotations

import pytest

from experiments.text import closest, count, duration, fit, fit_end, listed, quoted, size


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0.0 s"), (9.94, "9.9 s"), (9.96, "10 s"), (89, "89 s"), (91, "2 min"), (5000, "83 min"), (5400, "1.5 h"),
     (3600 * 47, "47.0 h"), (3600 * 48, "2 days"), (86400 * 12345.6, "12,346 days")],
)  # fmt: skip
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("n", "text"),
    [
        (0, "0 kB"),
        (12_345, "12 kB"),
        (999_499, "999 kB"),
        (1e6, "1.0 MB"),
        (2.6e6, "2.6 MB"),
        (9.96e6, "10 MB"),
        (1.25e9, "1.2 GB"),
        (999e9, "999.0 GB"),
        (2e12, "2 TB"),
        (2.5e16, "25,000 TB"),
    ],
)
def test_sizes(n: float, text: str) -> None:
    assert size(n) == text


@pytest.mark.parametrize(
    ("name", "choices", "expected"),
    [
        ("flowr", ("moons", "flower"), " (did you mean 'flower'?)"),
        ("LABEL", ("x", "Label"), " (did you mean 'Label'?)"),
        ("label", ("Label", "LABEL"), " (did you mean 'Label'?)"),
        ("zzz", ("moons", "flower"), ""),
        ("mnist", ("moons", "iris"), ""),
        ("utf9", ("utf-16", "utf-8"), " (did you mean 'utf-8'?)"),
        ("--hiden", ("--help", "--hidden"), " (did you mean '--hidden'?)"),
        ("--ye", ("--dtype",), ""),  # only the dashes are alike
        ("", ("moons",), ""),
    ],
)
def test_did_you_mean(name: str, choices: tuple[str, ...], expected: str) -> None:
    assert closest(name, choices) == expected


@pytest.mark.parametrize(
    ("texts", "word", "most", "expected"),
    [
        ([], "and", None, ""),
        (["a"], "and", None, "a"),
        (["a", "b"], "", None, "a, b"),
        (["a", "b", "c"], "and", None, "a, b and c"),
        (["a", "b", "c"], "and", 3, "a, b and c"),
        (["a", "b", "c"], "and", 2, "a, b, ..."),
    ],
)
def test_lists(texts: list[str], word: str, most: int | None, expected: str) -> None:
    assert listed(iter(texts), word, most) == expected


@pytest.mark.parametrize(("n", "expected"), [(0, "0 seeds"), (1, "1 seed"), (2000, "2,000 seeds")])
def test_counts(n: int, expected: str) -> None:
    assert count(n, "seed") == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [("it's", '"it\'s"'), ("a\nb", "'a\\nb'"), (1.5, "1.5"), ("x" * 60, f"'{'x' * 60}'"),
     ("x" * 61, f"'{'x' * 57}...'"), ([0] * 99, f"[{'0, ' * 18}0,..."), ("", "''")],
)  # fmt: skip
def test_values_in_messages(value: object, expected: str) -> None:
    assert quoted(value) == expected


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [("12345678", "12345678", "12345678"), ("123456789", "12345...", "...56789"), ("数据数据数", "数据...", "...据数"),
     ("a\nb", "a\\nb", "a\\nb")],
)  # fmt: skip
def test_what_is_too_long_keeps_its_beginning_or_its_end(text: str, start: str, end: str) -> None:
    assert (fit(text, 8), fit_end(text, 8)) == (start, end)
