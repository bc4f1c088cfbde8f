from typing import Any

import pytest
from torch import nn

import glia
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


@pytest.mark.parametrize("loss", ["cross-entropy", "binary-cross-entropy", "soft-margin"])
@pytest.mark.parametrize("last", ["softmax", "sigmoid"])
def test_probabilities_before_a_loss_that_makes_its_own_are_named(loss: str, last: str) -> None:
    network = build("layers", {"layers": [{"dense": 4}, "relu", {"dense": 3}, last]}, inputs=(4,), outputs=3, seed=0)
    (said,) = noticed(network, loss)
    assert said.startswith(f"The last layer, 'layers.3', is a {last}, and loss '{loss}' makes probabilities")
    assert f"Leave the {last} out" in said


def test_where_the_loss_is_of_probabilities_or_the_last_layer_is_not_nothing_is_said() -> None:
    ends = nn.Sequential(nn.Linear(4, 3), nn.Softmax(1))
    assert noticed(ends) == noticed(ends, "squared-error") == ()
    assert noticed(nn.Sequential(nn.Linear(4, 3), nn.LogSoftmax(1)), "nll") == ()
    assert noticed(nn.Sequential(nn.Softmax(1), nn.Linear(4, 3)), "cross-entropy") == ()
    assert noticed(nn.Sequential(), "cross-entropy") == ()


def test_a_run_says_it_and_goes_on() -> None:
    network = nn.Sequential(nn.Linear(4, 3), nn.Softmax(1))
    run = glia.train("iris", model=network, epochs=1)
    assert run.state == "done"
    assert [said for said in run.warnings if "'1', is a softmax, and loss 'cross-entropy'" in said]
