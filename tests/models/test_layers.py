from typing import Any

import pytest
import torch
from torch import nn

import glia
from glia.errors import ConfigError
from glia.learner import Learner
from glia.models.building import build
from glia.models.layers import Layers, Sequential


def made(*layers: Any, inputs: tuple[int, ...] = (1, 8, 8), outputs: int = 3, **options: Any) -> Layers:
    network = build("layers", {"layers": list(layers), **options}, inputs=inputs, outputs=outputs, seed=0)
    assert isinstance(network, Layers)
    return network


def test_shapes_are_reckoned_layer_by_layer_and_are_those_that_come_out() -> None:
    network = made({"conv": 6, "kernel": 3, "padding": 0}, "relu", {"max_pool": 2}, "batch-norm", {"dense": 5}, "tanh")
    assert network.shapes == ((1, 8, 8), (6, 6, 6), (6, 6, 6), (6, 3, 3), (6, 3, 3), (5,), (5,), (3,))
    x = torch.randn(4, 1, 8, 8)
    for layer, shape in zip(network.layers, network.shapes[1:], strict=True):
        x = layer(x)
        assert tuple(x.shape[1:]) == shape


@pytest.mark.parametrize(
    ("layers", "count"),
    [
        ([], 1),
        ([{"dense": 3}], 1),
        ([{"dense": 3}, "softmax"], 2),
        ([{"dense": 3}, "relu"], 3),  # a hidden layer that happens to be as wide
        ([{"dense": 4}], 2),
        ([{"conv": 3}, "global-average-pool"], 2),
        (["flatten", {"Linear": 64, "out_features": 3}], 2),
    ],
    ids=str,
)
def test_a_layer_for_the_outputs_is_added_unless_the_list_brings_it(layers: list[Any], count: int) -> None:
    network = made(*layers)
    assert len(network.layers) == count
    assert network.shapes[-1] == (3,)


def test_every_layer_of_torch_can_be_named() -> None:
    network = made({"conv": 4}, {"GroupNorm": 2, "num_channels": 4}, "Hardtanh", {"AdaptiveAvgPool2d": 2})
    assert [type(layer) for layer in network.layers][1:4] == [nn.GroupNorm, nn.Hardtanh, nn.AdaptiveAvgPool2d]
    assert network.shapes[4] == (4, 2, 2)


def test_activations_take_their_parameters() -> None:
    network = made({"dense": 4}, {"leaky_relu": 0.2}, {"dense": 4}, {"activation": "swish", "beta": "learned"})
    assert network.layers[1].negative_slope == 0.2
    assert [type(each).__name__ for each in network.layers] == ["Sequential", "LeakyReLU", "Linear", "Swish", "Linear"]


def test_weights_are_drawn_for_the_activation_that_follows() -> None:
    network = made({"dense": 400}, "batch-norm", "relu", {"dense": 300}, "tanh", inputs=(600,))
    assert network.layers[0].weight.std().item() == pytest.approx((2 / 600) ** 0.5, rel=0.02)  # He
    assert network.layers[3].weight.std().item() == pytest.approx((2 / 700) ** 0.5, rel=0.02)  # Xavier
    assert made({"dense": 4}, inputs=(6,), initialisation="zeros").layers[0].weight.any().item() is False


def test_single_connections_and_whole_channels_drop_out_in_training_only() -> None:
    network = made(
        {"conv": 8, "bias": False}, {"spatial_dropout": 0.5}, {"dense": 50, "dropped": 0.5}, inputs=(1, 8, 8)
    )
    x = torch.ones(2, 1, 8, 8)
    channels = network.layers[:2](x).flatten(2)
    dead = (channels == 0).all(2)
    assert dead.any()
    assert not dead.all()
    connected = network.layers[2][1]
    row = torch.ones(1, connected.in_features)
    assert not torch.equal(connected(row), connected(row))
    network.eval()
    assert torch.equal(network(x), network(x))
    torch.testing.assert_close(connected(row), nn.functional.linear(row, connected.weight, connected.bias))


def test_connections_that_drop_out_leave_the_mean_as_it_is() -> None:
    torch.manual_seed(0)
    layer = made({"dense": 6, "dropped": 0.3}, inputs=(5,)).layers[0]
    row = torch.randn(1, 5)
    mean = torch.stack([layer(row) for _ in range(4000)]).mean(0)
    torch.testing.assert_close(mean, layer.eval()(row), atol=0.05, rtol=0.05)


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        ([{"dens": 4}], "model.layers: layer 1: there is no layer 'dens'. Did you mean 'dense'?"),
        (["relu", {"conv": 4, "kernal": 3}], "Unknown setting 'model.layers.2.conv.kernal'. Did you mean 'kernel'?"),
        ([{"dense": 0}], "model.layers.1.dense.units should be greater than 0, not 0"),
        ([{"dropout": 1.5}], "model.layers.1.dropout.share should be less than 1, not 1.5"),
        ([{"relu": 3}], "Activation 'relu' has no options"),
        ([{"dense": 4}, {"max_pool": 2}], "layer 2, {'max_pool': 2}, on samples of shape (4,)"),
        ([{"conv": 4, "kernel": 9, "padding": 0}], "(8 - 9 + 2*0)/1 + 1 = 0"),
        ([{"Linear": 5, "out_features": 3}], "torch.nn.Linear on samples of shape (1, 8, 8)"),
        ([{"Linear": 5, "outfeatures": 3}], "Layer 'Linear' has no option 'outfeatures'. Did you mean 'out_features'?"),
        (["LSTMCell"], "torch.nn.LSTMCell on samples of shape (1, 8, 8)"),
        ([{}], "model.layers.1 is empty"),
    ],
    ids=str,
)
def test_layers_that_do_not_fit_are_refused_with_place_and_sum(layers: list[Any], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        made(*layers)
    assert message in str(caught.value)


def test_a_list_in_python_is_a_recipe_like_any_other(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    run = glia.train("iris", model=glia.Sequential({"dense": 8}, "tanh"), epochs=1, seed=3)
    assert run.params["model.name"] == "layers"
    again = glia.load(run.id)
    assert again.predict([[5.1, 3.5, 1.4, 0.2]]).values == run.predict([[5.1, 3.5, 1.4, 0.2]]).values


def test_modules_may_stand_in_the_list() -> None:
    learner = Learner(module=Sequential({"dense": 8}, nn.Hardtanh(), {"dense": 4}, "relu")).prepare(
        glia.dataset("iris")
    )
    assert [type(layer) for layer in learner.model.layers] == [nn.Linear, nn.Hardtanh, nn.Linear, nn.ReLU, nn.Linear]
    assert learner.model.shapes[-1] == (3,)


def test_a_module_that_does_not_fit_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"layer 2, Linear\(.*on samples of shape \(8,\)"):
        Sequential({"dense": 8}, nn.Linear(9, 3)).build((4,), 3)


def test_a_network_that_does_not_know_its_inputs_says_so() -> None:
    with pytest.raises(ConfigError, match="does not know its inputs yet"):
        Sequential({"dense": 8})(torch.zeros(1, 4))
