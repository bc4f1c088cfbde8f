"""Glia: a workbench for neural networks.

The front door: every name here is a verb or a class of `glia.api`, loaded when first used, so that `import glia` costs
nothing. Everything else is imported from its own module.
"""

import os
from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

# Threads of torch that wait for each other keep their cores busy for a millisecond unless told otherwise, before torch
# is loaded: beside other programs a step then takes up to 50 times as long. Ten microseconds cost no speed alone.
if "OMP_WAIT_POLICY" not in os.environ:
    os.environ.setdefault("GOMP_SPINCOUNT", "10000")

if TYPE_CHECKING:
    from glia.api import (
        between,
        choice,
        compare,
        dataset,
        evaluate,
        explain,
        load,
        log,
        run,
        runs,
        serve,
        start,
        study,
        train,
        tune,
    )
    from glia.comparison.report import Report
    from glia.data.dataset import Dataset
    from glia.errors import GliaError
    from glia.estimators import NeuralClassifier, NeuralRegressor
    from glia.learner import Learner
    from glia.models.layers import Sequential
    from glia.record.run import Run
    from glia.record.runs import Runs
    from glia.search.study import Study

_DOOR = {
    "train": "glia.api",
    "tune": "glia.api",
    "study": "glia.api",
    "between": "glia.api",
    "choice": "glia.api",
    "compare": "glia.api",
    "evaluate": "glia.api",
    "explain": "glia.api",
    "start": "glia.api",
    "log": "glia.api",
    "run": "glia.api",
    "runs": "glia.api",
    "load": "glia.api",
    "dataset": "glia.api",
    "serve": "glia.api",
    "Run": "glia.record.run",
    "Report": "glia.comparison.report",
    "Runs": "glia.record.runs",
    "Study": "glia.search.study",
    "Learner": "glia.learner",
    "Dataset": "glia.data.dataset",
    "Sequential": "glia.models.layers",
    "NeuralClassifier": "glia.estimators",
    "NeuralRegressor": "glia.estimators",
    "GliaError": "glia.errors",
}

__all__ = [
    "train",
    "tune",
    "study",
    "between",
    "choice",
    "compare",
    "evaluate",
    "explain",
    "start",
    "log",
    "run",
    "runs",
    "load",
    "dataset",
    "serve",
    "Run",
    "Report",
    "Runs",
    "Study",
    "Learner",
    "Dataset",
    "Sequential",
    "NeuralClassifier",
    "NeuralRegressor",
    "GliaError",
]


def __getattr__(name: str) -> Any:
    if name not in _DOOR:
        raise AttributeError(f"module 'glia' has no attribute '{name}'")
    value = getattr(import_module(_DOOR[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
