"""Trials: which count, which may still end, and the metric that a search optimises."""

import pytest

from glia.errors import ConfigError
from glia.search.trials import ENDED, Proposal, State, Trial, best_first, metric_named, next_number


def trial(number: int, value: float | None = None, state: State = "done", **more: object) -> Trial:
    return Trial(number=number, settings={"x": number}, state=state, value=value, **more)  # type: ignore[arg-type]


def test_what_has_a_score() -> None:
    assert trial(0, 0.5).score == 0.5
    assert trial(0, float("nan")).score is None
    assert trial(0, float("inf")).score is None
    assert trial(0, 0.5, "failed").score is None
    assert trial(0, 0.5, "running").score is None


def test_all_but_done_failed_and_stopped_may_still_end() -> None:
    states: list[State] = [
        "queued",
        "starting",
        "running",
        "done",
        "failed",
        "stopped",
        "crashed",
        "unreachable",
        "lost",
    ]
    assert [state for state in states if not trial(0, state=state).pending] == list(ENDED)


def test_the_best_are_first_and_of_equal_ones_the_earlier() -> None:
    trials = [trial(0, 0.5), trial(1, 0.9), trial(2, float("nan")), trial(3, 0.9), trial(4, 0.7, "running")]
    assert [each.number for each in best_first(trials, "higher")] == [1, 3, 0]
    assert [each.number for each in best_first(trials, "lower")] == [0, 1, 3]


def test_numbers_follow_the_last() -> None:
    assert next_number([]) == 0
    assert next_number([trial(0), trial(7)]) == 8


def test_a_crashed_trial_is_asked_for_again_as_it_was() -> None:
    crashed = trial(3, state="crashed", epochs=9, parent=1)
    assert crashed.again() == Proposal(number=3, settings={"x": 3}, epochs=9, parent=1)


def test_a_part_without_a_number_puts_a_trial_out() -> None:
    ended = trial(0, 0.5, epochs=3, rungs=((1, 0.4), (3, float("nan"))))
    assert (ended.at(1), ended.at(3)) == (0.4, None)
    assert not ended.is_out(1)
    assert ended.is_out(3)
    assert not ended.is_out(9)  # it was not asked to go so far


@pytest.mark.parametrize("given", ["accuracy", "validation/accuracy", " accuracy "])
def test_a_metric_is_of_validation(given: str) -> None:
    assert metric_named(given, ["loss", "accuracy"]) == "validation/accuracy"
    assert metric_named(given, ["train/loss", "validation/accuracy"]) == "validation/accuracy"
    assert metric_named(given, []) == "validation/accuracy"


@pytest.mark.parametrize(
    ("given", "part"),
    [
        ("train/accuracy", "'train/accuracy' is measured on the samples that are learned from"),
        ("test/accuracy", "looked at once, at the end, by the winner"),
        ("acuracy", "no metric 'acuracy'. Did you mean 'accuracy'?"),
        ("rmse", "no metric 'rmse'. There are: accuracy, loss"),
        ("validation/f2", "no metric 'validation/f2'"),
        ("machine/cpu", "no metric 'machine/cpu'"),
        ("", "no metric ''"),
    ],
)
def test_other_metrics_are_refused_with_the_reason(given: str, part: str) -> None:
    with pytest.raises(ConfigError) as raised:
        metric_named(given, ["loss", "accuracy", "train/loss"])
    assert part in str(raised.value)
