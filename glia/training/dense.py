"""Gradients of networks that are dense layers and functions of single numbers in a row, worked out layer by layer.

Autograd notes each operation of a forward pass and looks the notes through backwards, and every module called has its
hooks looked for: of the step of a small network that is a fifth (benchmarks/loop.py). Here the derivatives of the
layers are called one after the other, the same kernels in the same order, so that the numbers are autograd's.

Letters    B samples, K outputs.
"""

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.modules import module as all_modules

from glia.models.chain import chain_of

aten = torch.ops.aten
linear = torch._C._nn.linear
_HOOKS = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")


class Dense:
    """One such network, trained on a CPU.

    Args:
        model: the network.
        layers: its layers, as `chain_of` gives them.
    """

    def __init__(self, model: nn.Module, layers: list[nn.Module]) -> None:
        self._flattens = isinstance(layers[0], nn.Flatten)
        layers = [layer for layer in layers if not isinstance(layer, nn.Flatten)]
        first = next(place for place, layer in enumerate(layers) if isinstance(layer, nn.Linear))
        self._forward = [(LAYERS[type(layer)][0], _settings(layer)) for layer in layers]
        backward = [(LAYERS[type(layer)][1], _settings(layer), place > 0) for place, layer in enumerate(layers[first:])]
        self._backward = backward[::-1]
        self._hooks = [
            *(getattr(module, name) for module in model.modules() for name in _HOOKS),
            *(getattr(all_modules, f"_global{name}") for name in _HOOKS),
        ]
        self._weights = list(model.parameters())
        self._kept: list[Tensor | None] = []  # of each layer, for its derivative

    @staticmethod
    def of(model: nn.Module) -> "Dense | None":
        """None where the network is another, or has something that autograd is needed for."""
        layers = chain_of(model) or []
        weights = [each for layer in layers for each in layer.parameters()]
        known = all(type(layer) in (nn.Flatten, *LAYERS) for layer in layers)
        apart = len({id(each) for each in weights}) == len(weights)
        learned = all(each.requires_grad and each.device.type == "cpu" for each in weights)
        return Dense(model, layers) if weights and known and apart and learned else None

    def takes(self, inputs: Tensor) -> bool:
        """Whether these inputs can be learned from here, and nobody listens to the layers or to the gradients."""
        rows = inputs.dim() == 2 or (self._flattens and inputs.dim() > 2)
        return rows and not any(self._hooks) and not any(map(_is_listened_to, self._weights))

    def __call__(self, inputs: Tensor) -> Tensor:
        """What the network gives, (B, K); ask for its gradient, which `backward` takes."""
        x, self._kept = inputs.flatten(1), []
        torch._C._set_grad_enabled(False)  # a tenth of the time of `torch.no_grad`
        try:
            for forward, layer in self._forward:
                x, kept = forward(x, layer)
                self._kept.append(kept)
        finally:
            torch._C._set_grad_enabled(True)
        return x.requires_grad_()

    def backward(self, gradient: Tensor) -> None:
        """From the gradient (B, K) of the outputs to those of the weights, each added to what its weight has."""
        torch._C._set_grad_enabled(False)
        try:
            for derivative, layer, is_wanted in self._backward:
                gradient = derivative(gradient, self._kept.pop(), layer, is_wanted)
        finally:
            torch._C._set_grad_enabled(True)


def _settings(layer: nn.Module) -> Any:
    """What a layer is computed with: weights where it has some, as modules take long to give theirs."""
    return (layer.weight, layer.bias) if isinstance(layer, nn.Linear) else layer


def _is_listened_to(weight: nn.Parameter) -> bool:
    return bool(weight._backward_hooks or weight._post_accumulate_grad_hooks)


def _linear(x: Tensor, layer: tuple[nn.Parameter, nn.Parameter | None]) -> tuple[Tensor, Tensor]:
    return linear(x, *layer), x


def _linear_derivative(
    gradient: Tensor, x: Tensor, layer: tuple[nn.Parameter, nn.Parameter | None], is_wanted: bool
) -> Tensor:
    weight, bias = layer
    _add(weight, gradient.t().mm(x))
    if bias is not None:
        _add(bias, gradient.sum(0))
    return gradient.mm(weight) if is_wanted else gradient


def _add(weight: nn.Parameter, gradient: Tensor) -> None:
    weight.grad = gradient if weight.grad is None else weight.grad + gradient


def _relu(x: Tensor, layer: Any) -> tuple[Tensor, Tensor]:
    y = torch.relu(x)
    return y, y


def _tanh(x: Tensor, layer: Any) -> tuple[Tensor, Tensor]:
    y = torch.tanh(x)
    return y, y


def _sigmoid(x: Tensor, layer: Any) -> tuple[Tensor, Tensor]:
    y = torch.sigmoid(x)
    return y, y


def _dropout(x: Tensor, layer: Any) -> tuple[Tensor, Tensor | None]:
    if not layer.training or not layer.p:
        return x, None
    keeps = 1 - layer.p
    mask = torch.empty_like(x).bernoulli_(keeps).div_(keeps) if keeps else torch.zeros_like(x)
    return x * mask, mask


# Of each kind of layer: x → result, and what its derivative needs; gradient by the result and that → gradient by x.
LAYERS: dict[type[nn.Module], tuple[Callable[[Tensor, Any], tuple[Tensor, Any]], Callable[..., Tensor]]] = {
    nn.Linear: (_linear, _linear_derivative),
    nn.Dropout: (_dropout, lambda g, mask, *_: g if mask is None else g * mask),
    nn.ReLU: (_relu, lambda g, y, *_: aten.threshold_backward.default(g, y, 0)),
    nn.Tanh: (_tanh, lambda g, y, *_: aten.tanh_backward.default(g, y)),
    nn.Sigmoid: (_sigmoid, lambda g, y, *_: aten.sigmoid_backward.default(g, y)),
    nn.GELU: (
        lambda x, layer: (F.gelu(x, approximate=layer.approximate), x),
        lambda g, x, layer, _: aten.gelu_backward.default(g, x, approximate=layer.approximate),
    ),
}


def noted(function: nn.Module, x: Tensor) -> tuple[Tensor, Callable[[Tensor], Tensor]]:
    """A function of single numbers at x, and what gives the gradient by x from that by the result."""
    if type(function) in LAYERS:
        forward, derivative = LAYERS[type(function)]
        y, kept = forward(x, function)
        return y, lambda gradient: derivative(gradient, kept, function, True)
    if type(function) is nn.Identity:
        return x, lambda gradient: gradient
    with torch.enable_grad():
        x = x.detach().requires_grad_()
        y = function(x)
    return y.detach(), lambda gradient: torch.autograd.grad(y, x, gradient)[0]
