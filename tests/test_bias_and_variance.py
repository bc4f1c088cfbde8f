"""Bias and variance named from two errors: cases reckoned by hand, intervals against SciPy's."""

import re

import pytest
from scipy import stats

from glia import recipe as recipes
from glia.bias_and_variance import REMEDIES, Judged, difference_interval, name, share_interval
from glia.config import parse_value
from glia.models import MODELS
from glia.recipe import Recipe


@pytest.mark.parametrize(("mistakes", "count"), [(0, 30), (1, 150), (5, 50), (50, 50), (617, 10_000)])
def test_the_interval_of_a_share_is_scipys(mistakes: int, count: int) -> None:
    found = stats.binomtest(mistakes, count).proportion_ci(method="wilson")
    assert share_interval(mistakes / count, count) == pytest.approx((found.low, found.high), abs=1e-6)


def test_the_interval_of_a_difference_is_that_of_the_paper() -> None:
    # Newcombe, 1998, table II, method 10: 9/10 less 3/10, and 10/10 less 0/10.
    for one, other, expected in ((0.9, 0.3, (0.1705, 0.8090)), (1.0, 0.0, (0.6075, 1.0))):
        found = difference_interval(one, share_interval(one, 10), other, share_interval(other, 10))
        assert found == pytest.approx(expected, abs=5e-5)


def test_an_error_that_is_there_on_the_training_samples_is_bias() -> None:
    found = name(Judged(metric="accuracy", training=0.70, validation=0.69, samples=400, learned=3200, trivial=0.75))
    assert (found.kind, found.validation, found.training) == ("bias", pytest.approx(0.31), pytest.approx(0.30))
    assert found.gap == pytest.approx(0.01)
    assert found.text == (
        "Validation error 31 % of 400 samples (95 % interval 26.7 to 35.7 %); always answering the commonest class "
        "of these samples errs on 75 %. Training error 30 %: the gap is 1 point (-3.62 to 5.95), which may be chance, "
        "so it is mostly bias, or what no learner can avoid."
    )
    assert found.advice.startswith("Against bias: a larger network")


def test_an_error_that_comes_on_top_is_variance() -> None:
    found = name(Judged(metric="accuracy", training=1.0, validation=0.9, samples=100, learned=800))
    assert found.kind == "variance"
    assert found.text == (
        "Validation error 10 % of 100 samples (95 % interval 5.52 to 17.4 %). Training error 0 %: the gap is 10 points "
        "(5.5 to 17.4), so it is mostly variance."
    )
    assert found.advice.startswith("Against variance: more samples")
    assert str(found) == f"{found.text}\n{found.advice}"


def test_an_error_of_two_halves_is_both() -> None:
    found = name(Judged(metric="accuracy", training=0.9, validation=0.8, samples=1000, learned=8000))
    assert (found.kind, "so it is bias and variance" in found.text) == ("both", True)
    assert "Against bias" in found.advice
    assert "Against variance" in found.advice


def test_the_same_figures_of_ten_samples_tell_nothing() -> None:
    found = name(Judged(metric="accuracy", training=0.9, validation=0.8, samples=10, learned=80))
    assert (found.kind, found.advice) == ("unclear", "More samples for validation, or folds, would tell.")
    assert "10 samples are too few to tell bias from variance" in found.text


def test_of_how_many_samples_is_not_always_known() -> None:
    found = name(Judged(metric="accuracy", training=0.99, validation=0.8))
    assert (found.kind, found.interval, found.gap_interval) == ("variance", None, None)
    assert found.text.endswith("so it is mostly variance. Part of that may be chance.")


def test_no_mistake_is_no_proof_that_there_are_none() -> None:
    found = name(Judged(metric="accuracy", training=0.99, validation=1.0, samples=30, learned=240))
    assert (found.kind, found.interval) == ("none", (0.0, pytest.approx(0.1135, abs=1e-4)))
    assert found.text == "Validation error 0 % of 30 samples (95 % interval 0 to 11.4 %). Training error 1 %."


def test_an_error_smaller_than_the_training_error_has_no_gap() -> None:
    found = name(Judged(metric="accuracy", training=0.90, validation=0.99, samples=1000, learned=8000))
    assert found.kind == "bias"
    assert "there is no gap, so it is bias, or what no learner can avoid" in found.text


def test_without_a_validation_part_nothing_is_said_of_variance() -> None:
    found = name(Judged(metric="accuracy", training=0.9, validation=None))
    assert (found.kind, found.gap, found.validation) == ("unknown", None, None)
    assert found.text == (
        "No validation part: the error on new samples is not known, nor is the variance. Training error 10 %."
    )
    assert "data.split.validation=0.2" in found.advice


def test_without_a_training_error_nothing_is_named() -> None:
    found = name(Judged(metric="accuracy", training=None, validation=0.9, samples=200))
    assert (found.kind, found.gap, found.advice) == ("unknown", None, "")
    assert "The training error was not recorded" in found.text


@pytest.mark.parametrize(
    ("training", "kind"),
    [(9.0, "bias"), (7.0, "both"), (5.0, "variance"), (11.0, "bias")],  # of 100 squared: 81, 49, 25 are bias
)
def test_the_squares_of_an_rmse_are_what_is_divided(training: float, kind: str) -> None:
    found = name(Judged(metric="rmse", training=training, validation=10.0, samples=200, trivial=20.0))
    assert (found.kind, found.interval, found.gap_interval) == (kind, None, None)
    assert found.gap == 10.0 - training
    assert found.text.startswith(
        "Validation error 10 (RMSE) of 200 samples; always answering the mean of these samples errs by 20. "
    )
    assert found.text.endswith("Part of that may be chance.")


def test_few_numbers_tell_nothing_either() -> None:
    assert name(Judged(metric="rmse", training=5.0, validation=10.0, samples=12)).kind == "unclear"


def test_what_does_no_better_than_the_mean_is_said_to() -> None:
    said = name(Judged(metric="rmse", training=5.0, validation=80.0, samples=44, trivial=77.0)).text
    assert "(RMSE) of 44 samples; no better: always answering the mean of these samples errs by 77." in said


@pytest.mark.parametrize("metric", ["r2", "macro-f1"])
def test_of_a_metric_that_is_better_when_higher_the_error_is_what_is_missing(metric: str) -> None:
    found = name(Judged(metric=metric, training=0.9, validation=0.6))
    assert (found.validation, found.training, found.kind) == (pytest.approx(0.4), pytest.approx(0.1), "variance")


def test_a_loss_below_zero_has_no_level() -> None:
    found = name(Judged(metric="loss", training=-5.0, validation=-3.0))
    assert (found.kind, found.gap) == ("unclear", 2.0)
    assert "the gap is 2, and no share of the error, since this loss may be below 0" in found.text


def test_what_is_not_finite_was_not_recorded() -> None:
    nan = float("nan")
    assert name(Judged(metric="loss", training=nan, validation=nan)).text == "No error was recorded."


@pytest.mark.parametrize(
    ("model", "bias", "variance"),
    [
        ("random-forest", "model.features=all", "a larger model.leaf"),
        ("ridge", "a smaller model.strength", "a larger model.strength"),
        ("nearest-neighbours", "fewer model.neighbours", "more model.neighbours"),
        ("sklearn.svm:SVC", "a learner that bends more", "a simpler learner"),
        ("tabm", "a larger network", "dropout"),
        ("", "a larger network", "dropout"),
    ],
)
def test_advice_is_for_the_learner_at_hand(model: str, bias: str, variance: str) -> None:
    found = name(Judged(metric="accuracy", training=0.9, validation=0.8, samples=1000, learned=8000, model=model))
    against_variance, _, against_bias = found.advice.partition(" Against bias: ")
    assert bias in against_bias
    assert variance in against_variance
    assert ("network," in found.advice) is (model in ("tabm", ""))


@pytest.mark.parametrize("model", REMEDIES)
def test_advice_names_settings_that_there_are(model: str) -> None:
    options = recipes.catalogue()["models"][model]["options"]
    for part, key in re.findall(r"(model|train)\.(\w+)", " ".join(REMEDIES[model])):
        assert key in (options if part == "model" else vars(Recipe().train)), key
    for key, value in re.findall(r"model\.(\w+)=(\w+)", " ".join(REMEDIES[model])):
        Recipe().with_settings({"model.name": model, f"model.{key}": parse_value(value)})


def test_every_classical_model_has_advice_of_its_own() -> None:
    classical = {name for name, place in MODELS.items() if place.startswith("glia.classical.")}
    assert len(classical) > 10
    assert classical <= set(REMEDIES)


def test_samples_of_one_class_are_said_to_tell_little() -> None:
    found = name(Judged(metric="accuracy", training=1.0, validation=0.0, samples=1, learned=4, trivial=0.0))
    assert found.kind == "unclear"
    assert found.text == (
        "Validation error 100 % of 1 sample (95 % interval 20.7 to 100 %). All samples for validation are of one "
        "class, so figures of them tell little. Training error 0 %: the gap is 100 points (6.75 to 100), which may be "
        "that of this class alone."
    )


def test_notes_follow() -> None:
    found = name(Judged(metric="rmse", training=9.0, validation=10.0, notes=("Means over 5 folds.",)))
    assert found.text.endswith("Means over 5 folds.")
