"""Every activation and its derivative as lines, taken from the functions themselves."""

from collections.abc import Iterable

import torch

from glia.nn.activations import ACTIVATIONS, activation
from glia.pictures import Curve

REACH = 4.0  # drawn from -REACH to REACH
POINTS = 321
ASKED_FOR = {"step": {"name": "step", "gradient": "straight-through"}}


def activation_curves(names: Iterable[str] = ()) -> tuple[Curve, ...]:
    """The value and the derivative of each activation over its input; all of them where none is named.

    A softmax is drawn over one unit of two, the other being 0. Of a step the derivative is that of the straight-through
    gradient; of one drawn at random or learned, what it is before training and in use.

    Raises:
        ConfigError: an unknown activation.
    """
    return tuple(_curve(name) for name in (names or (each for each in ACTIVATIONS if each != "identity")))


def _curve(name: str) -> Curve:
    layer = activation(ASKED_FOR.get(name, name)).double().eval()
    x = torch.linspace(-REACH, REACH, POINTS, dtype=torch.float64, requires_grad=True)
    # A second unit at 0 beside the one that is drawn: only a softmax sees it.
    value = layer(torch.stack([x, torch.zeros_like(x)], 1))[:, 0]
    (slope,) = torch.autograd.grad(value.sum(), x)
    xs = tuple(x.tolist())
    lines = (("value", xs, tuple(value.tolist())), ("derivative", xs, tuple(slope.tolist())))
    return Curve(title=name, x="x", y="", lines=lines)
