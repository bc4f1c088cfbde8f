"""One learner on the folds of one table: `python tabular_contestants.py CONTESTANT TASK TABLE.tsv.gz [FOLDS]`.

Prints a line of JSON: score, seconds to fit and to predict of each fold. Peers are imported where they are used: this
file runs in environments that have one of them only. Features are numbers as the tables have them; those of
scikit-learn get them standardised.

A contestant of Glia is `glia` (the default), `glia:MODEL` or `glia:MODEL,key=value,…` with settings of the recipe.
"""

import json
import sys
import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from sklearn.metrics import accuracy_score, r2_score, root_mean_squared_error
from sklearn.model_selection import KFold, StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

VALIDATION = 1 / 9  # of a fold's training samples, as `glia compare` keeps; peers keep a fifth by default
Fit = Callable[[pd.DataFrame, pd.Series, bool, int], Callable[[pd.DataFrame], Any]]


def of_scikit_learn(name: str) -> Fit:
    """The learner of that name with its defaults."""
    from sklearn import ensemble, linear_model, neural_network

    known: dict[str, tuple[Any, Any]] = {
        "linear": (linear_model.LogisticRegression, linear_model.Ridge),
        "forest": (ensemble.RandomForestClassifier, ensemble.RandomForestRegressor),
        "boosting": (ensemble.HistGradientBoostingClassifier, ensemble.HistGradientBoostingRegressor),
        "mlp": (neural_network.MLPClassifier, neural_network.MLPRegressor),
    }

    def fit(x: pd.DataFrame, y: pd.Series, classes: bool, seed: int) -> Callable[[pd.DataFrame], Any]:
        kind = known[name][0 if classes else 1]
        seeded = {} if kind in (linear_model.LogisticRegression, linear_model.Ridge) else {"random_state": seed}
        return make_pipeline(StandardScaler(), kind(**seeded)).fit(x, y).predict

    return fit


def of_glia(name: str) -> Fit:
    """Glia's default network, or the model and the settings named after a colon."""
    from glia import recipe
    from glia.config import parse_settings
    from glia.learner import Learner

    model, *settings = name.partition(":")[2].split(",")
    given = parse_settings(settings)
    split = {"train": 1 - VALIDATION, "validation": VALIDATION, "test": 0.0}

    def fit(x: pd.DataFrame, y: pd.Series, classes: bool, seed: int) -> Callable[[pd.DataFrame], Any]:
        chosen = recipe.from_dict(
            {
                "data": {"split": split},
                "model": {"name": model or "auto"},
                "train": {"seed": seed},
                "task": {"target": "target", "name": "classification" if classes else "regression"},
            }
        ).with_settings(given)
        learner = Learner(chosen).fit(x.assign(target=y))
        return lambda unseen: learner.predict(unseen).values

    return fit


def of_pytabkit(name: str) -> Fit:
    """RealMLP, TabM and others of pytabkit with their tuned defaults: the class names without their endings."""
    from pytabkit import models

    def fit(x: pd.DataFrame, y: pd.Series, classes: bool, seed: int) -> Callable[[pd.DataFrame], Any]:
        kind = getattr(models.sklearn.sklearn_interfaces, f"{name}_{'Classifier' if classes else 'Regressor'}")
        options = {"device": "cpu", "n_threads": 1, "random_state": seed, "n_cv": 1, "n_refit": 0}  # as all others
        return kind(**options).fit(x, y).predict

    return fit


def contestant(name: str) -> Fit:
    """By its name: `sklearn-NAME`, `glia…`, or `pytabkit-NAME`."""
    library, _, rest = name.partition("-")
    if name.startswith("glia"):
        return of_glia(name)
    return {"sklearn": of_scikit_learn, "pytabkit": of_pytabkit}[library](rest)


def judge(name: str, classes: bool, path: str, folds: int) -> dict[str, list[float]]:
    """Scores, seconds and, of numbers, the root of the mean squared error of each fold; the same folds for everyone."""
    table = pd.read_csv(path, sep="\t")
    x, y = table.drop(columns="target"), table["target"]
    splitter = StratifiedKFold if classes else KFold
    found: dict[str, list[float]] = {"score": [], "fit": [], "predict": []}
    fit, score = contestant(name), accuracy_score if classes else r2_score
    for seed, (train, test) in enumerate(splitter(5, shuffle=True, random_state=0).split(x, y)):
        if seed == folds:
            break
        begun = time.perf_counter()
        predict = fit(x.iloc[train].reset_index(drop=True), y.iloc[train].reset_index(drop=True), classes, seed)
        fitted = time.perf_counter()
        predicted = np.asarray(predict(x.iloc[test].reset_index(drop=True)))
        found["predict"].append(time.perf_counter() - fitted)
        found["fit"].append(fitted - begun)
        found["score"].append(float(score(y.iloc[test], predicted)))
        if not classes:
            found.setdefault("rmse", []).append(float(root_mean_squared_error(y.iloc[test], predicted)))
    return found


if __name__ == "__main__":
    warnings.simplefilter("ignore")  # of peers: that they did not converge, that a class has few samples
    print(json.dumps(judge(sys.argv[1], sys.argv[2] == "classification", sys.argv[3], int((*sys.argv, 5)[4]))))
