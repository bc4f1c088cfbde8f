"""A learner without a run: fit, predict, evaluate, save, load."""

import json
import re

import numpy as np
import pytest
import torch

import glia
from glia import recipe as recipes
from glia.data.dataset import Dataset
from glia.errors import ConfigError, DataError, NotFoundError
from glia.learner import Learner, data_of
from glia.recipe import Recipe

SAMPLE = [[5.1, 3.5, 1.4, 0.2]]


def learner(**train: object) -> Learner:
    return Learner(recipes.from_dict({"model": {"name": "mlp", "hidden": [8]}, "train": {"epochs": 5, **train}}))


def test_it_learns_and_predicts_the_users_labels() -> None:
    fitted = learner(epochs=150, learning_rate=0.02).fit("iris")
    assert fitted.evaluate("iris")["accuracy"] > 0.93
    prediction = fitted.predict(SAMPLE)
    assert prediction.values.tolist() == ["setosa"]
    assert prediction.probabilities is not None
    assert prediction.probabilities.sum() == pytest.approx(1.0, abs=1e-6)


def test_what_was_left_open_is_filled_in() -> None:
    fitted = Learner(recipes.from_dict({"train": {"epochs": 1}})).fit("iris")
    recipe = fitted.recipe
    assert (recipe.model.name, recipe.task.name, recipe.task.target) == ("tabm", "classification", "species")
    assert (recipe.model.options["members"], recipe.train.optimizer) == (32, "adamw")


def test_saved_and_loaded_it_is_the_same(tmp_path) -> None:
    fitted = learner().fit("digits")
    again = Learner.load(fitted.save(tmp_path / "kept"))
    assert again.recipe == fitted.recipe
    assert again.evaluate("digits") == fitted.evaluate("digits")
    assert sorted(path.name for path in (tmp_path / "kept").iterdir()) == ["learner.json", "weights.safetensors"]
    assert isinstance(glia.load(tmp_path / "kept"), Learner)


def test_saving_again_replaces_what_was_there(tmp_path) -> None:
    learner().fit("iris").save(tmp_path)
    second = learner(seed=9).fit("iris")
    second.save(tmp_path)
    np.testing.assert_array_equal(
        Learner.load(tmp_path).predict(SAMPLE).probabilities, second.predict(SAMPLE).probabilities
    )


def test_a_folder_without_a_learner_and_a_newer_one_say_so(tmp_path) -> None:
    with pytest.raises(NotFoundError, match=r"no saved learner in .*has no learner\.json"):
        Learner.load(tmp_path)
    folder = learner().fit("iris").save(tmp_path)
    about = json.loads((folder / "learner.json").read_text())
    (folder / "learner.json").write_text(json.dumps({**about, "format": 99}))
    with pytest.raises(DataError, match=r"newer Glia \(format 99\)"):
        Learner.load(folder)


def test_a_network_with_tied_weights_is_saved_and_loaded(tmp_path) -> None:
    class Tied(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.down, self.up, self.out = torch.nn.Linear(4, 4), torch.nn.Linear(4, 4), torch.nn.Linear(4, 3)
            self.up.weight = self.down.weight

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.out(self.up(self.down(x)))

    fitted = Learner(recipes.from_dict({"train": {"epochs": 2}}), module=Tied()).fit("iris")
    again = Learner.load(fitted.save(tmp_path), module=Tied())
    np.testing.assert_array_equal(again.predict(SAMPLE).probabilities, fitted.predict(SAMPLE).probabilities)


def test_data_without_a_target_names_the_columns() -> None:
    with pytest.raises(DataError, match=r"no target.*--target.*sepal"):
        learner().fit(glia.dataset("iris").frame())


def test_a_table_says_which_target_was_meant(tmp_path) -> None:
    with pytest.raises(DataError, match=r"Column 'specie' is not in .*Did you mean 'species'"):
        data_of(recipes.from_dict({"data": {"name": "iris"}, "task": {"target": "specie"}}))


def test_the_column_that_groups_samples_is_no_feature() -> None:
    rng = np.random.default_rng(0)
    frame = {
        "patient": np.repeat(np.arange(40), 5),
        "x": rng.normal(size=200),
        "y": rng.integers(0, 2, 200).astype(str),
    }
    given = {"task": {"target": "y"}, "data": {"split": {"by": "patient"}}, "train": {"epochs": 1}}
    fitted = Learner(recipes.from_dict(given)).fit(frame)
    assert fitted.preprocessing.features == ("x",)
    assert fitted.division.rule == "by group 'patient'"
    assert fitted.predict({"x": [0.5]}).values.shape == (1,)


def test_no_validation_part_judges_epochs_by_the_training_loss() -> None:
    given = {"data": {"split": {"train": 0.9, "validation": 0.0, "test": 0.1}}, "train": {"epochs": 3}}
    fitted = Learner(recipes.from_dict(given)).fit("iris")
    assert not len(fitted.division.validation)
    assert fitted.fitted.best_epoch == 3


def test_training_before_preparing_says_what_is_missing() -> None:
    with pytest.raises(ConfigError, match=r"call prepare\(dataset\) before train"):
        learner().train()


def test_the_summary_has_shapes_and_counts_the_parameters(tmp_path) -> None:
    fitted = learner().fit("iris")
    assert f"{4 * 8 + 8 + 8 * 3 + 3}  parameters" in fitted.summary()
    assert re.search(r"^hidden\.1 +8 +0  ReLU\(\)$", fitted.summary(), re.MULTILINE)
    assert Learner.load(fitted.save(tmp_path)).summary() == fitted.summary()
    pictures = Learner(recipes.from_dict({"model": {"name": "cnn", "channels": [6]}, "train": {"epochs": 1}}))
    assert re.search(r"^convolutions\.2 +6x4x4 ", pictures.prepare(glia.dataset("digits")).summary(), re.MULTILINE)


def test_one_sample_and_many_give_the_same(tmp_path) -> None:
    fitted = learner().fit("iris")
    data = glia.dataset("iris")
    assert isinstance(data, Dataset)
    together = fitted.predict(data).probabilities
    assert together is not None
    one = fitted.predict(data[3:4]).probabilities
    np.testing.assert_allclose(one, together[3:4], rtol=1e-5)


def test_weights_are_copies_in_means_and_classes() -> None:
    data = glia.dataset("iris")
    assert isinstance(data, Dataset)
    counts = np.random.default_rng(0).integers(1, 4, len(data))
    whole = recipes.from_dict(
        {"data": {"split": {"train": 1, "validation": 0, "test": 0}}, "task": {"class_weight": "balanced"}}
    )
    weighed = Learner(whole).prepare(data, weights=counts)
    copied = Learner(whole).prepare(data[np.repeat(np.arange(len(data)), counts)])
    assert weighed.task.to_dict()["weights"] == pytest.approx(copied.task.to_dict()["weights"])
    for one, other in zip(weighed.preprocessing.columns, copied.preprocessing.columns, strict=True):
        assert (one.mean, one.deviation) == pytest.approx((other.mean, other.deviation))


@pytest.mark.parametrize(
    ("weights", "message"),
    [(np.ones(3), r"150 samples must be 150 .* shape \(3,\)"), (np.arange(150), "above 0, .* from 0 to 149")],
)
def test_weights_that_do_not_fit_are_refused(weights: np.ndarray, message: str) -> None:
    with pytest.raises(DataError, match=message):
        learner().prepare(glia.dataset("iris"), weights=weights)


def test_it_goes_on_from_the_weights_there_are() -> None:
    data = glia.dataset("iris")
    assert isinstance(data, Dataset)
    fitted = learner(epochs=2, learning_rate=0.01, schedule="constant").fit(data)
    losses = [fitted.evaluate(data)["loss"]]
    scales = fitted.preprocessing
    for _ in range(3):
        losses.append(fitted.learn_more(data).evaluate(data)["loss"])
    assert losses == sorted(losses, reverse=True)
    assert fitted.preprocessing == scales


def test_double_precision_is_kept(tmp_path) -> None:
    fitted = learner(precision="double").fit("iris")
    again = Learner.load(fitted.save(tmp_path))
    assert {each.dtype for each in again.model.parameters()} == {torch.float64}
    assert again.evaluate("iris") == fitted.evaluate("iris")


def test_blocks_make_predictions_independent_of_their_neighbours() -> None:
    fitted = learner().fit("digits")
    data = glia.dataset("digits")
    assert isinstance(data, Dataset)
    together = fitted.predict(data[:40], block=32).probabilities
    assert together is not None
    assert len(together) == 40
    np.testing.assert_array_equal(fitted.predict(data[:3], block=32).probabilities, together[:3])


@pytest.mark.gpu
def test_a_gpu_learns_and_what_it_learned_loads_on_the_cpu(tmp_path) -> None:
    fitted = Learner(recipes.from_dict({"model": {"name": "cnn"}, "train": {"epochs": 8, "device": "cuda"}})).fit(
        "digits"
    )
    assert fitted.device.type == "cuda"
    on_gpu = fitted.evaluate("digits")["accuracy"]
    assert on_gpu > 0.9
    assert Learner.load(fitted.save(tmp_path), device="cpu").evaluate("digits")["accuracy"] == pytest.approx(
        on_gpu, abs=0.01
    )


def test_a_varied_learner_is_the_one_that_would_be_prepared_anew() -> None:
    first = learner(epochs=2).prepare(data_of(Recipe(), "iris"))
    recipe = first.recipe.with_settings({"model.hidden": [7], "train.seed": 3, "task.class_weight": "balanced"})
    varied, anew = first.varied(recipe).train(), Learner(recipe).fit("iris")
    assert varied.evaluate("iris") == anew.evaluate("iris")
    assert first.recipe.model.options["hidden"] == [8]


def test_a_varied_learner_keeps_its_samples() -> None:
    first = learner().prepare(data_of(Recipe(), "iris"))
    with pytest.raises(ConfigError, match=r"another \[data\] is prepared anew"):
        first.varied(first.recipe.with_settings({"data.seed": 1}))
