import pytest
import torch
from torch import nn

from glia.errors import ConfigError
from glia.models import build
from glia.models.cnn import CNNConfig


def made(name="cnn", options=None, inputs=(1, 28, 28), outputs=10):
    return build(name, options, inputs=inputs, outputs=outputs, seed=0)


def count(model):
    return sum(parameter.numel() for parameter in model.parameters())


def guide():
    return nn.Sequential(
        nn.Conv2d(1, 64, 3), nn.ReLU(), nn.Conv2d(64, 32, 3), nn.ReLU(), nn.Flatten(), nn.Linear(32 * 8 * 8, 10)
    )


def guide_pooled():
    return nn.Sequential(
        *(nn.Conv2d(1, 32, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(32, 64, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Flatten(), nn.Dropout(0.5), nn.Linear(64 * 3 * 3, 1000), nn.ReLU(), nn.Linear(1000, 10)),
    )


def test_the_guides_networks_have_the_parameters_counted_by_hand():
    # 28 - 3 + 1 = 26, 26 - 3 + 1 = 24: 24 x 24 pixels of 32 channels are left.
    assert count(made("cnn/guide")) == (9 * 1 * 64 + 64) + (9 * 64 * 32 + 32) + (24 * 24 * 32 * 10 + 10) == 203_434
    # Padding 2 keeps 28, pooling halves it twice: 7 x 7 pixels of 64 channels are left.
    convolutions = (25 * 1 * 32 + 32) + (25 * 32 * 64 + 64)
    assert count(made("cnn/guide-pooled")) == convolutions + (7 * 7 * 64 * 1000 + 1000) + (1000 * 10 + 10) == 3_199_106


@pytest.mark.parametrize(("name", "plain"), [("cnn/guide", guide), ("cnn/guide-pooled", guide_pooled)])
@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_one_step_of_the_guides_networks_equals_plain_torch(name, plain, layout):
    torch.manual_seed(0)
    side = 12
    theirs, ours = plain().double(), made(name, inputs=(1, side, side)).double()
    ours.load_state_dict(dict(zip(ours.state_dict(), theirs.state_dict().values(), strict=True)))
    ours.to(memory_format=layout)
    x, y = torch.randn(5, 1, side, side, dtype=torch.float64), torch.arange(5)
    outputs = []
    for model, inputs in ((theirs, x), (ours, x.contiguous(memory_format=layout))):
        torch.manual_seed(1)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        outputs.append(model(inputs))
        nn.functional.cross_entropy(outputs[-1], y).backward()
        optimizer.step()
    torch.testing.assert_close(outputs[0], outputs[1], rtol=0, atol=1e-10)
    for mine, its in zip(ours.parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(mine.grad, its.grad, rtol=0, atol=1e-8)
        torch.testing.assert_close(mine, its, rtol=0, atol=1e-9)


@pytest.mark.parametrize("shape", [(1, 8, 8), (1, 28, 28), (3, 32, 32), (3, 17, 61), (3, 224, 224)])
def test_the_defaults_fit_pictures_from_8x8_up(shape):
    assert made(inputs=shape)(torch.zeros(2, *shape)).shape == (2, 10)


def test_channels_may_stay_together_all_through():
    model = made(inputs=(3, 16, 16)).to(memory_format=torch.channels_last)
    x = torch.randn(2, 3, 16, 16).contiguous(memory_format=torch.channels_last)
    assert model.convolutions(x).is_contiguous(memory_format=torch.channels_last)
    torch.testing.assert_close(model(x), made(inputs=(3, 16, 16))(x.contiguous()), rtol=1e-4, atol=1e-5)


def test_dropout_stands_before_the_dense_layers():
    model = made("cnn/guide-pooled")
    assert isinstance(model.hidden[0], nn.Dropout)
    assert model.hidden[0].p == 0.5
    assert not any(isinstance(layer, nn.Dropout) for layer in made("cnn/guide").modules())


def test_same_padding_keeps_the_size():
    assert made(options={"channels": [3], "kernel": 7, "pool": 0}).output.in_features == 3 * 28 * 28


def test_an_activation_with_parameters_follows_each_layer():
    model = made(options={"activation": {"name": "leaky-relu", "slope": 0.3}, "hidden": [5]}, inputs=(1, 8, 8))
    slopes = [layer.negative_slope for layer in model.modules() if isinstance(layer, nn.LeakyReLU)]
    assert slopes == [0.3] * 4


@pytest.mark.parametrize(
    ("options", "inputs", "message"),
    [
        (
            {"kernel": 5, "padding": 0},
            (1, 3, 3),
            "Conv 5x5 on 3x3: (3 - 5 + 2*0)/1 + 1 = -1. Use padding=1 or a kernel of",
        ),
        ({"channels": [2, 2, 2, 2]}, (1, 8, 8), "Max-pool 2x2 on 1x1: (1 - 2 + 2*0)/2 + 1 = 0.5. Use fewer layers"),
        ({}, (13,), "reads pictures of shape (channels, height, width); the samples have shape (13,). Use model=mlp."),
        (
            {"kernel": 4},
            (1, 8, 8),
            "padding=same needs an odd kernel, which has a middle: kernel=4. Use kernel=5, or padding=2",
        ),
        ({"padding": "sam"}, (1, 8, 8), "model.padding"),
        ({"padding": -1}, (1, 8, 8), "model.padding"),
        ({"channels": [8, 0]}, (1, 8, 8), "model.channels"),
    ],
    ids=str,
)
def test_what_does_not_fit_is_refused(options, inputs, message):
    with pytest.raises(ConfigError) as caught:
        made(options=options, inputs=inputs)
    assert message in str(caught.value)


def test_options_are_plain_values():
    assert CNNConfig(channels=(3,), padding=1).edge == 1
    assert CNNConfig(kernel=5).edge == 2


def test_spatial_dropout_leaves_out_whole_channels_and_only_in_training():
    model = made(options={"channels": [200], "spatial_dropout": 0.3, "activation": "linear"}, inputs=(1, 8, 8))
    x = torch.rand(4, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    whole = model.eval().convolutions(x)
    torch.manual_seed(0)
    left = model.train().convolutions(x)
    kept = left.flatten(2).any(dim=2)  # samples, channels
    torch.testing.assert_close(left, whole / 0.7 * kept[..., None, None])
    assert 1 - kept.float().mean().item() == pytest.approx(0.3, abs=0.05)
    assert not torch.equal(kept[0], kept[1])
    assert len(made(options={"channels": [6]}, inputs=(1, 8, 8)).convolutions) == 3
