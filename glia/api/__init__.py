"""The functions of the front door. Each is a few lines: parse, call one thing, return it."""

from glia.api.asking import seconds
from glia.api.learning import compare, evaluate, explain, train
from glia.api.recording import dataset, load, log, run, runs, serve, start
from glia.api.searching import between, choice, study, tune

__all__ = [
    "between",
    "choice",
    "compare",
    "dataset",
    "evaluate",
    "explain",
    "load",
    "log",
    "run",
    "runs",
    "seconds",
    "serve",
    "start",
    "study",
    "train",
    "tune",
]
