"""A learner of a table on disk: what it learns, says and refuses."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from glia import recipe as recipes
from glia.data import parquet, streaming, windows
from glia.data.opening import open_dataset
from glia.errors import ConfigError, DataError
from glia.learner import Learner, streamed
from glia.recipe import Recipe
from glia.training.loop import Control
from tests.data.streamed import columns, write


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return write(tmp_path / "t.parquet", columns(900))


def recipe(**train: object) -> Recipe:
    given = {"epochs": 2, "batch_size": 32, "device": "cpu", **train}
    model = {"name": "mlp", "hidden": [16]}
    return recipes.from_dict({"data": {"split": {"by": "content"}}, "model": model, "train": given})


def learned(path: Path, target: str, *, stream: bool, given: Recipe | None = None) -> Learner:
    return Learner(given or recipe()).prepare(open_dataset(path, target=target, stream=stream)).train()


def same_weights(one: Learner, other: Learner) -> bool:
    pairs = zip(one.model.state_dict().items(), other.model.state_dict().items(), strict=True)
    return all(first == second and torch.equal(a, b) for (first, a), (second, b) in pairs)


def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Windows of two hundred samples or so."""
    monkeypatch.setattr(streaming, "PIECE", 100)
    monkeypatch.setattr(windows, "STRETCH", 32)
    monkeypatch.setattr(windows, "WINDOW_BYTES", 6 * 32 * 30 * 4)


@pytest.mark.parametrize("target", ["label", "amount", "k", "flag"])
def test_in_one_window_it_learns_what_it_learns_in_memory(path: Path, target: str) -> None:
    whole, streams = (learned(path, target, stream=stream) for stream in (False, True))
    assert whole.task == streams.task
    assert whole.preprocessing == streams.preprocessing
    assert same_weights(whole, streams)
    test = whole.division.test
    assert whole.evaluate(whole.dataset, rows=test) == streams.evaluate(streams.dataset, rows=test)
    assert whole.evaluate(whole.dataset) == streams.evaluate(streams.dataset)
    assert streams.recipe.data.stream is True
    assert whole.recipe.data.stream == "auto"


@pytest.mark.parametrize("target", ["label", "amount"])
def test_in_many_windows_it_learns_as_well_and_the_same_each_time(path: Path, target: str, monkeypatch) -> None:
    whole = learned(path, target, stream=False)
    small(monkeypatch)
    first, again = learned(path, target, stream=True), learned(path, target, stream=True)
    assert same_weights(first, again)
    assert not same_weights(first, whole), "the order is another one"
    found, expected = (each.evaluate(each.dataset)["loss"] for each in (first, whole))
    assert found == pytest.approx(expected, rel=0.2)


def test_stopped_in_a_window_and_resumed_it_ends_the_same(path: Path, tmp_path, monkeypatch) -> None:
    small(monkeypatch)
    never = learned(path, "label", stream=True)
    steps = [0]

    def stop() -> bool:
        steps[0] += 1
        return steps[0] == 31  # in the middle of a window of the second epoch

    stopped = Learner(recipe()).prepare(open_dataset(path, target="label", stream=True))
    stopped.train(control=Control(checkpoints=tmp_path, should_stop=stop))
    assert stopped.fitted.reason == "stopped"
    resumed = Learner(recipe()).prepare(open_dataset(path, target="label", stream=True))
    resumed.train(control=Control(checkpoints=tmp_path, resume=True))
    assert same_weights(never, resumed)


SMALL = [{"name": "tabm", "members": 2, "width": 8, "depth": 1}, {"name": "random-forest", "trees": 3}]


@pytest.mark.parametrize("model", SMALL, ids=lambda model: model["name"])
def test_models_that_look_at_samples_first_take_a_sample_of_many(
    path: Path, model: dict[str, object], monkeypatch
) -> None:
    train = {"epochs": 1, "batch_size": 512}
    given = recipes.from_dict({"model": model, "train": train, "data": {"split": {"by": "content"}}})
    whole, streams = (learned(path, "label", stream=stream, given=given) for stream in (False, True))
    assert whole.evaluate(whole.dataset) == streams.evaluate(streams.dataset)
    monkeypatch.setattr(streamed, "SAMPLED", 100)
    fewer = learned(path, "label", stream=True, given=given)
    said = streamed.remarks(fewer, open_dataset(path, target="label", stream=True))
    taken = "'random-forest' learns from all samples at once: a random 100 of the "
    assert any(text.startswith(taken) for text in said) == (model["name"] == "random-forest")


def test_looks_at_large_parts_are_samples_and_that_is_said(path: Path, monkeypatch) -> None:
    monkeypatch.setattr(streaming, "MOST_JUDGED", 40)
    learner = learned(path, "label", stream=True)
    dataset = open_dataset(path, target="label", stream=True)
    outputs, targets = learner.outputs(dataset)
    assert len(outputs) == len(targets) == 40
    count = len(learner.division.validation)
    assert streamed.remarks(learner, dataset)[0] == (
        f"Each look at validation takes 40 of its {count} samples, drawn at random."
    )
    assert (
        streamed.remarks(learned(path, "label", stream=False), open_dataset(path, target="label", stream=False)) == []
    )


def test_a_saved_learner_judges_and_predicts_tables_on_disk(path: Path, tmp_path, monkeypatch) -> None:
    learner = learned(path, "label", stream=False)
    whole = learner.predict(path)
    loaded = Learner.load(learner.save(tmp_path / "model"))
    monkeypatch.setattr(parquet, "IN_MEMORY", 0.0)
    monkeypatch.setattr(parquet, "BATCH", 70)
    parts = list(streamed.predictions(loaded, path))
    assert len(parts) > 1
    together = loaded.predict(path)
    assert together.values.tolist() == whole.values.tolist()
    np.testing.assert_allclose(together.probabilities, whole.probabilities, atol=1e-6)
    assert together.classes == whole.classes
    found = loaded.evaluate(str(path))
    assert found["accuracy"] == learner.evaluate(open_dataset(path, target="label", stream=False))["accuracy"]
    new = pd.DataFrame(columns(200, seed=1))
    new["colour"] = "violet"
    new["gap"] = np.inf
    new.to_parquet(tmp_path / "new.parquet")
    assert loaded.predict(tmp_path / "new.parquet").values.tolist() == learner.predict(new).values.tolist()
    assert len(list(streamed.predictions(loaded, new.head(1)))) == 1


def test_labels_that_were_not_learned_are_refused_in_judging(path: Path, tmp_path) -> None:
    learner = learned(path, "label", stream=True)
    other = columns(200)
    other["label"] = ["perhaps"] * 200
    with pytest.raises(DataError, match=r"labels that were not in the training data.*'perhaps' \(200\)"):
        learner.evaluate(open_dataset(write(tmp_path / "o.parquet", other), target="label", stream=True))


def test_what_takes_all_samples_is_refused(path: Path) -> None:
    dataset = open_dataset(path, target="label", stream=True)
    for train, told in (({"batch_size": "all"}, "train.batch_size='all'"), ({"members": 3}, "train.members=3")):
        with pytest.raises(ConfigError, match=f"{told}.*'t.parquet' is too large for memory"):
            Learner(recipe(**train)).prepare(dataset)
    with pytest.raises(ConfigError, match="Weights of samples are for data in memory"):
        Learner(recipe()).prepare(dataset, weights=np.ones(len(dataset)))
    with pytest.raises(ConfigError, match="Networks that are trained together share all samples in memory"):
        Learner(recipe()).prepare(dataset).tensors()


@pytest.mark.parametrize("most", [2, 1000])
def test_many_different_values_are_learned_as_a_quantity(tmp_path, most: int, monkeypatch) -> None:
    draw = np.random.default_rng(0)
    given = {"x": draw.normal(size=400), "y": draw.integers(0, 7, 400)}
    path = write(tmp_path / "t.parquet", given)
    monkeypatch.setattr("glia.learner.targets.MOST_DIFFERENT", most)
    if most == 1000:
        assert learned(path, "y", stream=True).task == learned(path, "y", stream=False).task
        monkeypatch.setattr("glia.learner.targets.SAMPLED", 35)  # of each class fewer than there are
        balanced = recipe().with_settings({"task.class_weight": "balanced"})
        tasks = [learned(path, "y", stream=stream, given=balanced).task for stream in (True, False)]
        assert tasks[0] == tasks[1]
    else:
        with pytest.raises(DataError, match="'y' has more than 2 different values: too many classes"):
            learned(path, "y", stream=True)
