"""First weights by name: how far signals and gradients carry before anything is learned.

Letters    n inputs a unit reads (fan in), m units that read one input (fan out).

What is drawn comes from torch's default generator, as in torch's own layers; `glia.models.build` sets that by the
recipe's seed, so that equal seeds give equal weights.
"""

from collections.abc import Callable, Mapping
from typing import Any, Literal, cast

from torch import Tensor, nn

from glia.nn.activations import RECTIFIERS, activation_name

Initialisation = Literal["auto", "he", "xavier", "lecun", "uniform", "zeros"]


def initialise(module: nn.Module, name: Initialisation, activation: str | Mapping[str, Any] = "linear") -> None:
    """Draw the weights of all dense and convolution layers in `module` anew; biases become zero.

    Args:
        module: a layer, or a network whose layers are all followed by `activation`.
        name: a key of `INITIALISATIONS`, or "auto" for what belongs to the activation: He for the ReLU family, Xavier
            for tanh and sigmoid, LeCun for linear.
        activation: what follows the layers.
    """
    draw = INITIALISATIONS[suited_to(activation) if name == "auto" else name]
    for layer in module.modules():
        if isinstance(layer, nn.Linear | nn.Conv1d | nn.Conv2d | nn.Conv3d):
            draw(layer.weight)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)


def suited_to(activation: str | Mapping[str, Any]) -> str:
    """The initialisation that belongs to an activation.

    Example:
        >>> suited_to("relu"), suited_to("tanh"), suited_to("linear")
        ('he', 'xavier', 'lecun')
    """
    name = activation_name(activation)
    if name in RECTIFIERS:
        return "he"
    return "xavier" if name in ("tanh", "sigmoid") else "lecun"


def he(weight: Tensor) -> Tensor:
    """Normal with variance 2/n: keeps the size of signals through rectifiers.

    Paper      He et al., 2015, eq. 10. https://arxiv.org/abs/1502.01852
    """
    return nn.init.kaiming_normal_(weight, nonlinearity="relu")


def xavier(weight: Tensor) -> Tensor:
    """Uniform with variance 2/(n + m): a middle way between signals forward and gradients backward.

    Paper      Glorot & Bengio, 2010, eq. 16. https://proceedings.mlr.press/v9/glorot10a.html
    """
    return nn.init.xavier_uniform_(weight)


def lecun(weight: Tensor) -> Tensor:
    """Normal with variance 1/n: keeps the size of signals through linear units.

    Paper      LeCun et al., 1998, *Efficient BackProp*, eq. 16.
    """
    return nn.init.kaiming_normal_(weight, nonlinearity="linear")


def uniform(weight: Tensor) -> Tensor:
    """Between -0.05 and 0.05 whatever the layer's size: what "random" meant before the papers above."""
    return nn.init.uniform_(weight, -0.05, 0.05)


def zeros(weight: Tensor) -> Tensor:
    """All zero, to see why not: every unit of a layer stays equal to every other."""
    return nn.init.zeros_(weight)


INITIALISATIONS = cast(
    dict[str, Callable[[Tensor], Tensor]],
    {"he": he, "xavier": xavier, "lecun": lecun, "uniform": uniform, "zeros": zeros},
)
