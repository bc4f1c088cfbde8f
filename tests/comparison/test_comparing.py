"""Comparisons from data to report, and what is kept of them."""

import json
import signal

import numpy as np
import pandas as pd
import pytest
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.neighbors import KNeighborsClassifier

import glia
from glia.comparison.contest import Contest, Fit, Limits, OutOfTime
from glia.comparison.contestants import contestants
from glia.comparison.report import Report
from glia.comparison.rounds import plan
from glia.comparison.standings import sample_scores, standings
from glia.data.opening import open_dataset
from glia.errors import ConfigError, DataError, NotFoundError, TrainingError
from glia.learner import Learner
from glia.recipe import Recipe
from glia.training.loop import Control

LDA, NEIGHBOURS = "sklearn.discriminant_analysis:LinearDiscriminantAnalysis", "sklearn.neighbors:KNeighborsClassifier"
LINE, MEAN_OF_FEW = "sklearn.linear_model:LinearRegression", "sklearn.neighbors:KNeighborsRegressor"
FAST = {"train.epochs": 3}


def compared(**given: object) -> Report:
    asked = {"models": ["baseline", LDA, NEIGHBOURS], "curve": False, **given}
    return glia.compare("iris", **asked)  # type: ignore[arg-type]


def test_it_is_what_scikit_learn_finds_on_the_same_folds() -> None:
    report = compared()
    dataset = open_dataset("iris")
    inputs, labels = dataset.frame().drop(columns="species").to_numpy(), dataset.targets()
    rounds = plan(dataset, Recipe().data, folds=5, repeats=2, seed=0, classes=True).rounds
    for name, kind in ((LDA, LinearDiscriminantAnalysis), (NEIGHBOURS, KNeighborsClassifier)):
        expected = []
        for each in rounds:
            mean, deviation = inputs[each.learned].mean(0), inputs[each.learned].std(0)
            scaled = (inputs - mean) / deviation
            expected.append(
                kind().fit(scaled[each.learned], labels[each.learned]).score(scaled[each.judged], labels[each.judged])
            )
        found = next(each for each in report.standings if each.learner == name)
        assert found.values == pytest.approx(expected)
    assert report.best == LDA
    assert [each.group for each in report.standings] == [1, 1, 2]


def test_everything_is_kept_with_the_run(home) -> None:
    report = compared(project="flowers", models=["baseline", LDA, NEIGHBOURS])
    run = glia.run(report.run)
    assert (run.state, run.project) == ("done", "flowers")
    assert json.loads((run.folder / "run.json").read_text())["kind"] == "compare"
    logged = run.metrics(f"{LDA}/accuracy")
    assert tuple(logged["value"]) == report.standings[0].values
    assert list(logged["step"]) == list(range(1, 11))
    assert run.summary[f"{LDA}/accuracy"] == pytest.approx(np.mean(logged["value"]))
    assert run.tags == {"best": LDA, "choice": LDA}
    assert run.looks == 1
    assert run.data_version == open_dataset("iris").version
    (artifact,) = run.artifacts()
    with artifact.open() as file:
        kept = json.load(file)
    assert kept["answer"] == report.answer
    assert kept["learners"][0]["values"] == list(report.standings[0].values)
    assert {name for name, _ in report.pictures} == {"comparison", "cost", "differences", "calibration"}


def test_numbers_are_compared_by_rmse_with_a_network_that_never_sees_what_it_is_judged_on() -> None:
    generator = np.random.default_rng(0)
    x = generator.normal(size=90)
    frame = pd.DataFrame({"x": x, "z": generator.normal(size=90), "y": 3 * x + 0.1 * generator.normal(size=90)})
    report = glia.compare(frame, target="y", models=["baseline", LINE, "mlp"], folds=5, repeats=1, settings=FAST)
    assert (report.metric, report.direction, report.best) == ("rmse", "lower", LINE)
    assert report.standings[0].mean.mean == pytest.approx(0.1, abs=0.02)
    names = [each.learner for each in report.curves]
    assert names == [LINE, "mlp"]
    assert report.curves[0].samples == (18, 36, 72)
    assert "A network is overkill here: the best one, mlp, is worse than" in report.answer


def test_early_stopping_watches_learned_samples_alone(monkeypatch) -> None:
    seen = []
    train = Learner.train

    def watched(self: Learner, **given: object) -> Learner:
        rows = self.dataset.frame()
        parts = [rows.iloc[part] for part in (self.division.train, self.division.validation)]
        seen.append((self.recipe.model.name, len(self.dataset), *parts))
        return train(self, **given)  # type: ignore[arg-type]

    monkeypatch.setattr(Learner, "train", watched)
    compared(models=[LDA, "mlp"], folds=3, repeats=1, settings=FAST)
    rounds = plan(open_dataset("iris"), Recipe().data, folds=3, repeats=1, seed=0, classes=True).rounds
    assert len(seen) == 6
    for place, (model, count, learned, watching) in enumerate(seen):
        assert count == len(rounds[place // 2].learned)
        # A classical learner learns from all of them, a network from those that it does not watch.
        assert len(learned) + len(watching) == count
        assert (len(watching) == 0) == (model != "mlp")


def test_one_split_is_tested_by_samples(monkeypatch) -> None:
    monkeypatch.setattr("glia.comparison.standings.DRAWS", 100)
    report = compared(folds=1)
    assert report.rule.startswith("one split")
    assert [each.fits for each in report.standings] == [1, 1, 1]
    assert report.standings[-1].p < 0.05
    assert report.standings[0].mean.low < report.standings[0].mean.mean <= report.standings[0].mean.high
    by_f1 = compared(models=["baseline", LDA], folds=1, metric="macro-f1")
    assert by_f1.standings[1].p == pytest.approx(2 / 101)


def test_few_fits_are_not_tested() -> None:
    report = compared(models=["baseline", LDA], folds=2, repeats=1)
    assert np.isnan(report.standings[1].p)
    assert "not tested: a test needs 5 fits, and there are 2" in report.answer


def contest(models: list[str], limits: Limits) -> tuple[Contest, list[object]]:
    dataset = open_dataset("iris")
    recipe = Recipe().with_settings({"task.name": "classification", "task.target": "species", **FAST})
    rounds = plan(dataset, recipe.data, folds=5, repeats=1, seed=0, classes=True).rounds
    found = contestants(models, recipe, dataset[rounds[0].learned])
    held = Contest(dataset, found, rounds, seed=0, limits=limits)
    return held, list(held.outcomes())


def test_who_has_used_its_budget_is_judged_by_the_fits_done(monkeypatch) -> None:
    begun = Control.__init__
    shares = []

    def noted(self: Control, *given: object, **more: object) -> None:
        shares.append(more["budget_seconds"])
        begun(self, *given, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(Control, "__init__", noted)
    _, outcomes = contest(["baseline", "mlp"], Limits(budget_seconds=1e-9))
    out = [each for each in outcomes if isinstance(each, OutOfTime)]
    assert {each.learner for each in out} == {"baseline", "mlp"}
    assert all(each.round == 1 for each in out)
    fits = [each for each in outcomes if isinstance(each, Fit)]
    assert [fit.cut_short for fit in fits] == [False, True]
    assert shares == [1e-3, 1e-3]  # what preparing left of it, at least a step


def test_one_that_fails_is_told_and_the_rest_goes_on(home) -> None:
    report = compared(models=["baseline", LDA, "sklearn.naive_bayes:MultinomialNB"], folds=5, repeats=1)
    assert [each.learner for each in report.standings] == [LDA, "baseline"]
    assert any("MultinomialNB failed after 0 of 5 fits" in said and "egative" in said for said in report.warnings)
    assert glia.run(report.run).state == "done"


def test_where_all_fail_the_run_has_failed(home) -> None:
    with pytest.raises(TrainingError, match="No learner was fitted"):
        compared(models=["sklearn.naive_bayes:MultinomialNB", "sklearn.naive_bayes:CategoricalNB"])
    assert glia.runs()[0].state == "failed"


def test_ctrl_c_leaves_the_report_of_the_fits_done(home, monkeypatch) -> None:
    train, count = Learner.train, iter(range(100))

    def interrupted(self: Learner, **given: object) -> Learner:
        if next(count) == 5:
            signal.raise_signal(signal.SIGINT)
        return train(self, **given)  # type: ignore[arg-type]

    monkeypatch.setattr(Learner, "train", interrupted)
    report = compared(models=["baseline", LDA], curve=True)
    assert [each.fits for each in report.standings] == [3, 3]
    assert not report.curves
    assert glia.run(report.run).state == "stopped"


def test_learners_judged_in_fewer_rounds_stand_below() -> None:
    held, outcomes = contest(["baseline", LDA], Limits())
    fits = [each for each in outcomes if isinstance(each, Fit) and not (each.learner == LDA and each.round > 2)]
    found = standings(fits, held.taking_part, metric="accuracy", direction="higher", rounds=5, ratio=0.25)
    assert [each.learner for each in found] == ["baseline", LDA]
    assert found[1].fits == 3
    assert found[1].difference.mean > 0.5  # on the rounds that both were judged in


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ({"models": ["mlp"]}, ConfigError, "nothing to compare: mlp alone"),
        ({"models": ["mlp", "forest"]}, ConfigError, "Unknown model 'forest'"),
        ({"metric": "acuracy"}, ConfigError, "no metric 'acuracy'. Did you mean 'accuracy'"),
        ({"metric": "loss"}, ConfigError, "Compare by one of: accuracy"),
        ({"settings": {"model.hidden": [3]}}, ConfigError, "'model.hidden' is of one model"),
        ({"without": ["petal"]}, ConfigError, "Column 'petal', to be left out, is not in iris.* Did you mean"),
        ({"target": "colour"}, DataError, "Column 'colour' is not in iris"),
        ({"models": ["baseline", "sklearn.svm:SVR"]}, ConfigError, "predicts numbers, and the target has classes"),
    ],
)
def test_what_cannot_be_compared_is_refused_before_anything_is_recorded(home, given, error, message) -> None:
    with pytest.raises(error, match=message):
        compared(**given)
    assert not list(glia.runs())


def test_a_metric_that_some_rounds_have_not_is_told_and_never_shown(home) -> None:
    few = pd.DataFrame({"x": [1.0, 2.0, 3.0, 4.0, 5.0, 7.0], "y": [1.0, 2.2, 2.9, 4.1, 5.3, 6.8]})
    asked = {"target": "y", "models": ["baseline", "ridge"], "metric": "r2", "folds": 4, "repeats": 1, "curve": True}
    report = glia.compare(few, **asked)
    assert "nan" not in report.text
    assert [each.fits for each in report.standings] == [2, 2]
    assert "r2 is not defined in 2 of 4 rounds, which judge too few samples" in report.warnings[-1]
    assert report.warnings[-1].endswith("To rank by all of them, take one of: rmse, mae.")
    assert "--repeats" not in report.answer
    run = glia.run(report.run)
    assert np.isfinite(run.metrics()["value"]).all()
    assert np.isfinite(list(run.summary.values())).all()
    with pytest.raises(TrainingError, match="r2 is not defined in any round: too few samples are judged"):
        glia.compare(few, **{**asked, "folds": 6})


def test_the_baseline_knows_the_learned_samples_alone() -> None:
    frame = pd.DataFrame({"x": np.arange(20.0), "y": np.arange(20.0) ** 2})
    dataset = open_dataset(frame, target="y")
    rounds = plan(dataset, Recipe().data, folds=4, repeats=1, seed=0, classes=False).rounds
    baseline = contestants(["baseline", "ridge"], Recipe().with_settings({"task.name": "regression"}), dataset)[:1]
    for fit in Contest(dataset, baseline, rounds, seed=0, limits=Limits()).outcomes():
        assert isinstance(fit, Fit)
        each = rounds[fit.round]
        off = dataset.targets()[each.judged] - dataset.targets()[each.learned].mean()
        assert fit.metrics["rmse"] == pytest.approx(np.sqrt((off**2).mean()))


def test_columns_left_out_are_in_the_record_and_nothing_is_said_of_them() -> None:
    frame = glia.dataset("iris").frame().assign(key=[f"k{row}" for row in range(150)], id=range(150))
    asked = {"target": "species", "models": ["baseline", "naive-bayes"], "folds": 2, "repeats": 1, "curve": False}
    assert len(glia.compare(frame, **asked).warnings) == 2
    report = glia.compare(frame, without=["key", "id"], **asked)
    assert report.warnings == ()
    assert glia.run(report.run).params["data.without"] == ["key", "id"]
    assert glia.compare(frame, settings={"data.without": ["key", "id"]}, **asked).standings[0].values == (
        report.standings[0].values
    )


def test_of_learners_compared_only_networks_see_changed_batches() -> None:
    recipe = Recipe().with_settings({"train.augment": "noise"})
    found = contestants(["baseline", "mlp"], recipe, open_dataset("iris"))
    assert [each.recipe.train.augment for each in found] == ["none", ("noise",)]
    with pytest.raises(ConfigError, match="'rotate' is for pictures"):
        contestants(["baseline", "mlp"], recipe.with_settings({"train.augment": "rotate"}), open_dataset("iris"))


def test_data_that_is_not_there_is_said() -> None:
    with pytest.raises(NotFoundError, match="no data set or file 'irs'"):
        glia.compare("irs")


def test_the_report_shows_itself(home) -> None:
    report = compared(models=["baseline", LDA], folds=5, repeats=1)
    assert "<table><tr><th>learner</th>" in report._repr_html_()
    assert "data:image/png;base64" in report._repr_html_()
    assert repr(report) == f"Report(iris, best {LDA}, use {LDA})"
    assert str(report).splitlines()[0] == "2 learners on iris: 150 samples, 5 folds, dealt by content hash"
    frame = report.frame()
    assert list(frame["learner"]) == [LDA, "baseline"]
    assert frame["bytes"].min() > 100
    assert frame["p"][1] < 0.05


def names_for(data: str, task: str) -> list[str]:
    dataset = open_dataset(data)
    recipe = Recipe().with_settings({"task.name": task, "task.target": dataset.target})
    return [each.name for each in contestants([], recipe, dataset)]


def test_all_that_suit_are_compared_where_none_is_named() -> None:
    assert {"baseline", "logistic-regression", "random-forest", "mlp"} <= set(names_for("iris", "classification"))
    assert "logistic-regression" not in names_for("diabetes", "regression")
    assert {"baseline", "random-forest", "mlp"} <= set(names_for("diabetes", "regression"))
    assert names_for("digits", "classification")[-1] == "cnn"


def test_data_that_makes_a_comparison_dishonest_is_told() -> None:
    generator = np.random.default_rng(0)
    x = generator.normal(size=400)
    labels = np.where(x + generator.normal(size=400) > 0, "yes", "no")
    columns = {"x": x, "customer_id": generator.permutation(400) + 7, "refund": np.where(labels == "yes", 2, 5)}
    frame = pd.DataFrame({**columns, "town": [f"t{row % 210}" for row in range(400)], "y": labels})
    report = glia.compare(frame, target="y", models=["baseline", LDA], folds=2, repeats=1, curve=False)
    told = " ".join(report.warnings)
    assert "'refund' alone predicts 'y' almost perfectly" in told
    assert "'customer_id' has another whole number in every row" in told
    assert "'town': the 100 most frequent categories are kept" in told
    clean = glia.compare(
        frame, target="y", models=["baseline", LDA], folds=2, repeats=1, curve=False, without=["refund", "customer_id"]
    )
    assert "refund" not in " ".join(clean.warnings)
    with pytest.raises(DataError, match="has no columns to learn from"):
        glia.compare(frame[["y"]], target="y")


@pytest.mark.parametrize("metric", ["accuracy", "log-loss", "rmse", "mae"])
def test_scores_of_samples_are_the_metric_in_the_mean(metric) -> None:
    classes = metric in ("accuracy", "log-loss")
    data, models = ("iris", ["baseline", NEIGHBOURS]) if classes else ("diabetes", ["baseline", LINE])
    dataset = open_dataset(data)
    task = "classification" if classes else "regression"
    recipe = Recipe().with_settings({"task.name": task, "task.target": dataset.target})
    rounds = plan(dataset, recipe.data, folds=1, repeats=1, seed=0, classes=classes).rounds
    found = contestants(models, recipe, dataset[rounds[0].learned])
    for fit in Contest(dataset, found, rounds, seed=0, limits=Limits()).outcomes():
        mean = sample_scores(fit, metric).mean()
        assert (np.sqrt(mean) if metric == "rmse" else mean) == pytest.approx(fit.metrics[metric])
