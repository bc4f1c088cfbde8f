"""Networks that are regressions: trained through the loop, they end where the closed form or scikit-learn does.

Coefficients are within 1e-3, of standardised columns and targets, as everywhere.
"""

from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from sklearn import linear_model
from sklearn.preprocessing import PolynomialFeatures

from glia.learner import Learner
from glia.recipe import from_dict

Floats = NDArray[np.float64]
WHOLE_SET = {"train": 1.0, "validation": 0.0, "test": 0.0}
NEAR = {"atol": 1e-3, "rtol": 0}
# An absolute value has no slope at 0, which L-BFGS builds on; small steps that get smaller end there.
ABSOLUTE = {"optimizer": "adam", "learning_rate": 0.02, "schedule": "cosine", "epochs": 600}


def standardised(x: Floats) -> Floats:
    return (x - x.mean(0)) / x.std(0)


def numbers() -> tuple[Floats, Floats]:
    draw = np.random.default_rng(0)
    x = draw.normal(size=(150, 5)) + 0.5 * draw.normal(size=(150, 1))
    return standardised(x), standardised(x @ [3.0, -2.0, 0.5, 0.0, 0.0] + draw.normal(size=150))


def classes(count: int) -> tuple[Floats, NDArray[np.int64]]:
    draw = np.random.default_rng(1)
    x = draw.normal(size=(200, 3))
    scores = x @ draw.normal(size=(3, count)) + draw.gumbel(size=(200, count))
    return standardised(x), scores.argmax(1)


def trained(x: Floats, y: Any, model: dict[str, Any] | None = None, **train: Any) -> tuple[Floats, Floats]:
    """Weights (K, T) and biases (K,) of a network that was trained to the end."""
    train = {"epochs": 60, "keep": "last", **train}
    task = "regression" if y.dtype.kind == "f" else "classification"
    given = {"data": {"split": WHOLE_SET}, "model": {"name": "linear", **(model or {})}, "train": train}
    learner = Learner(from_dict({**given, "task": {"name": task}})).fit((x, y))
    output: Any = learner.model.output
    return output.weight.detach().double().numpy(), output.bias.detach().double().numpy()


@pytest.mark.parametrize(
    "model", [{}, {"name": "mlp", "hidden": []}, {"initialisation": "normal"}], ids=["linear", "mlp", "begun elsewhere"]
)
def test_linear_regression(model: dict[str, Any]) -> None:
    x, y = numbers()
    train = {"optimizer": "lbfgs", "batch_size": "all", "schedule": "constant"} if "hidden" in model else {}
    weights, bias = trained(x, y, model, **train)
    expected = np.linalg.lstsq(np.column_stack([x, np.ones(len(x))]), y, rcond=None)[0]
    np.testing.assert_allclose(weights[0], expected[:-1], **NEAR)
    np.testing.assert_allclose(bias[0], expected[-1], **NEAR)


@pytest.mark.parametrize("interactions", [True, False])
def test_polynomial_regression(interactions: bool) -> None:
    x, _ = numbers()
    x = x[:, :2]
    y = standardised(x[:, 0] ** 2 - x[:, 0] * x[:, 1] + x[:, 1] + np.random.default_rng(2).normal(size=len(x)))
    weights, bias = trained(x, y, {"degree": 3, "interactions": interactions})
    powers = PolynomialFeatures(3, include_bias=False).fit(x)
    kept = np.ones(9, bool) if interactions else (powers.powers_ > 0).sum(1) == 1
    expected = linear_model.LinearRegression().fit(powers.transform(x)[:, kept], y)
    np.testing.assert_allclose(weights[0], expected.coef_, **NEAR)
    np.testing.assert_allclose(bias[0], expected.intercept_, **NEAR)


@pytest.mark.parametrize("l2", [0.05, 0.5])
def test_ridge(l2: float) -> None:
    """Mean squared error + l2 |b|² is |y - Xb|² + N l2 |b|²."""
    x, y = numbers()
    weights, _ = trained(x, y, l2=l2)
    closed = np.linalg.solve(x.T @ x + len(x) * l2 * np.eye(5), x.T @ y)
    np.testing.assert_allclose(weights[0], closed, **NEAR)


@pytest.mark.parametrize("l1", [0.05, 0.3])
def test_lasso(l1: float) -> None:
    """Mean squared error + l1 |b| is twice |y - Xb|² / 2N + l1 / 2 |b|."""
    x, y = numbers()
    weights, _ = trained(x, y, l1=l1, **ABSOLUTE)
    expected = linear_model.Lasso(alpha=l1 / 2, tol=1e-10).fit(x, y).coef_
    np.testing.assert_allclose(weights[0], expected, **NEAR)
    assert (expected == 0).any()


def test_an_absolute_penalty_is_not_for_lbfgs() -> None:
    x, y = numbers()
    said: list[str] = []
    given = {"model": {"name": "linear"}, "train": {"epochs": 1, "l1": 0.1}}
    Learner(from_dict(given)).fit((x, y), listen=lambda event: said.append(getattr(event, "message", "")))
    assert any("train.l1=0.1 has no slope at 0" in message for message in said)


def test_elastic_net() -> None:
    x, y = numbers()
    strength, mix = 0.2, 0.6
    weights, _ = trained(x, y, l1=2 * strength * mix, l2=strength * (1 - mix), **ABSOLUTE)
    expected = linear_model.ElasticNet(alpha=strength, l1_ratio=mix, tol=1e-10).fit(x, y).coef_
    np.testing.assert_allclose(weights[0], expected, **NEAR)


@pytest.mark.parametrize("l2", [0.0, 0.01])
def test_logistic_regression(l2: float) -> None:
    """Two outputs; what counts is their difference, each having half of the weights."""
    x, y = classes(2)
    weights, biases = trained(x, y, l2=l2)
    expected = linear_model.LogisticRegression(C=1 / (l2 * len(x)) if l2 else np.inf, tol=1e-9).fit(x, y)
    np.testing.assert_allclose(weights[1] - weights[0], expected.coef_[0], **NEAR)
    np.testing.assert_allclose(biases[1] - biases[0], expected.intercept_[0], **NEAR)


@pytest.mark.parametrize("l2", [0.0, 0.01])
def test_soft_max_regression(l2: float) -> None:
    x, y = classes(4)
    weights, biases = trained(x, y, l2=l2)
    expected = linear_model.LogisticRegression(C=1 / (2 * l2 * len(x)) if l2 else np.inf, tol=1e-9).fit(x, y)
    np.testing.assert_allclose(weights - weights.mean(0), expected.coef_ - expected.coef_.mean(0), **NEAR)
    np.testing.assert_allclose(biases - biases.mean(), expected.intercept_ - expected.intercept_.mean(), **NEAR)


def test_the_classical_model_predicts_the_same() -> None:
    x, y = numbers()
    network = Learner(from_dict({"model": {"name": "linear"}, "train": {"epochs": 60}, "data": {"split": WHOLE_SET}}))
    classical = Learner(from_dict({"model": {"name": "linear-regression"}, "data": {"split": WHOLE_SET}}))
    found = [each.fit((x, y)).predict(x).values for each in (network, classical)]
    np.testing.assert_allclose(found[0], found[1], atol=1e-3)
    assert torch.get_default_dtype() == torch.float32
