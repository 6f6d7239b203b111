"""``python -m experiments.map``: what it prints, writes and refuses; and ``verify`` for the folder of a map."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from experiments.cli import map as command
from experiments.cli import verify
from experiments.cli.options import map_parser
from experiments.maps.plane import Tile
from experiments.maps.store import STORE, MapStore, claimed
from tests.helpers.maps import MAP, contents, damage

SMALL = [*MAP, "--size", "64", "--jobs", "1"]
Captured = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("finished")
    assert command.main([*SMALL, "--quiet", "--out", str(folder)]) == 0
    return folder


def refused(arguments: list[str], capsys: Captured) -> str:
    with pytest.raises(SystemExit) as exit_:
        command.main(arguments)
    assert exit_.value.code == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert err.startswith("experiments.map: ")
    return err.removeprefix("experiments.map: ").rstrip("\n")


def test_help_is_80_columns_wide(capsys: Captured) -> None:
    with pytest.raises(SystemExit):
        map_parser().parse(["--help"])
    assert max(map(len, capsys.readouterr().out.splitlines())) <= 80


def test_a_plan_writes_nothing(tmp_path: Path, capsys: Captured) -> None:
    assert command.main([*MAP, "--size", "256", "--dry-run", "--out", str(tmp_path / "out")]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 80 + len(str(tmp_path))
    assert lines[0] == "map            256 x 256 pixels, 21 tiles of levels up to 2"
    assert lines[1].startswith("x              learning_rate from 0.01 to ")
    (plan,) = (line for line in lines if line.startswith("plan"))
    assert plan.startswith("plan           65,536 networks to train, at most ")
    assert list(tmp_path.iterdir()) == []


def test_what_it_says_and_writes(tmp_path: Path, finished: Path, capsys: Captured) -> None:
    assert command.main([*SMALL, "--out", str(tmp_path)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("4,096 networks to train, at most ")
    said = " ".join(lines)
    assert "4,096 networks trained in " in said
    assert "of 4,096 networks train." in said
    assert lines[-2:] == [str(tmp_path / "map.json"), str(tmp_path / STORE)]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["map.json", STORE]
    assert contents(tmp_path) == contents(finished)


def test_again_it_trains_nothing(finished: Path, capsys: Captured) -> None:
    before = contents(finished)
    assert command.main([*SMALL, "--out", str(finished)]) == 0
    out = capsys.readouterr().out
    assert out.startswith("the tile is stored\n")
    assert "trained in" not in out
    assert contents(finished) == before


def test_without_settings_it_is_the_map_of_the_folder(finished: Path, capsys: Captured) -> None:
    before = contents(finished)
    assert command.main(["--size", "64", "--no-plots", "--out", str(finished)]) == 0
    assert capsys.readouterr().out.startswith("the tile is stored\n")
    assert contents(finished) == before


def test_a_metric_of_every_pixel(tmp_path: Path, capsys: Captured) -> None:
    arguments = [*SMALL, "--dataset", "moons", "--out", str(tmp_path)]
    assert command.main([*arguments, "--measure", "auc"]) == 0
    with MapStore(tmp_path) as store:
        pixels = store.read(Tile(0, 0, 0))
    assert pixels is not None
    assert 0.9 < pixels.metric[pixels.converged].max() <= 1
    assert command.main(arguments) == 0  # less is asked for than is known
    assert json.loads((tmp_path / "map.json").read_text())["request"]["metric"] == "auc"
    capsys.readouterr()
    assert "(metric: auc there, f1 here)" in refused([*arguments, "--measure", "f1"], capsys)


def test_a_config_may_name_the_knobs_of_the_map(tmp_path: Path, finished: Path, capsys: Captured) -> None:
    config = tmp_path / "map.toml"
    about = 'dataset = "plane"\nsamples = 10\nhidden = [1]\niterations = 20\nlearning_rate = [1, 2]\nrecord_every = 5\n'
    axes = 'x = "learning-rate=log:0.01:1e6"\ny = "init-scale=log:0.01:100"\n'
    config.write_text(about + axes)
    arguments = ["--size", "64", "--no-plots", "--quiet", "--config", str(config)]
    assert command.main([*arguments, "--out", str(tmp_path / "out")]) == 0
    assert contents(tmp_path / "out") == contents(finished)
    config.write_text(about + axes + "until_decided = 0.1\n")
    message = refused([*arguments, "--out", str(tmp_path / "other")], capsys)
    assert message == (
        f"--config: {config}: until_decided: not an option of maps, which train one network for each pixel"
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "--x: expected KNOB=RANGE such as learning-rate=log:0.001:10, got none"),
        (["--x", "lr=log:1:2"], "--y: expected KNOB=RANGE such as learning-rate=log:0.001:10, got none"),
        (
            ["--until-decided", "0.1"],
            "unknown argument '--until-decided' (not an option of maps, which train one network for each pixel)",
        ),
        (["--zip", "lr"], "unknown argument '--zip' (not an option of maps, which train one network for each pixel)"),
        (["--metric", "auc"], "unknown argument '--metric' (not an option of maps: use --measure)"),
        (["--epochs", "3"], "unknown argument '--epochs' (use --iterations)"),
        ([*MAP, "--size", "100"], "--size: expected 64, 128, 256 ... or 16,384 pixels a side, got 100"),
        ([*MAP, "--zoom", "a", "1", "2"], "--zoom: expected a number for X, got 'a'"),
        ([*MAP, "--zoom", "1", "1", "-2"], "--zoom: expected a power of two such as 8 as the factor, got '-2'"),
        ([*MAP, "--zoom", "1", "1", "3"], "--zoom: expected a power of two such as 8 as the factor, got 3"),
        ([*MAP, "--film", "3"], "--film: expected no --no-plots with it"),
        ([*MAP, "--x-times", "0"], "--x-times: expected a number above 0, got '0'"),
        ([*MAP, "--y-times", "pi"], "--y-times: expected a number above 0, got 'pi'"),
        ([*MAP, "--scheduler", "tcp://a:1"], "--scheduler requires --backend dask, got threading"),
        ([*MAP, "--measure", "auc"], "--measure: metric 'auc': a metric of binary and multiclass; expected one of r2,"),
        ([*MAP, "--dataset", "iris", "--samples", "10"], "samples: expected a generated data set, got 'iris'"),
    ],
)  # fmt: skip
def test_what_is_refused(arguments: list[str], message: str, tmp_path: Path, capsys: Captured) -> None:
    assert refused([*arguments, "--out", str(tmp_path / "out")], capsys).startswith(message)
    assert list(tmp_path.iterdir()) == []


def test_a_long_map_needs_to_be_confirmed(tmp_path: Path, capsys: Captured) -> None:
    arguments = [*MAP, "--iterations", "1000000000", "--out", str(tmp_path / "out")]
    message = refused(arguments, capsys)
    assert message.endswith(
        "exceeds the limit of 24 h, 8 GiB of memory or 100 GB on disk; reduce the map or confirm with --yes"
    )
    assert command.main([*arguments, "--dry-run"]) == 0
    assert "; requires --yes" in " ".join(capsys.readouterr().out.split())


def test_another_map_in_the_folder_is_refused(finished: Path, capsys: Captured) -> None:
    before = contents(finished)
    message = refused([*SMALL, "--iterations", "30", "--out", str(finished)], capsys)
    assert message.endswith("has one of another request (iterations: 20 there, 30 here): choose another folder")
    assert contents(finished) == before


@pytest.mark.slow
def test_pictures_a_page_and_a_film(tmp_path: Path, capsys: Captured) -> None:
    arguments = [each for each in SMALL if each != "--no-plots"]
    assert command.main([*arguments, "--film", "3", "--out", str(tmp_path)]) == 0
    names = ["film.gif", "map.html", "map.json", "map.png", STORE, "map_scale.png"]
    assert sorted(path.name for path in tmp_path.iterdir()) == names
    printed = capsys.readouterr().out.splitlines()
    assert sorted(printed[-len(names) :]) == [str(tmp_path / name) for name in names]
    first = contents(tmp_path)
    assert len(json.loads(first["map.json"])["film"]) == 3
    assert command.main([*arguments, "--film", "3", "--out", str(tmp_path)]) == 0
    assert contents(tmp_path) == first


# Verify


def test_verify_says_that_all_is_identical(finished: Path, capsys: Captured) -> None:
    assert verify.main([str(finished)]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "map.json: none of 1 tile differ from the store",
        "4,096 of 4,096 stored pixels trained again: all are bit-identical",
    ]
    assert verify.main([str(finished), "--sample", "7"]) == 0
    assert "7 of 4,096 stored pixels trained again: all are bit-identical" in capsys.readouterr().out


def test_verify_finds_a_bit_that_differs(tmp_path: Path, capsys: Captured) -> None:
    assert command.main([*SMALL, "--quiet", "--out", str(tmp_path)]) == 0
    with claimed(tmp_path) as store:
        pixels = store.read(Tile(0, 0, 0))
        assert pixels is not None
        pixels.cost.view("u8")[5, 7] ^= 1
        pixels.converged[5, 7] ^= True
        store.write(Tile(0, 0, 0), pixels)
    assert verify.main([str(tmp_path)]) == 1
    assert capsys.readouterr().out.splitlines() == [
        "map.json: 1 of 1 tile differ from the store",
        "tile 0/0/0, column 7, row 5: different converged and cost",
        "4,096 of 4,096 stored pixels trained again: 1 differ",
    ]


def test_verify_finds_what_is_damaged_or_missing(tmp_path: Path, capsys: Captured) -> None:
    assert command.main([*SMALL, "--quiet", "--out", str(tmp_path)]) == 0
    damage(tmp_path, Tile(0, 0, 0))
    (tmp_path / "map.json").unlink()
    assert verify.main([str(tmp_path)]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "map.json is missing: the map is not finished; run the same command to continue"
    assert f"{tmp_path / STORE}: tile 0/0/0 is damaged" in lines


def test_verify_of_too_much_is_refused(tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    assert command.main([*SMALL, "--quiet", "--out", str(tmp_path)]) == 0
    monkeypatch.setattr("experiments.maps.verification.MOST_SECONDS", 0.0)
    assert verify.main([str(tmp_path)]) == 2
    err = capsys.readouterr().err
    assert err.startswith(f"experiments.verify: {tmp_path}: to train all 4,096 stored pixels again takes up to ")
    assert err.endswith(": use --sample N\n")
