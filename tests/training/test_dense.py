import copy
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from torch.nn.modules.module import register_module_forward_hook

from glia.models import build
from glia.training.dense import Dense
from glia.training.stepping import backward

INPUTS, CLASSES = torch.randn(12, 7, generator=torch.Generator().manual_seed(1)), torch.arange(12) % 3


def gradients(model: nn.Module, outputs: Tensor, dense: Dense | None = None) -> list[Tensor | None]:
    backward(cross_entropy(outputs, CLASSES))
    if dense is not None:
        assert outputs.grad is not None
        dense.backward(outputs.grad)
    return [weight.grad for weight in model.parameters()]


def dense_of(model: nn.Module) -> Dense:
    dense = Dense.of(model)
    assert dense is not None
    return dense


def in_a_row(*layers: nn.Module) -> nn.Sequential:
    return nn.Sequential(*layers, nn.Linear(7, 3))


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("activation", ["relu", "tanh", "sigmoid", "gelu"])
def test_gradients_and_outputs_are_those_of_autograd(activation: str, bias: bool) -> None:
    options: dict[str, Any] = {"hidden": [9, 5], "activation": activation, "bias": bias}
    model = build("mlp", options, inputs=(7,), outputs=3, seed=0)
    other, dense = copy.deepcopy(model), dense_of(model)
    assert dense.takes(INPUTS)
    outputs, expected = dense(INPUTS), other(INPUTS)
    assert torch.equal(outputs, expected)
    found = gradients(model, outputs, dense)
    torch.testing.assert_close(found, gradients(other, expected), rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_dropout_draws_as_torch_does(share: float) -> None:
    model = in_a_row(nn.Dropout(share), nn.Linear(7, 7), nn.ReLU(), nn.Dropout(share))
    other, dense = copy.deepcopy(model), dense_of(model)
    torch.manual_seed(3)
    outputs = dense(INPUTS)
    torch.manual_seed(3)
    expected = other(INPUTS)
    assert torch.equal(outputs, expected)
    torch.testing.assert_close(gradients(model, outputs, dense), gradients(other, expected), rtol=1e-6, atol=1e-8)


def test_dropout_rests_in_evaluation() -> None:
    model = in_a_row(nn.Dropout(0.5)).eval()
    assert torch.equal(dense_of(model)(INPUTS), model(INPUTS))


def test_gradients_are_added_to_those_that_are_there() -> None:
    model = build("mlp", {}, inputs=(7,), outputs=3, seed=0)
    other, dense = copy.deepcopy(model), dense_of(model)
    for _ in range(2):
        outputs = dense(INPUTS)
        gradients(model, outputs, dense)
        gradients(other, other(INPUTS))
    found, expected = ([weight.grad for weight in each.parameters()] for each in (model, other))
    torch.testing.assert_close(found, expected, rtol=1e-6, atol=1e-8)


def test_pictures_are_read_as_rows() -> None:
    model = build("mlp", {}, inputs=(1, 7), outputs=3, seed=0)
    assert dense_of(model).takes(INPUTS[:, None])
    assert torch.equal(dense_of(model)(INPUTS[:, None]), model(INPUTS[:, None]))


def test_layers_along_the_last_of_many_dimensions_are_left_to_autograd() -> None:
    assert not dense_of(in_a_row()).takes(INPUTS[:, None])


@pytest.mark.parametrize("place", ["model", "layer", "weight", "weight, after", "everywhere"])
def test_whoever_listens_is_heard(place: str) -> None:
    model = in_a_row(nn.Linear(7, 7), nn.Tanh())
    layer, dense = next(each for each in model if isinstance(each, nn.Linear)), dense_of(model)
    assert dense.takes(INPUTS)
    weight: Any = layer.weight
    listening: dict[str, Callable[[Callable[..., None]], Any]] = {
        "model": model.register_forward_pre_hook,
        "layer": layer.register_forward_hook,
        "weight": weight.register_hook,
        "weight, after": weight.register_post_accumulate_grad_hook,
        "everywhere": register_module_forward_hook,
    }
    handle = listening[place](lambda *_: None)
    assert not dense.takes(INPUTS)
    handle.remove()
    assert dense.takes(INPUTS)


def tied() -> nn.Module:
    layer = nn.Linear(7, 7)
    return in_a_row(layer, nn.Tanh(), layer)


def frozen() -> nn.Module:
    model = in_a_row(nn.Linear(7, 7))
    model[0].requires_grad_(False)
    return model


@pytest.mark.parametrize(
    "model",
    [
        tied(),
        frozen(),
        nn.Sequential(nn.Flatten()),
        in_a_row(nn.BatchNorm1d(7)),
        in_a_row(nn.PReLU()),
        nn.utils.parametrizations.weight_norm(nn.Linear(7, 3)),
    ],
    ids=["tied", "frozen", "without weights", "norm", "learned activation", "parametrised"],
)
def test_others_are_left_to_autograd(model: nn.Module) -> None:
    assert Dense.of(model) is None
