"""Intervals and tests against hand calculation, SciPy and statsmodels; and how often they raise a false alarm."""

import math

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.contingency_tables import mcnemar as of_statsmodels
from statsmodels.stats.multitest import multipletests

from glia.comparison.standings import corrected_over_pairs
from glia.errors import ConfigError
from glia.statistics import (
    Difference,
    Estimate,
    bootstrap,
    bootstrap_test,
    corrected_t_test,
    groups,
    holm,
    mcnemar,
    mean_over_fits,
)


def test_without_shared_samples_the_test_is_students() -> None:
    differences = np.array([0.02, 0.05, -0.01, 0.03, 0.04, 0.02])
    found = corrected_t_test(differences, ratio=0.0)
    expected = stats.ttest_1samp(differences, 0.0)
    assert found.p == pytest.approx(expected.pvalue, rel=1e-12)
    low, high = expected.confidence_interval(0.95)
    assert (found.size.low, found.size.high) == (pytest.approx(low), pytest.approx(high))


def test_the_correction_by_hand() -> None:
    # Ten differences of mean 0.02 and variance 0.0004; 90 samples learned, 10 judged: (1/10 + 1/9) 0.0004.
    differences = 0.02 + np.array([-1, 1] * 5) * math.sqrt(0.0004 * 0.9)
    error = math.sqrt((1 / 10 + 1 / 9) * 0.0004)
    found = corrected_t_test(differences, ratio=1 / 9)
    assert found.p == pytest.approx(2 * stats.t.sf(0.02 / error, 9), rel=1e-9)
    assert found.size.high - found.size.mean == pytest.approx(2.262157 * error, rel=1e-6)


def test_few_fits_make_no_test() -> None:
    assert math.isnan(corrected_t_test(np.array([0.1, 0.2, 0.1, 0.2]), 0.5).p)
    assert not math.isnan(corrected_t_test(np.array([0.1, 0.2, 0.1, 0.2, 0.1]), 0.5).p)
    assert math.isnan(mean_over_fits(np.array([0.1]), 0.5).low)


def test_equal_learners_do_not_differ_and_a_constant_difference_is_one() -> None:
    assert corrected_t_test(np.zeros(6), 0.25).p == 1.0
    assert corrected_t_test(np.full(6, 0.1), 0.25).p == 0.0
    assert corrected_t_test(np.array([0.3 - 0.1] * 3 + [0.2] * 3), 0.25).p == 0.0  # rounding is no deviation


def test_an_estimate_knows_whether_zero_is_inside() -> None:
    assert Estimate(0.1, -0.1, 0.3).spans_zero
    assert not Estimate(0.2, 0.1, 0.3).spans_zero
    assert Estimate(0.2, float("nan"), float("nan")).spans_zero


def overlapping(generator: np.random.Generator, studies: int, *, folds: int, repeats: int) -> "np.ndarray":
    """Differences over folds of two learners that do not differ: they are judged on the same samples in each repeat.

    Fits on folds correlate by about the share judged, which is what Nadeau and Bengio assume: a part common to all fits
    of a study and a part of each fit.
    """
    share = 1 / folds
    common = generator.normal(size=(studies, 1)) * math.sqrt(share)
    own = generator.normal(size=(studies, folds * repeats)) * math.sqrt(1 - share)
    return common + own


def test_false_alarms_are_at_most_nominal_where_a_plain_test_has_many() -> None:
    differences = overlapping(np.random.default_rng(0), 3000, folds=5, repeats=2)
    corrected = np.mean([corrected_t_test(row, ratio=0.25).p < 0.05 for row in differences])
    plain = np.mean(stats.ttest_1samp(differences, 0.0, axis=1).pvalue < 0.05)
    assert corrected < 0.05 + 3 * math.sqrt(0.05 * 0.95 / 3000)
    assert plain > 0.15


def test_intervals_hold_the_truth_as_often_as_they_say() -> None:
    differences = overlapping(np.random.default_rng(1), 2000, folds=5, repeats=2)
    held = np.mean([mean_over_fits(row, ratio=0.25).spans_zero for row in differences])
    assert held > 0.95 - 3 * math.sqrt(0.05 * 0.95 / 2000)


def test_telling_any_learner_from_the_best_of_many_is_rarely_a_false_alarm() -> None:
    """The best is found in the same figures: testing only against it, as if it had been named before, alarms more."""
    generator = np.random.default_rng(2)
    all_pairs = only_best = 0
    for _ in range(400):
        values = generator.normal(size=(6, 10)) * 0.9 + generator.normal(size=(6, 1)) * 0.44
        values = values[np.argsort(-values.mean(1))]
        pairs = [(i, j) for i in range(6) for j in range(i + 1, 6)]
        p = [corrected_t_test(values[i] - values[j], ratio=0.25).p for i, j in pairs]
        all_pairs += min(holm(p)) < 0.05
        only_best += min(holm(p[:5])) < 0.05
    assert all_pairs / 400 < 0.05 + 3 * math.sqrt(0.05 * 0.95 / 400)
    assert only_best > all_pairs


@pytest.mark.parametrize(("alone", "other"), [(9, 1), (5, 5), (0, 7), (30, 12), (0, 0)])
def test_mcnemar_is_that_of_statsmodels(alone: int, other: int) -> None:
    right = np.array([True] * (40 + alone) + [False] * (other + 7))
    other_right = np.array([True] * 40 + [False] * alone + [True] * other + [False] * 7)
    assert mcnemar(right, other_right) == pytest.approx(of_statsmodels([[40, alone], [other, 7]], exact=True).pvalue)


def test_mcnemar_alarms_rarely_where_both_err_alike() -> None:
    generator = np.random.default_rng(3)
    right = generator.random((2000, 2, 60)) < 0.7
    assert np.mean([mcnemar(*pair) < 0.05 for pair in right]) <= 0.05


def test_the_bootstrap_of_a_mean_is_as_wide_as_its_standard_error() -> None:
    errors = np.random.default_rng(4).normal(size=(2, 400))
    drawn = bootstrap(lambda rows: errors[:, rows].mean(1), 400, draws=2000, seed=0)
    assert drawn.shape == (2000, 2)
    assert drawn.std(0) == pytest.approx(errors.std(1) / 20, rel=0.06)
    difference = drawn[:, 0] - drawn[:, 1]
    found = bootstrap_test(difference, float(errors[0].mean() - errors[1].mean()))
    half = 1.96 * (errors[0] - errors[1]).std() / 20
    assert found.size.high - found.size.low == pytest.approx(2 * half, rel=0.08)
    assert found.p == pytest.approx(stats.ttest_rel(*errors).pvalue, abs=0.03)


def test_a_bootstrap_is_never_certain_and_leaves_out_what_is_not_finite() -> None:
    assert bootstrap_test(np.full(999, 0.3), 0.3).p == pytest.approx(0.002)
    assert bootstrap_test(np.array([np.nan, 0.1, 0.2]), 0.1).size.high <= 0.2
    assert math.isnan(bootstrap_test(np.array([np.nan]), 0.1).p)


def test_bootstrap_alarms_rarely_where_there_is_no_difference() -> None:
    generator = np.random.default_rng(5)
    alarms = 0
    for study in range(300):
        errors = generator.normal(size=(80,))
        drawn = bootstrap(lambda rows, errors=errors: errors[None, rows].mean(1), 80, draws=400, seed=study)[:, 0]
        alarms += bootstrap_test(drawn, float(errors.mean())).p < 0.05
    assert alarms / 300 < 0.05 + 3 * math.sqrt(0.05 * 0.95 / 300)


def test_holm_is_that_of_statsmodels() -> None:
    generator = np.random.default_rng(6)
    for count in (1, 2, 3, 5, 8, 28):
        p = (generator.random(count) ** 3).round(2).tolist()  # some are equal, some are zero
        assert holm(p) == pytest.approx(list(multipletests(p, method="holm")[1]))


def test_holm_leaves_out_what_was_not_tested() -> None:
    found = holm([0.02, float("nan"), 0.01])
    assert (found[0], found[2]) == (0.02, 0.02)
    assert math.isnan(found[1])


def square(*rows: list[float]) -> "np.ndarray":
    return np.array(rows, np.float64)


def test_groups_begin_with_the_best_of_those_without_one() -> None:
    p = square([1, 0.4, 0.01, 0.001], [0.4, 1, 0.2, 0.001], [0.01, 0.2, 1, 0.6], [0.001, 0.001, 0.6, 1])
    assert groups(p) == (1, 1, 2, 2)
    assert groups(square([1.0])) == (1,)


def test_without_a_test_there_are_no_groups() -> None:
    nothing = float("nan")
    assert groups(square([1, nothing], [nothing, 1])) == (0, 0)
    with pytest.raises(ConfigError, match=r"square, not of shape \(2, 3\)"):
        groups(np.zeros((2, 3)))


def test_pairs_with_the_baseline_are_corrected_among_themselves() -> None:
    pairs = {(0, 1): 0.01, (0, 2): 0.01, (1, 2): 0.03, (0, 3): 0.012, (1, 3): 0.02, (2, 3): 0.04}
    tests = {pair: Difference(Estimate(1.0, 0.5, 1.5), p) for pair, p in pairs.items()}
    found = corrected_over_pairs(tests, ["mlp", "ridge", "lasso", "baseline"])
    assert found[0].tolist() == pytest.approx([1, 0.03, 0.03, 0.036])  # three pairs, and three with the baseline
    alone = corrected_over_pairs(tests, ["mlp", "ridge", "lasso", "forest"])
    assert alone[0, 1] == pytest.approx(0.06)  # six pairs
    assert (alone == alone.T).all()
