import pytest
import torch
from torch import nn

from glia.models import build
from glia.models.mlp import MLP, MLPConfig


def count(model):
    return sum(parameter.numel() for parameter in model.parameters())


def test_parameters_by_hand():
    model = build("mlp", {"hidden": [128]}, inputs=(64,), outputs=10, seed=0)
    assert count(model) == 64 * 128 + 128 + 128 * 10 + 10
    without_bias = build("mlp", {"hidden": [500, 250], "bias": False}, inputs=(1, 28, 28), outputs=10, seed=0)
    assert count(without_bias) == 784 * 500 + 500 * 250 + 250 * 10


def test_no_hidden_layer_is_linear_regression():
    model = build("mlp", {"hidden": []}, inputs=(4,), outputs=1, seed=0)
    x = torch.randn(3, 4)
    torch.testing.assert_close(model(x), x @ model.output.weight.T + model.output.bias)


def test_without_bias_zero_gives_zero():
    model = build("mlp", {"bias": False, "activation": "tanh"}, inputs=(4,), outputs=2, seed=0)
    assert not model(torch.zeros(1, 4)).any()


def test_dropout_is_on_in_training_alone():
    model = build("mlp", {"dropout": 0.5}, inputs=(4,), outputs=2, seed=0)
    x = torch.ones(1, 4)
    assert not torch.equal(model.train()(x), model(x))
    assert torch.equal(model.eval()(x), model(x))


def test_the_last_layer_is_drawn_for_what_follows_it():
    model = MLP(MLPConfig(hidden=(2000,), activation="relu"), inputs=(500,), outputs=500)
    assert model.hidden[0].weight.var().item() == pytest.approx(2 / 500, rel=0.02)
    assert model.output.weight.var().item() == pytest.approx(1 / 2000, rel=0.02)


def test_one_step_equals_plain_torch():
    torch.manual_seed(0)
    plain = nn.Sequential(nn.Linear(6, 9), nn.Tanh(), nn.Linear(9, 5), nn.Tanh(), nn.Linear(5, 3)).double()
    ours = build("mlp", {"hidden": [9, 5], "activation": "tanh"}, inputs=(2, 3), outputs=3, seed=0).double()
    ours.load_state_dict(dict(zip(ours.state_dict(), plain.state_dict().values(), strict=True)))
    x, y = torch.randn(7, 6, dtype=torch.float64), torch.arange(7) % 3
    for model, inputs in ((plain, x), (ours, x.view(7, 2, 3))):
        optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
        nn.functional.cross_entropy(model(inputs), y).backward()
        optimizer.step()
    torch.testing.assert_close(ours(x.view(7, 2, 3)), plain(x), rtol=0, atol=1e-10)
    for mine, its in zip(ours.parameters(), plain.parameters(), strict=True):
        torch.testing.assert_close(mine.grad, its.grad, rtol=0, atol=1e-8)
        torch.testing.assert_close(mine, its, rtol=0, atol=1e-10)
