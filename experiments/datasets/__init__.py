"""The problems that networks are trained on: generated and real data sets, and tables of your own.

Every bit of every array is the same on any machine. Real data are standardized with means and variances from
``math.fsum``, which is exactly rounded; NumPy's own sums depend on the CPU in the last bit.
"""

from experiments.datasets.data import Data, DataError
from experiments.datasets.loading import load, load_fresh
from experiments.knobs.declared import DATASETS

__all__ = ["DATASETS", "Data", "DataError", "load", "load_fresh"]
