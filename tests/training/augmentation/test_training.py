"""Training on changed batches: the loop, resuming, searches of many networks."""

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from glia.data.batches import TensorBatches
from glia.errors import ConfigError
from glia.nn.random import permutation, reseed
from glia.nn.seeds import step_seeds
from glia.recipe import TrainRecipe
from glia.training.augmentation.augmenting import Augmenting
from glia.training.augmentation.mixing import Mixed
from glia.training.events import EpochDone, Event
from glia.training.loop import Control, fit
from glia.training.rate_finder import try_rates
from tests.training.parts import Separation, batches, fitted, network, settings, validation, without_norm
from tests.training.population.parts import pair, perceptron, require_law, samples
from tests.training.population.parts import settings as of_population

PICTURES = ["flip", "shift", "rotate", "crop", "contrast", "erase", "noise", "mixup"]
ROWS = ["noise", {"name": "mixup", "alpha": 1.0}]


def test_the_loop_takes_the_steps_of_a_bare_loop_over_changed_batches() -> None:
    recipe = settings(epochs=2, schedule="constant", keep="last", augment=ROWS)
    model, bare = without_norm(), without_norm()
    fitted(model, recipe)
    optimizer, order, augment = torch.optim.Adam(bare.parameters(), lr=1e-3), batches(recipe), Augmenting(ROWS)
    bare.train()
    for epoch in range(2):
        order.seek(epoch)
        for (inputs, targets), seed in zip(order, step_seeds(0, "step", epoch, len(order)), strict=True):
            reseed(seed)
            optimizer.zero_grad()
            found, mixed = augment(inputs, targets, seed)
            assert isinstance(mixed, Mixed)
            outputs = bare(found)
            cross_entropy = nn.functional.cross_entropy
            own, others = cross_entropy(outputs, mixed.own), cross_entropy(outputs, mixed.others)
            (mixed.share * own + (1 - mixed.share) * others).backward()
            optimizer.step()
    assert_close(model, bare)


def test_mixing_nothing_trains_as_none_does() -> None:
    plain, same = network(), network()
    fitted(plain, settings())
    fitted(same, settings(augment=[{"name": "noise", "deviation": 0.0}]))
    assert_same_bits(plain, same)


@pytest.mark.parametrize("stopped", [1, 13, 17])
def test_a_fit_stopped_and_resumed_ends_with_the_same_bits(tmp_path: Path, stopped: int) -> None:
    recipe = settings(augment=ROWS)
    whole, parted, again = network(), network(), network(seed=5)
    events = fitted(whole, recipe)
    fitted(parted, recipe, checkpoints=tmp_path, stop_after=stopped)
    rest = fitted(again, recipe, checkpoints=tmp_path, resume=True)
    assert_same_bits(whole, again)
    assert last_epoch(events).metrics == last_epoch(rest).metrics


def test_pictures_resume_with_the_same_bits(tmp_path: Path) -> None:
    recipe = settings(epochs=2, augment=PICTURES)
    whole, again = convolutions(), convolutions()
    on_pictures(whole, recipe)
    on_pictures(convolutions(), recipe, checkpoints=tmp_path, should_stop=after(4))
    on_pictures(again, recipe, checkpoints=tmp_path, resume=True)
    assert_same_bits(whole, again)


def test_equal_seeds_give_equal_networks_and_others_do_not() -> None:
    first, second, other, plain = (convolutions() for _ in range(4))
    on_pictures(first, settings(epochs=1, augment=PICTURES))
    on_pictures(second, settings(epochs=1, augment=PICTURES))
    on_pictures(other, settings(epochs=1, augment=PICTURES, seed=1))
    on_pictures(plain, settings(epochs=1))
    assert_same_bits(first, second)
    assert not torch.equal(weights(first), weights(other))
    assert not torch.equal(weights(first), weights(plain))


def test_validation_sees_samples_as_they_are() -> None:
    model = network()
    with torch.no_grad():
        before = Separation().metrics(model.eval()(validation()._inputs), validation()._targets)
    told = fitted(model, settings(epochs=1, learning_rate=1e-30, augment=[{"name": "noise", "deviation": 5.0}]))
    model.eval()
    found = last_epoch(told).metrics
    with torch.no_grad():  # batch norm has seen the noise, so that it is not the network of before
        after = Separation().metrics(model(validation()._inputs), validation()._targets)
    assert found["validation/loss"] == pytest.approx(after["loss"], rel=1e-6)
    assert found["validation/loss"] != pytest.approx(before["loss"], rel=1e-3)


def test_lbfgs_looks_at_one_changed_batch_in_a_step() -> None:
    seen: list[Tensor] = []
    model = network()
    model.register_forward_pre_hook(lambda module, given: seen.append(given[0]) if module.training else None)
    recipe = settings(epochs=2, batch_size="all", optimizer="lbfgs", augment="noise")
    fitted(model, recipe)
    different = {each.sum().item() for each in seen}
    assert len(seen) > len(different) == 2


def test_least_squares_want_the_same_samples_in_each_step() -> None:
    recipe = settings(optimizer="levenberg-marquardt", batch_size="all", augment="noise")
    with pytest.raises(ConfigError, match=r"train\.augment=\('noise',\) would stand against it.*train.augment='none'"):
        fitted(network(), recipe)


def test_rates_are_tried_on_changed_batches() -> None:
    noise = [{"name": "noise", "deviation": 3.0}]
    plain, noisy = (
        try_rates(network(), Separation(), batches(recipe), recipe, rates=(1e-9, 1e-8), steps=10)
        for recipe in (settings(), settings(augment=noise))
    )
    assert plain.losses != noisy.losses
    assert len(try_rates(network(), Separation(), batches(settings()), settings(augment=ROWS), steps=5).losses) == 5


def test_networks_of_a_population_are_trained_alone_and_end_as_alone() -> None:
    inputs, targets = samples()
    pairs = [pair(perceptron(seed), of_population(seed=seed, augment=ROWS)) for seed in range(3)]
    outcomes = require_law(pairs, inputs, targets, way="auto")
    for outcome in outcomes:
        assert outcome.alone == "train.augment changes its batches, which a stack shares"


@pytest.mark.gpu
def test_a_gpu_trains_on_changed_pictures_as_the_cpu_does() -> None:
    recipe = settings(epochs=2, augment=[name for name in PICTURES if name != "noise"], precision="double")
    cpu, gpu = convolutions().double(), convolutions().double().cuda()
    on_pictures(cpu, recipe)
    on_pictures(gpu, recipe)
    torch.testing.assert_close(weights(gpu).cpu(), weights(cpu), rtol=1e-4, atol=1e-5)


def convolutions() -> nn.Module:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.Dropout(0.2), nn.Flatten(), nn.Linear(288, 2))
    return model.to(memory_format=torch.channels_last)


def on_pictures(model: nn.Module, recipe: TrainRecipe, **control: Any) -> list[Event]:
    like = next(model.parameters())
    inputs = torch.randn(96, 3, 8, 8, generator=torch.Generator().manual_seed(3)).to(like)
    told: list[Event] = []
    train = TensorBatches(
        inputs.contiguous(memory_format=torch.channels_last),
        (torch.arange(96) % 2).to(like.device),
        batch_size=16,
        order=lambda epoch: permutation(recipe.seed, epoch, 96),
    )
    fit(model, Separation(), train, None, recipe, listen=told.append, control=Control(**control))
    return told


def after(steps: int) -> Any:
    asked = iter(range(1, 10**9))
    return lambda: next(asked) >= steps


def weights(model: nn.Module) -> Tensor:
    return torch.cat([each.detach().flatten() for each in model.parameters()])


def last_epoch(told: list[Event]) -> EpochDone:
    return [event for event in told if isinstance(event, EpochDone)][-1]


def assert_same_bits(one: nn.Module, other: nn.Module) -> None:
    for name, value in one.state_dict().items():
        assert torch.equal(other.state_dict()[name], value), name


def assert_close(one: nn.Module, other: nn.Module) -> None:
    for name, value in one.state_dict().items():
        torch.testing.assert_close(other.state_dict()[name], value, rtol=1e-5, atol=1e-7)
