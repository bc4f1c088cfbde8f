"""Estimators of scikit-learn, fitted and recorded."""

import json
from typing import Any

import numpy as np
import pytest
from sklearn import metrics
from sklearn.cluster import KMeans
from sklearn.datasets import load_diabetes, load_iris
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV, cross_validate, train_test_split
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import glia
from glia.integrations import sklearn
from glia.record.run import Run
from tests.integrations.recorded import in_order, steps, values

IRIS = train_test_split(*load_iris(return_X_y=True), random_state=0)


def media(run: Run, kind: str) -> list[dict[str, Any]]:
    return [found for path in (run.folder / "media").glob("*.json") if kind in (found := json.loads(path.read_text()))]


def test_a_classifier_is_fitted_judged_and_recorded() -> None:
    x, x_new, y, y_new = IRIS
    model = make_pipeline(StandardScaler(), LogisticRegression(C=0.5))
    run = sklearn.fit(model, x, y, validation=(x_new, y_new), project="flowers")
    assert (run.state, run.project) == ("done", "flowers")
    assert run.params["estimator"] == "Pipeline"
    assert (run.params["logisticregression"], run.params["logisticregression__C"]) == ("LogisticRegression", 0.5)
    assert "steps" not in run.params
    predicted, probabilities = model.predict(x_new), model.predict_proba(x_new)
    assert run.summary["train/accuracy"] == model.score(x, y)
    assert run.summary["validation/accuracy"] == metrics.accuracy_score(y_new, predicted)
    assert run.summary["validation/macro-f1"] == pytest.approx(metrics.f1_score(y_new, predicted, average="macro"))
    assert run.summary["validation/log-loss"] == pytest.approx(metrics.log_loss(y_new, probabilities))
    assert run.summary["train/fit_seconds"] > 0
    matrices = [np.array(found["values"]) for found in media(run, "rows") if "values" in found]
    assert any((each == metrics.confusion_matrix(y_new, predicted)).all() for each in matrices)


def test_two_classes_have_an_area_under_the_curve() -> None:
    x, y = load_iris(return_X_y=True)
    words = np.where(y == 2, "virginica", "other")
    model = LogisticRegression(max_iter=500)
    run = sklearn.fit(model, x[:, :1], words)
    expected = metrics.roc_auc_score(words == "virginica", model.predict_proba(x[:, :1])[:, 1])
    assert run.summary["train/roc-auc"] == pytest.approx(expected)


def test_a_regressor_is_judged_in_the_targets_units() -> None:
    x, y = load_diabetes(return_X_y=True)
    model = Ridge(alpha=2.0)
    run = sklearn.fit(model, x, y)
    assert run.summary["train/r2"] == pytest.approx(model.score(x, y))
    assert run.summary["train/rmse"] == pytest.approx(np.sqrt(np.mean((model.predict(x) - y) ** 2)))
    assert run.params["alpha"] == 2.0


def test_what_has_no_targets_is_judged_by_its_own_score() -> None:
    x, _ = load_iris(return_X_y=True)
    model = KMeans(3, n_init=1, random_state=0)
    run = sklearn.fit(model, x)
    assert run.summary["train/score"] == pytest.approx(model.score(x))


def test_a_search_fitted_elsewhere_is_recorded_with_all_it_tried() -> None:
    x, x_new, y, y_new = IRIS
    search = GridSearchCV(LogisticRegression(max_iter=500), {"C": [0.001, 0.1, 10.0]}, cv=3).fit(x, y)
    run = sklearn.record(search, validation=(x_new, y_new))
    assert values(run, "search/mean_test_score") == pytest.approx(search.cv_results_["mean_test_score"].tolist())
    assert steps(run, "search/mean_test_score") == [1, 2, 3]
    assert run.params["best.C"] == search.best_params_["C"]
    assert run.summary["search/best_score"] == pytest.approx(search.best_score_)
    assert run.summary["search/best_candidate"] == search.best_index_ + 1
    assert run.summary["validation/accuracy"] == search.best_estimator_.score(x_new, y_new)
    (table,) = media(run, "total")
    assert table["total"] == 3
    assert "param_C" in table["columns"]


def test_a_search_that_refits_nothing_is_recorded_too() -> None:
    x, _, y, _ = IRIS
    several = {"accuracy": "accuracy", "f1": "f1_macro"}
    search = GridSearchCV(LogisticRegression(max_iter=500), {"C": [0.1, 1.0]}, cv=3, scoring=several, refit=False)
    run = sklearn.fit(search, x, y)
    assert run.state == "done"
    assert len(values(run, "search/mean_test_f1")) == 2
    assert "train/accuracy" not in run.summary


def test_folds_of_cross_validation_are_steps() -> None:
    x, _, y, _ = IRIS
    model = LogisticRegression(max_iter=500)
    folds = cross_validate(model, x, y, cv=4)
    run = sklearn.record(model, folds=folds)
    assert values(run, "folds/test_score") == pytest.approx(folds["test_score"].tolist())
    assert steps(run, "folds/test_score") == [1, 2, 3, 4]


@pytest.mark.filterwarnings("ignore:Stochastic Optimizer")
def test_the_loss_of_what_learns_in_steps_is_a_curve() -> None:
    x, _, y, _ = IRIS
    model = MLPClassifier((4,), max_iter=5, random_state=0)
    run = sklearn.fit(model, x, y)
    assert values(run, "train/loss") == pytest.approx(model.loss_curve_)


def test_a_run_that_was_started_is_joined() -> None:
    x, _, y, _ = IRIS
    with glia.start(name="joined") as run:
        assert sklearn.fit(LogisticRegression(max_iter=500), x, y) is run
        assert run.state == "running"
    assert run.state == "done"


def test_an_error_while_fitting_is_the_reason_of_failing(home: Any) -> None:
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        sklearn.fit(LogisticRegression(), np.ones((3, 2)), np.array([0, 1]))
    (run,) = in_order(home)
    assert run.state == "failed"
    assert "ValueError: Found input variables with inconsistent numbers of samples" in run.reason
