"""Activations by name: what makes a network more than one linear map.

A name alone takes the defaults; a table sets parameters: `{"name": "leaky-relu", "slope": 0.2}`.
"""

import inspect
from collections.abc import Callable, Mapping
from math import isfinite
from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from glia.errors import ConfigError, did_you_mean

RECTIFIERS = ("relu", "leaky-relu", "elu", "gelu", "swish", "softplus")
"""Those that let through about half of what they are given, which He's initialisation makes up for."""


def activation(given: str | Mapping[str, Any]) -> nn.Module:
    """The layer that a name or a table asks for.

    Raises:
        ConfigError: an unknown activation or parameter, or a parameter that is not a finite number.

    Example:
        >>> activation("tanh")
        Tanh()
        >>> activation({"name": "leaky-relu", "slope": 0.2})
        LeakyReLU(negative_slope=0.2)
    """
    name, parameters = activation_name(given), {} if isinstance(given, str) else dict(given)
    parameters.pop("name", None)
    make = ACTIVATIONS[name]
    known = list(inspect.signature(make).parameters)
    for key, value in parameters.items():
        if key not in known:
            expected = did_you_mean(key, known) or " It has none."
            raise ConfigError(f"Activation '{name}' has no parameter '{key}'.{expected}")
        if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
            raise ConfigError(f"Activation '{name}': {key} must be a finite number, not {value!r}.")
    return make(**{key: float(value) for key, value in parameters.items()})


def activation_name(given: str | Mapping[str, Any]) -> str:
    """The name by which an activation stands in `ACTIVATIONS`, of a name in any writing or of a table.

    Raises:
        ConfigError: an unknown activation, or a table without a name.
    """
    if not isinstance(given, str) and "name" not in given:
        raise ConfigError(
            f"An activation is a name or a table with a name such as {{name = 'relu'}}, not {dict(given)}."
        )
    name = str(given if isinstance(given, str) else given["name"])
    plain = name.lower().replace("_", "-")
    if plain not in ACTIVATIONS:
        raise ConfigError(f"Unknown activation '{name}'.{did_you_mean(plain, ACTIVATIONS)}")
    return plain


class Swish(nn.Module):
    """x σ(βx): smooth, and below zero it dips before it vanishes. β = 1 is also known as SiLU.

    Paper      Ramachandran, Zoph & Le, 2017. https://arxiv.org/abs/1710.05941

    Example:
        >>> Swish()(torch.tensor([0.0, 1.0]))
        tensor([0.0000, 0.7311])
    """

    def __init__(self, beta: float = 1.0) -> None:
        super().__init__()
        self.beta = beta

    def forward(self, x: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
        """Shape stays."""
        return F.silu(x) if self.beta == 1 else x * torch.sigmoid(self.beta * x)

    def extra_repr(self) -> str:
        """The parameter, where a model is printed."""
        return f"beta={self.beta}"


def _leaky_relu(slope: float = 0.01) -> nn.Module:
    return nn.LeakyReLU(slope)


def _elu(alpha: float = 1.0) -> nn.Module:
    return nn.ELU(alpha)


def _softplus(beta: float = 1.0) -> nn.Module:
    if beta <= 0:
        raise ConfigError(f"Activation 'softplus': beta must be greater than 0, not {beta}.")
    return nn.Softplus(beta)


# What can be set is what the function takes; torch's own classes would let `inplace` through.
ACTIVATIONS: dict[str, Callable[..., nn.Module]] = {
    "relu": lambda: nn.ReLU(),
    "tanh": lambda: nn.Tanh(),
    "sigmoid": lambda: nn.Sigmoid(),
    "leaky-relu": _leaky_relu,
    "elu": _elu,
    "gelu": lambda: nn.GELU(),
    "swish": Swish,
    "softplus": _softplus,
    "linear": lambda: nn.Identity(),
    "identity": lambda: nn.Identity(),
}
