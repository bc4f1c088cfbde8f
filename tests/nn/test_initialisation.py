import pytest
import torch
from torch import nn

from glia.errors import ConfigError
from glia.nn.activations import activation
from glia.nn.initialisation import INITIALISATIONS, initialise, suited_to
from glia.nn.random import reseed

READS, UNITS = 600, 400
VARIANCES = {
    "he": 2 / READS,
    "xavier": 2 / (READS + UNITS),
    "lecun": 1 / READS,
    "he-uniform": 2 / READS,
    "xavier-normal": 2 / (READS + UNITS),
    "orthogonal": 1 / READS,
    "normal": 0.05**2,
    "constant": 0.0,
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
    assert abs(weight.mean().item()) < 1e-3 or name == "constant"
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


@pytest.mark.parametrize(
    ("given", "deviation"),
    [
        ({"name": "normal", "deviation": 0.3}, 0.3),
        ({"name": "Uniform", "bound": 0.6}, 0.6 / 3**0.5),
        ({"name": "orthogonal", "gain": 2}, 2 / READS**0.5),
    ],
    ids=str,
)
def test_a_table_sets_parameters(given, deviation):
    assert drawn(given).std().item() == pytest.approx(deviation, rel=0.02)


def test_a_constant_is_that_constant():
    assert (drawn({"name": "constant", "value": 0.7}) == 0.7).all()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("hee", "Unknown initialisation 'hee'. Did you mean 'he'?"),
        ({"name": "normal", "std": 1}, "Initialisation 'normal' has no option 'std'."),
        ({"name": "he", "gain": 1}, "Initialisation 'he' has no option 'gain'. It has none."),
        ({"name": "normal", "deviation": "wide"}, "deviation must be a finite number, not 'wide'"),
        ({"gain": 1}, "a table with a name such as {name = 'auto'}"),
    ],
    ids=str,
)
def test_what_cannot_be_used_is_refused(given, message):
    with pytest.raises(ConfigError) as caught:
        initialise(nn.Linear(2, 2), given)
    assert message in str(caught.value)


def spread(name, function, layers=10, width=1000):
    """The deviation after the last of some layers over that after the first."""
    network = nn.Sequential(*(nn.Linear(width, width) for _ in range(layers)))
    reseed(5)
    initialise(network, name, function)
    signals, deviations = torch.randn(64, width), []
    with torch.no_grad():
        for layer in network:
            signals = activation(function)(layer(signals))
            deviations.append(signals.std().item())
    return deviations[-1] / deviations[0]


@pytest.mark.parametrize(
    ("name", "function", "low", "high"),
    [
        ("xavier", "tanh", 0.3, 1),  # Glorot & Bengio
        ({"name": "uniform", "bound": 1000**-0.5}, "tanh", 0, 0.05),  # what they improved on: U(±1/√n)
        ("he", "relu", 0.5, 2),
        ("xavier", "relu", 0, 0.1),
        ("lecun", "linear", 0.5, 2),
        ("orthogonal", "linear", 0.99, 1.01),
    ],
    ids=str,
)
def test_signals_are_as_wide_after_ten_layers_as_the_papers_say(name, function, low, high):
    assert low < spread(name, function) < high
