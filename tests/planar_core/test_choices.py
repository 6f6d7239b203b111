"""What may be chosen is what the kernels know; and to ask costs no Numba."""

from __future__ import annotations

import subprocess
import sys

import pytest

import planar_core
from planar_core import activations, choices, outputs, simd
from tests.helpers.machines import ROOT


def test_the_kernels_know_every_choice_and_no_other() -> None:
    assert tuple(activations.ACTIVATIONS) == choices.ACTIVATIONS
    assert tuple(outputs.OUTPUTS) == choices.TASKS
    assert set(simd.LANES) == set(choices.DTYPES)


@pytest.mark.parametrize("code", ["from planar_core.choices import METRICS", "from planar_core import TASKS"])
def test_choices_cost_neither_numba_nor_numpy(code: str) -> None:
    program = f"import sys; {code}; print(*sorted({{'llvmlite', 'numba', 'numpy'}} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def test_every_public_name_is_found() -> None:
    assert set(planar_core.__all__) <= set(dir(planar_core))
    for name in planar_core.__all__:
        assert getattr(planar_core, name) is vars(planar_core)[name]
    with pytest.raises(AttributeError, match=r"^module 'planar_core' has no attribute 'fit'$"):
        planar_core.fit  # noqa: B018
