"""Logistic and soft-max regression against scikit-learn and statsmodels used directly."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
import torch
from sklearn.datasets import load_breast_cancer, load_digits, load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_info

from glia.classical import soft_max
from glia.classical.threads import WORTH_SHARING, suited_to
from glia.learner import Learner
from glia.recipe import from_dict
from tests.classical.test_trees import learned, samples


def scaled(load: Any) -> tuple[Any, Any]:
    x, y = load(return_X_y=True)
    return StandardScaler().fit_transform(x), y


def learner(table: pd.DataFrame, **model: Any) -> Any:
    split = {"split": {"train": 1.0, "validation": 0.0, "test": 0.0}}
    model = {"name": "logistic-regression", **model}
    return Learner(from_dict({"data": split, "model": model, "task": {"target": "y"}})).fit(table).model


@pytest.mark.parametrize("load", [load_iris, load_breast_cancer])
@pytest.mark.parametrize(
    ("penalty", "mix", "solver"), [("l2", 0.0, "lbfgs"), ("l1", 1.0, "saga"), ("elastic", 0.5, "saga")]
)
def test_the_strength_is_one_by_n_times_c_of_scikit_learn(load: Any, penalty: str, mix: float, solver: str) -> None:
    x, y = scaled(load)
    classes = len(np.unique(y))
    ours = learned("logistic-regression", samples(x, y), outputs=classes, penalty=penalty, strength=0.1)
    c = 1 / (len(x) * 0.1)
    theirs = LogisticRegression(C=c, l1_ratio=mix, solver=solver, tol=1e-7, max_iter=3000).fit(x, y)
    np.testing.assert_allclose(ours(torch.tensor(x)).exp(), theirs.predict_proba(x), atol=2e-5)
    if mix:
        np.testing.assert_array_equal(ours.estimator.weights_ == 0, np.abs(theirs.coef_) < 1e-6)


def test_samples_weigh_as_in_scikit_learn() -> None:
    x, y = scaled(load_iris)
    weights = 1.0 + np.arange(len(y)) % 3
    ours = learned("logistic-regression", samples(x, y, weights=torch.tensor(weights)), outputs=3, strength=0.02)
    c = 1 / (weights.sum() * 0.02)
    theirs = LogisticRegression(C=c, tol=1e-7, max_iter=3000).fit(x, y, sample_weight=weights)
    np.testing.assert_allclose(ours(torch.tensor(x)).exp(), theirs.predict_proba(x), atol=1e-5)


def test_a_strength_is_chosen_on_folds() -> None:
    generator = np.random.default_rng(0)
    x = generator.standard_normal((80, 20))
    noise = learned("logistic-regression", samples(x, generator.integers(0, 2, 80)), outputs=2)
    clear = learned("logistic-regression", samples(x, (x[:, 0] > 0).astype(int)), outputs=2)
    assert 80 * noise.estimator.strength_ >= 100  # nothing to learn: as strong as can be
    assert 80 * clear.estimator.strength_ < 10
    assert "chosen on 5 folds" in clear.told()[0].title


def test_a_strength_chosen_on_some_samples_is_worth_as_many(monkeypatch: pytest.MonkeyPatch) -> None:
    x, y = scaled(load_digits)
    model = learned("logistic-regression", samples(x, y), outputs=10)
    assert (model(torch.tensor(x)).argmax(1).numpy() == y).mean() > 0.99
    monkeypatch.setattr(soft_max, "CHOSEN_ON", 400)
    few = learned("logistic-regression", samples(x, y), outputs=10)
    found = np.log10([model.estimator.strength_, few.estimator.strength_])
    assert abs(found[0] - found[1]) <= 1


def test_without_a_penalty_classes_told_apart_without_a_mistake_have_no_likeliest_fit() -> None:
    x, y = scaled(load_iris)
    model = learned("logistic-regression", samples(x, (y == 0).astype(int)), outputs=2, penalty="none")
    assert any("tell classes apart without a mistake: the larger" in said for said in model.remarks)
    (told,) = model.told()
    assert told.text.endswith(
        "No standard errors: the classes are told apart without a mistake, so there is no likeliest fit"
    )
    assert (model(torch.tensor(x)).argmax(1).numpy() == (y == 0)).all()
    # A category that has one class only, beside a column that says little, tells apart some of them.
    draw = np.random.default_rng(0)
    group, number = draw.integers(0, 2, 200), draw.normal(size=200)
    some = np.where(group == 1, 1, draw.integers(0, 2, 200))
    partly = learned(
        "logistic-regression", samples(np.column_stack([group - group.mean(), number]), some), outputs=2, penalty="none"
    )
    assert partly.estimator.separated_


@pytest.mark.parametrize("classes", [2, 3])
def test_without_a_penalty_it_is_that_of_statsmodels_in_the_users_units(classes: int) -> None:
    """Through the whole learner, whose features are standardised in single precision."""
    draw = np.random.default_rng(3)
    table = pd.DataFrame({"age": draw.normal(50, 9, 300), "size": draw.uniform(1, 3, 300)})
    table["region"] = draw.choice(["east", "north", "west"], 300)
    scores = np.outer((table["age"] - 50) / 9, [0.0, 1.0, -0.5]) + draw.gumbel(size=(300, 3))
    scores[:, 1] += table["region"] == "west"
    table["y"] = [f"kind {number}" for number in scores[:, :classes].argmax(1)]
    model = learner(table, penalty="none")
    design = sm.add_constant(pd.get_dummies(table.drop(columns="y"), drop_first=True, dtype=float))
    codes = table["y"].str[-1].astype(int)
    if classes == 2:
        expected = sm.Logit(codes, design).fit(disp=False, tol=1e-12)
        columns = [(expected.params, expected.bse, expected.tvalues, expected.pvalues)]
    else:
        expected = sm.MNLogit(codes, design).fit(disp=False, tol=1e-12)
        figures = (expected.params, expected.bse, expected.tvalues, expected.pvalues)
        columns = [tuple(figure[at] for figure in figures) for at in range(2)]
    found = model.estimator.in_units()
    assert len(found) == classes - 1
    for each, (values, errors, ratios, significances) in zip(found, columns, strict=True):
        assert each.names == ("(constant)", "age", "size", "region=north", "region=west")
        np.testing.assert_allclose(each.values, values, rtol=1e-4)
        np.testing.assert_allclose(each.errors, errors, rtol=1e-4)
        np.testing.assert_allclose(each.ratios, ratios, rtol=1e-4)
        np.testing.assert_allclose(each.significances, significances, rtol=1e-3, atol=1e-8)
    told = model.told()
    assert [each.title for each in told] == [f"Log-odds of kind {at} against kind 0" for at in range(1, classes)]
    assert told[0].text.splitlines()[1].split() == ["coefficient", "std.", "error", "z", "p", "standardised"]


def test_a_column_that_others_say_already_is_left_out_and_many_are_cut() -> None:
    draw = np.random.default_rng(0)
    x = draw.normal(size=(400, 40))
    x[:, 39] = x[:, 0] + x[:, 1]
    y = (x[:, 0] + draw.logistic(size=400) > 0).astype(int)
    (told,) = learned("logistic-regression", samples(x, y), outputs=2, penalty="none").told()
    assert "and 9 more with smaller z" in told.text
    assert told.text.splitlines()[-1].startswith("Left out, being constant or a combination of others: ")
    assert told.text.splitlines()[3].split()[1:3] != ["nan", "nan"]


def test_a_small_table_is_worth_one_thread() -> None:
    def threads() -> set[int]:
        return {each["num_threads"] for each in threadpool_info() if each["user_api"] == "blas"}

    before = threads()
    with suited_to(WORTH_SHARING - 1):
        assert threads() == {1}
    with suited_to(WORTH_SHARING):
        assert threads() == before
