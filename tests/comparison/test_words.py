"""The answer in words, and the learner it recommends."""

import math
from dataclasses import replace

import pytest

from glia.comparison.curve import LearningCurve
from glia.comparison.standings import Standing
from glia.comparison.words import answer, chosen
from glia.statistics import Estimate

NOTHING = float("nan")


def standing(learner: str, mean: float, group: int, behind: float | None = None, **more: object) -> Standing:
    given: dict[str, object] = {
        "classical": learner not in ("mlp", "cnn"),
        "simplicity": {"baseline": 0, "ridge": 4, "random-forest": 12}.get(learner, 15),
        "values": (mean,) * 10,
        "p": NOTHING if behind is None else (0.4 if group == 1 else 0.0001),
        "seconds_to_fit": 2.0 if learner == "mlp" else 0.01,
        "seconds_to_predict": 1e-5,
        "bytes": 1000,
        "calibration_error": NOTHING,
        **more,
    }
    difference = None if behind is None else Estimate(behind, behind - 0.02, behind + 0.02)
    return Standing(  # type: ignore[arg-type]
        learner=learner, mean=Estimate(mean, mean - 0.1, mean + 0.1), difference=difference, group=group, **given
    )


def said(found: list[Standing], **more: object) -> str:
    return " ".join(answer(found, metric="accuracy", direction="higher", **more))  # type: ignore[arg-type]


def test_the_simplest_of_the_not_distinguishable_is_chosen_and_the_risk_said() -> None:
    found = [standing("mlp", 0.9, 1), standing("ridge", 0.892, 1, -0.008), standing("baseline", 0.5, 2, -0.4)]
    assert chosen(found).learner == "ridge"
    text = said(found)
    assert "Use ridge: accuracy 0.89 (0.79 to 0.99)" in text
    assert "may be worse than that by up to 0.028" in text
    assert (
        "A network is overkill here: mlp is not distinguishable from ridge, a simpler one. mlp takes 2.0 s to fit "
        "against 10 ms." in text
    )


def test_a_simpler_one_that_is_farther_off_than_a_standard_error_is_not_chosen() -> None:
    found = [standing("random-forest", 0.9, 1), standing("ridge", 0.885, 1, -0.015)]
    assert chosen(found).learner == "random-forest"
    assert "Use random-forest: accuracy 0.90 (0.80 to 1.00). ridge is not distinguishable from it." in said(found)


def test_a_clear_winner_is_named_with_its_lead() -> None:
    found = [standing("mlp", 0.9, 1), standing("random-forest", 0.8, 2, -0.1), standing("baseline", 0.5, 3, -0.4)]
    text = said(found)
    assert "Use mlp: accuracy 0.90 (0.80 to 1.00), better than the next, random-forest, by 0.100 (0.08" in text
    assert "0 to 0.120); p < 0.001" in text
    assert "The network is worth it: mlp is ahead of random-forest, the best without, by 0.100 (0.080 to 0.120)" in text


def test_intervals_end_where_the_metric_does() -> None:
    found = [standing("ridge", 0.98, 1), standing("mlp", 0.97, 1, -0.01)]
    assert "Use ridge: accuracy 0.98 (0.88 to 1.00)." in said(found)
    assert found[0].mean.high == pytest.approx(1.08)  # what is reckoned with stays
    lower = answer([standing("ridge", 0.05, 1), standing("mlp", 0.06, 1, 0.01)], metric="rmse", direction="lower")
    assert "Use ridge: rmse 0.05 (0.00 to 0.15)." in lower[0]


def test_a_network_behind_is_overkill() -> None:
    found = [standing("ridge", 0.9, 1), standing("mlp", 0.8, 2, -0.1)]
    assert "A network is overkill here: the best one, mlp, is worse than ridge." in said(found)


def test_for_metrics_to_be_low_the_lead_is_positive_too() -> None:
    found = [standing("ridge", 1.0, 1), standing("random-forest", 1.2, 2, 0.2)]
    assert "by 0.200 (0.180 to 0.220)" in " ".join(answer(found, metric="rmse", direction="lower"))
    near = [standing("random-forest", 1.0, 1), standing("ridge", 1.005, 1, 0.005)]
    assert "its rmse may be worse than that by up to 0.025" in " ".join(answer(near, metric="rmse", direction="lower"))


def test_without_a_test_nothing_is_claimed() -> None:
    found = [standing("mlp", 0.9, 0, values=(0.9,) * 3), standing("ridge", 0.7, 0, -0.2, p=NOTHING)]
    assert chosen(found).learner == "mlp"
    text = said(found)
    assert "Whether that is chance was not tested: a test needs 5 fits, and there are 3; give more samples." in text
    assert "there are 3; add --repeats 2." in said(found, repeats=1)
    assert "there are 2; add --repeats 3." in said([replace(each, values=(0.9,) * 2) for each in found], repeats=1)
    assert "--repeats" not in said([replace(each, values=(0.9, 0.9, NOTHING)) for each in found], repeats=1)  # stopped
    assert "overkill" not in text


def test_a_better_one_that_time_was_too_short_for_is_named() -> None:
    found = [standing("mlp", 0.78, 0, values=(0.78,) * 6), standing("ridge", 0.97, 0, 0.14, values=(0.97,) * 3)]
    text = said(found)
    assert "mlp has the best mean accuracy of those that did all their fits, 0.78" in text
    assert "a test needs 5 fits of each, and ridge did 3 of 6. ridge has 0.97 (0.87 to 1.00) with 3: give it" in text


def test_costs_are_told_where_the_network_has_the_higher() -> None:
    network = standing("mlp", 0.9, 1, seconds_to_predict=5e-6)
    text = said([network, standing("ridge", 0.89, 1, -0.001)])
    assert "mlp takes 2.0 s to fit against 10 ms. " in f"{text} "
    assert "predict" not in text
    quick = said([standing("mlp", 0.9, 1, seconds_to_fit=1e-3), standing("ridge", 0.89, 1, -0.001)])
    assert "mlp is not distinguishable from ridge, a simpler one." in quick


def test_nothing_better_than_the_baseline_is_said_and_it_is_not_recommended() -> None:
    found = [standing("ridge", 0.52, 1), standing("baseline", 0.5, 1, -0.02)]
    assert chosen(found).learner == "ridge"
    assert "Nothing is distinguishable from the baseline" in said(found)


@pytest.mark.parametrize(
    ("slope", "text"),
    [
        (
            Estimate(0.02, 0.01, 0.03),
            "More data would help ridge: accuracy changed by +0.02 (+0.01 to +0.03) per doubling",
        ),
        (Estimate(0.01, -0.01, 0.03), "no clear effect between 25 and 100 samples"),
        (Estimate(-0.02, -0.03, -0.01), "became worse"),
        (Estimate(0.02, NOTHING, NOTHING), "in one round only, so it may be chance"),
    ],
)
def test_what_more_data_would_do(slope: Estimate, text: str) -> None:
    curve = LearningCurve("ridge", (25, 50, 100), (0.8, 0.85, 0.9), slope)
    assert text in said([standing("ridge", 0.9, 1), standing("baseline", 0.5, 2, -0.4)], curves=[curve])


def test_many_alike_are_counted() -> None:
    others = [standing(name, 0.8, 1, -0.1) for name in ("ridge", "lasso", "a", "b", "c", "d")]
    assert "ridge, lasso, a, b and 2 more are not distinguishable" in said([standing("random-forest", 0.9, 1), *others])
    assert "ridge and lasso are not" in said([standing("random-forest", 0.9, 1), *others[:2]])


def test_one_learner_alone_is_no_comparison() -> None:
    assert said([standing("ridge", 0.9, 1)]).endswith("There is nothing to compare.")
    assert math.isnan(standing("ridge", 0.9, 1).p)
