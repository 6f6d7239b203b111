"""Random requests for the command line, valid and invalid, drawn from the declared knobs; and what must hold of each.

``python -m tests.helpers.fuzz 500 1`` checks 500 requests, drawn from seed 1, and prints every fault with its command.
"""

from __future__ import annotations

import itertools
import random
import shlex
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from experiments.knobs.declared import (
    DATASETS,
    HIDDEN,
    HOW,
    ITERATIONS,
    READING,
    REQUESTED,
    SAMPLES,
    SEED,
    SHARD,
    WRITTEN,
)
from experiments.knobs.knob import Knob
from experiments.knobs.values import value_of, values_of
from planar_core.choices import ACTIVATIONS, DTYPES, INITS, METRICS, OPTIMIZERS
from tests.helpers.processes import CSV_FILES, Nursery, Outcome, csv_files

# Texts that are a value of some knob, or of none.
TEXTS = (
    *("0", "1", "2", "3", "5", "10", "-1", "-0", "0.5", "0.9", "1e-3", "1e3", "1e308", "1e-320", "nan", "inf", "-inf"),
    *(
        "",
        " ",
        "x",
        "1,2",
        "00",
        "1_0",
        "0x10",
        "+1",
        "1.",
        "\u0661",
        "\u00bd",
        "\u00e9",
        "\udcff",
        ".",
        ",",
        "=cmd()",
        "a\nb",
    ),
    *("1:3", "3:1", "0:3", "1:10:4", "0:3:0", ":", "1:", "lin:0:1:3", "lin:1:1:2", "lin:0.5", "log:0.1:1:2"),
    *("log:0:1:2", "8x8", "2x3x2", "8x", "x8", "2x0", "4294967295", "4294967296", "99999999999999999999"),
    *("log:0.1:1", "lin:0:0.5"),
    *("auto", "all", "seed", "same", "none", "balanced", "True", "None", "fixed", "cv:2", "cv:3", "cv:1", "cv:x"),
    *("x1", "x2", "x1+x2", "x1x2", "x1^2", "sin(x1)", "x9", "x1+x1", "yes", "no", "fill", "drop", "refuse", ";", "tab"),
    *("utf-8", "latin-1", "utf-7", "classification", "regression", "a", "b", "c", "y", "1/1", "2/3", "3/2", "0/3"),
    *(*DATASETS, *ACTIVATIONS, *OPTIMIZERS, *INITS, *DTYPES, *METRICS, "threading", "loky", "-1", "1024", "1025"),
)
# Of these knobs, valid values that make a small sweep or fit the tables below.
FEW = {
    "sample": ("1", "2", "5"), "sample_seed": ("0", "7"),
    "until_decided": ("0.01", "0.1", "1"), "budget": ("5runs", "40runs", "3000runs"), "patience": ("1", "3"),
    "decision": ("symmetric", "exact"),
    ITERATIONS.name: ("0", "1", "2", "7", "20"), SAMPLES.name: ("10", "11", "40"), "jobs": ("1", "2", "3", "-1"),
    **dict.fromkeys(("target", "drop", "keep", "group", "positive"), ("a", "b", "c", "y", "no", "p", "x")),
    "tables": ("csv", "xlsx", "parquet"), "csv_dialect": ("excel", "excel-de"), "curves": ("csv", "parquet", "none"),
    "dataset": tuple(DATASETS), "encoding": ("utf-8", "latin-1", "utf-7", "x"), "test_file": ("classes.csv", "x"),
    "features": ("all", "x1", "x2", "x1+x2", "x1x2", "x1^2+x2", "sin(x1)"), "missing_values": ("0", "x", "p"),
}  # fmt: skip
OF_TABLES, OF_GENERATED = ("test_fraction", "class_weight", "split"), ("noise", "samples", "data_seed", "features")
_CLASSES = (f"{k % 7},{k * 3 % 5}.5,{'uvw'[k % 3]},{('no', 'yes')[k % 2]}\n" for k in range(40))
_GAPS = (f"{k if k % 5 else ''};{k % 4},5;{'pqr'[k * k % 3]}\n" for k in range(30))
TABLES = {
    "classes.csv": "a,b,c,y\n" + "".join(_CLASSES),
    "gaps.csv": "a;b;y\n" + "".join(_GAPS),
    "values.tsv": "a\tb\ty\n" + "".join(f"{k}\t{-k % 6}\t{k * 1.25 + k % 3}\n" for k in range(25)),
    "few.csv": "a,y\n1,0\n2,1\n",
    "constant.csv": "a,y\n" + "1,1\n" * 20,
    "ragged.csv": "a,b,y\n1,2,0\n1,2\n",
    "empty.csv": "",
    "header.csv": "a,b,y\n",
    "binary.csv": "\ufffd\x00\x01,\x02\n" * 9,
}  # fmt: skip
GOOD_TABLES = ("classes.csv", "gaps.csv", "values.tsv")
FLAGS = ("--fresh", "--fail-fast", "--quiet", "--dry-run", "--print-config")
REQUESTS_WITH_LOKY = 10  # one of so many valid requests, as workers take seconds to start
REQUESTS_WITH_SHARDS = 3
REQUESTS_WITH_PLOTS = 50
LEFT_OUT = ("scheduler", "backend", SHARD.name)


def is_good(knob: Knob, text: str) -> bool:
    """Whether a knob takes a text, and as few values."""
    try:
        return len(values_of(knob, [text])[0]) < 5 if knob.is_axis else value_of(knob, text) is not None
    except ValueError:
        return False


def pools() -> dict[str, tuple[list[str], list[str]]]:
    """For each knob, texts that it takes and texts that it does not take."""
    found = {}
    for knob in (*REQUESTED, *HOW):
        good = [text for text in TEXTS if is_good(knob, text)]
        bad = [text for text in TEXTS if not is_good(knob, text)]
        found[knob.name] = ([text for text in good if knob is not HIDDEN or len(text) < 6], bad)
    found |= {name: (list(texts), found[name][1]) for name, texts in FEW.items()}
    return found


class Requests:
    """An endless source of requests, the same for the same seed."""

    def __init__(self, seed: int, folder: Path) -> None:
        self._random, self._pools = random.Random(seed), pools()
        self._tables = list[str]()
        for name, content in TABLES.items():
            path = folder / name
            path.write_text(content, encoding="utf-8")
            self._tables += [str(path)] * (4 if name in GOOD_TABLES else 1)

    def __iter__(self) -> Iterator[list[str]]:
        while True:
            yield self._one()

    def _one(self) -> list[str]:
        draw = self._random
        has_table = draw.random() < 0.35
        is_bad = draw.random() < 0.3
        chosen: dict[str, list[str]] = {}
        for knob in (*REQUESTED, *HOW):
            fits = (
                has_table
                if knob in READING or knob.name in OF_TABLES
                else not has_table or knob.name not in OF_GENERATED
            )
            likely = 0.9 if knob in (ITERATIONS, SEED, HIDDEN) else 0.12 if fits else 0.01
            if knob.name not in LEFT_OUT and draw.random() < likely:
                several = 1 + (knob.is_axis or knob.is_list) * (draw.random() < 0.3)
                chosen[knob.name] = [draw.choice(self._pools[knob.name][0]) for _ in range(several)]
        chosen.setdefault(ITERATIONS.name, ["3"])
        for name, optimizer in (("momentum", "momentum"), ("beta1", "adam"), ("beta2", "adam")):
            if name in chosen and draw.random() < 0.9:
                chosen["optimizer"] = ["gd", optimizer][draw.randrange(2) :]
        if "sample" in chosen:
            chosen["learning_rate"] = ["log:0.1:1"]
        elif draw.random() < 0.9:  # refused
            chosen.pop("sample_seed", None)
        if "decision" in chosen and draw.random() < 0.9:
            chosen.setdefault("until_decided", ["0.2"])
        if {"until_decided", "budget"} & chosen.keys():
            chosen["seed"] = [draw.choice(("0:8", "0:12", "0:3"))]  # not the thousand that they have by default
        if has_table:
            chosen["dataset"] = [draw.choice(self._tables) for _ in range(1 + (draw.random() < 0.1))]
        if is_bad:
            knob = draw.choice((*REQUESTED, *HOW))
            chosen[knob.name] = [*chosen.get(knob.name, [])[:1], draw.choice(self._pools[knob.name][1])]
        arguments = []
        for knob in (*REQUESTED, *HOW):
            if knob.name in chosen:
                arguments += [draw.choice(knob.flags), *chosen[knob.name]]
        if draw.random() < 0.08:
            arguments += ["--zip", *draw.sample([name.replace("_", "-") for name in chosen], min(2, len(chosen)))]
        arguments += [flag for flag in FLAGS if draw.random() < 0.04]
        return arguments if draw.random() < 1 / REQUESTS_WITH_PLOTS else [*arguments, "--no-plots"]


def faults(nursery: Nursery, arguments: list[str], folder: Path, seen: Counter[str]) -> Iterator[str]:
    """What does not hold of a request; it is run into folders in ``folder``."""
    out = folder / "out"
    outcome = nursery.run(*arguments, "--out", out)
    seen[f"exit status {outcome.status}"] += 1
    yield from _said(outcome)
    if outcome.status == 2 and out.exists():
        yield f"refused, but wrote {sorted(path.name for path in out.iterdir())}"
    expected = csv_files(out)
    if outcome.status not in (0, 1) or not expected:
        return
    without_curves = any(flag == "--curves" and "csv" not in values for flag, *values in _options(arguments))
    if len(expected) != len(CSV_FILES) - without_curves:
        yield f"wrote only {sorted(expected)}"
    others = [["--jobs", "2"]]
    seen["valid"] += 1
    if seen["valid"] % REQUESTS_WITH_LOKY == 1:
        others.append(["--jobs", "2", "--backend", "loky"])
    plain = [argument for argument in arguments if argument != "--quiet"] + ["--no-plots"]
    for other in others:
        again = nursery.run(*plain, *other, "--out", folder / "again", batch=2**25)
        seen["again " + " ".join(other)] += 1
        yield from (f"{' '.join(other)}: {fault}" for fault in _said(again))
        if (again.status, csv_files(folder / "again")) != (outcome.status, expected):
            yield f"{' '.join(other)}: status {again.status}, other bytes"
        shutil.rmtree(folder / "again", ignore_errors=True)
    has_parts = not any(flag in arguments for flag in ("--until-decided", "--budget"))
    if outcome.status == 0 and has_parts and seen["valid"] % REQUESTS_WITH_SHARDS == 1:
        yield from _merged(nursery, plain, folder, 2 + seen["valid"] % 4, expected)
        seen["merged"] += 1


def _options(arguments: list[str]) -> list[list[str]]:
    """The arguments, divided before each option."""
    starts = [at for at, argument in enumerate(arguments) if argument.startswith("--")]
    return [arguments[at:end] for at, end in zip(starts, [*starts[1:], len(arguments)], strict=True)]


def _merged(nursery: Nursery, arguments: list[str], folder: Path, n: int, expected: dict[str, bytes]) -> Iterator[str]:
    flags = [knob.flags[0] for knob in WRITTEN]  # which a shard does not take
    written = [text for option in _options(arguments) if option[0] in flags for text in option]
    arguments = [text for option in _options(arguments) if option[0] not in flags for text in option]
    for k in range(1, n + 1):
        part = nursery.run(*arguments, "--shard", f"{k}/{n}", "--out", folder / f"part {k}")
        yield from (f"shard {k}/{n}: {fault}" for fault in _said(part))
        if part.status:
            yield f"shard {k}/{n}: status {part.status}"
    parts = [folder / f"part {k}" for k in range(1, n + 1)]
    merged = nursery.run(folder / "merged", *parts, *written, "--no-plots", command="merge")
    yield from (f"merge of {n}: {fault}" for fault in _said(merged))
    if merged.status or csv_files(folder / "merged") != expected:
        yield f"merge of {n}: status {merged.status}, other bytes"


def _said(outcome: Outcome) -> Iterator[str]:
    if outcome.status not in (0, 1, 2):
        yield f"exit status {outcome.status}"
    if "Traceback" in outcome.out + outcome.err:
        yield f"traceback: {outcome.err.strip().splitlines()[-1:]}"
    if outcome.status == 2 and len(outcome.err.splitlines()) != 1:
        yield f"{len(outcome.err.splitlines())} lines on stderr: {outcome.err!r}"
    if outcome.status == 0 and outcome.err:
        yield f"success, but on stderr: {outcome.err!r}"


def check(n: int, seed: int) -> tuple[list[str], Counter[str]]:
    """Check n requests; returns the faults, each with its command, and what was counted."""
    found, seen, nursery = list[str](), Counter[str](), Nursery()
    with tempfile.TemporaryDirectory() as tables:
        for arguments in itertools.islice(Requests(seed, Path(tables)), n):
            with tempfile.TemporaryDirectory() as folder:
                for fault in faults(nursery, arguments, Path(folder), seen):
                    found.append(f"{fault}\n    python -m experiments.grid {shlex.join(arguments)}")
                    print(found[-1].encode(errors="backslashreplace").decode(), flush=True)
    nursery.close()
    return found, seen


if __name__ == "__main__":
    faulty, counted = check(int(sys.argv[1]), int(sys.argv[2]))
    print(dict(sorted(counted.items())))
    sys.exit(bool(faulty))
