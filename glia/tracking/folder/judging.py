"""Bias and variance of a run, from what its folder says: nothing more is recorded for it, so old runs have it, too.

How many samples it was judged by, and how often the commonest class was among them, is read from the picture of the
validation that every training leaves (`validation/confusion-matrix`, `validation/residuals`).
"""

import json
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from math import isfinite, sqrt
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np

from glia.bias_and_variance import BiasAndVariance, Judged, name
from glia.tracking.folder.home import STUDY
from glia.tracking.folder.reader import RunReader
from glia.tracking.log.records import ENDS

METRICS = ("accuracy", "rmse", "mae", "r2", "macro-f1", "log-loss", "loss")  # the one that says most first
MATRIX, RESIDUALS = "validation/confusion-matrix", "validation/residuals"
PARTS = ("train", "validation")
FOLDS = "folds"  # in a trial's summary
ROUNDING = 1e-6
AUGMENTED = "The training error is of samples changed at random"


def bias_and_variance(reader: RunReader) -> BiasAndVariance | None:
    """What a run's errors say; None while it goes on, and of what trained nothing."""
    if reader.said not in ENDS or reader.kind in (STUDY, "compare"):
        return None
    summary, params = reader.summary, reader.params
    values = _numbers(summary)
    if _metric(values) is None:
        values = _numbers(reader.last())
    notes = []
    if isinstance(folds := summary.get(FOLDS), list | tuple) and len(folds) > 1:
        notes.append(f"Means over {len(folds)} folds.")
    if not any(key.startswith("train/") for key in values):
        values |= (alone := _of_members(reader, params))
        if alone and params.get("train.members_keep") != "best":
            notes.append("The training error is the mean of its networks one by one.")
    judged_apart = any(key.startswith("validation/") for key in values)
    if judged_apart and params.get("train.refit") is True and reader.said == "done" and reader.said_reason != "budget":
        notes.append("Both errors are from before it learned from the samples for validation, too.")
    metric = _metric(values)
    if metric is None:
        return None
    training, validation = values.get(f"train/{metric}"), values.get(f"validation/{metric}")
    samples, trivial = _counted(reader, metric, values)
    judged = Judged(
        metric=metric,
        training=training,
        validation=validation,
        samples=samples,
        learned=_learned(samples, params),
        trivial=trivial,
        model=str(params.get("model.name", "")),
        notes=tuple(notes),
    )
    if params.get("train.augment", "none") != "none":
        judged = replace(judged, training=None, lacking=AUGMENTED)
    return name(judged)


def _numbers(said: Mapping[str, Any]) -> dict[str, float]:
    return {key: float(value) for key, value in said.items() if _is_number(value)}


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value)


def _metric(values: Mapping[str, float]) -> str | None:
    """The metric that says most of those known of both parts, or else of one."""
    phases = [{metric for metric in METRICS if _fits(metric, values.get(f"{part}/{metric}"))} for part in PARTS]
    known = phases[0] & phases[1] or phases[1] or phases[0]
    return next((metric for metric in METRICS if metric in known), None)


def _fits(metric: str, value: float | None) -> bool:
    """Whether it can be read: an accuracy that a loop of one's own logs in percent is left to its loss."""
    return value is not None and (metric != "accuracy" or 0 <= value <= 1)


def _of_members(reader: RunReader, params: Mapping[str, Any]) -> dict[str, float]:
    """The mean training metrics of several networks, or those of the best if it alone is kept; of the epochs kept."""
    names, found = reader.names(), []
    for loss in (each for each in names if each.startswith("member-") and each.endswith("/validation/loss")):
        member, series = loss.removesuffix("validation/loss"), reader.metrics(loss)
        if not np.isfinite(series.value).any():
            continue
        best = -1 if params.get("train.keep") == "last" else int(np.nanargmin(series.value))
        told = {
            metric: reader.metrics(f"{member}train/{metric}")
            for metric in METRICS
            if f"{member}train/{metric}" in names
        }
        at_best = {metric: each.value[each.step == series.step[best]] for metric, each in told.items()}
        values = {metric: float(value[-1]) for metric, value in at_best.items() if len(value)}
        found.append((float(series.value[best]), values))
    chosen = [values for _, values in sorted(found, key=lambda each: each[0])]
    chosen = chosen[:1] if params.get("train.members_keep") == "best" else chosen
    known = [metric for metric in METRICS if chosen and all(metric in values for values in chosen)]
    return {f"train/{metric}": fmean(values[metric] for values in chosen) for metric in known}


def _counted(reader: RunReader, metric: str, values: Mapping[str, float]) -> tuple[int, float | None]:
    """How many samples it was judged by (0: not known), and the error of the one answer that suits all of them best."""
    files = {each.name: each.file for each in reader.media if each.kind == "picture"}
    if metric == "accuracy" and MATRIX in files and (found := _matrix(reader.folder / "media" / files[MATRIX])):
        samples, right, commonest = found
        if abs(right / samples - values.get("validation/accuracy", -1)) < ROUNDING:  # else of some classes only
            return samples, 1 - commonest / samples
    samples = _bars(reader.folder / "media" / files[RESIDUALS]) if RESIDUALS in files else 0
    rmse, r2 = values.get("validation/rmse"), values.get("validation/r2")
    if metric != "rmse" or rmse is None or r2 is None or r2 >= 1 or r2 == 0:  # which it is where all are equal, too
        return samples, None
    return samples, rmse / sqrt(1 - r2)


def _learned(samples: int, params: Mapping[str, Any]) -> int:
    """About how many it learned from, by the shares of the recipe; 0 where it has none."""
    shares = _numbers({part: params.get(f"data.split.{part}") for part in PARTS})
    learned, judged = shares.get("train", 0.0), shares.get("validation", 0.0)
    return round(samples * learned / judged) if judged else 0


@lru_cache(maxsize=256)
def _matrix(file: Path) -> tuple[int, int, int] | None:
    """Samples, those met and those of the commonest class in a picture, which never changes; None: it is not there."""
    drawn = _read(file)
    try:
        counts = np.array(drawn["values"], np.float64)
        if counts.shape != (len(counts), len(counts)) or counts.sum() <= 0:
            return None
        return int(counts.sum()), int(np.trace(counts)), int(counts.sum(1).max())
    except (KeyError, TypeError, ValueError):
        return None


@lru_cache(maxsize=256)
def _bars(file: Path) -> int:
    """Samples in a histogram."""
    try:
        return int(np.sum(np.array(_read(file)["values"], np.float64)))
    except (KeyError, TypeError, ValueError):
        return 0


def _read(file: Path) -> dict[str, Any]:
    try:
        found = json.loads(file.read_bytes())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
