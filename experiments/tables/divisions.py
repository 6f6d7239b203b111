"""shard.json: which part of which sweep a folder has; and the folders that ``experiments.merge`` joins."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from experiments.datasets.source import Source
from experiments.design import Design, ProblemKey
from experiments.files import MANIFEST, SHARD, STORE, ResultsError, write_text
from experiments.knobs.checks import shard as checked_shard
from experiments.knobs.declared import SEED
from experiments.runner.shards import Shard
from experiments.tables.problems import about_data, identities
from experiments.text import count, listed
from planar_core.choices import NUMERICS

_FORMAT = 1  # of shard.json
_SHOWN = 5  # shards or settings in a message


@dataclass(frozen=True)
class Division:
    """A folder with a part of a sweep, or all of it.

    shard: which part; None for all of it
    request, about: those of the whole sweep, as in its manifest
    """

    folder: Path
    design: Design
    request: Mapping[str, Any]
    about: list[dict[str, Any]]
    shard: Shard | None
    is_complete: bool

    @property
    def store(self) -> Path:
        """The file of its runs."""
        return self.folder / STORE

    @property
    def name(self) -> str:
        """In messages."""
        return f"{self.folder}" if self.shard is None else f"{self.folder} (shard {self.shard})"

    def seeds(self) -> Iterator[Sequence[int]]:
        """Its seeds of each series of the sweep."""
        if self.shard is not None:
            yield from self.shard.seeds(self.design)
        else:
            for _ in range(self.design.n_series):
                yield self.design.values[SEED.name]

    @property
    def size(self) -> int:
        """The number of its runs."""
        return self.design.size if self.shard is None else self.shard.size(self.design)


def check_folder_of_shard(out: Path, shard: Shard) -> None:
    """Raises ResultsError if the folder has another shard, which would be lost to a merge."""
    try:
        found = json.loads((out / SHARD).read_text(encoding="utf-8"))["shard"]
    except (OSError, ValueError, KeyError, TypeError):
        return
    if found != str(shard):
        raise ResultsError(f"expected a folder for shard {shard}, found shard {found} in {out}: use a folder for each")


def write_shard(
    out: Path,
    shard: Shard,
    design: Design,
    sources: Mapping[ProblemKey, Source],
    done: Mapping[str, Any] | None = None,
) -> Path:
    """Write shard.json: before the training, and after it with ``done``, which says how it was done."""
    content = {
        "format": _FORMAT,
        "shard": str(shard),
        "complete": done is not None,
        "numerics": NUMERICS,
        "request": design.request,
        "data": about_data(design, sources),
        "execution": done,
    }
    write_text(out / SHARD, json.dumps(content, indent=2, ensure_ascii=False) + "\n")
    return out / SHARD


def divisions(folders: Sequence[Path]) -> list[Division]:
    """The folders to join. Raises ResultsError unless they are, together, exactly one sweep."""
    found = [_in(folder) for folder in folders]
    # A folder where a whole sweep was trained after a shard, or the reverse, is taken for what fits the others.
    first = next((each[0] for each in found if len(each) == 1), found[0][0])
    chosen = [next((each for each in several if each.request == first.request), several[0]) for several in found]
    for each in chosen:
        if (other := _difference(each, first)) is not None:
            raise ResultsError(
                f"{each.name}: expected the request of {first.name}, found {other}: merge the parts of one request"
            )
    if all(each.shard is not None for each in chosen):
        _check_all_there([each.shard for each in chosen if each.shard is not None])
    for each in chosen:
        _check_readable(each)
    return chosen


def _in(folder: Path) -> list[Division]:
    """What a folder has, a whole sweep first."""
    found = [_read(folder, name) for name in (MANIFEST, SHARD) if (folder / name).exists()]
    if not found:
        raise ResultsError(
            f"{folder}: expected a shard or a sweep, found neither {SHARD} nor {MANIFEST}: check the path"
        )
    return found


def _read(folder: Path, name: str) -> Division:
    path = folder / name
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        shard = Shard.parse(checked_shard(content["shard"])) if name == SHARD else None
        if shard is not None and content["format"] != _FORMAT:
            raise ResultsError(f"{path}: expected format {_FORMAT}, found {content['format']!r}: update this program")
        if shard is not None and content["numerics"] != NUMERICS:
            expected = f"version {NUMERICS} of the arithmetic, found {content['numerics']!r}"
            raise ResultsError(f"{path}: expected {expected}: train the shard again with this version")
        design, about = Design(**{"split": "fixed", **content["request"]}), content["data"]
        if design.margin is not None:
            raise ResultsError(f"{path}: expected a grid, found a race, which has no parts to join")
        for identity in identities(design, about).values():
            design.identity(design.series(0), identity)
        return Division(folder, design, content["request"], about, shard, bool(content.get("complete", True)))
    except ResultsError:
        raise
    except OSError as error:
        raise ResultsError(f"{path}: expected a readable file, found: {error.strerror}") from None
    except Exception as error:  # noqa: BLE001 - a damaged file can raise anything
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        raise ResultsError(f"{path}: cannot be read ({reason}): run its command again") from None


def _difference(one: Division, other: Division) -> str | None:
    """The first settings in which two requests differ, or their data."""
    names = [name for name in (*one.request, *other.request) if one.request.get(name) != other.request.get(name)]
    if names:
        return f"other values of {listed(dict.fromkeys(names), most=_SHOWN)}"
    for its, others in zip(one.about, other.about, strict=True):
        if any(its.get(name) != others.get(name) for name in ("identity", "fingerprint")):
            return f"other data of {its['problem']['dataset']}"
    return None


def _check_all_there(shards: Sequence[Shard]) -> None:
    n = shards[0].of
    if (other := next((each for each in shards if each.of != n), None)) is not None:
        raise ResultsError(f"expected shards of one division, got {shards[0]} and {other}: merge those of the same N")
    missing = sorted(set(range(1, n + 1)) - {each.number for each in shards})
    if missing:
        which = listed((str(Shard(number, n)) for number in missing), most=_SHOWN)
        raise ResultsError(
            f"expected all {count(n, 'shard')}, {len(missing):,} missing: {which}; name their folders, too"
        )


def _check_readable(each: Division) -> None:
    """Raises ResultsError for a store that is missing or may still change: a sweep that runs, or was interrupted."""
    if not each.store.is_file():
        raise ResultsError(f"{each.name}: expected the file {STORE}, found none: copy the whole folder")
    journals = [each.store.with_name(f"{each.store.name}-{kind}") for kind in ("journal", "wal")]
    if not each.is_complete or any(path.exists() and path.stat().st_size for path in journals):
        raise ResultsError(f"{each.name} is not finished: run its command again, or wait until it ends")
