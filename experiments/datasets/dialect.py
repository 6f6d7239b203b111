"""From the text of a file to its cells: separator, quotes, comments.

Lines are split by the standard library's csv module, which reports the line number of each row, so that errors can name
rows with too few or too many cells.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from experiments.datasets.data import DataError
from experiments.datasets.options import AUTO, SEPARATORS, separator_name
from experiments.text import count, listed, quoted

BLANKS = " "
_SAMPLE_CHARACTERS, _SAMPLE_ROWS, _SAMPLE_CELLS = 400_000, 200, 20_000
_SEP_LINE = re.compile(r"sep=(.|\\t)[ \t]*(?:\r\n|\r|\n)", re.IGNORECASE)
_NUMBER = re.compile(
    r"[+\-(\u2212]?[$€£¥]? ?(?:\d|\.\d)(?:[\d.,'\u2019]*[\d.])?(?:[eE][+\-]?\d+)?(?: ?[%€$]| ?[^\W\d]{1,3})?\)?"
)
_WORD = re.compile(r'"(?:[^"]|"")*"(?!\S)|\S+')
_MOST_TITLES = 5  # lines above a table
_LONGEST_CELL = 2**31 - 1


class Records(NamedTuple):
    """The rows of a file, including the header.

    rows: the cells of each
    lines: the line of the file on which each begins, counted from 1
    separator: the character between cells, a blank for any run of blanks
    comments: the texts of comment lines above the first row, without their marks
    notes: the decisions made
    """

    rows: list[list[str]]
    lines: list[int]
    separator: str
    comments: tuple[str, ...]
    notes: tuple[str, ...]


def records(where: str, text: str, separator: str) -> Records:
    """Split the text into cells by this separator, which is detected if it is "auto".

    Raises DataError for unbalanced quotes.
    """
    notes: list[str] = []
    first_line = 1
    if match := _SEP_LINE.match(text):
        text, first_line = text[match.end() :], 2
        if separator == AUTO:
            separator = "\t" if match[1] == "\\t" else match[1]
            notes.append(f"separator: {separator_name(separator)}, from the first line (override with --separator)")
    text, comments, skipped = _without_comments(text)
    first_line += skipped
    if separator == AUTO:
        separator = _find(text)
        if separator != ",":
            notes.append(f"separator: {separator_name(separator)} (override with --separator)")
    rows, lines = [], []
    for line, row in _split(where, text, separator, first_line):
        rows.append(row)
        lines.append(line)
    commented = _comment_rows(rows, comments)
    if commented:
        places = listed((f"{lines[i]}" for i in sorted(commented)), most=10)
        notes.append(
            f"{count(len(commented), 'line')} that begin{'s' * (len(commented) == 1)} with # skipped: {places}"
        )
        kept = [i for i in range(len(rows)) if i not in commented]
        rows, lines = [rows[i] for i in kept], [lines[i] for i in kept]
    if titles := _titles(rows):
        above = listed((quoted(row[0].strip()) for row in rows[:titles]), "and")
        notes.append(f"{count(titles, 'line')} above the table skipped: {above}")
        rows, lines = rows[titles:], lines[titles:]
    if comments:
        notes.append(f"{count(len(comments), 'comment line')} above the table skipped")
    return Records(rows, lines, separator, comments, tuple(notes))


def split_line(text: str, separator: str) -> list[str]:
    """Return the cells of a single line."""
    return next((row for _, row in _split("", text, separator, 1, strict=False)), [])


def _without_comments(text: str) -> tuple[str, tuple[str, ...], int]:
    """Return the text without comment lines at its beginning, these comments, and the number of lines removed."""
    comments, skipped, position = [], 0, 0
    for match in re.finditer(r"([^\r\n]*)(?:\r\n|\r|\n)", text):
        line = match[1].strip()
        if line and not line.startswith("#"):
            break
        if line:
            comments.append(line.lstrip("#").strip())
        skipped += 1
        position = match.end()
    if not comments:
        return text, (), 0
    return text[position:], tuple(comments), skipped


def _comment_rows(rows: Sequence[Sequence[str]], comments: Sequence[str]) -> set[int]:
    """Return the rows that are comments: they begin with # and, unless there are comments at the top, do not fit."""
    marked = [i for i, row in enumerate(rows) if row[0].lstrip().startswith("#")]
    if not marked:
        return set()
    width = Counter(map(len, rows)).most_common(1)[0][0]
    every = bool(comments) and len(marked) < len(rows) / 2
    return {i for i in marked if every or len(rows[i]) != width}


def _titles(rows: Sequence[Sequence[str]]) -> int:
    """Return how many of the first rows are titles: rows with a single cell above rows with more cells."""
    first = next((i for i, row in enumerate(rows) if sum(1 for cell in row if cell.strip()) > 1), 0)
    if not 0 < first <= _MOST_TITLES or len(rows) - first < 2:
        return 0
    width = len(rows[first])
    return first if width > 1 and all(len(row) == width for row in rows[first:]) else 0


def _split(
    where: str, text: str, separator: str, first_line: int, strict: bool = True
) -> Iterator[tuple[int, list[str]]]:
    """Yield the line and the cells of every row that is not empty."""
    if separator == BLANKS:
        for number, words_of in enumerate(io.StringIO(text), start=first_line):
            if words := _WORD.findall(words_of):
                yield number, [_unquoted(word) for word in words]
        return
    csv.field_size_limit(max(csv.field_size_limit(), _LONGEST_CELL))  # of the whole process; 131,072 by default
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, skipinitialspace=True, strict=strict)
    while True:
        line = reader.line_num + first_line
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise DataError(
                f"{where}, line {line}: expected well-formed CSV, found: {error}: correct the quotes on that line"
            ) from None
        if row and (len(row) > 1 or row[0].strip()):
            yield line, row


def _unquoted(word: str) -> str:
    return word[1:-1].replace('""', '"') if len(word) > 1 and word[0] == '"' == word[-1] else word


def _find(text: str) -> str:
    """Return the separator that gives rows of equal length with most numbers; a comma if there is none."""
    sample = text[:_SAMPLE_CHARACTERS]
    if len(sample) < len(text):
        sample = sample[: max(sample.rfind("\n"), sample.rfind("\r")) + 1] or sample
    scores = {separator: _score(sample, separator) for separator in SEPARATORS.values()}
    return max(scores, key=scores.__getitem__)  # the first of equal ones


def _score(sample: str, separator: str) -> float:
    rows: list[list[str]] = []
    for _, row in _split("", sample, separator, 1, strict=False):
        rows.append(row)
        if len(rows) == _SAMPLE_ROWS:
            break
    if not rows:
        return 0.0
    (width, rows_of_width), *_ = Counter(map(len, rows)).most_common(1)
    if width < 2:
        return 0.0
    cells: Iterable[str] = (cell for row in rows[: max(10, _SAMPLE_CELLS // width)] for cell in row)
    numeric = [_NUMBER.fullmatch(cell.strip()) is not None for cell in cells]
    # A header has a name for each column, or one name less if written by R.
    first = 1.0 if len(rows[0]) in (width, width - 1) and len(rows[0]) > 1 else 0.5
    return first * rows_of_width / len(rows) * (0.2 + sum(numeric) / len(numeric))


def rectangular(where: str, found: Records, has_header: bool) -> tuple[list[list[str]], list[int], list[str]]:
    """Return the rows, all as wide as the first, their lines, and notes.

    Empty rows are skipped. A last column without name and values, caused by a separator at the end of each line, is
    removed. If every row has one cell more than the header, the first column has no name, as in files written by R.
    Raises DataError for rows of other lengths, with all their line numbers.
    """
    notes = []
    kept = [i for i, row in enumerate(found.rows) if any(cell and not cell.isspace() for cell in row)]
    if empty := len(found.rows) - len(kept):
        notes.append(f"{count(empty, 'row')} without values skipped")
    rows, lines = [found.rows[i] for i in kept], [found.lines[i] for i in kept]
    if not rows:
        return rows, lines, notes
    body = rows[has_header:]
    widths = Counter(map(len, body))
    width = len(rows[0])
    if body and set(widths) == {width + 1} and has_header:
        if not any(row[-1].strip() for row in body):
            rows = [rows[0], *(row[:-1] for row in body)]
        else:
            rows[0] = ["", *rows[0]]
            notes.append("the first column has no name: every row has one cell more than the header")
    elif has_header and width > 2 and not rows[0][-1].strip() and set(widths) == {width - 1}:
        rows[0] = rows[0][:-1]
    elif len(widths) > 1 and not has_header:
        width = widths.most_common(1)[0][0]
    width = len(rows[0]) if has_header else width
    wrong = [i for i, row in enumerate(rows) if len(row) != width]
    wrong = [i for i in wrong if not _trimmed(rows, i, width)]
    if wrong:
        places = listed((f"{lines[i]} has {len(rows[i])}" for i in wrong), most=5)
        what = "line" if len(wrong) == 1 else f"{len(wrong)} lines: line"
        raise DataError(
            f"{where}: expected {width} cells on every line, as in the {'header' if has_header else 'others'}, "
            f"found: {what} {places}: add or remove cells there, or quote the cells that contain the separator "
            f"({separator_name(found.separator)})"
        )
    body = rows[has_header:]
    if width > 2 and body and not any(row[-1].strip() for row in body) and not (has_header and rows[0][-1].strip()):
        rows = [row[:-1] for row in rows]
        notes.append("the last column has neither a name nor values: left out")
    return rows, lines, notes


def _trimmed(rows: list[list[str]], i: int, width: int) -> bool:
    """Remove empty cells from the end of a row that is too long; return whether its length is correct then."""
    if len(rows[i]) > width and not any(cell.strip() for cell in rows[i][width:]):
        rows[i] = rows[i][:width]
        return True
    return False


def one_column(where: str, line: int, row: Sequence[str]) -> DataError:
    """Return the error for a file that no separator splits into columns."""
    return DataError(
        f"{where}, line {line}: expected at least two columns, found one ({quoted(row[0] if row else '')}): "
        "add a column, or choose the separator with --separator"
    )
