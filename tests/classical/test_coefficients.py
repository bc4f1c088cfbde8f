"""Coefficients, standard errors and significance, beside those of statsmodels."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from sklearn.preprocessing import PolynomialFeatures

from glia.classical.coefficients import Coefficients, aligned, soft_max_coefficients, soft_max_covariance
from glia.classical.least_squares import LeastSquares
from glia.classical.terms import terms_of
from glia.learner import Learner
from glia.recipe import from_dict
from tests.classical.prostate import fitted, samples_of

Random = np.random.Generator


@pytest.fixture
def draw() -> Random:
    return np.random.default_rng(3)


def learner(table: pd.DataFrame, **model: Any) -> Any:
    split = {"split": {"train": 1.0, "validation": 0.0, "test": 0.0}}
    return Learner(from_dict({"data": split, "model": model, "task": {"target": "y"}})).fit(table).model


def require_equal(found: Coefficients, expected: Any, rtol: float = 1e-4) -> None:
    np.testing.assert_allclose(found.values, expected.params, rtol=rtol)
    np.testing.assert_allclose(found.errors, expected.bse, rtol=rtol)
    np.testing.assert_allclose(found.ratios, expected.tvalues, rtol=rtol)
    np.testing.assert_allclose(found.significances, expected.pvalues, rtol=10 * rtol, atol=1e-12)


def table_of(draw: Random, count: int = 80) -> pd.DataFrame:
    x = pd.DataFrame({"age": draw.normal(50, 9, count), "size": draw.uniform(1, 3, count)})
    x["region"] = draw.choice(["east", "north", "west"], count)
    x["y"] = 200 + 3 * x["age"] - 40 * x["size"] + 15 * (x["region"] == "west") + draw.normal(0, 10, count)
    return x


def test_columns_and_categories_in_the_users_units(draw: Random) -> None:
    """Through the whole learner, whose features are standardised in single precision."""
    table = table_of(draw)
    model = learner(table, name="linear-regression")
    design = pd.get_dummies(table.drop(columns="y"), drop_first=True, dtype=float)
    found = model.estimator.coefficients
    assert found.names == ("(constant)", "age", "size", "region=north", "region=west")
    require_equal(found, sm.OLS(table["y"], sm.add_constant(design)).fit())


def test_a_polynomial_multiplied_out(draw: Random) -> None:
    table = table_of(draw)[["age", "size", "y"]]
    model = learner(table, name="polynomial-regression", degree=3)
    powers = PolynomialFeatures(3, include_bias=False)
    design = powers.fit_transform(table[["age", "size"]].to_numpy())
    expected = sm.OLS(table["y"].to_numpy(), sm.add_constant(design)).fit()
    found = model.estimator.coefficients
    assert found.names[1:6] == ("age", "size", "age^2", "age * size", "size^2")
    require_equal(found, expected, rtol=0.02)  # raw cubes of an age: the condition number is 1e9
    standardised = (table[["age", "size"]] - table[["age", "size"]].mean()) / table[["age", "size"]].std(ddof=0)
    design = powers.fit_transform(standardised.to_numpy())
    target = (table["y"] - table["y"].mean()) / table["y"].std(ddof=0)
    require_equal(model.estimator.standardised_, sm.OLS(target.to_numpy(), sm.add_constant(design)).fit(), rtol=1e-3)


def test_weighted_least_squares(draw: Random) -> None:
    x, weights = draw.normal(size=(40, 2)), draw.uniform(0.5, 3, 40)
    samples = samples_of(x, x @ [1.0, 2.0] + draw.normal(size=40))
    y = samples.targets.numpy()
    found = LeastSquares(terms_of(samples)).fit(x, y, weights).standardised_
    require_equal(found, sm.WLS(y, sm.add_constant(x), weights=weights).fit(), rtol=1e-8)


def test_steps_end_with_the_figures_of_their_columns(draw: Random) -> None:
    x = draw.normal(size=(50, 4))
    y = x @ [3.0, 0, -2, 0] + draw.normal(size=50)
    estimator = fitted("stepwise-regression", samples_of(x, y)).estimator
    inside = ["abcd".index(name) for name in estimator.terms_.columns]
    assert {0, 2} <= set(inside)
    require_equal(estimator.coefficients, sm.OLS(y, sm.add_constant(x[:, inside])).fit(), rtol=1e-8)


def test_what_depends_on_other_columns_is_left_out_and_said(draw: Random) -> None:
    x = draw.normal(size=(30, 2))
    x = np.column_stack([x, x.sum(1), np.ones(30)])
    model = fitted("linear-regression", samples_of(x, draw.normal(size=30)))
    assert model.estimator.coefficients.names == ("(constant)", "a", "b")
    assert "combination of others: c, d" in model.told()[0].text
    assert any("combination of other columns: c, d; they are left out" in remark for remark in model.remarks)


def test_a_square_without_its_line_is_said_standardised(draw: Random) -> None:
    samples = samples_of(draw.normal(5, 2, size=(30, 1)), draw.normal(size=30))
    terms = terms_of(samples, 2).chosen([1])
    assert terms.names == ("a^2",)
    assert terms.to_units() is not None  # already in units: nothing to multiply out
    shifted = terms_of(samples, 2)
    shifted.means[:] = 1.0
    estimator = LeastSquares(shifted.chosen([1])).fit(samples.inputs.numpy(), samples.targets.numpy())
    assert estimator.coefficients is None
    assert "Of standardised columns" in estimator.told()


@pytest.mark.parametrize("classes", [2, 3])
def test_soft_max_regression(classes: int, draw: Random) -> None:
    x = draw.normal(size=(150, 2))
    scores = x @ draw.normal(size=(2, classes)) + draw.gumbel(size=(150, classes))
    y, counts = scores.argmax(1), draw.integers(1, 4, 150)
    design = sm.add_constant(x)
    expected = sm.MNLogit(np.repeat(y, counts), np.repeat(design, counts, axis=0)).fit(disp=False, tol=1e-12)
    covariance = soft_max_covariance(design, expected.predict(design), counts.astype(float))
    found = soft_max_coefficients(("a", "b"), expected.params.T, covariance)
    for place, one in enumerate(found):
        np.testing.assert_allclose(one.errors, expected.bse[:, place], rtol=1e-6)
        np.testing.assert_allclose(one.ratios, expected.tvalues[:, place], rtol=1e-6)
        np.testing.assert_allclose(one.significances, expected.pvalues[:, place], rtol=1e-5, atol=1e-10)
    nothing = soft_max_covariance(np.ones((4, 2)), np.full((4, 2), 0.5), np.ones(4))
    assert np.isinf(nothing).all()


def test_a_table_says_t_or_z() -> None:
    of_t = Coefficients(("(constant)", "age"), np.array([1.5, -2.0]), np.diag([0.25, 1e-4]), 12.0)
    assert of_t.table(of_t).splitlines() == [
        "            coefficient  std. error        t        p  standardised",
        "(constant)          1.5         0.5     3.00   0.0111",
        "age                  -2        0.01  -200.00  <0.0001        -2.000",
    ]
    of_z = Coefficients(("(constant)",), np.array([1.5]), np.array([[0.25]]))
    assert of_z.table().splitlines()[1].split() == ["(constant)", "1.5", "0.5", "3.00", "0.0027"]
    assert aligned(["", "n"], [["long name", "1"]]) == "           n\nlong name  1"
