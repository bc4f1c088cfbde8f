"""What all classical regressions have in common, and the book's table of them."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.optimize import brentq
from sklearn import linear_model

import glia
from glia.classical.penalised import path
from glia.errors import ConfigError
from glia.learner import Learner
from glia.models.building import build
from glia.pictures import Curve
from glia.recipe import from_dict
from tests.classical.prostate import Prostate, fitted, samples_of

MODELS = [
    "linear-regression",
    "polynomial-regression",
    "stepwise-regression",
    "ridge",
    "lasso",
    "elastic-net",
]


def houses(count: int = 60) -> pd.DataFrame:
    draw = np.random.default_rng(1)
    area, floor, heated = draw.uniform(40, 120, count), draw.integers(0, 5, count), draw.choice(["oil", "gas"], count)
    price = 1000 * area + 5000 * floor + 20_000 * (heated == "gas") + draw.normal(0, 3000, count)
    return pd.DataFrame({"area": area, "floor": floor, "heated": heated, "price": price})


@pytest.mark.parametrize("name", MODELS)
def test_one_learns_tells_and_is_the_same_once_loaded(name: str, tmp_path: Path) -> None:
    learner = Learner(from_dict({"model": {"name": name}, "task": {"target": "price"}})).fit(houses())
    assert learner.evaluate(houses())["r2"] > 0.95
    again = Learner.load(learner.save(tmp_path))
    predicted = learner.predict(houses().drop(columns="price")).values
    np.testing.assert_array_equal(again.predict(houses().drop(columns="price")).values, predicted)
    (told,), (same,) = learner.model.told(), again.model.told()  # type: ignore[operator]
    assert told == same
    assert "area" in told.text
    assert isinstance(told.picture, Curve) == (name in ("ridge", "lasso", "elastic-net"))


@pytest.mark.parametrize("name", MODELS)
def test_classes_are_not_for_it(name: str) -> None:
    with pytest.raises(ConfigError, match=r"the target has 3 classes\. Use model=logistic-regression"):
        build(name, {}, inputs=(3,), outputs=3, seed=0)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("linear-regression", {}),
        ("polynomial-regression", {"degree": 2}),
        ("ridge", {"strength": 0.1}),
        ("lasso", {"strength": 0.1}),
        ("elastic-net", {"strength": 0.1, "mix": 0.5}),
    ],
)
def test_weights_count_as_so_many_samples(name: str, options: dict[str, Any]) -> None:
    draw = np.random.default_rng(0)
    x = draw.normal(size=(30, 3))
    y = x @ [2.0, -1.0, 0.3] + draw.normal(size=30)
    twice = np.r_[np.arange(30), np.arange(10)]
    samples = samples_of(x, y)
    make = build(name, options, inputs=(3,), outputs=1, seed=0).make  # type: ignore[operator]
    table, targets = samples.inputs.numpy(), samples.targets.numpy()
    weighted = make(samples).fit(table, targets, np.r_[np.full(10, 2.0), np.ones(20)])
    repeated = make(samples).fit(table[twice], targets[twice])
    np.testing.assert_allclose(weighted.predict(table), repeated.predict(table), atol=1e-6)


@pytest.mark.parametrize(
    ("name", "options", "theirs"),
    [
        ("ridge", {}, lambda count: linear_model.Ridge(alpha=count * 0.07)),
        ("lasso", {}, lambda count: linear_model.Lasso(alpha=0.07, tol=1e-10)),
        ("elastic-net", {"mix": 0.3}, lambda count: linear_model.ElasticNet(alpha=0.07, l1_ratio=0.3, tol=1e-10)),
    ],
)
def test_a_strength_is_per_sample_of_a_standardised_target(name: str, options: dict[str, Any], theirs: Any) -> None:
    """Of ridge scikit-learn's alpha is N times the strength, of lasso and elastic net the same."""
    draw = np.random.default_rng(0)
    x = draw.normal(size=(90, 4))
    y = 1000 * (x @ [2.0, -1.0, 0.3, 0.0] + draw.normal(size=90))
    model = fitted(name, samples_of(x, y), strength=0.07, **options)
    expected = theirs(90).fit(x, (y - y.mean()) / y.std())
    np.testing.assert_allclose(model.estimator.weights_, expected.coef_, atol=1e-6)
    np.testing.assert_allclose(model.estimator.constant_, expected.intercept_, atol=1e-6)


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("rows", [2, 3])
def test_a_handful_of_rows_is_enough(name: str, rows: int) -> None:
    model = fitted(name, samples_of(np.random.default_rng(0).normal(size=(rows, 2)), np.arange(float(rows))))
    assert torch.isfinite(model(torch.zeros(4, 2))).all()
    assert model.told()[0].text


def test_the_record_has_what_was_noticed(tmp_path: Path) -> None:
    table = houses()
    table.loc[7, "area"] = 3000.0
    run = glia.train(table, model="linear-regression", target="price")
    assert any("Outliers" in said and "row 7" in said for said in run.warnings)


# Hastie, Tibshirani & Friedman, 2009, table 3.3, on predictors standardised over all 97 men.


@pytest.fixture(scope="module")
def prostate() -> Prostate:
    import os

    mirror = Path(os.environ.get("GLIA_MIRROR") or "/dev/null")
    if not mirror.is_dir():
        pytest.skip("GLIA_MIRROR is not set to a folder of data sets")
    return Prostate(mirror)


def test_least_squares_of_the_book(prostate: Prostate) -> None:
    model = fitted("linear-regression", prostate.samples)
    found = model.estimator.coefficients
    expected = [2.465, 0.680, 0.263, -0.141, 0.210, 0.305, -0.288, -0.021, 0.267]
    np.testing.assert_allclose(found.values, expected, atol=5.1e-4)
    assert prostate.error(model) == pytest.approx(0.521, abs=5e-4)


def test_ridge_of_the_book(prostate: Prostate) -> None:
    """Five effective degrees of freedom, which is λ = 24."""
    model = fitted("ridge", prostate.samples, strength=24.0 / 67)
    assert model.estimator.freedom_ == pytest.approx(5.0, abs=0.01)
    expected = [0.421, 0.239, -0.048, 0.162, 0.227, 0.000, 0.041, 0.132]
    np.testing.assert_allclose(prostate.weights(model), expected, atol=5.1e-4)
    assert prostate.error(model) == pytest.approx(0.490, abs=5e-4)


def test_lasso_of_the_book(prostate: Prostate) -> None:
    """Where the sum of absolute weights is 0.36 of that of least squares; more digits come from a weight printed."""
    table = prostate.x - prostate.x.mean(0)
    target = prostate.samples.targets.numpy()
    svi = 0.076 / prostate.samples.deviation
    strength = brentq(lambda strength: path(table, target, np.array([strength]), 1.0)[4, 0] - svi, 0.1, 0.3)
    model = fitted("lasso", prostate.samples, strength=strength)
    expected = [0.534, 0.177, 0, 0, 0.076, 0, 0, 0]
    np.testing.assert_allclose(prostate.weights(model), expected, atol=1e-3)
    full = np.abs(np.linalg.lstsq(table, target, rcond=None)[0]).sum()
    assert np.abs(model.estimator.weights_).sum() / full == pytest.approx(0.36, abs=0.005)
    assert np.count_nonzero(model.estimator.weights_) == 3
    assert prostate.error(model) == pytest.approx(0.489, abs=1e-3)


@pytest.mark.parametrize("direction", ["forward", "backward", "both"])
def test_steps_of_the_book(prostate: Prostate, direction: str) -> None:
    model = fitted("stepwise-regression", prostate.samples, direction=direction)
    found = model.estimator.coefficients
    assert found.names == ("(constant)", "lcavol", "lweight")
    np.testing.assert_allclose(found.values, [2.477, 0.740, 0.316], atol=5.1e-4)
    assert prostate.error(model) == pytest.approx(0.492, abs=5e-4)


@pytest.mark.parametrize("name", ["ridge", "lasso", "elastic-net"])
def test_strengths_chosen_on_folds_beat_least_squares_there(prostate: Prostate, name: str) -> None:
    model = fitted(name, prostate.samples)
    assert prostate.error(model) < 0.515
    assert "chosen on 5 folds" in model.told()[0].text
