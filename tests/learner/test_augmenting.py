"""What a learner does with `train.augment`: in training only, on disk and in memory, again, and where it cannot."""

from pathlib import Path

import pytest
import torch

import glia
from glia import recipe as recipes
from glia.data import streaming, windows
from glia.data.opening import open_dataset
from glia.errors import ConfigError
from glia.learner import Learner
from tests.data.streamed import columns, write

NOISE = [{"name": "noise", "deviation": 0.3}]


def learner(model: str = "mlp", **train: object) -> Learner:
    given = {"epochs": 2, "precision": "double", **train}
    return Learner(recipes.from_dict({"model": {"name": model}, "train": given}))


def weights(of: Learner) -> torch.Tensor:
    return torch.cat([each.detach().flatten() for each in of.model.parameters()])


def test_pictures_are_changed_while_training_and_only_then() -> None:
    recipe = recipes.from_dict({"model": {"name": "cnn"}, "train": {"epochs": 1, "augment": "shift,rotate"}})
    fitted = Learner(recipe).fit("digits")
    assert fitted.recipe.train.augment == ("shift", "rotate")
    kept = Learner(recipe.with_settings({"train.augment": "none"})).prepare(glia.dataset("digits"))
    kept.model.load_state_dict(fitted.model.state_dict())
    test = fitted.division.test
    assert kept.evaluate(kept.dataset, rows=test) == fitted.evaluate(fitted.dataset, rows=test)
    assert fitted.evaluate(fitted.dataset, rows=test) == fitted.evaluate(fitted.dataset, rows=test)


def test_colours_too() -> None:
    everything = ["flip", "flip-vertical", "shift", "rotate", "zoom", "crop", "brightness", "contrast", "erase"]
    recipe = recipes.from_dict({"model": {"name": "cnn"}, "train": {"epochs": 1, "augment": [*everything, "mixup"]}})
    pictures = torch.randint(0, 255, (60, 12, 12, 3), generator=torch.Generator().manual_seed(0), dtype=torch.uint8)
    fitted = Learner(recipe).fit(glia.dataset((pictures.numpy(), ["a", "b", "c"] * 20)))
    assert torch.isfinite(weights(fitted)).all()


def test_saved_and_loaded_it_remembers_and_does_not_apply_them(tmp_path: Path) -> None:
    fitted = learner(augment=NOISE).fit("iris")
    again = Learner.load(fitted.save(tmp_path))
    assert again.recipe == fitted.recipe
    assert again.evaluate("iris") == fitted.evaluate("iris")


def test_all_networks_of_several_are_those_trained_one_by_one() -> None:
    together = learner(members=2, augment=NOISE).fit("iris")
    alone = [learner(seed=seed, augment=NOISE).fit("iris") for seed in (0, 1)]
    torch.testing.assert_close(weights(together), torch.cat([weights(each) for each in alone]))


def test_many_networks_in_one_and_training_again_on_all_samples() -> None:
    plain, noisy = (learner("tabm", refit=True, augment=given).fit("iris") for given in ("none", ["noise", "mixup"]))
    assert noisy.recipe.train.augment == ("noise", "mixup")
    assert not torch.equal(weights(plain), weights(noisy))


def test_a_table_on_disk_is_learned_as_one_in_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path / "t.parquet", columns(900))
    recipe = recipes.from_dict(
        {"data": {"split": {"by": "content"}}, "model": {"name": "mlp"}, "train": {"epochs": 1, "augment": NOISE}}
    )

    def learned(stream: bool) -> torch.Tensor:
        return weights(Learner(recipe).prepare(open_dataset(path, target="label", stream=stream)).train())

    whole = learned(stream=False)
    assert torch.equal(learned(stream=True), whole)
    monkeypatch.setattr(streaming, "PIECE", 100)
    monkeypatch.setattr(windows, "STRETCH", 32)
    monkeypatch.setattr(windows, "WINDOW_BYTES", 6 * 32 * 30 * 4)
    by_windows = learned(stream=True)
    assert torch.equal(learned(stream=True), by_windows)
    assert not torch.equal(by_windows, whole)


def test_weights_of_samples_are_mixed_with_them() -> None:
    samples = glia.dataset("iris")
    recipe = learner(augment=[{"name": "mixup", "alpha": 1.0}])
    heavy = torch.ones(len(samples)).numpy()
    heavy[:50] = 20.0
    weighted = recipe.prepare(samples, weights=heavy).train()
    plain = learner(augment=[{"name": "mixup", "alpha": 1.0}]).prepare(samples).train()
    assert not torch.equal(weights(weighted), weights(plain))


@pytest.mark.parametrize(
    ("model", "augment", "message"),
    [
        ("mlp", "rotate", "Augmentation 'rotate' is for pictures .* these samples are rows of 4 numbers"),
        ("decision-tree", "noise", r"'decision-tree' learns from all samples at once .* train.augment \(noise\)"),
        ("mlp", "nois", "Unknown augmentation 'nois'. Did you mean 'noise'"),
    ],
)
def test_what_does_not_suit_is_refused_before_training(model: str, augment: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        learner(model, augment=augment).prepare(glia.dataset("iris"))


def test_a_crop_larger_than_the_pictures_is_refused_before_training() -> None:
    with pytest.raises(ConfigError, match="pixels=9 could move these pictures of 8 x 8 pixels out of sight"):
        learner("cnn", augment=[{"name": "crop", "pixels": 9}]).prepare(glia.dataset("digits"))
