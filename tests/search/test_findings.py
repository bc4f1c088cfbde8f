"""What a search says: the best, how sure it is, and from whom it cannot be told."""

import math

import numpy as np
import pytest
from scipy import stats

from glia.search.findings import best_so_far, findings
from glia.search.trials import Direction, State, Trial
from glia.statistics import mean_over_fits

FOLDS = np.array([0.02, -0.01, 0.0, 0.01, -0.02])  # what is easier or harder for every trial


def trial(
    number: int, value: float | None, state: State = "done", values: tuple[float, ...] = (), reason: str = ""
) -> Trial:
    return Trial(number=number, settings={"train.learning_rate": 0.01 * (number + 1), "model.activation": "relu"},
                 state=state, value=value, values=values, reason=reason)  # fmt: skip


def folded(number: int, mean: float, noise: float, seed: int) -> Trial:
    values = mean + FOLDS + noise * np.random.default_rng(seed).normal(size=5)
    return trial(number, float(values.mean()), values=tuple(values.tolist()))


def test_over_folds_the_best_is_compared_with_each() -> None:
    trials = [folded(0, 0.70, 0.002, 0), folded(1, 0.90, 0.002, 1), folded(2, 0.8995, 0.002, 2)]
    found = findings(trials, metric="validation/accuracy", direction="higher", ratio=0.25)
    assert found.best is not None
    assert found.best.number in (1, 2)
    other = 3 - found.best.number
    assert found.alike == (other,)
    assert found.tested
    assert found.estimate == mean_over_fits(np.array(found.best.values), 0.25)
    assert found.said[0].startswith(f"Best is trial {found.best.number}: validation/accuracy 0.9")
    assert "over 5 folds; train.learning_rate=0.0" in found.said[0]
    assert found.said[1] == f"It is not distinguishable from 1 of the 2 other trials: trial {other}."


def test_of_many_equal_trials_the_best_is_rarely_told_from_any() -> None:
    # The best of 20 equal ones is the luckiest: without the correction over pairs it would often be called better.
    alarms = 0
    for seed in range(200):
        trials = [folded(number, 0.9, 0.01, 1000 * seed + number) for number in range(20)]
        alarms += len(findings(trials, metric="m", direction="higher", ratio=0.25).alike) < 19
    assert alarms <= 10


def test_fewer_than_five_folds_make_no_test() -> None:
    trials = [trial(0, 0.8, values=(0.8, 0.82, 0.78)), trial(1, 0.2, values=(0.2, 0.21, 0.19))]
    found = findings(trials, metric="m", direction="higher", ratio=0.5)
    assert not found.tested
    assert "was not tested: that needs 5" in found.said[0]
    assert found.estimate.low < 0.8 < found.estimate.high


@pytest.mark.parametrize("direction", ["higher", "lower"])
def test_on_one_split_it_is_compared_with_what_other_seeds_give(direction: Direction) -> None:
    sign = 1 if direction == "higher" else -1
    again = [sign * value for value in (0.90, 0.91, 0.905, 0.895, 0.90)]
    trials = [trial(0, sign * 0.93), trial(1, sign * 0.899), trial(2, sign * 0.80)]
    found = findings(trials, metric="m", direction=direction, retrained=again)
    assert found.best is trials[0]
    interval = stats.t.interval(0.95, 4, np.mean(again), stats.sem(again))
    assert (found.estimate.low, found.estimate.high) == pytest.approx(interval)
    assert found.alike == (1,)
    assert "Trained again from 5 seeds" in found.said[0]
    assert "luck in part" in found.said[0]
    assert "1 of the 2 other trials: trial 1." in found.said[1]


def test_how_far_one_more_seed_may_end_is_right() -> None:
    # One of 20 values more ends beyond the reach of five, if they are of one normal distribution.
    generator = np.random.default_rng(0)
    beyond = 0
    for _ in range(1000):
        *again, one = generator.normal(0.9, 0.01, 6).tolist()
        found = findings([trial(0, 2.0), trial(1, one)], metric="m", direction="higher", retrained=again)
        beyond += found.alike == ()
    assert beyond / 1000 == pytest.approx(0.05, abs=0.025)


def test_one_training_each_is_not_sure_and_says_so() -> None:
    found = findings([trial(0, 0.8), trial(1, 0.9)], metric="m", direction="lower")
    assert found.best is not None
    assert found.best.number == 0
    assert math.isnan(found.estimate.low)
    assert not found.tested
    assert "trained once, on one split, so nobody can say how sure that is" in found.said[0]


def test_what_failed_is_told_with_the_first_reason() -> None:
    trials = [
        trial(0, 0.5),
        trial(1, None, "failed", reason="out of memory."),
        trial(2, float("nan")),
        trial(3, None, "running"),
    ]
    found = findings(trials, metric="m", direction="higher")
    assert found.said[-1] == "2 of 4 trials ended without a metric; trial 1: out of memory."
    assert findings(trials[1:], metric="m", direction="higher").best is None
    assert findings(trials[1:], metric="m", direction="higher").said[0].startswith("2 of 3 trials ended without")
    assert findings([], metric="m", direction="higher").said == ("There are no trials.",)
    assert findings(trials[3:], metric="m", direction="higher").said == ("None of the 1 trials is done.",)


def test_many_that_are_alike_are_counted() -> None:
    trials = [trial(number, 0.9) for number in range(10)]
    found = findings(trials, metric="m", direction="higher", retrained=[0.9, 0.91, 0.89])
    assert "from 9 of the 9 other trials: trials 1, 2, 3, 4 and 5 more." in found.said[1]
    alone = findings(trials[:1], metric="m", direction="higher", retrained=[0.9, 0.91, 0.89])
    assert len(alone.said) == 1
    nobody = findings([trial(0, 0.9), trial(1, 0.1)], metric="m", direction="higher", retrained=[0.9, 0.91, 0.89])
    assert nobody.said[1] == "It is distinguishable from every other trial."


def test_the_best_so_far() -> None:
    values = [0.5, 0.7, float("nan"), 0.6, 0.7, 0.9]
    trials = [trial(number, value) for number, value in enumerate(values)]
    assert best_so_far(trials, "higher") == [(0, 0.5), (1, 0.7), (5, 0.9)]
    assert best_so_far(trials, "lower") == [(0, 0.5)]
    assert best_so_far([], "lower") == []
