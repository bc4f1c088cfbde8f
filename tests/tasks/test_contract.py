import numpy as np
import pytest

from glia.recipe import TaskRecipe
from glia.tasks import TASKS
from glia.testing.tasks import TaskContract

RANDOM = np.random.default_rng(0)


class TestBinary(TaskContract):
    recipe, values = TaskRecipe(), np.array([True, False, True, True])


class TestTextLabels(TaskContract):
    recipe = TaskRecipe(class_weight="balanced")
    values = np.array(["dog", "cat", "owl", "cat", "cat", "dog"], dtype=object)


class TestWholeLabels(TaskContract):
    recipe, values = TaskRecipe(name="classification", class_weight={"7": 3.0}), np.array([3, 7, 7, 11])


class TestRegression(TaskContract):
    recipe, values = TaskRecipe(), RANDOM.normal(1e6, 50.0, 40)


class TestRegressionByMAE(TaskContract):
    recipe, values = TaskRecipe(loss="mae"), RANDOM.normal(size=30).astype(np.float32)


class TestRegressionByHuber(TaskContract):
    recipe, values = TaskRecipe(name="regression", loss="huber"), np.arange(12)


def test_every_task_is_under_contract():
    suites = (TestBinary, TestTextLabels, TestRegression)
    assert {suite().task.name for suite in suites} == set(TASKS)


def test_a_suite_finds_what_is_wrong(monkeypatch):
    suite = TestRegression()
    monkeypatch.setattr(
        type(suite.task), "directions", {"loss": "higher", "rmse": "lower", "mae": "lower", "r2": "higher"}
    )
    with pytest.raises(AssertionError, match=r"loss \(higher\) went from"):
        suite.test_better_outputs_have_better_metrics()
