import numpy as np
import pytest
import torch
from scipy import special
from torch import nn

from glia.errors import ConfigError
from glia.nn.activations import ACTIVATIONS, activation, activation_name

X = np.linspace(-6, 6, 49)  # through 0, where the step is
MEAN_SLOPE = (1 / 8 + 1 / 3) / 2
SMOOTH_BUT_AT = {"relu6": (0, 6), "capped-relu": (0, 6)}  # where the others have their corner: 0
FORMULAS = [
    ("relu", np.maximum(X, 0)),
    ("tanh", np.tanh(X)),
    ("sigmoid", 1 / (1 + np.exp(-X))),
    ("leaky-relu", np.where(X > 0, X, 0.01 * X)),
    ({"name": "leaky-relu", "slope": 0.3}, np.where(X > 0, X, 0.3 * X)),
    ({"name": "leaky-relu", "slope": "learned"}, np.where(X > 0, X, 0.01 * X)),
    ("prelu", np.where(X > 0, X, 0.25 * X)),
    ("rrelu", np.where(X > 0, X, MEAN_SLOPE * X)),
    ({"name": "rrelu", "lower": 0.5, "upper": 0.5}, np.where(X > 0, X, 0.5 * X)),
    ("relu6", np.clip(X, 0, 6)),
    ("capped-relu", np.clip(X, 0, 6)),
    (
        {"name": "capped-relu", "cap": 3, "slope": 0.1, "threshold": 1},
        np.where(X >= 3, 3, np.where(X >= 1, X, 0.1 * (X - 1))),
    ),
    ("elu", np.where(X > 0, X, np.exp(X) - 1)),
    ({"name": "elu", "alpha": 2}, np.where(X > 0, X, 2 * (np.exp(X) - 1))),
    ("gelu", X * special.ndtr(X)),
    ("swish", X / (1 + np.exp(-X))),
    ({"name": "swish", "beta": 3}, X / (1 + np.exp(-3 * X))),
    ({"name": "swish", "beta": "learned"}, X / (1 + np.exp(-X))),
    ("softplus", np.log1p(np.exp(X))),
    ({"name": "softplus", "beta": 2}, np.log1p(np.exp(2 * X)) / 2),
    ("log-sigmoid", -np.log1p(np.exp(-X))),
    ("softmax", special.softmax(np.stack([X, 0 * X]), axis=0)[0]),
    ({"name": "step", "gradient": "straight-through"}, np.where(X >= 0, 1.0, 0.0)),
    ("affine", (X + np.maximum(X, 0) + np.tanh(X)) / 3),
    ("convex", (X + np.maximum(X, 0) + np.tanh(X)) / 3),
    ({"name": "convex", "of": ["elu", {"name": "swish", "beta": 2}]}, None),
    ("linear", X),
    ({"name": "linear", "slope": -2}, -2 * X),
    ("identity", X),
]


def applied(layer: nn.Module, x: torch.Tensor) -> torch.Tensor:
    """To a unit that has a second one at 0 beside it, which only a softmax sees."""
    return layer(torch.stack([x, torch.zeros_like(x)], 1))[:, 0]


@pytest.mark.parametrize(("given", "expected"), [pair for pair in FORMULAS if pair[1] is not None], ids=str)
def test_values_are_those_of_the_formula(given, expected):
    found = applied(activation(given).double().eval(), torch.from_numpy(X)).detach().numpy()
    # What is learned starts as a 32-bit number.
    precision = 1e-7 if "learned" in str(given) else 1e-12
    np.testing.assert_allclose(found, expected, rtol=precision, atol=1e-12)


@pytest.mark.parametrize("given", [given for given, _ in FORMULAS if "step" not in str(given)], ids=str)
def test_the_gradient_is_that_of_the_function(given):
    """Of the input and of what is learned, by finite differences in double precision, away from corners."""
    name = activation_name(given)
    layer = activation(given).double().eval()
    corners = torch.tensor([*SMOOTH_BUT_AT.get(name, (0,)), 1.0, 3.0], dtype=torch.float64)
    x = torch.from_numpy(X) + 0.03
    x = x[(x[:, None] - corners).abs().min(1).values > 1e-3].requires_grad_()
    learned = tuple(layer.parameters())
    assert torch.autograd.gradcheck(lambda x, *_: applied(layer, x), (x, *learned))


def test_every_activation_has_a_formula_here():
    assert {activation_name(given) for given, _ in FORMULAS} == set(ACTIVATIONS)


def test_a_softmax_of_large_numbers_is_finite():
    values = activation("softmax")(torch.tensor([[1e4, -1e4, 0.0]]))
    assert values.tolist() == [[1, 0, 0]]


def test_swish_becomes_a_rectifier_as_beta_grows():
    x = torch.from_numpy(X)
    torch.testing.assert_close(activation({"name": "swish", "beta": 1e4})(x), x.relu(), atol=1e-12, rtol=0)


def test_a_step_passes_gradients_straight_through():
    x = torch.tensor([-2.0, 0.5], requires_grad=True)
    (activation({"name": "step", "gradient": "straight-through"})(x) * torch.tensor([3.0, 4.0])).sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [3, 4]


def test_a_randomised_rectifier_draws_its_slopes_in_training():
    layer = activation("rrelu")
    slopes = -layer(torch.full((1000,), -1.0))
    assert 1 / 8 <= slopes.min() < slopes.max() <= 1 / 3


@pytest.mark.parametrize(
    ("given", "count"),
    [("prelu", 1), ({"name": "swish", "beta": "learned"}, 1), ({"name": "leaky-relu", "slope": "learned"}, 1)],
    ids=str,
)
def test_what_is_learned_is_a_parameter(given, count):
    layer = activation(given)
    layer(torch.tensor([-1.0])).sum().backward()
    parameters = list(layer.parameters())
    assert len(parameters) == count
    assert all(parameter.grad is not None and parameter.grad.any() for parameter in parameters)


def test_names_are_read_in_any_writing():
    assert isinstance(activation("Leaky_ReLU"), nn.LeakyReLU)
    assert isinstance(activation({"name": "TANH"}), nn.Tanh)


def test_each_call_gives_a_layer_of_its_own():
    assert activation("relu") is not activation("relu")


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ({"name": "swish", "beta": 2}, "Swish(beta=2.0)"),
        ({"name": "swish", "beta": "learned"}, "Swish(beta=learned)"),
        ("capped-relu", "CappedReLU(cap=6.0, slope=0.0, threshold=0.0)"),
        ({"name": "linear", "slope": 2}, "Scaled(slope=2.0)"),
    ],
    ids=str,
)
def test_parameters_show_where_a_model_is_printed(given, shown):
    assert repr(activation(given)) == shown


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("rleu", "Unknown activation 'rleu'. Did you mean 'relu'?"),
        ({"slope": 1}, r"a table with a name such as {name = 'relu'}, not {'slope': 1}"),
        ({"name": "leaky-relu", "slop": 1}, "Activation 'leaky-relu' has no option 'slop'. Did you mean 'slope'?"),
        ({"name": "relu", "inplace": True}, "Activation 'relu' has no option 'inplace'. It has none."),
        ({"name": "elu", "alpha": "x"}, "Activation 'elu': alpha must be a finite number, not 'x'"),
        ({"name": "swish", "beta": "x"}, "Activation 'swish': beta must be a finite number or 'learned', not 'x'"),
        ({"name": "elu", "alpha": "learned"}, "alpha must be a finite number, not 'learned'"),
        ({"name": "elu", "alpha": True}, "alpha must be a finite number, not True"),
        ({"name": "elu", "alpha": float("nan")}, "alpha must be a finite number, not nan"),
        ({"name": "elu", "alpha": -1}, "Activation 'elu': alpha must be at least 0, not -1"),
        ({"name": "softplus", "beta": 0}, "Activation 'softplus': beta must be greater than 0, not 0"),
        ({"name": "rrelu", "lower": 0.5}, "Activation 'rrelu': upper must be at least 0.5, not 0.333"),
        ({"name": "capped-relu", "cap": -1}, "Activation 'capped-relu': cap must be greater than 0, not -1"),
        ("step", "Activation 'step' is flat: its derivative is 0, so no gradient reaches the weights before it"),
        ({"name": "step", "gradient": "straight"}, "gradient is 'straight-through', not 'straight'"),
        ({"name": "convex", "of": []}, "Activation 'convex': of is a list of activations such as"),
        ({"name": "convex", "of": ["relo"]}, "Unknown activation 'relo'. Did you mean 'relu'?"),
    ],
    ids=str,
)
def test_what_cannot_be_used_is_refused(given, message):
    with pytest.raises(ConfigError) as caught:
        activation(given)
    assert message in str(caught.value)
