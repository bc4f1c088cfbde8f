"""Certainty and how often it is right, by hand and against scikit-learn."""

import numpy as np
import pytest
from sklearn.calibration import calibration_curve

from glia.comparison.calibration import reliability


def test_the_error_by_hand() -> None:
    # Bins 0.6-0.7 (2 samples, half right at 0.65), 0.9-1 (3 samples, two right at 0.95).
    found = reliability(np.array([0.65, 0.65, 0.95, 0.95, 0.95]), np.array([1, 0, 1, 1, 0], bool))
    assert found.error == pytest.approx((2 * 0.15 + 3 * (0.95 - 2 / 3)) / 5)
    assert found.counts.tolist() == [2, 3]


def test_the_bins_are_those_of_scikit_learn() -> None:
    generator = np.random.default_rng(0)
    certainty = generator.random(500)
    right = generator.random(500) < certainty
    found = reliability(certainty, right)
    accuracy, mean = calibration_curve(right, certainty, n_bins=10)
    assert found.accuracy == pytest.approx(accuracy)
    assert found.certainty == pytest.approx(mean)
    assert found.error < 0.08


def test_full_certainty_belongs_to_the_last_bin() -> None:
    assert reliability(np.ones(4), np.array([True] * 4)).error == 0.0
