from typing import Any

import pytest
from torch import nn

from glia.models.building import build
from glia.models.noticing import noticed
from tests.models.own import Net


def made(**options: Any) -> nn.Module:
    return build("mlp", {"hidden": [6, 5], **options}, inputs=(4,), outputs=3, seed=0)


def test_an_ordinary_network_gives_no_cause_for_remarks() -> None:
    assert noticed(made()) == ()
    assert noticed(build("cnn", {}, inputs=(1, 16, 16), outputs=3, seed=0)) == ()


@pytest.mark.parametrize("activation", ["linear", {"name": "linear", "slope": 2}], ids=str)
@pytest.mark.parametrize("dropout", [0.0, 0.5])
def test_linear_layers_that_collapse_are_named(activation: Any, dropout: float) -> None:
    said = noticed(made(activation=activation, dropout=dropout))
    assert len(said) == 2
    assert "together they can do no more than one linear layer" in said[0]
    assert "'hidden.0'" in said[0]
    assert "'output'" in said[1]


@pytest.mark.parametrize(("initialisation", "word"), [("zeros", "zero"), ("constant", "alike")])
def test_hidden_units_that_start_alike_are_named(initialisation: str, word: str) -> None:
    said = noticed(made(initialisation=initialisation))
    assert [line.split(":")[0] for line in said] == [
        f"The 6 units of hidden layer 'hidden.0' start {word}",
        f"The 5 units of hidden layer 'hidden.2' start {word}",
    ]


def test_a_network_whose_order_is_not_known_is_left_alone() -> None:
    assert noticed(Net(inputs=(4,), outputs=3)) == ()
