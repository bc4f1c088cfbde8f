"""Figures beside those of statsmodels; and each remark where it should be, and nowhere else."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from statsmodels.stats.outliers_influence import OLSInfluence, variance_inflation_factor

from glia.classical.remarks import cooks_distances, inflations
from glia.learner import Learner
from glia.recipe import from_dict
from tests.classical.prostate import fitted, samples_of

ALL = ["linear-regression", "polynomial-regression", "stepwise-regression", "ridge", "lasso", "elastic-net"]


def line(count: int = 60, seed: int = 0) -> tuple[Any, Any]:
    draw = np.random.default_rng(seed)
    x = draw.normal(size=(count, 2))
    return x, x @ [2.0, -1.0] + 0.5 * draw.normal(size=count)


def remarks(name: str, x: Any, y: Any, **options: Any) -> str:
    return "\n".join(fitted(name, samples_of(x, y), **options).remarks)


@pytest.mark.parametrize("name", ALL)
def test_of_well_behaved_samples_nothing_is_said(name: str) -> None:
    assert not remarks(name, *line())


@pytest.mark.parametrize("name", ALL)
def test_an_outlier_is_named_with_its_figures(name: str) -> None:
    x, y = line()
    x[17], y[17] = (4.0, 4.0), 25.0
    said = remarks(name, x, y, **({"degree": 1} if name == "polynomial-regression" else {}))
    assert "Outliers" in said
    assert "row 17 (Cook's distance" in said


def test_influence_is_cooks() -> None:
    x, y = line()
    x[3] = (5.0, 5.0)
    found = sm.OLS(y, sm.add_constant(x)).fit()
    influence = OLSInfluence(found)
    distances = cooks_distances(influence.hat_matrix_diag, found.resid, 3)
    np.testing.assert_allclose(distances, influence.cooks_distance[0], rtol=1e-8)
    y[3] += 30
    influence = OLSInfluence(sm.OLS(y, sm.add_constant(x)).fit())
    figures = (
        f"row 3 (Cook's distance {influence.cooks_distance[0][3]:.3g}, residual "
        f"{influence.resid_studentized_external[3]:.1f} deviations, leverage {influence.hat_matrix_diag[3]:.2g})"
    )
    assert figures in remarks("linear-regression", x, y)


def test_inflation_is_that_of_the_variance() -> None:
    x, _ = line()
    x = np.column_stack([x, x.sum(1) + 0.1 * x[::-1, 0], x[:, 0] ** 2])
    found = inflations(x, ("a", "b", "c", "d"))
    design = sm.add_constant(x)
    expected = [variance_inflation_factor(design, place) for place in range(1, 5)]
    np.testing.assert_allclose(list(found.values()), expected, rtol=1e-8)


def test_inflation_of_categories_does_not_depend_on_the_reference() -> None:
    draw = np.random.default_rng(1)
    kinds = np.eye(3)[draw.integers(0, 3, 80)]
    number = kinds @ [0.0, 1.0, 5.0] + draw.normal(size=80)
    columns = ("kind", "kind", "number")
    first = inflations(np.column_stack([kinds[:, 1:], number]), columns)
    last = inflations(np.column_stack([kinds[:, :2], number]), columns)
    assert first == pytest.approx(last)
    assert first["kind"] ** 2 == pytest.approx(first["number"])  # two terms share what the number has with them


@pytest.mark.parametrize(
    ("name", "advice"),
    [
        ("linear-regression", "ridge steadies them"),
        ("lasso", "keeps one by chance"),
        ("ridge", ""),
        ("elastic-net", ""),
    ],
)
def test_collinear_columns_are_named_where_they_matter(name: str, advice: str) -> None:
    x, y = line()
    x = np.column_stack([x, x[:, 0] + 0.05 * np.random.default_rng(9).normal(size=60)])
    said = remarks(name, x, y)
    assert ("Collinear columns" in said) == bool(advice)
    assert advice in said
    assert not advice or ("a " in said and "c " in said and "b " not in said.split("steadies")[0].split(": ")[1])


def test_terms_of_a_polynomial_that_go_together() -> None:
    x = np.random.default_rng(2).uniform(5, 6, size=(40, 1))  # not standardised: x and x² are nearly a line
    said = remarks("polynomial-regression", x, x[:, 0] ** 2, degree=2)
    assert "condition number" in said
    assert "condition number" not in remarks("polynomial-regression", x, x[:, 0] ** 2, degree=2, penalty="ridge")


@pytest.mark.parametrize("name", ["polynomial-regression", "ridge", "lasso", "linear-regression"])
def test_skewed_columns_are_named_where_deviations_count(name: str) -> None:
    x, y = line(200)
    x[:, 1] = np.exp(2 * x[:, 1])
    said = remarks(name, x, y, **({"degree": 1} if name == "polynomial-regression" else {}))
    assert ("Skewed columns: b " in said) == (name != "linear-regression")


def test_categories_are_not_collinear_with_themselves() -> None:
    draw = np.random.default_rng(6)
    table = pd.DataFrame({"size": draw.normal(size=80), "kind": draw.choice(list("pqr"), 80)})
    table["y"] = table["size"] + (table["kind"] == "p") + 0.3 * draw.normal(size=80)
    table["twice"] = table["size"] * 2
    recipe = from_dict({"model": {"name": "lasso"}, "task": {"target": "y"}})
    (said,) = Learner(recipe).fit(table).model.remarks  # type: ignore[misc]
    assert said == "Constant, or a combination of other columns: twice; any of them may stand for another."


def test_a_sample_that_decides_a_coefficient_alone_is_no_outlier() -> None:
    x, y = line()
    x = np.column_stack([x, np.arange(60) == 5]).astype(np.float32).astype(np.float64)
    assert not remarks("linear-regression", x, y)


def test_skewed_residuals_are_said() -> None:
    x, y = line(200)
    y = y + np.random.default_rng(3).exponential(1, 200) ** 2
    assert "The residuals are skewed (" in remarks("linear-regression", x, y)
    assert "A logarithm of 'y'" in remarks("linear-regression", x, y)


def test_of_a_perfect_fit_rounding_is_no_outlier() -> None:
    x, _ = line()
    assert not remarks("linear-regression", x, x @ [1.0, 2.0])


def test_of_very_few_samples_nothing_is_said() -> None:
    x, y = line(8)
    y[0] = 100.0
    assert not remarks("linear-regression", x, y)
