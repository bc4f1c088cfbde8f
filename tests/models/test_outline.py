"""Layers, shapes and parameters of networks built by Glia, by torch and by the user."""

import re
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from glia.models import build
from glia.models.outline import Layer, Outline, outline


def shapes(found: Outline) -> dict[str, Any]:
    return {layer.name: layer.puts_out for layer in found.layers}


def counts(found: Outline) -> dict[str, int]:
    return {layer.name: layer.parameters for layer in found.layers}


def test_the_shapes_are_those_that_a_list_of_layers_reckons() -> None:
    layers = [{"conv": 6, "kernel": 4, "padding": 0}, "relu", {"max_pool": 2}, {"dense": 20}]
    model = build("layers", {"layers": layers}, inputs=(3, 12, 9), outputs=4, seed=0)
    found = outline(model, torch.zeros(2, 3, 12, 9))
    reckoned = iter(model.shapes[1:])
    for name, shape in shapes(found).items():
        if name != "layers.3.0":  # the flattening that belongs to the dense layer
            assert shape == next(reckoned)
    assert found.inputs == (3, 12, 9)
    assert found.parameters == sum(counts(found).values()) == sum(each.numel() for each in model.parameters())


def test_the_text_is_aligned_and_ends_with_the_sum() -> None:
    text = str(outline(build("mlp", {"hidden": [1000]}, inputs=(1, 28, 28), outputs=10, seed=0), torch.zeros(2, 784)))
    assert text.splitlines() == [
        "layer     puts out  parameters",
        "input          784",
        "hidden.0      1000     785,000  Linear(in_features=784, out_features=1000, bias=True)",
        "hidden.1      1000           0  ReLU()",
        "output          10      10,010  Linear(in_features=1000, out_features=10, bias=True)",
        "together               795,010  parameters",
    ]


class Own(nn.Module):
    """Layers out of order, one called twice, one never, a parameter beside them, an output that is no tensor."""

    def __init__(self) -> None:
        super().__init__()
        self.last = nn.Linear(6, 2)
        self.twice = nn.Linear(6, 6)
        self.never = nn.Linear(3, 3)
        self.first = nn.LSTM(4, 6, batch_first=True)
        self.scale = nn.Parameter(torch.ones(6))
        self.said = Saying()

    def forward(self, x: Tensor) -> Tensor:
        x, _ = self.first(x)
        self.said(x)
        result: Tensor = self.last(self.twice(self.twice(x) * self.scale)[:, -1])
        return result


class Saying(nn.Module):
    def forward(self, x: Tensor) -> str:
        return str(x.shape)


def test_a_forward_of_ones_own_is_outlined_in_the_order_of_its_calls() -> None:
    found = outline(Own(), torch.zeros(2, 5, 4))
    assert shapes(found) == {
        "Own": (2,),
        "first": (5, 6),
        "said": "no tensor",
        "twice": (5, 6),
        "last": (2,),
        "never": "not called",
    }
    assert counts(found)["Own"] == 6
    assert found.failure == ""


def test_a_layer_that_is_used_in_two_places_stands_once() -> None:
    shared = nn.Linear(4, 4)
    found = outline(nn.Sequential(shared, nn.ReLU(), shared, nn.Linear(4, 1)), torch.zeros(2, 4))
    assert list(shapes(found)) == ["0", "1", "3"]
    tied = nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 4))
    tied[1].weight = tied[0].weight
    assert outline(tied, torch.zeros(2, 4)).parameters == 16 + 4 + 4


def test_a_network_that_fails_says_where_and_goes_as_far_as_it_can() -> None:
    model = nn.Sequential(nn.Linear(4, 5), nn.ReLU(), nn.Sequential(nn.Linear(6, 7), nn.Tanh()))
    found = outline(model, torch.zeros(2, 4))
    assert shapes(found) == {"0": (5,), "1": (5,), "2.0": "fails", "2.1": "not called"}
    assert re.match(
        r"The network fails in '2\.0', Linear\(in_features=6, out_features=7, bias=True\) on samples of shape \(5,\): "
        r"mat1 and mat2 shapes cannot be multiplied",
        found.failure,
    )
    assert str(found).splitlines()[-1] == found.failure


@pytest.mark.parametrize(("error", "said"), [(KeyError("colour"), "'colour'"), (OSError(), "OSError")])
def test_an_error_of_the_users_own_forward_is_theirs_and_hides_no_layer(error: Exception, said: str) -> None:
    class Broken(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = nn.Linear(3, 3)

        def forward(self, x: Tensor) -> Tensor:
            raise error

    found = outline(Broken(), torch.zeros(2, 3))
    assert shapes(found) == {"layer": "not called"}
    assert found.failure == "The network fails in 'Broken', Broken() on samples of shape (3,): " + said


def test_layers_that_do_not_call_what_is_in_them_are_one() -> None:
    attention = nn.MultiheadAttention(8, 2, batch_first=True)

    class Attending(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.attention = attention
            self.normed = nn.utils.parametrizations.weight_norm(nn.Linear(8, 3))

        def forward(self, x: Tensor) -> Tensor:
            out: Tensor = self.normed(self.attention(x, x, x)[0])
            return out

    found = outline(Attending(), torch.zeros(2, 5, 8))
    assert shapes(found) == {"attention": (5, 8), "normed": (5, 3)}
    assert counts(found) == {"attention": 4 * (8 * 8 + 8), "normed": 8 * 3 + 3 + 3}


def test_where_samples_are_not_the_first_axis_the_whole_shape_is_said() -> None:
    found = outline(nn.Sequential(nn.Flatten(0, 1), nn.Linear(4, 1), nn.Flatten(0)), torch.zeros(2, 5, 4))
    assert shapes(found) == {"0": "10x4 of all", "1": "10x1 of all", "2": "10 of all"}
    assert shapes(outline(nn.Flatten(0), torch.zeros(2, 1))) == {"Flatten": ()}


def test_a_list_of_no_layers_is_none() -> None:
    assert list(shapes(outline(build("mlp", {"hidden": []}, inputs=(4,), outputs=3, seed=0), torch.zeros(2, 4)))) == [
        "output"
    ]


def test_the_network_is_left_as_it_was() -> None:
    model = nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4), nn.Dropout(0.5))
    model[1].eval()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    state = torch.get_rng_state()
    outline(model, torch.ones(2, 4))
    assert [module.training for module in model] == [True, False, True]
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in model.modules())
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize("lazy", [True, False])
def test_a_layer_that_waits_for_its_inputs_counts_once_it_knows_them(lazy: bool) -> None:
    model = nn.Sequential(nn.Linear(3, 2) if lazy else nn.Flatten(), nn.LazyLinear(5))
    found = outline(model, torch.zeros(2, 4))
    assert found.layers[-1].parameters == (0 if lazy else 4 * 5 + 5)  # the first fails on four numbers, or passes them


def test_layers_are_plain_values() -> None:
    assert outline(nn.Linear(2, 1), torch.zeros(2, 2)).layers == (
        Layer("Linear", "Linear(in_features=2, out_features=1, bias=True)", (1,), 3),
    )
