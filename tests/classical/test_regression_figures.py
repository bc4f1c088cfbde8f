"""R² on regression sets of PMLB, against figures taken with scikit-learn's own learners."""

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.metrics import r2_score
from sklearn.model_selection import KFold
from sklearn.preprocessing import StandardScaler

from glia.models.building import build
from glia.models.samples import Samples

MODELS: dict[str, tuple[str, dict[str, Any], float]] = {  # with how near the figure must be: folds are not the same
    "linear": ("linear-regression", {}, 0.015),
    "ridge": ("ridge", {}, 0.015),
    "lasso": ("lasso", {}, 0.015),
    "tree": ("decision-tree", {"pruning": "none"}, 0.06),
    "forest": ("random-forest", {"trees": 60}, 0.03),
    "neighbours": ("nearest-neighbours", {"neighbours": 5}, 0.025),
}
# Five folds, scikit-learn's defaults on standardised features; penalties by cross-validation.
REFERENCES = {
    "560_bodyfat": (0.967, 0.966, 0.969, 0.939, 0.968, 0.827),
    "579_fri_c0_250_5": (0.694, 0.694, 0.694, 0.512, 0.774, 0.752),
    "1027_ESL": (0.856, 0.856, 0.856, 0.793, 0.827, 0.837),
    "503_wind": (0.755, 0.755, 0.755, 0.537, 0.767, 0.716),
    "227_cpu_small": (0.723, 0.723, 0.723, 0.948, 0.974, 0.945),
}
QUICK = ("560_bodyfat", "579_fri_c0_250_5", "1027_ESL")
MOST = 4_000  # rows

pytestmark = pytest.mark.mirror


@cache
def table(path: Path) -> tuple[Any, Any]:
    frame = pd.read_csv(path, sep="\t")
    frame = frame.sample(min(MOST, len(frame)), random_state=0)
    return frame.drop(columns="target").to_numpy(float), frame["target"].to_numpy(float)


def explained(mirror: Path, name: str, model: str, options: dict[str, Any]) -> float:
    """The mean R² of five folds."""
    x, y = table(mirror / "pmlb" / "regression" / f"{name}.tsv.gz")
    found = []
    for train, test in KFold(5, shuffle=True, random_state=0).split(x):
        scaler, mean, deviation = StandardScaler().fit(x[train]), y[train].mean(), y[train].std()
        learner = build(model, options, inputs=(x.shape[1],), outputs=1, seed=0)
        targets = torch.from_numpy((y[train] - mean) / deviation)
        learner.learn(Samples(torch.from_numpy(scaler.transform(x[train])), targets))  # type: ignore[operator]
        said = learner(torch.from_numpy(scaler.transform(x[test]))).numpy()[:, 0]
        found.append(r2_score(y[test], said * deviation + mean))
    return float(np.mean(found))


def check(mirror: Path, name: str) -> None:
    for (model, options, near), expected in zip(MODELS.values(), REFERENCES[name], strict=True):
        assert explained(mirror, name, model, options) == pytest.approx(expected, abs=near), f"{name}: {model}"


@pytest.mark.parametrize("name", QUICK)
def test_small_sets_are_learned_as_well_as_by_scikit_learn(mirror: Path, name: str) -> None:
    check(mirror, name)


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(set(REFERENCES) - set(QUICK)))
def test_sets_are_learned_as_well_as_by_scikit_learn(mirror: Path, name: str) -> None:
    check(mirror, name)


def test_a_square_brings_what_a_line_cannot(mirror: Path) -> None:
    ridge = {"degree": 2, "penalty": "ridge"}
    assert explained(mirror, "579_fri_c0_250_5", "polynomial-regression", ridge) == pytest.approx(0.851, abs=0.02)
    assert explained(mirror, "561_cpu", "polynomial-regression", ridge) == pytest.approx(0.998, abs=0.02)


def test_shrinking_saves_a_regression_of_few_samples(mirror: Path) -> None:
    """Sixty samples, fifteen columns: least squares learns noise, the penalties do not."""
    alone = explained(mirror, "542_pollution", "linear-regression", {})
    assert explained(mirror, "542_pollution", "ridge", {}) > max(alone + 0.1, 0.45)
    assert explained(mirror, "542_pollution", "lasso", {}) > max(alone + 0.1, 0.45)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["560_bodyfat", "537_houses"])
def test_an_elastic_net_is_as_good_as_the_lasso_whatever_the_unit(mirror: Path, name: str) -> None:
    """Scikit-learn's default strengths fail on the prices of houses, which are not standardised."""
    lasso = explained(mirror, name, "lasso", {})
    assert explained(mirror, name, "elastic-net", {}) == pytest.approx(lasso, abs=0.01)
