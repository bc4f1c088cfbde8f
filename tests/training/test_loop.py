import math
from collections.abc import Iterable

import pytest
import torch
from torch import Tensor, nn

from glia.errors import NotFoundError, TrainingError
from glia.nn.random import reseed
from glia.nn.seeds import step_seeds
from glia.training.events import CheckpointSaved, EpochDone, Event, FitDone, FitStarted, StepsDone
from tests.training.parts import Separation, batches, clouds, epochs_of, fitted, network, settings, without_norm


def test_the_loop_takes_the_steps_that_a_bare_loop_takes() -> None:
    recipe = settings(epochs=3, schedule="constant", keep="last")
    model, bare = without_norm(), without_norm()
    fitted(model, recipe)
    optimizer = torch.optim.Adam(bare.parameters(), lr=1e-3)
    order = batches(recipe)
    bare.train()
    for epoch in range(3):
        order.seek(epoch)
        for (inputs, targets), seed in zip(order, step_seeds(0, "step", epoch, len(order)), strict=True):
            reseed(seed)
            optimizer.zero_grad()
            nn.functional.cross_entropy(bare(inputs), targets).backward()
            optimizer.step()
    for name, value in bare.state_dict().items():
        torch.testing.assert_close(model.state_dict()[name], value, rtol=1e-5, atol=1e-7)


def test_what_is_told_and_when() -> None:
    told = fitted(network(), settings(epochs=2))
    assert isinstance(told[0], FitStarted)
    assert (told[0].epochs, told[0].steps_per_epoch, told[0].train_samples, told[0].validation_samples) == (
        2,
        13,
        200,
        100,
    )
    assert [event.step for event in told if isinstance(event, StepsDone)] == [5, 10, 15, 20, 25]
    epochs = [event for event in told if isinstance(event, EpochDone)]
    assert [(event.epoch, event.step) for event in epochs] == [(1, 13), (2, 26)]
    assert set(epochs[0].metrics) == {"train/loss", "train/accuracy", "validation/loss", "validation/accuracy"}
    assert isinstance(told[-1], FitDone)
    assert told[-1].reason == "epochs"


def test_the_training_loss_of_an_epoch_is_the_mean_over_its_samples() -> None:
    recipe = settings(epochs=1, learning_rate=1e-30)
    model = network().eval()
    model.train = lambda mode=True: model  # type: ignore[method-assign,assignment]  # dropout and batch norm stay still
    told = fitted(model, recipe)
    inputs, targets = clouds()
    with torch.no_grad():
        expected = float(nn.functional.cross_entropy(model(inputs), targets))
    done = next(event for event in told if isinstance(event, EpochDone))
    assert done.metrics["train/loss"] == pytest.approx(expected, rel=1e-5)


def test_it_ends_with_the_weights_of_the_best_epoch() -> None:
    model, seen = network(), []
    recipe = settings(epochs=12, learning_rate=0.3)

    def remember(event: Event) -> None:
        if isinstance(event, EpochDone):
            seen.append((event.metrics["validation/loss"], {k: v.clone() for k, v in model.state_dict().items()}))

    from glia.training.loop import fit
    from tests.training.parts import validation

    done = fit(model, Separation(), batches(recipe), validation(), recipe, listen=remember)
    best = min(range(12), key=lambda index: seen[index][0])
    assert done.best_epoch == best + 1 < 12, "the case must have its best epoch before the last"
    for name, value in seen[best][1].items():
        assert torch.equal(model.state_dict()[name], value)


def test_early_stopping_waits_its_patience_and_no_longer() -> None:
    told = fitted(network(), settings(epochs=50, learning_rate=0.3, early_stopping=3))
    done = told[-1]
    assert isinstance(done, FitDone)
    assert done.reason == "early stopping"
    assert done.epoch == done.best_epoch + 3


def test_epochs_given_are_all_taken() -> None:
    done = fitted(network(), settings(epochs=15, learning_rate=0.3))[-1]
    assert isinstance(done, FitDone)
    assert (done.reason, done.epoch) == ("epochs", 15)


@pytest.mark.parametrize("optimizer", ["adam", "sgd", "adamw", "rmsprop", "adagrad", "adadelta", "adamax"])
@pytest.mark.parametrize("stopped", [1, 13, 17, 30])
def test_a_fit_stopped_and_resumed_ends_with_the_same_bits(tmp_path, optimizer: str, stopped: int) -> None:
    recipe = settings(optimizer=optimizer, momentum=0.9 if optimizer in ("sgd", "rmsprop") else 0.0)
    whole, parted, again = network(), network(), network(seed=5)
    events = fitted(whole, recipe)
    fitted(parted, recipe, checkpoints=tmp_path, stop_after=stopped)
    rest = fitted(again, recipe, checkpoints=tmp_path, resume=True)
    assert_same_bits(whole, again)
    last, last_again = epochs_of(events)[-1], epochs_of(rest)[-1]
    assert last.metrics == last_again.metrics
    assert isinstance(rest[0], FitStarted)
    assert rest[0].step == stopped


def test_a_fit_resumed_in_the_middle_of_an_epoch_tells_the_same_metrics(tmp_path) -> None:
    recipe = settings()
    whole = fitted(network(), recipe)
    fitted(network(), recipe, checkpoints=tmp_path, stop_after=17)
    rest = fitted(network(), recipe, checkpoints=tmp_path, resume=True)
    assert [event.metrics for event in epochs_of(rest)] == [event.metrics for event in epochs_of(whole)[1:]]
    steps = {event.step: event.loss for event in whole if isinstance(event, StepsDone)}
    for event in rest:
        if isinstance(event, StepsDone):
            assert event.loss == steps[event.step]


def test_convolutions_in_channels_last_resume_with_the_same_bits(tmp_path) -> None:
    """Moments must lie in memory as their parameters do, or fused optimizers mix them up."""
    from glia.data.batches import TensorBatches, channels_last
    from glia.nn.random import permutation
    from glia.training.loop import Control, fit

    draw = torch.Generator().manual_seed(3)
    inputs, targets = torch.randn(96, 3, 8, 8, generator=draw), torch.arange(96) % 2
    recipe = settings(epochs=3)

    def make() -> nn.Module:
        torch.manual_seed(0)
        model = nn.Sequential(
            nn.Conv2d(3, 8, 3), nn.ReLU(), nn.Conv2d(8, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(64, 2)
        )
        return model.to(memory_format=torch.channels_last)

    def run(model: nn.Module, **control: object) -> None:
        train = TensorBatches(
            inputs, targets, batch_size=16, order=lambda epoch: permutation(0, epoch, 96), finish=channels_last
        )
        fit(model, Separation(), train, None, recipe, control=Control(**control))  # type: ignore[arg-type]

    whole, parted, again = make(), make(), make()
    run(whole)
    counter = iter(range(10**6))
    run(parted, checkpoints=tmp_path, should_stop=lambda: next(counter) >= 7)
    run(again, checkpoints=tmp_path, resume=True)
    assert_same_bits(whole, again)


def test_resuming_without_a_checkpoint_says_so(tmp_path) -> None:
    with pytest.raises(NotFoundError, match="no checkpoint in"):
        fitted(network(), settings(), checkpoints=tmp_path, resume=True)


def test_a_budget_ends_training_with_a_checkpoint(tmp_path) -> None:
    told = fitted(network(), settings(epochs=1000), checkpoints=tmp_path, budget_seconds=0.05)
    assert isinstance(told[-1], FitDone)
    assert told[-1].reason == "budget"
    assert isinstance(told[-2], CheckpointSaved)


def test_a_full_disk_is_told_once_and_training_goes_on(tmp_path, monkeypatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("glia.training.checkpoint.write", full)
    told = fitted(network(), settings(checkpoint_seconds=0), checkpoints=tmp_path)
    warnings = [event.message for event in told if type(event).__name__ == "Warned"]
    assert len(warnings) == 1
    assert "No space left on device" in warnings[0]
    assert isinstance(told[-1], FitDone)


def test_a_loss_that_is_no_number_ends_training_and_keeps_the_last_checkpoint(tmp_path) -> None:
    from glia.training import checkpoint

    class Exploding(Separation):
        calls = 0

        def loss(self, outputs: Tensor, targets: Tensor) -> Tensor:
            self.calls += outputs.requires_grad
            return super().loss(outputs, targets) * (math.nan if self.calls == 32 else 1)

    from glia.training.loop import Control, fit

    recipe = settings(epochs=5, checkpoint_seconds=0, learning_rate=0.5)
    with pytest.raises(TrainingError, match=r"nan at step 32 \(epoch 3\).*learning rate of 0.5 is too high"):
        fit(network(), Exploding(), batches(recipe), None, recipe, control=Control(checkpoints=tmp_path))
    kept = checkpoint.read(tmp_path)
    assert kept.step == 31
    assert all(tensor.isfinite().all() for tensor in floats(kept.model.values()))


def test_a_loss_that_is_no_number_from_the_first_step_blames_the_inputs() -> None:
    class Nothing(Separation):
        def loss(self, outputs: Tensor, targets: Tensor) -> Tensor:
            return super().loss(outputs, targets) * math.inf

    from glia.training.loop import fit

    with pytest.raises(TrainingError, match=r"inf at step 1 \(epoch 1\).*from the first step: the inputs"):
        fit(network(), Nothing(), batches(settings()), None, settings())


def test_the_seed_decides_everything() -> None:
    one, same, other = network(), network(), network()
    fitted(one, settings())
    fitted(same, settings())
    fitted(other, settings(seed=1))
    assert_same_bits(one, same)
    assert not torch.equal(one.state_dict()["0.weight"], other.state_dict()["0.weight"])


def test_gradients_are_clipped_to_their_norm() -> None:
    norms = []
    model = network()
    hook = torch.optim.SGD.step

    def spying(self: torch.optim.SGD, *args: object) -> None:
        grads = [p.grad for group in self.param_groups for p in group["params"]]
        norms.append(float(torch.linalg.vector_norm(torch.stack([g.norm() for g in grads]))))
        hook(self)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch.optim.SGD, "step", spying)
        fitted(model, settings(optimizer="sgd", gradient_clip=0.01))
    assert max(norms) <= 0.01001


def test_a_compiled_network_learns_the_same() -> None:
    plain, compiled = network(), network()
    for layer in (1, 3):  # batch norm leaves the bias before it no gradient but noise; compiled dropout draws otherwise
        plain[layer] = compiled[layer] = nn.Identity()  # type: ignore[index,operator]
    fitted(plain, settings(epochs=2))
    fitted(compiled, settings(epochs=2, compile=True))
    for name, value in plain.state_dict().items():
        torch.testing.assert_close(compiled.state_dict()[name], value, rtol=1e-3, atol=1e-4)


def floats(tensors: Iterable[Tensor]) -> list[Tensor]:
    return [tensor for tensor in tensors if tensor.is_floating_point()]


def assert_same_bits(one: nn.Module, other: nn.Module) -> None:
    for name, value in one.state_dict().items():
        assert torch.equal(other.state_dict()[name], value), name
