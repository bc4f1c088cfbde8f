from typing import get_args

import pytest
import torch
from torch import nn

from glia.nn.initialisation import INITIALISATIONS, Initialisation, initialise, suited_to
from glia.nn.random import reseed

READS, UNITS = 600, 400
VARIANCES = {
    "he": 2 / READS,
    "xavier": 2 / (READS + UNITS),
    "lecun": 1 / READS,
    "uniform": 0.1**2 / 12,
    "zeros": 0.0,
}


def drawn(name, activation="linear", layer=None):
    layer = nn.Linear(READS, UNITS) if layer is None else layer
    reseed(3)
    initialise(layer, name, activation)
    return layer.weight.detach()


@pytest.mark.parametrize("name", INITIALISATIONS)
def test_weights_have_the_variance_of_the_formula_and_biases_are_zero(name):
    layer = nn.Linear(READS, UNITS)
    weight = drawn(name, layer=layer)
    assert weight.var().item() == pytest.approx(VARIANCES[name], rel=0.02)
    assert abs(weight.mean().item()) < 1e-3
    assert not layer.bias.any()


def test_a_convolution_reads_channels_times_pixels():
    layer = nn.Conv2d(24, 400, 5)
    assert drawn("he", layer=layer).var().item() == pytest.approx(2 / (24 * 25), rel=0.02)


SUITED = [
    ("relu", "he"),
    ({"name": "leaky-relu", "slope": 0.1}, "he"),
    ("GELU", "he"),
    ("tanh", "xavier"),
    ("sigmoid", "xavier"),
    ("linear", "lecun"),
    ("identity", "lecun"),
]


@pytest.mark.parametrize(("activation", "name"), SUITED, ids=str)
def test_auto_is_what_belongs_to_the_activation(activation, name):
    assert suited_to(activation) == name
    assert torch.equal(drawn("auto", activation), drawn(name))


def test_every_layer_of_a_network_is_drawn_anew_and_others_are_left():
    network = nn.Sequential(nn.Linear(3, 4, bias=False), nn.BatchNorm1d(4), nn.Sequential(nn.Conv1d(2, 3, 2)))
    initialise(network, "zeros")
    assert not network[0].weight.any()
    assert not network[2][0].weight.any()
    assert network[1].weight.all()


def test_uniform_stays_within_its_bounds():
    assert drawn("uniform").abs().max() <= 0.05


def test_recipes_may_name_all_of_them():
    assert set(get_args(Initialisation)) == {"auto", *INITIALISATIONS}
