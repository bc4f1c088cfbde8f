from typing import Any

import pytest

from glia.errors import ConfigError
from glia.training.stopping import Rule
from tests.training.parts import fitted, network, settings


def ends_at(given: Any, losses: list[float]) -> int | None:
    """The epoch, from 1, after which the rule ends training."""
    rule = Rule(given)
    return next((epoch for epoch, loss in enumerate(losses, 1) if rule.hear(loss)), None)


@pytest.mark.parametrize(
    ("given", "losses", "epoch"),
    [
        (2, [3, 2, 2.5, 1.9, 2, 2, 2], 6),
        (0, [1, 2, 3, 4], None),
        ({"name": "no-improvement", "epochs": 2, "least": 0.1}, [3, 2, 1.95, 1.91, 1.89], 4),
        ({"name": "no-improvement", "epochs": 2, "least": 0.1}, [3, 2, 1.95, 1.89, 1.85, 1.80], 6),
        ({"name": "rising", "epochs": 2}, [3, 2, 2.5, 2.4, 2.6, 2.7], 6),
        ({"name": "rising", "epochs": 2}, [3, 3, 3, 3], None),
        ({"name": "rising", "epochs": 1}, [3, 3.1], 2),
    ],
    ids=str,
)
def test_training_ends_after_so_many_epochs_that_were_no_better(given: Any, losses: list[float], epoch: int) -> None:
    assert ends_at(given, losses) == epoch


def test_a_rule_goes_on_where_it_was() -> None:
    rule, other = Rule({"name": "rising", "epochs": 3}), Rule({"name": "rising", "epochs": 3})
    for loss in (1.0, 2.0, 3.0):
        rule.hear(loss)
    other.restore(rule.state())
    assert not other.ends
    assert other.hear(4.0)
    assert Rule(3).state() == {"waited": 0, "compared": None}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"name": "raising", "epochs": 2}, "Unknown rule of early stopping 'raising'. Did you mean 'rising'?"),
        ({"name": "rising"}, "epochs is a number of epochs such as 5, not None"),
        ({"name": "rising", "epochs": 2, "least": 1}, "has no option 'least'"),
        ({"name": "no-improvement", "epochs": 2, "least": -1}, "least must be at least 0, not -1"),
    ],
    ids=str,
)
def test_what_cannot_be_used_is_refused(given: Any, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Rule(given)
    assert message in str(caught.value)


def test_the_loop_ends_by_the_rule() -> None:
    told = fitted(network(), settings(epochs=200, learning_rate=0.3, early_stopping={"name": "rising", "epochs": 2}))
    assert told[-1].reason == "early stopping"  # type: ignore[attr-defined]
    losses = [event.metrics["validation/loss"] for event in told if type(event).__name__ == "EpochDone"]  # type: ignore[attr-defined]
    assert losses[-1] > losses[-2] > losses[-3]
