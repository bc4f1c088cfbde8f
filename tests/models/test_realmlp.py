from pathlib import Path

import pytest
import torch
import torch.nn.functional as F

from glia import recipe
from glia.learner import Learner
from glia.models.building import build
from glia.models.realmlp import Active, Layer, RobustScale
from glia.models.samples import Column, Samples
from glia.nn.random import generator
from glia.training.schedules import schedule


def drawn(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(shape, generator=generator(seed, "samples"))


def test_numbers_are_scaled_by_their_middle_half_and_clipped():
    scaled = RobustScale(3)
    column = torch.tensor([0.0, 1.0, 2.0, 3.0, 104.0])
    scaled.fit(torch.stack([column, torch.tensor([0.0, 0, 0, 0, 8]), torch.ones(5)], 1))
    found = scaled(torch.tensor([[4.0, 4.0, 7.0]]))  # (4 - 2) / (3 - 1), (4 - 0) / (8 / 2), and what tells nothing
    clipped = 1 / (1 + 1 / 9) ** 0.5
    torch.testing.assert_close(found, torch.tensor([[clipped, clipped, 0.0]]))
    assert scaled(torch.full((1, 3), 1e6)).max() == pytest.approx(3)


def test_a_layer_begins_with_outputs_as_large_as_its_inputs():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        layer = Layer(400, 300)
    found = layer(drawn(200, 400)) - layer(torch.zeros(1, 400))
    assert found.std().item() == pytest.approx(1, abs=0.05)
    assert layer(torch.zeros(1, 400)).std().item() == pytest.approx(1, abs=0.15)


def test_an_activation_is_itself_at_first_and_may_become_nothing():
    active, x = Active(4, "mish", parametric=True), drawn(5, 4)
    torch.testing.assert_close(active(x), F.mish(x))
    assert active.share is not None
    with torch.no_grad():
        active.share.zero_()
    assert torch.equal(active(x), x)


def test_the_schedule_is_four_waves():
    rate = schedule(recipe.from_dict({"model": {"name": "realmlp"}}).train, steps=1500, steps_per_epoch=100)
    # log₂(1 + 15 t/T) is 0, 1, 2, 3 and 4 at t/T = 0, 1/15, 3/15, 7/15 and 1: there it begins again from nothing.
    assert [round(rate(step), 6) for step in (0, 100, 300, 700, 1500)] == [0.0] * 5
    assert max(rate(step) for step in range(1500)) == pytest.approx(0.04, rel=1e-3)


@pytest.mark.parametrize("name", ["realmlp", "tabular-resnet"])
def test_categories_pass_beside_numbers(name: str):
    columns = (Column("a", "categories", 0, 3), Column("b", "numbers", 3))
    network = build(name, {}, inputs=(4,), outputs=2, seed=0, columns=columns)
    x = drawn(40, 4)
    network.adapt(Samples(inputs=x, targets=(x[:, 0] > 0).long(), columns=columns))  # type: ignore[operator]
    network.eval()
    changed = x.clone()
    changed[:, 1] += 1
    assert (network(changed) != network(x)).all(1).all()
    only = build(name, {}, inputs=(3,), outputs=2, seed=0, columns=columns[:1]).eval()
    assert only(drawn(4, 3)).shape == (4, 2)


@pytest.mark.parametrize("name", ["realmlp", "tabular-resnet"])
def test_a_learner_trains_and_keeps_it(name: str, tmp_path: Path):
    learner = Learner(recipe.from_dict({"model": {"name": name}, "train": {"epochs": 2}})).fit("iris")
    row = [[5.1, 3.5, 1.4, 0.2]]
    found = learner.predict(row).probabilities
    loaded = Learner.load(learner.save(tmp_path)).predict(row).probabilities
    assert found is not None
    assert loaded is not None
    assert (loaded == found).all()
