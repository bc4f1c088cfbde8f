import math

import pytest
import torch

from glia.errors import ConfigError
from glia.training import optimizers
from tests.training.parts import settings


def test_names_are_kebab_case_and_underscores_are_read() -> None:
    parameter = [torch.nn.Parameter(torch.zeros(1))]
    assert isinstance(optimizers.build(parameter, settings(optimizer="AdamW")), torch.optim.AdamW)


def test_an_unknown_optimizer_names_the_nearest() -> None:
    with pytest.raises(ConfigError, match=r"Unknown optimizer 'adem'\. Did you mean 'adam'\?"):
        optimizers.build([torch.nn.Parameter(torch.zeros(1))], settings(optimizer="adem"))


def test_momentum_where_there_is_none_names_those_that_have_it() -> None:
    with pytest.raises(ConfigError, match=r"momentum=0\.9 does not fit optimizer 'adam'.*sgd, rmsprop"):
        optimizers.build([torch.nn.Parameter(torch.zeros(1))], settings(momentum=0.9))


def test_weight_decay_and_momentum_reach_the_optimizer() -> None:
    built = optimizers.build(
        [torch.nn.Parameter(torch.zeros(1))],
        settings(optimizer="sgd", momentum=0.9, weight_decay=0.1, learning_rate=0.2),
    )
    group = built.param_groups[0]
    assert (group["momentum"], group["weight_decay"], group["lr"]) == (0.9, 0.1, 0.2)


def test_the_cosine_falls_from_the_rate_to_zero() -> None:
    rate = optimizers.schedule(settings(learning_rate=2.0, schedule="cosine"), 100)
    assert rate(0) == 2.0
    assert rate(50) == pytest.approx(1.0)
    assert rate(25) == pytest.approx(1 + math.cos(math.pi / 4))
    assert rate(100) == pytest.approx(0.0)


@pytest.mark.parametrize(("epochs", "end"), [(5, 0.0), ("auto", 1e-3)])
def test_auto_falls_only_when_the_end_is_known(epochs: object, end: float) -> None:
    assert optimizers.schedule(settings(epochs=epochs), 100)(100) == pytest.approx(end)
