"""A recipe trained and recorded: the front door's `train`, over real small data."""

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

import glia
from glia.errors import ConfigError, DataError, NotFoundError, TrainingError
from glia.training.events import EpochDone

SMALL = {"model.hidden": [8], "train.batch_size": 32, "train.device": "cpu"}


def weights(run: glia.Run) -> dict[str, torch.Tensor]:
    return glia.load(run.folder / "model").model.state_dict()


def same_bits(one: glia.Run, other: glia.Run) -> bool:
    first, second = weights(one), weights(other)
    return first.keys() == second.keys() and all(torch.equal(first[name], second[name]) for name in first)


def test_a_run_keeps_its_recipe_its_curves_and_its_model() -> None:
    run = glia.train("iris", epochs=3, seed=7, project="flowers", settings=SMALL)
    assert (run.state, run.reason, run.project) == ("done", "epochs", "flowers")
    assert run.params["train.seed"] == 7
    assert run.params["model.name"] == "mlp"
    assert run.params["model.dropout"] == 0.0, "defaults are written out"
    assert list(run.metrics("validation/accuracy")["step"]) == [4, 8, 12]
    assert run.summary["validation/loss"] == run.metrics("validation/loss")["value"].min()
    assert run.predict([[5.1, 3.5, 1.4, 0.2]]).values[0] in ("setosa", "versicolor", "virginica")
    assert {path.name for path in run.folder.iterdir()} >= {"run.json", "recipe.toml", "log", "model", "media"}


def test_the_recipe_that_is_kept_trains_the_same_again(tmp_path) -> None:
    first = glia.train("iris", epochs=3, settings=SMALL)
    (tmp_path / "recipe.toml").write_text(first.recipe_toml)
    assert same_bits(first, glia.train(recipe=tmp_path / "recipe.toml"))


def test_what_is_loaded_predicts_what_was_trained() -> None:
    run = glia.train("iris", epochs=2, settings=SMALL)
    samples = [[5.1, 3.5, 1.4, 0.2], [6.7, 3.0, 5.2, 2.3]]
    again = glia.load(run.id[:6])
    np.testing.assert_array_equal(again.predict(samples).probabilities, run.predict(samples).probabilities)


def test_a_table_with_gaps_words_and_text_labels(tmp_path) -> None:
    rng = np.random.default_rng(0)
    side = rng.normal(size=300)
    frame = pd.DataFrame(
        {
            "length": np.where(rng.random(300) < 0.1, np.nan, side),
            "colour": np.where(side > 0, "red", "blue"),
            "kind": np.where(side > 0, "tall", "short"),
        }
    )
    frame.to_csv(tmp_path / "plants.csv", index=False)
    run = glia.train(tmp_path / "plants.csv", target="kind", epochs=30, settings=SMALL | {"train.learning_rate": 0.02})
    assert run.summary["validation/accuracy"] > 0.95
    assert list(run.predict(pd.DataFrame({"length": [np.nan, -1.0], "colour": ["red", "blue"]})).values) == [
        "tall",
        "short",
    ]


def test_regression_predicts_in_the_units_of_the_target() -> None:
    rng = np.random.default_rng(0)
    inputs = rng.normal(size=(400, 3))
    prices = 100_000 + 20_000 * inputs[:, 0]
    run = glia.train((inputs, prices), epochs=40, settings=SMALL | {"train.learning_rate": 0.01})
    assert run.summary["validation/r2"] > 0.95
    assert run.predict(np.zeros((1, 3))).values[0] == pytest.approx(100_000, rel=0.1)


def test_a_network_built_in_python_trains_and_is_loaded_with_the_network_given() -> None:
    def network() -> torch.nn.Module:
        return torch.nn.Sequential(torch.nn.Linear(4, 6), torch.nn.Tanh(), torch.nn.Linear(6, 3))

    run = glia.train("iris", model=network(), epochs=2)
    with pytest.raises(ConfigError, match=r"cannot be built again from its record.*module=network"):
        glia.load(run.folder / "model")
    again = glia.Learner.load(run.folder / "model", module=network())
    sample = [[5.1, 3.5, 1.4, 0.2]]
    np.testing.assert_array_equal(again.predict(sample).probabilities, run.predict(sample).probabilities)


def test_events_reach_the_functions_that_asked_for_them() -> None:
    heard: list[EpochDone] = []
    glia.train("iris", epochs=2, settings=SMALL, on={"EpochDone": heard.append})
    assert [event.epoch for event in heard] == [1, 2]
    with pytest.raises(ConfigError, match=r"no event 'EpochDon'\. Did you mean 'EpochDone'"):
        glia.train("iris", epochs=1, on={"EpochDon": print})


def test_the_test_part_is_looked_at_only_when_asked_and_each_look_is_counted() -> None:
    run = glia.train("iris", epochs=2, settings=SMALL)
    assert run.looks == 0
    first, second = glia.evaluate(run), glia.evaluate(run.id)
    assert first == second
    assert glia.run(run.id).looks == 2
    assert not any(name.startswith("test/") for name in run.summary)


def test_evaluating_on_other_data_counts_no_look() -> None:
    run = glia.train("iris", epochs=2, settings=SMALL)
    assert 0 <= glia.evaluate(run, glia.dataset("iris")[:40])["accuracy"] <= 1
    assert run.looks == 0


def test_a_loss_that_diverges_leaves_a_failed_run_that_says_why() -> None:
    with pytest.raises(TrainingError, match="is too high for this network"):
        glia.train(
            (np.random.default_rng(0).normal(size=(200, 3)), np.arange(200.0)),
            epochs=50,
            settings=SMALL | {"train.optimizer": "sgd", "train.learning_rate": 1e6},
        )
    failed = glia.runs()[0]
    assert failed.state == "failed"
    assert "at step" in failed.reason


def test_bad_input_is_refused_before_anything_is_recorded(tmp_path) -> None:
    with pytest.raises(NotFoundError, match="no-such-file"):
        glia.train(tmp_path / "no-such-file.csv", target="y")
    with pytest.raises(ConfigError, match=r"Unknown model 'mpl'\. Did you mean 'mlp'"):
        glia.train("iris", model="mpl")
    with pytest.raises(ConfigError, match="no data to train on"):
        glia.train()
    with pytest.raises(ConfigError, match="Unknown device 'gpu'"):
        glia.train("iris", settings={"train.device": "gpu"})
    assert len(glia.runs()) == 0


def test_a_budget_ends_a_run_and_says_so() -> None:
    run = glia.train("iris", epochs=100_000, budget=0.2, settings=SMALL)
    assert (run.state, run.reason) == ("done", "budget")


SCRIPT = """
    import glia, sys
    from glia.training.events import StepsDone
    def mark(event):
        if event.step >= 20:
            open(sys.argv[1], "w").close()
    settings = {settings} | {{"train.log_every": 1, "train.checkpoint_seconds": 0.0}}
    run = glia.train("iris", epochs=4000, settings=settings, on={{"StepsDone": mark}})
    print(run.id, run.state, run.reason)
"""


def started(tmp_path: Path) -> "subprocess.Popen[str]":
    """A training process that has taken at least 20 steps."""
    script = textwrap.dedent(SCRIPT.format(settings=SMALL))
    mark = tmp_path / "mark"
    process = subprocess.Popen(
        [sys.executable, "-c", script, str(mark)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    while not mark.exists():
        assert process.poll() is None, process.communicate()[1]
    return process


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_first_signal_ends_the_run_as_stopped_with_a_checkpoint(tmp_path, number: int) -> None:
    process = started(tmp_path)
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert out.split()[1:] == ["stopped", "interrupted"]
    assert "Once more leaves at once" in err
    run = glia.run(out.split()[0])
    assert (run.folder / "checkpoints" / "last.safetensors").exists()
    assert run.predict([[5.1, 3.5, 1.4, 0.2]]).values[0]


def test_a_second_signal_leaves_at_once(tmp_path) -> None:
    process = held(tmp_path, epochs=1000)
    process.send_signal(signal.SIGINT)
    while "Once more" not in (process.stderr.readline() if process.stderr else "Once more"):
        pass
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode != 0
    assert "KeyboardInterrupt" in err
    assert (glia.runs()[0].state, glia.runs()[0].reason) == ("stopped", "interrupted")


def test_a_killed_run_is_crashed_and_goes_on_to_the_same_bits(tmp_path) -> None:
    whole = glia.train("iris", epochs=30, settings=SMALL)
    process = held(tmp_path, epochs=30)
    process.kill()
    process.communicate(timeout=60)
    crashed = glia.runs()[0]
    assert crashed.state == "crashed"
    again = glia.train(resume=crashed.id)
    assert (again.id, again.state) == (crashed.id, "done")
    assert same_bits(whole, again)
    curve, expected = again.metrics("validation/loss"), whole.metrics("validation/loss")
    assert list(curve["step"]) == list(expected["step"]), "each step is shown once"
    np.testing.assert_array_equal(curve["value"], expected["value"])


def held(tmp_path: Path, epochs: int, at_step: int = 50) -> "subprocess.Popen[str]":
    """A training process held still by its own listener; after the first step it has no checkpoint yet."""
    mark = tmp_path / "mark"
    settings = SMALL | ({"train.log_every": 1} if at_step == 1 else {"train.checkpoint_seconds": 0.0})
    script = textwrap.dedent(f"""
        import glia, time
        def hold(event):
            if event.step >= {at_step}:
                open({str(mark)!r}, "w").close()
                while True:  # not one long sleep, which a signal that comes just before it begins does not end
                    time.sleep(0.05)
        glia.train("iris", epochs={epochs}, settings={settings}, on={{"StepsDone": hold}})
    """)
    process = subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    while not mark.exists():
        assert process.poll() is None, process.communicate()[1]
    return process


def test_a_run_killed_before_its_first_checkpoint_begins_again(tmp_path) -> None:
    whole = glia.train("iris", epochs=30, settings=SMALL)
    process = held(tmp_path, epochs=30, at_step=1)
    process.kill()
    process.communicate(timeout=60)
    crashed = glia.runs()[0]
    assert not (crashed.folder / "checkpoints").exists()
    again = glia.train(resume=crashed.id)
    assert (again.id, again.state) == (crashed.id, "done")
    assert same_bits(whole, again)
    assert list(again.metrics("train/epoch")["value"]) == list(range(1, 31))


def test_a_run_ended_by_its_budget_goes_on_when_asked_to() -> None:
    run = glia.train("iris", epochs=100_000, budget=0.2, settings=SMALL)
    reached = run.metrics("train/epoch")["value"].max()
    again = glia.train(resume=run.id, budget=0.2)
    assert (again.id, again.state, again.reason) == (run.id, "done", "budget")
    assert again.metrics("train/epoch")["value"].max() > reached


def test_a_refused_resumption_changes_nothing_about_the_run(tmp_path) -> None:
    table = tmp_path / "table.csv"
    glia.dataset("iris").frame().to_csv(table, index=False)
    with pytest.raises(TrainingError):
        glia.train(table, target="species", model=Spoiling(), epochs=9, settings={"train.batch_size": 64})
    failed = glia.runs()[0]
    before = (failed.state, failed.reason)
    table.unlink()
    with pytest.raises(NotFoundError, match=r"table\.csv"):
        glia.train(resume=failed.id, data=table)
    assert (glia.run(failed.id).state, glia.run(failed.id).reason) == before


def test_a_loss_that_diverges_after_good_epochs_keeps_their_model() -> None:
    message = r"at step \d+ \(epoch 5\)\. It was .* The weights of epoch \d, the best before"
    with pytest.raises(TrainingError, match=message) as raised:
        glia.train("iris", model=Spoiling(), epochs=9, settings={"train.batch_size": 64})
    failed = glia.runs()[0]
    assert failed.reason.endswith(str(raised.value))
    assert (failed.folder / "checkpoints" / "last.safetensors").exists()
    again = glia.Learner.load(failed.folder / "model", module=Spoiling())
    assert np.isfinite(again.predict([[5.1, 3.5, 1.4, 0.2]]).probabilities).all()
    assert failed.summary["epoch"] <= 4


class Spoiling(torch.nn.Module):
    """Gives no numbers any more after its eighth training step."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.layer, self.steps = torch.nn.Linear(4, 3), 0

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.steps += self.training
        return self.layer(x) * (float("nan") if self.steps > 8 else 1.0)


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (torch.nn.Linear, "model is a name or a network, an object of torch.nn.Module, not the class Linear"),
        (torch.nn.AvgPool1d(2, stride=1), "The network has no weights to train"),
        (torch.nn.Linear(7, 3), r"cannot take samples of shape \(4,\) \(torch.float32\): mat1 and mat2"),
        (torch.nn.Linear(4, 3).double(), r"cannot take samples of shape \(4,\) \(torch.float32\): .*dtype"),
        (torch.nn.Linear(4, 5), r"outputs of shape \(2, 5\) for 2 samples; classification of 'species' reads \(2, 3\)"),
    ],
    ids=["class", "no-weights", "width", "dtype", "outputs"],
)
def test_a_network_that_does_not_fit_is_refused_before_anything_is_recorded(model: object, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        glia.train("iris", model=model, epochs=1)  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="Unknown optimizer 'adem'"):
        glia.train("iris", settings={"train.optimizer": "adem"})
    assert len(glia.runs()) == 0


def test_lazy_layers_find_their_sizes() -> None:
    network = torch.nn.Sequential(torch.nn.LazyLinear(5), torch.nn.ReLU(), torch.nn.LazyLinear(3))
    assert glia.train("iris", model=network, epochs=1).state == "done"


def test_batch_norm_meets_no_batch_of_one() -> None:
    network = torch.nn.Sequential(torch.nn.BatchNorm1d(4), torch.nn.Linear(4, 3))
    samples = len(glia.Learner().prepare(glia.dataset("iris")).division.train)
    run = glia.train("iris", model=network, epochs=2, settings={"train.batch_size": (samples - 1) // 11})
    assert samples % ((samples - 1) // 11) == 1, "the case must leave one sample over"
    assert run.state == "done"


def test_resuming_a_finished_run_returns_it() -> None:
    run = glia.train("iris", epochs=1, settings=SMALL)
    again = glia.train(resume=run.id)
    assert (again.id, again.state) == (run.id, "done")


def test_resuming_with_other_data_is_refused(tmp_path) -> None:
    table = tmp_path / "table.csv"
    glia.dataset("iris").frame().to_csv(table, index=False)
    target = glia.dataset("iris").target

    def stop_soon(event: object) -> None:
        os.kill(os.getpid(), signal.SIGINT)

    run = glia.train(table, target=target, epochs=50, settings=SMALL, on={"StepsDone": stop_soon})
    assert run.state == "stopped"
    glia.dataset("iris")[:140].frame().to_csv(table, index=False)
    with pytest.raises(DataError, match=r"trained on data version '[0-9a-f]+'.*is now '[0-9a-f]+'.*Resuming would mix"):
        glia.train(resume=run.id)


def test_a_resumed_run_takes_no_new_settings() -> None:
    run = glia.train("iris", epochs=1, settings=SMALL)
    with pytest.raises(ConfigError, match=r"keeps its recipe, so train\.epochs cannot be given"):
        glia.train(resume=run.id, epochs=5)


def test_the_split_does_not_move_with_the_seed() -> None:
    first = glia.train("iris", epochs=1, seed=1, settings=SMALL)
    second = glia.train("iris", epochs=1, seed=2, settings=SMALL)
    np.testing.assert_array_equal(first.learner.division.validation, second.learner.division.validation)
    assert not same_bits(first, second)


@pytest.mark.parametrize("members", [1, 2])
def test_a_disk_that_is_full_leaves_the_model_in_memory(monkeypatch, capsys, members: int) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("glia.learner.keeping.replace_file", full)
    monkeypatch.setattr("glia.training.checkpoint.replace_file", full)
    often = {"train.checkpoint_seconds": 0, "train.members": members}
    run = glia.train("iris", epochs=3, settings={**SMALL, **often})
    assert (run.state, run.learner.fitted.epoch) == ("done", 3)
    assert run.predict([[5.1, 3.5, 1.4, 0.2]]).values[0]
    told = capsys.readouterr().err
    assert told.count("No checkpoint could be written") == 1
    assert "run.learner.save(FOLDER)" in told


def test_a_target_may_be_named_by_a_number() -> None:
    frame = pd.DataFrame(np.random.default_rng(0).normal(size=(60, 3)))
    assert glia.train(frame, target=2, epochs=1).params["task.target"] == "2"  # type: ignore[arg-type]
