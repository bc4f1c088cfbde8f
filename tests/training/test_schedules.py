import math
from typing import Any

import pytest
import torch

from glia.errors import ConfigError
from glia.training.formulas import formula
from glia.training.schedules import schedule
from tests.training.parts import settings

EPOCHS, PER_EPOCH = 12, 5
STEPS = EPOCHS * PER_EPOCH


def rates(given: Any, **more: Any) -> list[float]:
    rate = schedule(settings(schedule=given, learning_rate=2.0, **more), STEPS, PER_EPOCH)
    return [rate(step) for step in range(STEPS)]


def torchs(make: Any, per: str = "epoch") -> list[float]:
    """What torch's own schedule gives at each of our steps."""
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=2.0)
    scheduler = make(optimizer)
    found = []
    for step in range(STEPS):
        found.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        if per == "step" or (step + 1) % PER_EPOCH == 0:
            scheduler.step()
    return found


S = torch.optim.lr_scheduler


@pytest.mark.parametrize(
    ("given", "make", "per"),
    [
        ("constant", lambda o: S.ConstantLR(o, factor=1.0), "epoch"),
        ("cosine", lambda o: S.CosineAnnealingLR(o, STEPS), "step"),
        ({"name": "cosine", "final": 0.1}, lambda o: S.CosineAnnealingLR(o, STEPS, eta_min=0.2), "step"),
        ({"name": "cosine", "per": "epoch"}, lambda o: S.CosineAnnealingLR(o, EPOCHS), "epoch"),
        ({"name": "linear", "final": 0.5}, lambda o: S.LinearLR(o, 1.0, 0.5, STEPS), "step"),
        ({"name": "step", "every": 3, "factor": 0.5}, lambda o: S.StepLR(o, 3, 0.5), "epoch"),
        ({"name": "step", "every": 7, "per": "step"}, lambda o: S.StepLR(o, 7, 0.1), "step"),
        ({"name": "multi-step", "at": [2, 9]}, lambda o: S.MultiStepLR(o, [2, 9]), "epoch"),
        ({"name": "exponential", "factor": 0.9}, lambda o: S.ExponentialLR(o, 0.9), "epoch"),
        ({"name": "lambda", "factor": "1 / (1 + t)"}, lambda o: S.LambdaLR(o, lambda t: 1 / (1 + t)), "epoch"),
    ],
    ids=lambda value: None if callable(value) else str(value),
)
def test_rates_are_those_of_torch(given: Any, make: Any, per: str) -> None:
    assert rates(given) == pytest.approx(torchs(make, per), rel=1e-9, abs=1e-12)


def test_auto_is_a_cosine_where_epochs_are_given() -> None:
    assert rates("auto") == rates("cosine")
    assert rates("auto", epochs="auto") == rates("constant")


def test_a_warm_up_rises_along_a_line_while_the_schedule_runs() -> None:
    warm = rates("constant", warmup=2)
    assert warm[:10] == pytest.approx([2.0 * step / 10 for step in range(1, 11)])
    assert warm[10:] == [2.0] * (STEPS - 10)
    assert rates("cosine", warmup=0.5)[10:] == rates("cosine")[10:]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("cosin", "Unknown schedule 'cosin'. Did you mean 'cosine'?"),
        ({"name": "step", "gamma": 0.1}, "Schedule 'step' has no option 'gamma'."),
        ({"name": "step", "every": 0}, "Schedule 'step': every must be at least 1, not 0."),
        ({"name": "step", "per": "batch"}, "Schedule 'step': per is 'step' or 'epoch', not 'batch'."),
        ({"name": "multi-step"}, "Schedule 'multi-step': at is a list of times such as [30, 60], not None."),
        ({"name": "lambda"}, "factor is a formula of t and T such as '0.95 ** t', not None."),
    ],
    ids=str,
)
def test_what_cannot_be_used_is_refused(given: Any, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        rates(given)
    assert message in str(caught.value)


def test_formulas_compute() -> None:
    assert formula("min(t, 3) ** 2 / T + cos(pi)", ["t", "T"])(5, 9) == pytest.approx(0.0)
    assert formula("1 if t < 2 else exp(-t)", ["t"])(4) == pytest.approx(math.exp(-4))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("__import__('os')", "is not allowed"),
        ("t.__class__", "is not allowed"),
        ("[t for t in (1,)]", "is not allowed"),
        ("'a' * 3", "is not allowed"),
        ("lr ** t", "'lr' in the formula 'lr ** t' is not allowed"),
        ("0.95 **", "is not a formula. Write arithmetic of t"),
        ("t + " * 200 + "t", "is not a formula"),
    ],
)
def test_formulas_are_arithmetic_and_nothing_else(text: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        formula(text, ["t"])
    assert message in str(caught.value)


@pytest.mark.parametrize("text", ["1 / t", "10.0 ** 400", "log(t)", "(0 - 1) ** 0.5"])
def test_a_formula_without_a_value_says_where(text: str) -> None:
    with pytest.raises(ConfigError, match="'t': 0"):
        formula(text, ["t"])(0)
