"""First weights by name: how far signals and gradients carry before anything is learned.

A name alone takes the defaults; a table sets parameters: `{"name": "normal", "deviation": 0.1}`.

Letters    n inputs a unit reads (fan in), m units that read one input (fan out).

What is drawn comes from torch's default generator, as in torch's own layers; `glia.models.build` sets that by the
recipe's seed, so that equal seeds give equal weights.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from torch import Tensor, nn

from glia.config import check_options, finite_number, name_and_options, parameters_of
from glia.nn.activations import ACTIVATIONS, activation_name


def initialise(
    module: nn.Module, given: str | Mapping[str, Any], activation: str | Mapping[str, Any] = "linear"
) -> None:
    """Draw the weights of all dense and convolution layers in `module` anew; biases become zero.

    Args:
        module: a layer, or a network whose layers are all followed by `activation`.
        given: a name of `INITIALISATIONS`, a table with one, or "auto" for what belongs to the activation: He for the
            ReLU family, Xavier for tanh and sigmoid, LeCun for linear.
        activation: what follows the layers.

    Raises:
        ConfigError: an unknown initialisation or parameter.
    """
    draw = initialisation(given, activation)
    for layer in module.modules():
        if isinstance(layer, nn.modules.conv._ConvNd | nn.Linear):
            draw(layer.weight)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)


def initialisation(
    given: str | Mapping[str, Any], activation: str | Mapping[str, Any] = "linear"
) -> Callable[[Tensor], Tensor]:
    """What draws weights, by a name or a table; "auto" is what belongs to the activation.

    Raises:
        ConfigError: an unknown initialisation or parameter, or a parameter that is not a finite number.
    """
    name, options = name_and_options("initialisation", given, ["auto", *INITIALISATIONS])
    name = suited_to(activation) if name == "auto" else name
    check_options("initialisation", name, options, list(parameters_of(INITIALISATIONS[name]))[1:])
    numbers = {key: finite_number("initialisation", name, key, value) for key, value in options.items()}
    return partial(INITIALISATIONS[name], **numbers)


def suited_to(activation: str | Mapping[str, Any]) -> str:
    """The initialisation that belongs to an activation.

    Example:
        >>> suited_to("relu"), suited_to("tanh"), suited_to("linear")
        ('he', 'xavier', 'lecun')
    """
    return ACTIVATIONS[activation_name(activation)].initialisation


def he(weight: Tensor) -> Tensor:
    """Normal with variance 2/n: keeps the size of signals through rectifiers.

    Paper      He et al., 2015, eq. 10. https://arxiv.org/abs/1502.01852
    """
    return nn.init.kaiming_normal_(weight, nonlinearity="relu")


def he_uniform(weight: Tensor) -> Tensor:
    """Uniform with the variance of `he`."""
    return nn.init.kaiming_uniform_(weight, nonlinearity="relu")


def xavier(weight: Tensor) -> Tensor:
    """Uniform with variance 2/(n + m): a middle way between signals forward and gradients backward.

    Paper      Glorot & Bengio, 2010, eq. 16. https://proceedings.mlr.press/v9/glorot10a.html
    """
    return nn.init.xavier_uniform_(weight)


def xavier_normal(weight: Tensor) -> Tensor:
    """Normal with the variance of `xavier`."""
    return nn.init.xavier_normal_(weight)


def lecun(weight: Tensor) -> Tensor:
    """Normal with variance 1/n: keeps the size of signals through linear units.

    Paper      LeCun et al., 1998, *Efficient BackProp*, eq. 16.
    """
    return nn.init.kaiming_normal_(weight, nonlinearity="linear")


def orthogonal(weight: Tensor, gain: float = 1.0) -> Tensor:
    """Rows (or columns) at right angles, of length `gain`: no direction is stretched more than another.

    Paper      Saxe, McClelland & Ganguli, 2014. https://arxiv.org/abs/1312.6120
    """
    return nn.init.orthogonal_(weight, gain)


def uniform(weight: Tensor, bound: float = 0.05) -> Tensor:
    """Between -bound and bound whatever the layer's size: what "random" meant before the papers above."""
    return nn.init.uniform_(weight, -abs(bound), abs(bound))


def normal(weight: Tensor, deviation: float = 0.05) -> Tensor:
    """Normal with that standard deviation whatever the layer's size."""
    return nn.init.normal_(weight, 0.0, abs(deviation))


def constant(weight: Tensor, value: float = 0.05) -> Tensor:
    """All the same: every unit of a layer stays equal to every other."""
    return nn.init.constant_(weight, value)


def zeros(weight: Tensor) -> Tensor:
    """All zero, to see why not: no gradient passes such a layer."""
    return nn.init.zeros_(weight)


INITIALISATIONS: dict[str, Callable[..., Tensor]] = {
    "he": he,
    "he-uniform": he_uniform,
    "xavier": xavier,
    "xavier-normal": xavier_normal,
    "lecun": lecun,
    "orthogonal": orthogonal,
    "uniform": uniform,
    "normal": normal,
    "constant": constant,
    "zeros": zeros,
}
