"""Tiles and curves of a map: trained once, stored, and with the same bits as everywhere else."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from experiments.maps.compute import Setting, compute_tile
from experiments.maps.explorer.source import MapSource
from experiments.maps.pixels import Pixels
from experiments.maps.plane import TILE, Tile
from experiments.maps.request import MapRequest
from experiments.maps.store import MapStore, claimed
from experiments.runner.train import Stopped

GO_ON = threading.Event()
WHOLE, QUARTER = Tile(0, 0, 0), Tile(1, 1, 0)


@pytest.fixture(scope="module")
def request_of_map() -> MapRequest:
    knobs: dict[str, Any] = {"dataset": "plane", "samples": 12, "hidden": 1, "iterations": 20}
    return MapRequest("learning-rate=log:0.01:1e4", "output-learning-rate=log:0.1:1e307", **knobs)


@pytest.fixture(scope="module")
def setting(request_of_map: MapRequest) -> Setting:
    return Setting.of(request_of_map)


@pytest.fixture
def store(request_of_map: MapRequest, tmp_path: Path) -> Iterator[MapStore]:
    with claimed(tmp_path) as store:
        store.begin(request_of_map.as_dict(), request_of_map.identity)
        yield store


@pytest.fixture
def source(request_of_map: MapRequest, setting: Setting, store: MapStore) -> Iterator[MapSource]:
    source = MapSource(request_of_map.plane, setting, store, 3)
    yield source
    source.close()


def test_a_tile_is_trained_once_and_has_the_same_bits(
    source: MapSource, setting: Setting, store: MapStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert source.stored(WHOLE) is None
    whole = source.get(WHOLE, GO_ON)
    assert same(whole, compute_tile(setting, source.plane, WHOLE))
    quarter = source.get(QUARTER, GO_ON)  # with pixels of the whole
    assert same(quarter, compute_tile(setting, source.plane, QUARTER))
    assert list(store.tiles()) == [WHOLE, QUARTER]
    monkeypatch.setattr(Setting, "train", None)
    for tile, pixels in {WHOLE: whole, QUARTER: quarter}.items():
        stored = source.stored(tile)
        assert stored is not None
        assert same(stored, pixels)
        assert same(source.get(tile, GO_ON), pixels)


def same(a: Pixels, b: Pixels) -> bool:
    return a.to_bytes() == b.to_bytes()


def test_a_tile_that_nobody_waits_for_is_given_up(source: MapSource, store: MapStore) -> None:
    stop = threading.Event()
    stop.set()
    with pytest.raises(Stopped):
        source.get(WHOLE, stop)
    assert list(store.tiles()) == []


def test_a_curve_is_that_of_the_pixel(source: MapSource) -> None:
    pixels = source.get(QUARTER, GO_ON)
    diverged = 0
    for row in range(0, TILE, 9):
        for column in range(0, TILE, 9):
            costs = source.curve(1, TILE + column, row)
            assert costs.shape == (21,)
            assert costs[0] == pixels.first[row, column]
            finite = np.isfinite(costs)
            if finite.all():
                assert costs[-1] == pixels.cost[row, column]
                ratios = np.minimum(costs[:-1] / costs[0], 1e6)
                assert (ratios.mean() < 1) == pixels.converged[row, column]
                total = ratios.sum() if pixels.converged[row, column] else (1 / ratios).sum()
                assert pixels.measure[row, column] == pytest.approx(total)
            else:
                diverged += 1
                first = int(np.argmin(finite))
                assert not finite[first:].any()  # nothing is shown of what follows
    assert 0 < diverged < 64
