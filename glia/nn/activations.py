"""Activations by name: what makes a network more than one linear map.

A name alone takes the defaults; a table sets parameters: `{"name": "leaky-relu", "slope": 0.2}`, and some may be
learned: `{"name": "swish", "beta": "learned"}`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import inf
from typing import Any, Literal

from torch import nn

from glia.config import check_options, finite_number, name_and_options, parameters_of
from glia.errors import ConfigError
from glia.nn.combinations import AffineCombination, ConvexCombination
from glia.nn.pointwise import LEARNED, CappedReLU, Learnable, Scaled, Step, Swish

Names = tuple[str | dict[str, Any], ...]
COMBINED: Names = ("linear", "relu", "tanh")
"""What Manessi & Rozza combine in most of their networks."""


@dataclass(frozen=True, kw_only=True)
class Activation:
    """What is known of an activation."""

    make: Callable[..., nn.Module]  # what it takes is what a recipe may set
    formula: str
    derivative: str
    range: str  # with the default parameters
    initialisation: Literal["he", "xavier", "lecun"]  # what belongs to the layers before it

    @property
    def parameters(self) -> dict[str, Any]:
        """What can be set, with the defaults."""
        return {name: given.default for name, given in parameters_of(self.make).items()}


def activation(given: str | Mapping[str, Any]) -> nn.Module:
    """The layer that a name or a table asks for.

    Raises:
        ConfigError: an unknown activation or parameter, a parameter out of its range, or a step without a gradient.

    Example:
        >>> activation("tanh")
        Tanh()
        >>> activation({"name": "leaky-relu", "slope": 0.2})
        LeakyReLU(negative_slope=0.2)
    """
    name, options = name_and_options("activation", given, ACTIVATIONS)
    known = ACTIVATIONS[name]
    check_options("activation", name, options, known.parameters)
    kinds = {key: value.annotation for key, value in parameters_of(known.make).items()}
    return known.make(**{key: _read(name, key, value, kinds[key]) for key, value in options.items()})


def activation_name(given: str | Mapping[str, Any]) -> str:
    """The name by which an activation stands in `ACTIVATIONS`, of a name in any writing or of a table.

    Raises:
        ConfigError: an unknown activation, or a table without a name.
    """
    return name_and_options("activation", given, ACTIVATIONS)[0]


def _read(name: str, key: str, value: Any, kind: Any) -> Any:
    """A parameter's value as the function takes it."""
    if kind is str:
        return str(value)
    if kind is Names:
        if isinstance(value, str) or not value or not all(isinstance(each, str | Mapping) for each in value):
            raise ConfigError(f"Activation '{name}': {key} is a list of activations such as {COMBINED}, not {value!r}.")
        return tuple(each if isinstance(each, str) else dict(each) for each in value)
    if value == LEARNED and kind == Learnable:
        return value
    if kind == Learnable and isinstance(value, str):
        raise ConfigError(f"Activation '{name}': {key} must be a finite number or 'learned', not {value!r}.")
    return finite_number("activation", name, key, value)


def _within(name: str, key: str, value: float, low: float, high: float = inf, *, open_low: bool = False) -> None:
    if not low <= value <= high or (open_low and value == low):
        least = f"greater than {low:g}" if open_low else f"at least {low:g}"
        most = "" if high == inf else f" and at most {high:g}"
        raise ConfigError(f"Activation '{name}': {key} must be {least}{most}, not {value:g}.")


def _step(gradient: str = "none") -> nn.Module:
    kinds = ("none", "straight-through")
    if gradient not in kinds:
        raise ConfigError(f"Activation 'step': gradient is 'straight-through', not '{gradient}'.")
    if gradient == "none":
        raise ConfigError(
            "Activation 'step' is flat: its derivative is 0, so no gradient reaches the weights before it and they "
            "would never change. Pass the gradient straight through: {name = 'step', gradient = 'straight-through'}, "
            "or learn by the perceptron's rule: model = 'perceptron'."
        )
    return Step()


def _leaky_relu(slope: Learnable = 0.01) -> nn.Module:
    return nn.PReLU(init=0.01) if slope == LEARNED else nn.LeakyReLU(float(slope))


def _prelu(slope: float = 0.25) -> nn.Module:
    return nn.PReLU(init=slope)


def _rrelu(lower: float = 1 / 8, upper: float = 1 / 3) -> nn.Module:
    _within("rrelu", "upper", upper, lower)
    return nn.RReLU(lower, upper)


def _capped_relu(cap: float = 6.0, slope: float = 0.0, threshold: float = 0.0) -> nn.Module:
    _within("capped-relu", "cap", cap, threshold, open_low=True)
    return CappedReLU(cap, slope, threshold)


def _elu(alpha: float = 1.0) -> nn.Module:
    _within("elu", "alpha", alpha, 0.0)
    return nn.ELU(alpha)


def _softplus(beta: float = 1.0) -> nn.Module:
    _within("softplus", "beta", beta, 0.0, open_low=True)
    return nn.Softplus(beta)


def _linear(slope: float = 1.0) -> nn.Module:
    return nn.Identity() if slope == 1 else Scaled(slope)


def _swish(beta: Learnable = 1.0) -> nn.Module:
    return Swish(beta)


def _affine(of: Names = COMBINED) -> nn.Module:
    return AffineCombination([activation(each) for each in of])


def _convex(of: Names = COMBINED) -> nn.Module:
    return ConvexCombination([activation(each) for each in of])


_LINEAR = Activation(make=_linear, formula="c x", derivative="c", range="(-∞, ∞)", initialisation="lecun")

# What can be set is what the function takes; torch's own classes would let `inplace` through.
ACTIVATIONS: dict[str, Activation] = {
    "relu": Activation(
        make=lambda: nn.ReLU(),
        formula="max(0, x)",
        derivative="1 if x > 0, else 0",
        range="[0, ∞)",
        initialisation="he",
    ),
    "tanh": Activation(
        make=lambda: nn.Tanh(), formula="tanh x", derivative="1 - tanh² x", range="(-1, 1)", initialisation="xavier"
    ),
    "sigmoid": Activation(
        make=lambda: nn.Sigmoid(),
        formula="σ(x) = 1 / (1 + e^-x)",
        derivative="σ(x) (1 - σ(x))",
        range="(0, 1)",
        initialisation="xavier",
    ),
    "leaky-relu": Activation(
        make=_leaky_relu,
        formula="x if x > 0, else slope x",
        derivative="1 if x > 0, else slope",
        range="(-∞, ∞)",
        initialisation="he",
    ),
    "prelu": Activation(  # He et al., 2015: one slope a layer here
        make=_prelu,
        formula="x if x > 0, else a x; a is learned and starts at slope",
        derivative="1 if x > 0, else a",
        range="(-∞, ∞)",
        initialisation="he",
    ),
    "rrelu": Activation(  # Xu et al., 2015
        make=_rrelu,
        formula="x if x ≥ 0, else a x; a drawn from [lower, upper] in training, their mean in use",
        derivative="1 if x ≥ 0, else a",
        range="(-∞, ∞)",
        initialisation="he",
    ),
    "relu6": Activation(
        make=lambda: nn.ReLU6(),
        formula="min(6, max(0, x))",
        derivative="1 if 0 < x < 6, else 0",
        range="[0, 6]",
        initialisation="he",
    ),
    "capped-relu": Activation(
        make=_capped_relu,
        formula="cap if x ≥ cap, x if x ≥ threshold, else slope (x - threshold)",
        derivative="0 if x > cap, 1 if x ≥ threshold, else slope",
        range="[0, 6]",
        initialisation="he",
    ),
    "elu": Activation(
        make=_elu,
        formula="x if x > 0, else α (e^x - 1)",
        derivative="1 if x > 0, else α e^x",
        range="(-1, ∞)",
        initialisation="he",
    ),
    "gelu": Activation(
        make=lambda: nn.GELU(),
        formula="x Φ(x)",
        derivative="Φ(x) + x φ(x)",
        range="[-0.17, ∞)",
        initialisation="he",
    ),
    "swish": Activation(
        make=_swish,
        formula="x σ(βx)",
        derivative="σ(βx) + βx σ(βx) (1 - σ(βx))",
        range="[-0.28, ∞)",
        initialisation="he",
    ),
    "softplus": Activation(
        make=_softplus,
        formula="log(1 + e^βx) / β",
        derivative="σ(βx)",
        range="(0, ∞)",
        initialisation="he",
    ),
    "log-sigmoid": Activation(
        make=lambda: nn.LogSigmoid(),
        formula="log σ(x)",
        derivative="1 - σ(x)",
        range="(-∞, 0)",
        initialisation="xavier",
    ),
    "softmax": Activation(
        make=lambda: nn.Softmax(1),
        formula="e^xᵢ / Σⱼ e^xⱼ over the units of the layer, or the channels",
        derivative="sᵢ (δᵢⱼ - sⱼ)",
        range="(0, 1)",
        initialisation="xavier",
    ),
    "step": Activation(
        make=_step,
        formula="1 if x ≥ 0, else 0",
        derivative="0; as if 1 with gradient = 'straight-through'",
        range="{0, 1}",
        initialisation="xavier",
    ),
    "affine": Activation(  # Manessi & Rozza, 2018
        make=_affine,
        formula="Σ α f(x) over the activations f named in `of`; α learned, Σ α = 1",
        derivative="Σ α f'(x)",
        range="(-∞, ∞)",
        initialisation="xavier",
    ),
    "convex": Activation(
        make=_convex,
        formula="Σ α f(x) over the activations f named in `of`; α learned, Σ α = 1, α ≥ 0",
        derivative="Σ α f'(x)",
        range="(-∞, ∞)",
        initialisation="xavier",
    ),
    "linear": _LINEAR,
    "identity": _LINEAR,
}
