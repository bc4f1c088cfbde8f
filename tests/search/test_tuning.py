"""A search from end to end: proposed, trained together, recorded, concluded."""

import signal
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_iris

import glia
from glia.errors import ConfigError, NotFoundError, TrainingError
from glia.learner import Learner
from glia.search.study import Study
from glia.training.population import together
from glia.training.population.individuals import Individual

RATES = {"train.learning_rate": glia.between(1e-3, 1e-1, log=True)}


def tune(vary: object = RATES, data: str = "iris", **more: object) -> Study:
    return glia.tune(data, **{"model": "mlp", "vary": vary, "epochs": 3, "again": 0, **more})


def test_every_trial_is_a_run_and_the_best_is_judged_once_on_the_test_part() -> None:
    study = tune(trials=6)
    assert [each.state for each in study.trials] == ["done"] * 6
    run = study.run_of(study.best)
    assert run.id == f"{study.id}/{study.best.number}"
    assert run.params["train.learning_rate"] == study.best.settings["train.learning_rate"]
    assert len(run.metrics("validation/accuracy")) == 3
    assert study.best.value == max(each.value for each in study.trials)
    assert len(study.run.metrics("test/accuracy")) == 1
    assert run.learner.evaluate("iris") == study.run.learner.evaluate("iris")
    assert study.run.summary["best trial"] == study.best.number
    assert "Best is trial" in study.answer


def test_a_trial_is_what_training_with_its_settings_gives() -> None:
    vary = {**RATES, "train.weight_decay": [0.0, 0.1], "model.dropout": glia.between(0.0, 0.5)}
    study = tune(vary, trials=5)
    trial = study.trials[3]
    alone = glia.train("iris", model="mlp", epochs=3, settings=dict(trial.settings))
    found, expected = study.run_of(trial).metrics("validation/loss"), alone.metrics("validation/loss")
    assert found["value"].tolist() == pytest.approx(expected["value"].tolist(), rel=1e-5)


def test_networks_that_see_changed_batches_are_searched_beside_others() -> None:
    vary = ["train.augment=none,noise,mixup,[{name='noise', deviation=0.5}]"]
    study = tune(vary, method="grid", settings={"train.precision": "double"})
    tried = [each.settings["train.augment"] for each in study.trials]
    assert tried == ["none", "noise", "mixup", [{"name": "noise", "deviation": 0.5}]]
    for trial in study.trials:
        settings = {**trial.settings, "train.precision": "double"}
        alone = glia.train("iris", model="mlp", epochs=3, settings=settings)
        found, expected = study.run_of(trial).metrics("validation/loss"), alone.metrics("validation/loss")
        assert found["value"].tolist() == pytest.approx(expected["value"].tolist(), rel=1e-9)


def test_a_grid_tries_everything_once() -> None:
    study = tune({"model.hidden": [[4], [8]], "model.activation": ["relu", "tanh"]}, method="grid")
    tried = [(each.settings["model.hidden"], each.settings["model.activation"]) for each in study.trials]
    assert tried == [([4], "relu"), ([4], "tanh"), ([8], "relu"), ([8], "tanh")]


def test_networks_of_many_widths_and_activations_are_trained_together(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []
    fit = together.StackFit

    def counting(individuals: Sequence[Individual], *rest: Any, **more: Any) -> Any:
        sizes.append(len(individuals))
        return fit(individuals, *rest, **more)

    monkeypatch.setattr(together, "StackFit", counting)
    tune({"model.hidden": glia.between(8, 24), "model.activation": ["relu", "sigmoid"]}, trials=12)
    assert sum(sizes) == 12
    assert len(sizes) <= 3


def test_where_no_model_is_named_the_options_varied_tell_which_is_meant() -> None:
    study = glia.tune("iris", vary={"model.hidden": [[4], [8]]}, method="grid", epochs=2, again=0)
    assert study.run_of(0).params["model.name"] == "mlp"
    assert study.run_of(0).params["train.optimizer"] == "adam"


def test_a_table_on_disk_is_refused_before_anything_is_recorded(tmp_path: Path) -> None:
    path = tmp_path / "large.parquet"
    load_iris(as_frame=True).frame.to_parquet(path)
    with pytest.raises(ConfigError, match="too large"):
        tune(data=str(path), target="target", settings={"data.stream": True})
    assert not len(glia.runs())


def test_folds_judge_each_trial_by_their_mean_and_the_winner_gets_a_model() -> None:
    study = tune(trials=3, folds=5)
    best = study.best
    assert len(best.values) == 5
    assert best.value == pytest.approx(np.mean(best.values))
    assert len(study.run_of(best).metrics("fold-5/validation/loss")) == 3
    assert study.run.learner.evaluate("iris")["accuracy"] > 0.5
    assert "over 5 folds" in study.answer


def test_rows_of_a_table_are_tried_one_after_the_other(tmp_path: Path) -> None:
    (tmp_path / "trials.csv").write_text('train.learning-rate,model.hidden\n0.01,[4]\n0.02,"[8,8]"\n')
    study = tune(None, method="manual", table=tmp_path / "trials.csv")
    assert [each.settings for each in study.trials] == [
        {"train.learning_rate": 0.01, "model.hidden": [4]},
        {"train.learning_rate": 0.02, "model.hidden": [8, 8]},
    ]


def test_halving_trains_the_best_third_three_times_as_long() -> None:
    study = tune(method="halving", trials=9, epochs=9)
    assert sorted(each.epochs for each in study.trials) == [1] * 6 + [3] * 2 + [9]
    longest = max(study.trials, key=lambda each: each.epochs)
    steps = study.run_of(longest).metrics("train/epoch")["value"].tolist()
    assert steps == [float(epoch) for epoch in range(1, 10)]


def test_a_population_takes_over_the_weights_of_its_best() -> None:
    study = tune(method="pbt", trials=5, epochs=4)
    children = [each for each in study.trials if each.parent is not None]
    assert children
    assert all(each.settings != study.trials[each.parent].settings for each in children)


@pytest.mark.parametrize("method", ["halving", "asha", "pbt"])
def test_trials_that_go_on_keep_a_best_epoch_of_before(method: str) -> None:
    # Of labels by chance the validation loss is least early, and longer training brings nothing better.
    draws = np.random.default_rng(0)
    noise = pd.DataFrame({"a": draws.normal(size=90), "b": draws.normal(size=90), "y": draws.choice(["p", "q"], 90)})
    shared: dict[str, Any] = {"trials": 6, "epochs": 9, "again": 0, "settings": {"train.early_stopping": False}}
    vary = {"train.learning_rate": "0.05..0.5:log"}
    study = glia.tune(noise, target="y", model="mlp", vary=vary, method=method, **shared)
    assert {trial.state for trial in study.trials} == {"done"}
    earlier = 0
    for trial in study.trials:
        run = study.run_of(trial)
        accuracy, epochs = run.metrics("validation/accuracy")["value"], run.metrics("train/epoch")["value"].tolist()
        if run.summary["epoch"] in epochs:  # else it was the parent's
            assert trial.value == accuracy[epochs.index(run.summary["epoch"])]
        earlier += 3 * run.summary["epoch"] <= len(epochs)  # in an earlier part
    assert earlier or method != "halving", "some go on for longer than they get better"


@pytest.mark.parametrize("method", ["halving", "asha", "pbt"])
@pytest.mark.parametrize("seed", [0, 7])
def test_the_model_is_what_the_best_trial_came_to_in_its_last_part(method: str, seed: int) -> None:
    vary = {"train.learning_rate": "1e-4..3e-2:log"}
    study = glia.tune("wine", model="mlp", vary=vary, method=method, trials=6, epochs=6, seed=seed, again=0)
    learner, wine = Learner.load(study.run.folder / "model"), glia.dataset("wine")
    rows = Learner(learner.recipe).prepare(wine).division.validation
    assert learner.evaluate(wine, rows=rows)["accuracy"] == pytest.approx(study.best.value)


def test_a_trial_trained_by_hand_records_all_its_metrics() -> None:
    study = glia.tune("iris", model="mlp", vary={"train.learning_rate": [0.01, 0.1]}, epochs=2, trials=0)
    [trial] = study.ask()
    [value] = study.train(trial)
    summary = study.run_of(trial).summary
    assert summary["validation/accuracy"] == value
    assert {"train/loss", "validation/loss", "epoch"} <= set(summary)


def test_a_search_says_when_there_are_fewer_combinations_than_trials(capsys) -> None:
    for trials, said in ((3, True), (2, False)):
        study = glia.tune(
            "iris", model="mlp", vary={"train.learning_rate": [0.01, 0.1]}, epochs=1, trials=trials, again=0
        )
        assert len(study.trials) == 2
        assert ("There are 2 combinations of these values" in capsys.readouterr().err) is said


def test_searches_in_threads_of_one_process_are_what_each_is_alone() -> None:
    def losses(number: int) -> list[float]:
        settings = {"model.dropout": 0.3, "model.hidden": [8 + number]}
        vary = {"train.learning_rate": [0.01, 0.03]}
        study = glia.tune("iris", model="mlp", vary=vary, method="grid", settings=settings, epochs=10, again=0)
        return [study.run_of(trial).summary["train/loss"] for trial in study.trials]

    with ThreadPoolExecutor(3) as pool:
        together = list(pool.map(losses, range(3)))
    assert together == [pytest.approx(losses(number)) for number in range(3)]


def test_bayesian_search_proposes_from_what_it_has_seen() -> None:
    study = tune(method="tpe", trials=10, epochs=1)
    assert len({each.settings["train.learning_rate"] for each in study.trials}) == 10


def test_classical_models_are_searched_too() -> None:
    study = tune({"model.trees": [5, 20]}, model="random-forest", method="grid", epochs=None)
    assert study.run.learner.evaluate("iris")["accuracy"] > 0.9


def test_the_best_is_trained_again_from_other_seeds() -> None:
    study = tune(trials=4, again=3)
    assert len(study.trials) == 4
    assert "Trained again from 3 seeds" in study.answer


def test_a_trial_that_fails_is_recorded_and_the_others_go_on() -> None:
    study = tune({"train.learning_rate": [0.01, 1e30], "train.optimizer": ["sgd"]}, method="grid", epochs=20)
    good, bad = study.trials
    assert (good.state, bad.state) == ("done", "failed")
    assert "The loss is" in bad.reason
    assert "1 of 2 trials ended without a metric" in study.answer


def test_where_all_fail_the_study_fails_with_the_first_reason() -> None:
    with pytest.raises(TrainingError, match=r"None of the 2 trials .* came to an end\. The first of them: "):
        tune({"train.learning_rate": [1e29, 1e30], "train.optimizer": ["sgd"]}, method="grid", epochs=20)
    assert glia.runs(limit=1)[0].state == "failed"


def test_the_budget_ends_a_search_that_would_go_on() -> None:
    study = tune(budget=1.0, trials=None, epochs=1)
    assert study.state == "done"
    assert study.run.reason == "budget"
    assert study.best.value is not None


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"metric": "train/accuracy"}, "choose what remembers them best"),
        ({"metric": "acuracy"}, "Did you mean 'accuracy'"),
        ({"vary": {"train.learning_rat": [1, 2]}}, "learning_rate"),
        ({"vary": ["train.learning_rate=1e-1..1e-4:log"]}, "begins above its end"),
        ({"vary": ["train.augment=none,rotate"]}, "rotate' is for pictures"),
        ({"vary": {}}, "Nothing is varied"),
        ({"vary": None}, "Nothing is varied"),
        ({"method": "randon"}, "Did you mean 'random'"),
        ({"method": "grid"}, "Give it a step|points"),
        ({"method": "manual"}, "rows of a table, and there are none"),
        ({"folds": 1000}, "cannot be had of"),
        ({"queue": "gpu"}, "There are no queues yet"),
        ({"settings": {"data.split.validation": 0.0, "data.split.train": 0.9}}, "no samples to validate by"),
    ],
)
def test_what_cannot_be_searched_is_refused_before_anything_is_recorded(given: dict, message: str) -> None:
    with pytest.raises(glia.GliaError, match=message):
        tune(**{"trials": 2, **given})
    assert not len(glia.runs())


def test_others_may_drive_a_study() -> None:
    study = tune(trials=0)
    first, second = study.ask(2)
    study.tell(first, 0.25)
    study.tell(second, None)
    given = study.ask(settings={"train.learning_rate": 0.02})[0]
    [value] = study.train(given)
    assert [each.state for each in study.trials] == ["done", "failed", "done"]
    assert study.best.value == value
    study.end()
    assert glia.study(study.id).state == "done"
    with pytest.raises(ConfigError, match="was not asked for here, or was told about before"):
        study.tell(first, 1.0)


def test_a_study_that_has_ended_is_returned_as_it_is() -> None:
    study = tune(trials=2)
    assert len(glia.tune(resume=study.id).trials) == 2


PROGRAM = """
import glia, sys
study = glia.tune("iris", model="mlp", vary={"train.learning_rate": glia.between(1e-3, 1e-1, log=True)}, trials=24,
    settings={"train.epochs": 40}, again=0, resume=None)
print(study.id)
"""


def test_a_study_whose_process_was_killed_goes_on_as_if_nothing_had_been(tmp_path: Path) -> None:
    undisturbed = tune(trials=24, epochs=40)
    process = subprocess.Popen([sys.executable, "-c", PROGRAM], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    while len(glia.runs("kind = 'study'")) < 2:
        assert process.poll() is None, process.stderr.read() if process.stderr else ""
    killed = next(run for run in glia.runs("kind = 'study'") if run.id != undisturbed.id)
    while not glia.study(killed.id).trials:
        assert process.poll() is None
    process.send_signal(signal.SIGKILL)
    process.communicate()
    study = glia.tune(resume=killed.id)
    assert study.state == "done"
    assert [each.settings for each in study.trials] == [each.settings for each in undisturbed.trials]
    assert [each.value for each in study.trials] == pytest.approx([each.value for each in undisturbed.trials])
    for trial in study.trials:
        epochs = study.run_of(trial).metrics("train/epoch")["value"].tolist()
        assert epochs == [float(epoch) for epoch in range(1, 41)]


def test_two_processes_share_the_trials_of_a_study() -> None:
    study = tune({"train.seed": glia.between(0, 39)}, method="grid", trials=0, epochs=20)
    program = "import glia, sys; glia.tune(resume=sys.argv[1])"
    others = [
        subprocess.Popen([sys.executable, "-c", program, study.id], stderr=subprocess.PIPE, text=True) for _ in range(2)
    ]
    told = [other.communicate()[1] for other in others]
    assert [other.returncode for other in others] == [0, 0], told
    assert [each.settings["train.seed"] for each in study.trials] == list(range(40))
    assert {each.state for each in study.trials} == {"done"}
    assert study.state == "done"


@pytest.mark.parametrize("column", [[None, *range(29)], [*"ab" * 14, "c", "a"]])
def test_folds_whose_samples_differ_in_shape(column: list[Any]) -> None:
    """A gap or a rare category that a fold has not learned makes no feature there."""
    table = pd.DataFrame({"a": column, "b": np.linspace(0, 1, 30), "y": ["yes", "no", "no"] * 10})
    shared: dict[str, Any] = {"target": "y", "model": "mlp", "epochs": 2, "folds": 3, "again": 0}
    study = glia.tune(table, vary={"model.hidden": [[4], [8]]}, method="grid", **shared)
    assert [trial.state for trial in study.trials] == ["done", "done"]
    alone = glia.tune(table, vary={"model.hidden": [[8]]}, method="grid", **shared)
    assert study.trials[1].values == pytest.approx(alone.trials[0].values)


def test_what_a_study_keeps_cannot_be_given_beside_it() -> None:
    study = glia.tune("iris", model="mlp", epochs=1, vary={"train.learning_rate": [0.1]}, trials=0, method="grid")
    study.end()
    with pytest.raises(ConfigError, match="so trials, folds cannot be given beside it"):
        glia.tune(resume=study.id, trials=5, folds=3)


def test_a_study_is_not_gone_on_with_as_a_run() -> None:
    study = glia.tune("iris", model="mlp", epochs=1, vary={"train.learning_rate": [0.1]}, trials=0, method="grid")
    with pytest.raises(ConfigError, match=r"is a study.* Go on with: glia tune --resume"):
        glia.train(resume=study.id)
    with pytest.raises(NotFoundError, match="Go on with: glia tune --resume"):
        glia.load(study.id)
    study.train(study.ask())
    with pytest.raises(ConfigError, match=rf"is a trial of a study\. Go on with: glia tune --resume {study.id[:6]}$"):
        glia.train(resume=f"{study.id}/0")
    study.end()
