import numpy as np
import pandas as pd
import pytest

from glia.errors import ConfigError, DataError
from glia.recipe import TaskRecipe
from glia.tasks import fit_task, task_from_dict


def fitted(values, **recipe):
    return fit_task(TaskRecipe(**recipe), np.asarray(values), name="y")


@pytest.mark.parametrize(
    ("values", "name"),
    [
        (["a", "b", "a"], "classification"),
        (np.array(["a", "b", "a"], dtype=object), "classification"),
        (np.array(["a", "b"], dtype=np.dtypes.StringDType()), "classification"),
        (pd.Series(["a", "b"], dtype="category").to_numpy(), "classification"),
        (pd.Series(["a", "b"]).to_numpy(), "classification"),
        ([True, False], "classification"),
        ([0, 1, 1], "classification"),
        ([1.0, 2.0], "classification"),
        (list(range(10)) * 5, "classification"),
        (list(range(10)) * 4, "regression"),
        (list(range(21)) * 50, "regression"),
        (list(range(20)) * 50, "classification"),
        (np.array([3, 5], dtype=np.uint8), "classification"),
        ([0.5, 1.5], "regression"),
        ([1.0, 2.0, 2.5], "regression"),
        (np.arange(30) / 7, "regression"),
        (np.array([[1], [2]]), "classification"),
        ([1e19, 3e19], "regression"),
        (np.array(["a", 1, 2.5], dtype=object), "classification"),
        (np.array([1, 2.5, 3], dtype=object), "regression"),
    ],
    ids=str,
)
def test_the_task_is_found_from_the_values(values, name):
    assert fitted(values).name == name


def test_the_recipe_decides_where_it_says_so():
    assert fitted([0, 1, 1], name="regression").name == "regression"
    assert fitted(list(range(40)), name="Classification").name == "classification"
    assert fitted([True, False, True], name="regression").mean == pytest.approx(2 / 3)


def test_whole_numbers_are_shown_without_fractions():
    assert fitted([1.0, 2.0]).classes == (1, 2)
    assert fitted(np.array([1, 0], dtype=np.int8)).classes == (0, 1)
    assert fitted(np.array([2**64 - 1, 0], dtype=np.uint64)).classes == (0, 2**64 - 1)


@pytest.mark.parametrize(
    ("values", "recipe", "message"),
    [
        ([3] * 120, {}, "Column 'y' has the one value 3 in all 120 training rows: there is nothing to learn."),
        (["cat"] * 7, {}, "Column 'y' has the one value 'cat' in all 7 training rows"),
        ([2.5] * 9, {"name": "regression"}, "Column 'y' has the one value 2.5 in all 9 training rows"),
        ([True] * 5, {"name": "classification"}, "Column 'y' has the one value True in all 5 training rows"),
        ([True] * 3, {}, "Column 'y': 3 training rows, all True, are too few to learn from. Give more rows, or train"),
        (["ja"], {}, "Column 'y': 1 training row is too few to learn from. Give more rows, or train on all there are"),
        ([1e25] * 9, {}, "Column 'y' has values that double precision cannot tell apart: 1e+25 in all 9 training rows"),
        ([], {}, "Column 'y' has no values to train on"),
        ([1.0, np.nan, 2.0, np.inf], {}, "has 2 of 4 values that are not finite numbers, first nan at sample 1"),
        (np.array(["a", None, "b"], dtype=object), {}, "Column 'y' has gaps in 1 of 3 samples, first in sample 1"),
        (np.array(["a", float("nan")], dtype=object), {}, "Column 'y' has gaps in 1 of 2 samples, first in sample 1"),
        (np.array([1, pd.NA, pd.NaT], dtype=object), {}, "Column 'y' has gaps in 2 of 3 samples, first in sample 1"),
        (np.array([[1], [2, 3]], dtype=object), {}, "Column 'y' holds values of type list"),
        (np.array([...] * 2), {}, "Column 'y' holds values of type ellipsis. Labels are text, numbers or"),
        (np.zeros((4, 3)), {}, "Column 'y' has the shape (4, 3): one number or label per sample is expected"),
        (
            np.array(["2026-01-01", "2026-01-02"], dtype="M8[D]"),
            {},
            "holds values of type datetime64[D]. Labels are text",
        ),
        (["a", "b"], {"name": "regression"}, "Column 'y' holds text such as 'a'; regression needs numbers"),
        (
            np.arange(30) / 7,
            {"name": "classification"},
            "has 30 different numbers with fractions, such as 0: these are",
        ),
    ],
    ids=str,
)
def test_a_target_that_cannot_be_learned_is_refused(values, recipe, message):
    with pytest.raises(DataError) as caught:
        fitted(values, **recipe)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("values", "recipe", "message"),
    [
        ("ab", {"name": "clasification"}, "Unknown task 'clasification'. Did you mean 'classification'?"),
        ("ab", {"loss": "huber"}, "Unknown classification loss 'huber'. There are:"),
        ("ab", {"metrics": ("acuracy",)}, "Task 'classification' has no metric 'acuracy'. Did you mean 'accuracy'?"),
        ("ab", {"metrics": ("rmse",)}, "Task 'classification' has no metric 'rmse'. There are: loss, accuracy"),
        ("ab", {"class_weight": {"c": 2.0}}, "task.class_weight: 'c' is no class of 'y'. There are: a, b."),
        ("ab", {"class_weight": {"a": 0.0}}, "task.class_weight: 'a' has the weight 0. Use a number greater than 0."),
        ("xy", {"name": "regression", "class_weight": "balanced"}, "class_weight is for classification, but 'y' is"),
        ([1.5, 2.5], {"loss": "hubr"}, "Unknown regression loss 'hubr'. Did you mean 'huber'?"),
    ],
    ids=str,
)
def test_a_recipe_that_does_not_fit_is_refused(values, recipe, message):
    with pytest.raises(ConfigError) as caught:
        fitted(list(values), **recipe)
    assert message in str(caught.value)


def test_the_column_is_the_recipes_where_it_is_not_named():
    assert fit_task(TaskRecipe(target="price"), np.array([1.5, 2.0])).target == "price"


def test_metrics_are_a_selection_with_the_loss():
    assert list(fitted(["a", "b"], metrics=("macro_f1",)).directions) == ["loss", "macro-f1"]
    assert list(fitted([0.5, 1.0, 2.0], metrics=("R2", "mae")).directions) == ["loss", "mae", "r2"]
    assert list(fitted([0.5, 1.0, 2.0]).directions) == ["loss", "rmse", "mae", "r2"]


def test_reading_a_task_back_refuses_what_is_none():
    with pytest.raises(ConfigError, match="Unknown task 'segmentation'"):
        task_from_dict({"name": "segmentation"})
    with pytest.raises(ConfigError, match=r"Unknown setting 'task\.class'"):
        task_from_dict({"name": "classification", "class": []})


@pytest.mark.parametrize("classes", [(True, False), (0, 1), (0.5, 1.5), ("1", "2")])
def test_labels_keep_their_kind_in_a_file(classes):
    task = fitted(np.array(classes), name="classification")
    again = task_from_dict(task.to_dict())
    assert [type(label) for label in again.classes] == [type(classes[0])] * 2
