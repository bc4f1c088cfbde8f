"""Accuracies on PMLB and USPS, against figures taken with scikit-learn's own learners and published ones."""

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.model_selection import StratifiedKFold
from sklearn.preprocessing import StandardScaler

from glia.models.building import build
from glia.models.samples import Samples

MODELS: dict[str, tuple[str, dict[str, Any]]] = {
    "logistic": ("logistic-regression", {}),
    "tree": ("decision-tree", {"pruning": "none"}),
    "forest": ("random-forest", {"trees": 60}),
    "bayes": ("naive-bayes", {}),
    "neighbours": ("nearest-neighbours", {"neighbours": 5}),
}
# Ten folds, five above 4,000 samples; scikit-learn's defaults on standardised features.
REFERENCES = {
    "iris": (0.953, 0.960, 0.953, 0.953, 0.960),
    "wine_recognition": (0.983, 0.882, 0.978, 0.972, 0.961),
    "sonar": (0.769, 0.716, 0.822, 0.673, 0.779),
    "saheart": (0.729, 0.595, 0.695, 0.710, 0.651),
    "monk1": (0.604, 0.970, 0.968, 0.601, 0.698),
    "monk3": (0.778, 0.966, 0.977, 0.912, 0.946),
    "vehicle": (0.793, 0.711, 0.732, 0.455, 0.715),
    "tic_tac_toe": (0.692, 0.869, 0.942, 0.713, 0.851),
    "vowel": (0.672, 0.827, 0.963, 0.659, 0.938),
    "segmentation": (0.935, 0.960, 0.978, 0.796, 0.945),
    "spambase": (0.924, 0.914, 0.952, 0.815, 0.908),
    "phoneme": (0.750, 0.871, 0.910, 0.760, 0.877),
    "mushroom": (0.952, 1.000, 1.000, 0.857, 1.000),
    "pendigits": (0.951, 0.961, 0.991, 0.856, 0.993),
    "nursery": (0.766, 0.996, 0.983, 0.640, 0.905),
}
QUICK = ("iris", "wine_recognition", "monk1")
# Naive Bayes of bins, then NBTree, five folds (Kohavi, 1996, as reproduced).
NB_TREES = {
    "monk1": (0.746, 0.99),
    "monk3": (0.964, 0.97),
    "tic_tac_toe": (0.699, 0.78),
    "monk2": (0.624, 0.624),
    "vehicle": (0.584, 0.62),
    "vowel": (0.620, 0.79),
    "segmentation": (0.852, 0.92),
    "kr_vs_kp": (0.880, 0.97),
    "mushroom": (0.953, 0.999),
    "nursery": (0.903, 0.96),
}

pytestmark = pytest.mark.mirror


@cache
def table(path: Path) -> tuple[Any, Any]:
    frame = pd.read_csv(path, sep="\t")
    y = np.unique(frame.pop("target").to_numpy(), return_inverse=True)[1]
    return frame.to_numpy(float), y


def accuracies(mirror: Path, name: str, model: str, options: dict[str, Any], folds: int = 0) -> Any:
    x, y = table(mirror / "pmlb" / "classification" / f"{name}.tsv.gz")
    count, found = folds or (5 if len(y) > 4000 else 10), []
    for train, test in StratifiedKFold(count, shuffle=True, random_state=0).split(x, y):
        scaler = StandardScaler().fit(x[train])
        learner = build(model, options, inputs=(x.shape[1],), outputs=int(y.max()) + 1, seed=0)
        learner.learn(Samples(torch.from_numpy(scaler.transform(x[train])), torch.from_numpy(y[train])))
        said = learner(torch.from_numpy(scaler.transform(x[test]))).argmax(1).numpy()
        found.append(float((said == y[test]).mean()))
    return np.array(found)


def check(mirror: Path, name: str) -> None:
    size = len(table(mirror / "pmlb" / "classification" / f"{name}.tsv.gz")[1])
    for (model, options), expected in zip(MODELS.values(), REFERENCES[name], strict=True):
        found = accuracies(mirror, name, model, options).mean()
        # Two standard errors of a share of so many samples. That of the folds is too small: on the same folds, twelve
        # seeds take scikit-learn's own tree from 0.872 to 0.888 on tic_tac_toe, its forest from 0.961 to 0.987 on
        # monk1.
        near = 0.01 if size > 2000 else max(2 * np.sqrt(expected * (1 - expected) / size), 0.01)
        # The penalty is chosen, where the figures have scikit-learn's C = 1; so it may do better.
        most = 1.0 if model == "logistic-regression" else expected + near
        assert expected - near <= found <= most, f"{name}: {model}"


@pytest.mark.parametrize("name", QUICK)
def test_small_sets_are_learned_as_well_as_by_scikit_learn(mirror: Path, name: str) -> None:
    check(mirror, name)


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(set(REFERENCES) - set(QUICK)))
def test_sets_are_learned_as_well_as_by_scikit_learn(mirror: Path, name: str) -> None:
    check(mirror, name)


def test_pruning_saves_a_tree_from_learning_noise(mirror: Path) -> None:
    whole = accuracies(mirror, "saheart", "decision-tree", {"pruning": "none"}).mean()
    assert whole < 0.654  # the majority
    assert accuracies(mirror, "saheart", "decision-tree", {}).mean() >= 0.66
    assert accuracies(mirror, "saheart", "decision-tree", {"simplest": True}).mean() >= 0.66
    assert accuracies(mirror, "saheart", "decision-tree", {"pruning": "none", "depth": 2}).mean() >= 0.66


def check_tree(mirror: Path, name: str) -> None:
    alone, least = NB_TREES[name]
    bins = 12 if name == "mushroom" else 5  # its columns are categories written as numbers, of up to twelve values
    bayes = accuracies(mirror, name, "naive-bayes", {"numbers": "bins", "bins": bins}, folds=5).mean()
    tree = accuracies(mirror, name, "nb-tree", {"bins": bins}, folds=5).mean()
    assert bayes == pytest.approx(alone, abs=0.015)
    assert tree >= max(least, bayes)


@pytest.mark.parametrize("name", ["monk1", "monk3"])
def test_nb_tree_is_better_than_naive_bayes_on_small_sets(mirror: Path, name: str) -> None:
    check_tree(mirror, name)


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(set(NB_TREES) - {"monk1", "monk3"}))
def test_nb_tree_is_better_than_naive_bayes(mirror: Path, name: str) -> None:
    check_tree(mirror, name)


@pytest.mark.slow
def test_the_nearest_neighbour_reads_postcodes_as_published(mirror: Path) -> None:
    train, test = (
        pd.read_csv(mirror / "esl" / f"zip.{part}.gz", sep=r"\s+", header=None) for part in ("train", "test")
    )
    pixels = torch.from_numpy(train.iloc[:, 1:].dropna(axis=1).to_numpy(np.float64))
    model = build("nearest-neighbours", {"neighbours": 1}, inputs=(256,), outputs=10, seed=0)
    model.learn(Samples(pixels, torch.from_numpy(train[0].to_numpy(np.int64))))  # type: ignore[operator]
    said = model(torch.from_numpy(test.iloc[:, 1:].to_numpy(np.float64))).argmax(1).numpy()
    assert (said != test[0]).mean() == pytest.approx(0.0563, abs=0.00005)  # 113 of 2007
