import numpy as np
import pytest
import torch
from scipy import special
from torch import nn

from glia.errors import ConfigError
from glia.nn.activations import ACTIVATIONS, RECTIFIERS, activation, activation_name

X = np.linspace(-6, 6, 49)
FORMULAS = [
    ("relu", np.maximum(X, 0)),
    ("tanh", np.tanh(X)),
    ("sigmoid", 1 / (1 + np.exp(-X))),
    ("leaky-relu", np.where(X > 0, X, 0.01 * X)),
    ({"name": "leaky-relu", "slope": 0.3}, np.where(X > 0, X, 0.3 * X)),
    ("elu", np.where(X > 0, X, np.exp(X) - 1)),
    ({"name": "elu", "alpha": 2}, np.where(X > 0, X, 2 * (np.exp(X) - 1))),
    ("gelu", X * special.ndtr(X)),
    ("swish", X / (1 + np.exp(-X))),
    ({"name": "swish", "beta": 3}, X / (1 + np.exp(-3 * X))),
    ("softplus", np.log1p(np.exp(X))),
    ({"name": "softplus", "beta": 2}, np.log1p(np.exp(2 * X)) / 2),
    ("linear", X),
    ("identity", X),
]


@pytest.mark.parametrize(("given", "expected"), FORMULAS, ids=str)
def test_values_are_those_of_the_formula(given, expected):
    np.testing.assert_allclose(activation(given)(torch.from_numpy(X)).numpy(), expected, rtol=1e-12, atol=1e-12)


def test_every_activation_has_a_formula_here():
    assert {activation_name(given) for given, _ in FORMULAS} == set(ACTIVATIONS)
    assert set(RECTIFIERS) <= set(ACTIVATIONS)


def test_names_are_read_in_any_writing():
    assert isinstance(activation("Leaky_ReLU"), nn.LeakyReLU)
    assert isinstance(activation({"name": "TANH"}), nn.Tanh)


def test_each_call_gives_a_layer_of_its_own():
    assert activation("relu") is not activation("relu")


def test_parameters_show_where_a_model_is_printed():
    assert repr(activation({"name": "swish", "beta": 2})) == "Swish(beta=2.0)"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("rleu", "Unknown activation 'rleu'. Did you mean 'relu'?"),
        ({"slope": 1}, r"a table with a name such as {name = 'relu'}, not {'slope': 1}"),
        ({"name": "leaky-relu", "slop": 1}, "Activation 'leaky-relu' has no parameter 'slop'. Did you mean 'slope'?"),
        ({"name": "relu", "inplace": True}, "Activation 'relu' has no parameter 'inplace'. It has none."),
        ({"name": "elu", "alpha": "x"}, "Activation 'elu': alpha must be a finite number, not 'x'"),
        ({"name": "elu", "alpha": True}, "alpha must be a finite number, not True"),
        ({"name": "elu", "alpha": float("nan")}, "alpha must be a finite number, not nan"),
        ({"name": "softplus", "beta": 0}, "Activation 'softplus': beta must be greater than 0, not 0"),
    ],
    ids=str,
)
def test_what_cannot_be_used_is_refused(given, message):
    with pytest.raises(ConfigError) as caught:
        activation(given)
    assert message in str(caught.value)
