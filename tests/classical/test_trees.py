"""Pruning, rules, forests and files of trees, against scikit-learn and by hand."""

from typing import Any

import numpy as np
import pytest
import skops.io
import torch
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, load_diabetes
from sklearn.ensemble import RandomForestClassifier
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from glia.classical.choosing import folds, parts
from glia.classical.model import ClassicalModel
from glia.classical.pruning import chosen_price, prices, stops
from glia.classical.random_forest import BestTrees
from glia.classical.rules import rules
from glia.classical.trusted import check
from glia.errors import ConfigError, DataError
from glia.models.building import build
from glia.models.samples import Column, Samples


def samples(x: Any, y: Any, **more: Any) -> Samples:
    return Samples(torch.as_tensor(np.asarray(x, float)), torch.as_tensor(y), **more)


def learned(name: str, data: Samples, *, outputs: int, **options: Any) -> ClassicalModel:
    model = build(name, options, inputs=(data.inputs.shape[1],), outputs=outputs, seed=0)
    assert isinstance(model, ClassicalModel)
    model.learn(data)
    return model


@pytest.mark.parametrize("classifies", [True, False])
def test_a_tree_pruned_in_thought_is_the_tree_that_scikit_learn_prunes(classifies: bool) -> None:
    x, y = (load_breast_cancer if classifies else load_diabetes)(return_X_y=True)
    kind = DecisionTreeClassifier if classifies else DecisionTreeRegressor
    whole = kind(random_state=0).fit(x[::2], y[::2])
    tried = prices(whole.cost_complexity_pruning_path(x[::2], y[::2]).ccp_alphas)
    ends = stops(whole.tree_, tried)[whole.apply(x[1::2])]
    assert tried[-1] == 0
    for price, end in zip(tried, ends.T, strict=True):
        pruned = kind(random_state=0, ccp_alpha=price).fit(x[::2], y[::2])
        np.testing.assert_allclose(whole.tree_.value[end], pruned.tree_.value[pruned.apply(x[1::2])])
    assert (ends[:, 0] == 0).all()  # the highest price leaves the root


@pytest.mark.parametrize("classifies", [True, False])
def test_the_price_is_the_one_that_an_exhaustive_search_finds(classifies: bool) -> None:
    x, y = (load_breast_cancer if classifies else load_diabetes)(return_X_y=True)
    tree = (DecisionTreeClassifier if classifies else DecisionTreeRegressor)(random_state=0)
    found = chosen_price(tree, x, y, np.ones(len(y)), seed=3)
    tried = prices(tree.cost_complexity_pruning_path(x, y).ccp_alphas)
    errors: list[float] = []
    for learned, judged in parts(folds(y, classifies=classifies, seed=3)):
        for price in tried:
            said = clone(tree).set_params(ccp_alpha=price).fit(x[learned], y[learned]).predict(x[judged])
            errors.append(np.sum(said != y[judged]) if classifies else np.sum((said - y[judged]) ** 2))
    assert found == tried[np.reshape(errors, (-1, len(tried))).sum(0).argmin()]


def test_pruning_takes_away_what_noise_grew() -> None:
    generator = np.random.default_rng(0)
    x = generator.random((300, 4))
    y = (x[:, 0] > 0.5) ^ (generator.random(300) < 0.2)
    whole = learned("decision-tree", samples(x, y.astype(int)), outputs=2, pruning="none").estimator
    pruned = learned("decision-tree", samples(x, y.astype(int)), outputs=2, simplest=True).estimator
    assert whole.get_n_leaves() > 40
    assert pruned.get_n_leaves() == 2
    assert pruned.tree_.threshold[0] == pytest.approx(0.5, abs=0.02)


def test_pre_pruning_is_by_depth_leaf_and_improvement() -> None:
    x, y = load_breast_cancer(return_X_y=True)
    data = samples(x, y)
    assert learned("decision-tree", data, outputs=2, pruning="none", depth=2).estimator.get_depth() == 2
    leaves = learned("decision-tree", data, outputs=2, pruning="none", leaf=30).estimator.tree_
    assert leaves.n_node_samples[leaves.children_left == -1].min() >= 30
    few = learned("decision-tree", data, outputs=2, pruning="none", improvement=0.02).estimator
    assert few.get_n_leaves() < 6


def test_rules_are_in_the_units_and_labels_of_the_data() -> None:
    columns = (
        Column("price", "numbers", 0, mean=100.0, deviation=20.0),
        Column("colour", "categories", 1, 2, labels=("red", "blue")),
        Column("age is missing", "categories", 3, labels=("missing",)),
        Column("sold", "numbers", 4, mean=86_400.0 * 365, deviation=86_400.0, times=True),
    )
    about = samples(np.zeros((0, 5)), [], columns=columns, classes=("no", "yes"), target="bought")
    x = np.zeros((16, 5))
    x[:, 0], x[:, 1], x[:, 3], x[:, 4] = ([-1, 1] * 8), ([1, 1, 0, 0] * 4), [1] * 4 + [0] * 12, [2] * 8 + [0] * 8
    for feature, condition in (
        (0, "price > 100"),
        (1, "colour is red"),
        (3, "age is missing"),
        (4, "sold > 1971-01-02"),
    ):
        tree = DecisionTreeClassifier().fit(x, x[:, feature] > 0)
        lines = rules(tree, about, about.classes).splitlines()
        assert lines[1].startswith(f"if {condition}"), lines
        assert lines[1].endswith(f" then yes ({int((x[:, feature] > 0).sum())} samples, 100%)")
    steps = DecisionTreeRegressor().fit([[-1.0], [0.0], [1.0]], [-1.0, 1.0, -1.0])
    in_euro = samples(np.zeros((0, 1)), [], columns=columns[:1], mean=50.0, deviation=10.0, target="rent")
    assert rules(steps, in_euro).splitlines() == [
        "if price ≤ 90 then rent = 40 (1 sample)",
        "if 90 < price ≤ 110 then rent = 60 (1 sample)",
        "if price > 110 then rent = 40 (1 sample)",
    ]


def test_of_very_many_rules_those_of_most_samples_are_shown() -> None:
    x = np.arange(100.0)[:, None]
    text = rules(DecisionTreeClassifier().fit(x, np.arange(100) % 2), samples(x[:0], []), ("a", "b"))
    assert text.splitlines()[-1] == "and 60 more rules, each of fewer samples"


def test_the_best_trees_are_those_that_err_least_on_what_they_have_not_seen() -> None:
    x, y = load_breast_cancer(return_X_y=True)
    whole = RandomForestClassifier(30, max_features=1, random_state=0)
    best = BestTrees(RandomForestClassifier(30, max_features=1, random_state=0), 5).fit(x, y)
    whole.fit(x, y)
    errors = []
    for tree, drawn in zip(whole.estimators_, whole.estimators_samples_, strict=True):
        unseen = [row for row in range(len(y)) if row not in set(drawn.tolist())]
        errors.append(np.mean(tree.predict(x[unseen]) != y[unseen]))
    np.testing.assert_allclose(best.errors_, errors)
    kept = np.sort(np.argsort(errors, kind="stable")[:5])
    expected = np.mean([whole.estimators_[number].predict_proba(x) for number in kept], axis=0)
    np.testing.assert_allclose(best.predict_proba(x), expected)


@pytest.mark.parametrize("name", ["decision-tree", "gradient-boosting"])
def test_a_forged_tree_is_not_loaded(name: str, tmp_path: Any) -> None:
    data = samples(*load_breast_cancer(return_X_y=True))
    model = learned(name, data, outputs=2, **({"trees": 1} if name == "gradient-boosting" else {}))
    if name == "decision-tree":
        state = model.estimator.tree_.__getstate__()
        state["nodes"]["left_child"][0] = 10_000
        model.estimator.tree_.__setstate__(state)
    else:
        model.estimator._predictors[0][0].nodes["feature_idx"][0] = 10_000
    (tmp_path / model.FILE).write_bytes(model.saved())
    with pytest.raises(DataError, match=r"lead out of it|more than the 30 features"):
        model.load(tmp_path)


def test_what_cannot_be_looked_into_is_not_loaded(tmp_path: Any) -> None:
    with pytest.raises(DataError, match=r"builtins\.(range|function)"):
        check({"estimator": [range(3)]}, 1)
    model = learned("decision-tree", samples([[0.0], [1.0]], [0, 1]), outputs=2, pruning="none")
    foreign = {"scikit-learn": "1", "about": "{}", "estimator": skops.io.loads}
    (tmp_path / model.FILE).write_bytes(skops.io.dumps(foreign))
    with pytest.raises(DataError, match=r"holds objects of skops\.io.*loads, which are not trusted"):
        model.load(tmp_path)


def test_classes_one_by_one_are_refused_for_a_number() -> None:
    with pytest.raises(ConfigError, match=r"model\.classes='one-vs-all' is for classes, and the target is a number"):
        learned("decision-tree", samples([[0.0], [1.0]], [0.0, 1.0]), outputs=1, classes="one-vs-all")
