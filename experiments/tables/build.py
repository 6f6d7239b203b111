"""The store -> tables, in one reading."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from experiments.datasets.source import Source
from experiments.design import Design, ProblemKey, Run
from experiments.knobs.declared import FOLD, SEED
from experiments.store.store import CURVES, STATUSES, Store, StoredRun
from experiments.tables.problems import identities, score_of
from experiments.tables.statistics import significant, summarize, target_of, targets
from experiments.tables.stored import identity, measures, stored_runs
from experiments.tables.tables import Tables
from experiments.tables.targets import Climbs
from planar_core.training import recorded_iterations

TEST_SCORE = CURVES.index("test_score")
