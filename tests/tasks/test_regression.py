import json
import math

import numpy as np
import pytest
import torch
from sklearn import metrics
from sklearn.exceptions import UndefinedMetricWarning

from glia import pictures
from glia.errors import ConfigError, DataError
from glia.recipe import TaskRecipe
from glia.tasks.regression import DRAWN_POINTS, Regression


def fitted(values=(1.0, 2.0, 4.0, 9.0), **recipe):
    return Regression.fit(TaskRecipe(**recipe), np.array(values), "price")


def drawn(task, count, seed=0):
    random = np.random.default_rng(seed)
    values = random.normal(task.mean, task.deviation, count)
    noise = torch.from_numpy(random.normal(size=(count, 1)).astype(np.float32)) * 0.3
    return values, task.encode(values)[:, None] + noise, task.encode(values)


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
@pytest.mark.parametrize("count", [2, 9, 1000])
def test_metrics_are_those_of_scikit_learn_in_the_users_units(scale, count):
    task = fitted(np.array([1.0, 2.0, 4.0, 9.0]) * scale)
    values, outputs, targets = drawn(task, count)
    predicted, found = task.decode(outputs).values, task.metrics(outputs, targets)
    assert found["rmse"] == pytest.approx(metrics.root_mean_squared_error(values, predicted), rel=1e-6)
    assert found["mae"] == pytest.approx(metrics.mean_absolute_error(values, predicted), rel=1e-6)
    assert found["r2"] == pytest.approx(metrics.r2_score(values, predicted), abs=1e-6)
    assert found["loss"] == pytest.approx((found["rmse"] / task.deviation) ** 2, rel=1e-6)


@pytest.mark.parametrize(("predicted", "expected"), [(1.0, 1.0), (2.0, 0.0)])
def test_r2_without_variance_is_that_of_scikit_learn(predicted, expected):
    task = fitted([-1.0, 1.0])
    found = task.metrics(torch.full((3, 1), predicted), torch.ones(3))["r2"]
    assert found == expected == metrics.r2_score([1.0] * 3, [predicted] * 3)


def test_r2_of_one_value_is_none_as_in_scikit_learn():
    found = fitted().metrics(torch.zeros(1, 1), torch.zeros(1))
    assert math.isnan(found["r2"])
    assert found["rmse"] == 0
    with pytest.warns(UndefinedMetricWarning):
        assert math.isnan(metrics.r2_score([1.0], [1.0]))


def test_values_that_differ_by_rounding_alone_are_refused():
    with pytest.raises(DataError, match=r"runs from 4.6\d+e\+18 to 4.6\d+e\+18, .* may be rounding alone"):
        fitted([2**62 + 7 * i for i in range(50)])


@pytest.mark.parametrize(
    ("name", "reference"),
    [
        ("auto", lambda error: np.mean(error**2)),
        ("mse", lambda error: np.mean(error**2)),
        ("mae", lambda error: np.mean(np.abs(error))),
        ("L1", lambda error: np.mean(np.abs(error))),
        ("huber", lambda error: np.mean(np.where(np.abs(error) < 1, error**2 / 2, np.abs(error) - 0.5))),
    ],
)
def test_losses_are_those_of_the_formula(name, reference):
    task = fitted(loss=name)
    outputs, targets = torch.linspace(-3, 3, 20)[:, None], torch.linspace(2, -1, 20)
    expected = reference((outputs.squeeze(1) - targets).numpy())
    assert task.loss(outputs, targets).item() == pytest.approx(expected, rel=1e-6)


def test_the_target_is_standardised():
    task = fitted([10.0, 20.0, 30.0])
    encoded = task.encode(np.array([10, 20, 30]))
    assert encoded.mean().item() == pytest.approx(0, abs=1e-7)
    assert encoded.std(correction=0).item() == pytest.approx(1)
    assert encoded.dtype == torch.float32
    np.testing.assert_allclose(task.decode(encoded[:, None]).values, [10, 20, 30])


def test_large_offsets_keep_their_last_digits():
    values = 1e9 + np.arange(8.0)
    task = fitted(values)
    np.testing.assert_allclose(task.decode(task.encode(values)[:, None]).values, values, rtol=0, atol=1e-5)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (
            [2e300, -1e200, 0.0],
            r"from -1e\+200 to 2e\+300: .* squares of such numbers, .* Divide the column by 1e\+300",
        ),
        ([1e-200, 2e-200, 0.0], r"from 0 to 2e-200: double precision .* Divide the column by 1e-200"),
        ([1e9, 1e9 + 2e-7], r"from 1000000000.0 to 1000000000.0000002, .* rounding alone. Subtract 1000000000.0"),
    ],
)
def test_values_beyond_double_precision_are_refused(values, message):
    with pytest.raises(DataError, match=f"Column 'price' runs {message}"):
        fitted(values)


def test_values_that_cannot_be_encoded_are_told():
    task = fitted()
    assert task.known(np.array([1.0, np.nan, np.inf])).tolist() == [True, False, False]
    assert task.known(np.array(["a", "b"])).tolist() == [False, False]
    with pytest.raises(
        DataError, match=r"Column 'price' has 1 of 2 values that are not finite numbers, first nan at sample 1"
    ):
        task.encode(np.array([1.0, np.nan]))
    with pytest.raises(DataError, match="Column 'price' holds text such as 'cheap'"):
        task.encode(np.array(["cheap"]))


def test_outputs_of_another_width_are_refused_with_both_shapes():
    with pytest.raises(
        ConfigError, match=r"shape \(2, 3\) for 2 samples; regression of 'price' reads \(2, 1\)\. Make its last"
    ):
        fitted().loss(torch.zeros(2, 3), torch.zeros(2))


def test_pictures_show_predicted_against_true_and_the_errors():
    task = fitted([0.0, 10.0])
    values, outputs, targets = drawn(task, 5000)
    found = task.pictures(outputs, targets)
    (_, true, predicted), points = found["predicted-against-true"].groups[0], found["predicted-against-true"]
    assert len(true) == len(predicted) == DRAWN_POINTS
    np.testing.assert_allclose([true[0], true[-1]], [values[0], values[-1]], rtol=1e-5)
    assert points.diagonal
    assert (points.x, points.y) == ("true price", "predicted price")
    assert found == task.pictures(outputs, targets)
    counts, _ = np.histogram(task.decode(outputs).values - task.decode(targets[:, None]).values, bins=30)
    np.testing.assert_array_equal(found["residuals"].values, counts)


def test_pictures_leave_out_what_is_not_finite():
    outputs = torch.tensor([[0.0], [float("nan")], [float("inf")], [1.0]])
    for picture in fitted().pictures(outputs, torch.zeros(4)).values():
        json.dumps(pictures.to_dict(picture), allow_nan=False)
    for picture in fitted().pictures(torch.full((2, 1), float("nan")), torch.zeros(2)).values():
        json.dumps(pictures.to_dict(picture), allow_nan=False)
