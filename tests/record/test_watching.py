"""What happens inside a network while it trains."""

import copy
import io
import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import glia
from glia.errors import ConfigError
from glia.record.watching import HISTOGRAMS_BEFORE_THINNING, Watch
from glia.tracking.folder.reader import RunReader


class Net(nn.Module):
    """Two layers with a unit that is dead."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(3, 4)
        self.act = nn.ReLU()
        self.last = nn.Linear(4, 2)
        with torch.no_grad():
            self.first.weight[0] = 0
            self.first.bias[0] = -1

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.last(self.act(self.first(x)))
        return out


@pytest.fixture
def net() -> Net:
    torch.manual_seed(0)
    return Net()


def train(net: nn.Module, steps: int, each: Callable[[], None] = lambda: None) -> None:
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    for _ in range(steps):
        optimizer.zero_grad()
        net(torch.ones(5, 3)).square().sum().backward()
        each()
        optimizer.step()


def hooks(net: nn.Module) -> int:
    counted = sum(len(each._forward_hooks) + len(each._forward_pre_hooks) for each in net.modules())
    return counted + sum(len(each._post_accumulate_grad_hooks or ()) for each in net.parameters())  # type: ignore[attr-defined]


def test_a_sample_says_what_happened_in_its_step(net: Net) -> None:
    before = copy.deepcopy(net)
    with glia.start() as run:
        run.watch(net, every=10)
        optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
        net(torch.ones(5, 3)).square().sum().backward()
        gradient = torch.cat([net.first.weight.grad.flatten(), net.first.bias.grad])  # type: ignore[union-attr,operator]
        optimizer.step()
        optimizer.zero_grad()
    values = {name: float(frame["value"].iloc[0]) for name, frame in run.metrics().groupby("name")}
    weights = torch.cat([before.first.weight.flatten(), before.first.bias])
    assert values["watch/first/gradient_norm"] == pytest.approx(gradient.norm().item(), rel=1e-5)
    assert values["watch/first/weight_norm"] == pytest.approx(weights.norm().item(), rel=1e-5)
    ratio = 0.1 * gradient.norm() / weights.norm()
    assert values["watch/first/update_ratio"] == pytest.approx(ratio.item(), rel=1e-4)
    hidden = before.act(before.first(torch.ones(5, 3)))
    assert values["watch/act/activation_mean"] == pytest.approx(hidden.mean().item(), rel=1e-5)
    assert values["watch/act/activation_std"] == pytest.approx(hidden.std(correction=0).item(), rel=1e-5)
    assert values["watch/act/activation_zeros"] == pytest.approx((hidden == 0).float().mean().item())
    assert values["watch/act/dead_units"] == pytest.approx((hidden == 0).all(0).float().mean().item())
    assert values["watch/act/dead_units"] > 0


def test_samples_are_taken_at_the_first_step_and_every_so_many(net: Net) -> None:
    seen: list[int] = []
    with glia.start() as run:
        run.watch(net, every=4)
        train(net, 9, each=lambda: seen.append(hooks(net)))
        net.eval()
        with torch.no_grad():
            net(torch.ones(5, 3))
        assert hooks(net) == 1
    assert hooks(net) == 0, "removed at the end"
    assert list(run.metrics("watch/first/gradient_norm")["step"]) == [1, 4, 8]
    assert [count > 1 for count in seen] == [True, False, False, True, False, False, False, True, False]


def test_histograms_are_kept_with_the_samples(net: Net) -> None:
    with glia.start() as run:
        run.watch(net, every=1)
        train(net, 2)
    records = [each for each in RunReader(run.folder).media if each.kind == "histogram"]
    assert [(each.name, each.step) for each in records] == [("watch", 1), ("watch", 2)]
    found = json.loads((run.folder / "media" / records[0].file).read_text())["histograms"]
    assert sorted(name for name in found if "/first/" in name) == [
        "watch/first/activations",
        "watch/first/gradients",
        "watch/first/weights",
    ]
    assert sum(found["watch/first/weights"]["counts"]) == 16


def test_of_many_samples_ever_fewer_keep_their_histograms(net: Net) -> None:
    kept: list[int] = []
    watch = Watch(net, 1, lambda _, histograms, step: kept.append(step) if histograms else None)
    train(net, 4 * HISTOGRAMS_BEFORE_THINNING)
    watch.close()
    assert len(kept) < 2.2 * HISTOGRAMS_BEFORE_THINNING
    assert set(np.diff(kept)) == {1, 2, 4}


def test_training_is_the_same_with_and_without(net: Net) -> None:
    other = copy.deepcopy(net)
    with glia.start() as run:
        run.watch(net, every=2)
        train(net, 7)
    train(other, 7)
    assert all(torch.equal(one, two) for one, two in zip(net.parameters(), other.parameters(), strict=True))


def test_copies_of_a_watched_model_are_not_watched_and_can_be_saved(net: Net) -> None:
    with glia.start() as run:
        run.watch(net, every=1)
        twin = copy.deepcopy(net)
        buffer = io.BytesIO()
        torch.save(net, buffer)
        train(twin, 3)
        train(net, 1)
    assert list(run.metrics("watch/first/weight_norm")["step"]) == [1]


def test_a_model_that_is_called_twice_before_backward(net: Net) -> None:
    with glia.start() as run:
        run.watch(net, every=2)
        for _ in range(4):
            loss = net(torch.ones(5, 3)).sum() + net(torch.zeros(5, 3)).sum()
            net.zero_grad()
            loss.backward()
    gradients = run.metrics("watch/first/gradient_norm")
    assert len(gradients) >= 4
    assert np.isfinite(gradients["value"]).all()


def test_a_resumed_run_goes_on_counting_and_two_models_are_told_apart(net: Net) -> None:
    with glia.start() as run:
        run.watch(net, every=2, name="generator")
        run.watch(copy.deepcopy(net), every=2, name="critic")
        train(net, 5)
    with glia.start(resume=run.id) as again:
        again.watch(net, every=2, name="generator")
        train(net, 4)
    assert list(again.metrics("watch/generator/first/weight_norm")["step"]) == [1, 2, 4, 5, 6, 8]
    assert not any("critic" in name for name in set(again.metrics()["name"]))


class Odd(nn.Module):
    """A parameter of its own at the root, an embedding with sparse gradients, outputs that are no tensors."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(()))
        self.embed = nn.Embedding(10, 3, sparse=True)
        self.gru = nn.GRU(3, 4, batch_first=True)

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        return {"out": self.gru(self.embed(x))[0] * self.scale}


def test_odd_models_are_watched_as_far_as_they_can_be() -> None:
    net = Odd()
    with glia.start() as run:
        run.watch(net, every=1)
        for _ in range(2):
            net(torch.ones(2, 5, dtype=torch.long))["out"].sum().backward()
    names = {name for name in run.metrics()["name"] if name.startswith("watch/")}
    assert {"watch/odd/gradient_norm", "watch/embed/gradient_norm", "watch/gru/activation_mean"} <= names


def test_what_goes_wrong_in_watching_ends_the_watching_only(
    net: Net, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fails(*_: Any) -> None:
        raise RuntimeError("no more")

    with glia.start() as run:
        run.watch(net, every=2)
        monkeypatch.setattr(run._watches[0], "_tell", fails)
        train(net, 5)
        assert hooks(net) == 0
    assert run.state == "done"
    assert "The model is not watched any more: RuntimeError: no more" in caplog.text


def test_what_cannot_be_watched_is_refused(net: Net) -> None:
    with glia.start() as run:
        with pytest.raises(ConfigError, match=r"torch\.nn\.Module can be watched, not function"):
            run.watch(train)  # type: ignore[arg-type]
        with pytest.raises(ConfigError, match="every=0"):
            run.watch(net, every=0)
