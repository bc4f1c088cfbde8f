"""scikit-learn: an estimator fitted and recorded, or recorded after it was fitted elsewhere. Nothing is patched."""

import time
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn import metrics
from sklearn.base import is_classifier, is_regressor
from sklearn.utils.multiclass import type_of_target

from glia.integrations.destination import Destination, numbers
from glia.record.run import Run

SHOWN_CLASSES = 50  # rows of a confusion matrix that can still be read


def fit(
    estimator: Any,
    X: Any,
    y: Any = None,
    *,
    validation: tuple[Any, Any] | None = None,
    run: Run | None = None,
    project: str | None = None,
    name: str | None = None,
    **more: Any,
) -> Run:
    """Fit an estimator, a pipeline or a search, and record it: params, time, metrics, what a search tried.

    The estimator given is the one that is fitted. No model is kept: scikit-learn's own files are pickles.

    Args:
        estimator: anything of scikit-learn's kind.
        X: samples to fit to.
        y: their targets.
        validation: samples and targets to judge by that were not fitted to.
        run: the run to record into; None: the one that `glia.start` began, or else a new one.
        project: begin a run in this project.
        name: begin a run of this name.
        more: for `estimator.fit`, such as `sample_weight`.

    Raises:
        Exception: whatever fitting raises; the run is recorded as failed.

    Example:
        >>> from sklearn.datasets import load_iris
        >>> from sklearn.neighbors import KNeighborsClassifier
        >>> from glia.integrations import sklearn
        >>> run = sklearn.fit(KNeighborsClassifier(n_neighbors=3), *load_iris(return_X_y=True))
        >>> run.state, run.params["n_neighbors"], round(run.summary["train/accuracy"], 2)
        ('done', 3, 0.96)
    """
    destination = Destination(run, project=project, name=name)
    recorded = destination.begin(_described(estimator))
    try:
        started = time.perf_counter()
        estimator.fit(X, y, **more)
        recorded.log({"train/fit_seconds": time.perf_counter() - started})
        _record(recorded, estimator, {"train": (X, y), "validation": validation})
    except BaseException as error:
        destination.end(error)
        raise
    destination.end()
    return recorded


def record(
    estimator: Any,
    *,
    train: tuple[Any, Any] | None = None,
    validation: tuple[Any, Any] | None = None,
    folds: Mapping[str, Any] | None = None,
    run: Run | None = None,
    project: str | None = None,
    name: str | None = None,
) -> Run:
    """Record an estimator or a search that is fitted already, or what cross-validation found of one.

    Args:
        estimator: fitted; to one that is not, give `folds` only.
        train: the samples and targets it was fitted to, to judge it by.
        validation: others.
        folds: what `cross_validate` returned: a value for each fold.
        run: the run to record into; None: the one that `glia.start` began, or else a new one.
        project: begin a run in this project.
        name: begin a run of this name.
    """
    destination = Destination(run, project=project, name=name)
    recorded = destination.begin(_described(estimator))
    try:
        _record(recorded, estimator, {"train": train, "validation": validation})
        for name_of_score, values in (folds or {}).items():
            for fold, value in enumerate(values, start=1):
                recorded.log(numbers({name_of_score: value}, lambda each: f"folds/{each}"), step=fold)
    except BaseException as error:
        destination.end(error)
        raise
    destination.end()
    return recorded


def _described(estimator: Any) -> dict[str, Any]:
    """The class and the params by scikit-learn's own names; of an estimator within, its class."""
    said = {"estimator": type(estimator).__name__}
    for name, value in estimator.get_params(deep=True).items():
        if hasattr(value, "get_params"):
            said[name] = type(value).__name__
        elif name != "steps" and not name.endswith("__steps"):  # a pipeline's parts are there one by one
            said[name] = value
    return said


def _record(run: Run, estimator: Any, parts: Mapping[str, tuple[Any, Any] | None]) -> None:
    if hasattr(estimator, "cv_results_"):
        _record_search(run, estimator)
    for step, loss in enumerate(getattr(estimator, "loss_curve_", ()), start=1):
        run.log({"train/loss": loss}, step=step)
    for phase, samples in parts.items():
        if samples is not None and (not hasattr(estimator, "cv_results_") or hasattr(estimator, "best_estimator_")):
            _judge(run, estimator, phase, *samples)


def _record_search(run: Run, search: Any) -> None:
    """The candidates as a table and as curves over their number, and the best of them."""
    results = pd.DataFrame(search.cv_results_).drop(columns="params", errors="ignore")
    run.table("search/candidates", results)
    means = [str(name) for name in results.columns if str(name).startswith("mean_")]
    for number, row in enumerate(results[means].to_dict("records"), start=1):
        run.log(numbers({str(name): value for name, value in row.items()}, lambda name: f"search/{name}"), step=number)
    if hasattr(search, "best_params_"):
        run.add_params({"best": {name: _short(value) for name, value in search.best_params_.items()}})
    if hasattr(search, "best_score_"):
        run.log({"search/best_score": search.best_score_, "search/best_candidate": search.best_index_ + 1})


def _short(value: Any) -> Any:
    return type(value).__name__ if hasattr(value, "get_params") else value


def _judge(run: Run, estimator: Any, phase: str, X: Any, y: Any) -> None:
    kind = "" if y is None else type_of_target(y)
    if is_classifier(estimator) and kind in ("binary", "multiclass"):
        predicted = estimator.predict(X)
        found = dict(_of_classes(estimator, X, np.asarray(y), predicted))
        if len(estimator.classes_) <= SHOWN_CLASSES:
            run.confusion_matrix(f"{phase}/confusion-matrix", y, predicted, labels=list(estimator.classes_))
    elif is_regressor(estimator):
        predicted = estimator.predict(X)
        found = {
            "rmse": metrics.root_mean_squared_error(y, predicted),
            "mae": metrics.mean_absolute_error(y, predicted),
            "r2": metrics.r2_score(y, predicted),
        }
    elif hasattr(estimator, "score"):
        found = {"score": estimator.score(X, y)}
    else:
        found = {}
    run.log(numbers(found, lambda name: f"{phase}/{name}"))


def _of_classes(estimator: Any, X: Any, true: NDArray[Any], predicted: Any) -> Iterator[tuple[str, float]]:
    yield "accuracy", metrics.accuracy_score(true, predicted)
    yield "macro-f1", metrics.f1_score(true, predicted, average="macro")
    if hasattr(estimator, "predict_proba"):
        probabilities, classes = estimator.predict_proba(X), list(estimator.classes_)
        yield "log-loss", metrics.log_loss(true, probabilities, labels=classes)
        if len(classes) == 2 and len(np.unique(true)) == 2:
            yield "roc-auc", metrics.roc_auc_score(true == classes[1], probabilities[:, 1])
