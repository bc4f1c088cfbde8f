"""Glia's estimators keep scikit-learn's manners."""

import io
import pickle
import pickletools
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pytest
import torch
from numpy.typing import NDArray
from scipy import sparse
from sklearn.base import clone
from sklearn.compose import make_column_transformer
from sklearn.datasets import load_diabetes, load_iris, make_regression
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

import glia
from glia import estimators
from glia.errors import ConfigError, DataError
from glia.estimators import NeuralClassifier, NeuralRegressor

QUICK: dict[str, Any] = {"model.hidden": [8]}
IRIS, SPECIES = load_iris(return_X_y=True)
NAMES = np.array(["setosa", "versicolor", "virginica"])


@parametrize_with_checks([NeuralClassifier(), NeuralRegressor()])
def test_passes_the_checks_of_scikit_learn(estimator: Any, check: Any) -> None:
    check(estimator)


def test_they_stand_at_the_front_door() -> None:
    assert glia.NeuralClassifier is NeuralClassifier
    assert glia.NeuralRegressor is NeuralRegressor


def test_iris_is_learned() -> None:
    shuffled = np.random.default_rng(0).permutation(150)
    assert cross_val_score(NeuralClassifier(), IRIS[shuffled], SPECIES[shuffled], cv=3).mean() > 0.93


def test_diabetes_is_learned_better_than_by_the_mean() -> None:
    assert cross_val_score(NeuralRegressor(), *load_diabetes(return_X_y=True), cv=3).mean() > 0.35


@pytest.mark.parametrize("fraction", [0.0, 0.2])
def test_many_samples_are_learned_in_batches(fraction: float) -> None:
    x, y = make_regression(1500, 5, noise=1, random_state=0)
    fitted = NeuralRegressor(settings=QUICK, epochs=3, validation_fraction=fraction).fit(x, y)
    assert fitted.learner_.recipe.train.batch_size == 32
    assert len(fitted.learner_.division.validation) == pytest.approx(fraction * 1500, abs=60)
    assert fitted.score(x, y) > 0.5


def test_a_prediction_does_not_depend_on_the_samples_beside_it() -> None:
    x, y = make_regression(1500, 20, random_state=0)
    fitted = NeuralRegressor(epochs=1).fit(x, y)  # in single precision, where sums of another order would show
    assert fitted.learner_.recipe.train.precision == "auto"
    together = fitted.predict(x)
    np.testing.assert_array_equal(together[:7], fitted.predict(x[:7]))
    np.testing.assert_array_equal(together[700:701], fitted.predict(x[700:701]))


def weighted_twice(estimator: Any, x: NDArray[Any], y: NDArray[Any]) -> tuple[Any, Any]:
    """Fitted to samples with whole weights, some of them 0, and to as many copies."""
    weights = np.random.default_rng(1).integers(0, 4, len(y))
    copies = np.repeat(np.arange(len(y)), weights)
    return clone(estimator).fit(x, y, sample_weight=weights), clone(estimator).fit(x[copies], y[copies])


def test_a_weight_of_two_is_as_good_as_the_sample_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    one, other = weighted_twice(NeuralClassifier(settings=QUICK), IRIS, SPECIES)
    np.testing.assert_array_equal(one.predict_proba(IRIS), other.predict_proba(IRIS))
    monkeypatch.setattr(estimators, "_counted", lambda *given: given)  # the loop alone: equal but for rounding
    settings = {**QUICK, "train.batch_size": "all", "train.precision": "double"}
    for kind in (NeuralClassifier, NeuralRegressor):
        one, other = weighted_twice(kind(settings=settings, epochs=30, validation_fraction=0), IRIS, SPECIES)
        method = "predict_proba" if kind is NeuralClassifier else "predict"
        np.testing.assert_allclose(getattr(one, method)(IRIS), getattr(other, method)(IRIS), rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("model", ["linear", "ridge", "logistic-regression", "random-forest"])
def test_weights_reach_other_models(model: str) -> None:
    x, y = IRIS, SPECIES.astype(float)
    estimator: Any = NeuralRegressor(model) if model == "ridge" else NeuralClassifier(model, validation_fraction=0)
    estimator.set_params(settings={"train.epochs": 3})
    weights = np.where(SPECIES == 2, 50.0, 1.0)
    plain, weighed = clone(estimator).fit(x, y), clone(estimator).fit(x, y, sample_weight=weights)
    error_before, error_after = (np.abs(one.predict(x) - y)[SPECIES == 2].sum() for one in (plain, weighed))
    assert error_after < error_before or error_before == error_after == 0


def test_weights_of_classes_are_weights_of_their_samples() -> None:
    costs = {"setosa": 1.0, "versicolor": 5.0, "virginica": 0.5}
    names = NAMES[SPECIES]
    by_class = NeuralClassifier(settings=QUICK, class_weight=costs).fit(IRIS[:, :2], names)
    assert by_class.classes_.tolist() == NAMES.tolist()
    assert by_class.learner_.task.to_dict()["weights"] == [1.0, 5.0, 0.5]
    assert (by_class.predict(IRIS[:, :2]) == "versicolor").sum() > 60


def test_balanced_weights_count_the_weights_of_samples() -> None:
    weights = np.where(SPECIES == 0, 3.0, 1.0)
    fitted = NeuralClassifier("linear", class_weight="balanced", epochs=1).fit(IRIS, SPECIES, sample_weight=weights)
    assert fitted.learner_.task.to_dict()["weights"] == pytest.approx([250 / 450, 250 / 150, 250 / 150], rel=0.1)


def test_soft_max_regression_with_weights_is_that_of_scikit_learn() -> None:
    x, weights = StandardScaler().fit_transform(IRIS), np.random.default_rng(0).uniform(0.1, 3, 150)
    settings = {"train.l2": 0.01, "train.precision": "double", "train.epochs": 20}
    ours = NeuralClassifier("linear", settings=settings, validation_fraction=0).fit(x, SPECIES, sample_weight=weights)
    spread = np.sqrt(np.cov(x.T, aweights=weights, ddof=0).diagonal())  # ours is penalised in these units
    theirs = LogisticRegression(C=1 / (2 * 0.01 * weights.sum()), tol=1e-9, max_iter=1000)
    theirs.fit(x / spread, SPECIES, sample_weight=weights)
    np.testing.assert_allclose(ours.predict_proba(x), theirs.predict_proba(x / spread), atol=1e-4)


def test_partial_fit_goes_on() -> None:
    fitted = NeuralClassifier(settings={**QUICK, "train.learning_rate": 0.01})
    order = np.random.default_rng(0).permutation(150)
    fitted.partial_fit(IRIS[order[:40]], SPECIES[order[:40]], classes=[0, 1, 2])
    before = fitted.predict_proba(IRIS)
    for _ in range(15):
        fitted.partial_fit(IRIS[order], SPECIES[order])
    assert fitted.score(IRIS, SPECIES) > 0.9
    assert not np.allclose(before, fitted.predict_proba(IRIS))
    again: Any = pickle.loads(pickle.dumps(fitted))
    again.partial_fit(IRIS, SPECIES, sample_weight=np.arange(150) + 1)
    assert again.score(IRIS, SPECIES) > 0.9


def test_partial_fit_knows_classes_that_come_later() -> None:
    fitted = NeuralClassifier(settings=QUICK).partial_fit(IRIS[:100], SPECIES[:100], classes=[0, 1, 2])
    assert fitted.predict_proba(IRIS[:2]).shape == (2, 3)
    with pytest.raises(DataError, match=r"labels that were not in the training data.*7"):
        fitted.partial_fit(IRIS[:3], [7, 1, 2])
    with pytest.raises(DataError, match=r"\[0, 1\] are not those of the first call, \[0, 1, 2\]"):
        fitted.partial_fit(IRIS[:100], SPECIES[:100], classes=[0, 1])


def test_partial_fit_goes_on_from_fit() -> None:
    x, y = load_diabetes(return_X_y=True)
    fitted = NeuralRegressor(settings=QUICK).fit(x, y)
    before = fitted.score(x, y)
    assert fitted.partial_fit(x, y).learner_.recipe.train.batch_size == 32
    assert fitted.score(x, y) == pytest.approx(before, abs=0.1)


def test_partial_fit_refuses_what_it_cannot_do() -> None:
    with pytest.raises(DataError, match="has to name all classes"):
        NeuralClassifier().partial_fit(IRIS, SPECIES)
    with pytest.raises(ConfigError, match="'balanced' needs all samples"):
        NeuralClassifier(class_weight="balanced").partial_fit(IRIS, SPECIES, classes=[0, 1, 2])
    forest = NeuralClassifier("random-forest", settings={"model.trees": 3}).fit(IRIS, SPECIES)
    with pytest.raises(ConfigError, match="'random-forest' learns from all samples at once"):
        forest.partial_fit(IRIS, SPECIES)


def test_sparse_matrices_are_as_good_as_dense_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    x = np.where(IRIS > 3, IRIS, 0)
    fitted = NeuralClassifier(settings=QUICK).fit(sparse.csr_array(x), SPECIES)
    dense = fitted.predict_proba(x)
    monkeypatch.setattr(estimators, "DENSE_BYTES", 1)  # as few at a time as may be
    monkeypatch.setattr(estimators, "BLOCK", 16)
    np.testing.assert_allclose(fitted.predict_proba(sparse.csc_matrix(x)), dense, rtol=1e-12)


def test_a_sparse_matrix_too_large_is_refused() -> None:
    x = sparse.csr_array(([1.0], ([0], [0])), shape=(10**7, 10**6))
    with pytest.raises(DataError, match=r"10,000,000 samples of 1,000,000 features.*149,011\.6 GiB.*TruncatedSVD"):
        NeuralClassifier().fit(x, np.arange(10**7) % 2)


def mixed_frame() -> tuple[pd.DataFrame, NDArray[Any]]:
    draw = np.random.default_rng(0)
    frame = pd.DataFrame({"y": draw.normal(size=200), "kind": draw.choice(["a", "b", "c"], 200)})
    frame.loc[::9, "y"] = np.nan
    return frame, (frame["kind"] == "b").to_numpy() + 0.5 * frame["y"].fillna(0).to_numpy()


def test_a_frame_of_words_and_gaps_is_read_as_columns() -> None:
    frame, target = mixed_frame()
    fitted = NeuralRegressor(settings=QUICK).fit(frame, target)
    assert fitted.feature_names_in_.tolist() == ["y", "kind"]
    assert fitted.learner_.preprocessing.features == ("y", "y is missing", "kind=a", "kind=b", "kind=c")
    assert fitted.score(frame, target) > 0.98
    with pytest.raises(ValueError, match="Feature names unseen at fit time:\n- sort"):
        fitted.predict(frame.rename(columns={"kind": "sort"}))


def test_polars_frames_are_taken() -> None:
    polars = pytest.importorskip("polars")
    frame, target = mixed_frame()
    fitted = NeuralRegressor(settings=QUICK).fit(polars.from_pandas(frame), target)
    np.testing.assert_allclose(fitted.predict(polars.from_pandas(frame)), fitted.predict(frame))
    numbers = polars.DataFrame({f"c{place}": IRIS[:, place] for place in range(4)})
    assert NeuralClassifier(settings=QUICK).fit(numbers, SPECIES).feature_names_in_.tolist() == ["c0", "c1", "c2", "c3"]


def test_pipelines_hand_frames_over() -> None:
    frame, target = mixed_frame()
    columns = make_column_transformer((OneHotEncoder(sparse_output=False), ["kind"]), remainder="passthrough")
    pipeline = make_pipeline(columns, NeuralRegressor(settings=QUICK)).set_output(transform="pandas")
    pipeline.fit(frame, target)
    assert pipeline[-1].feature_names_in_.tolist()[-1] == "remainder__y"
    assert pipeline.score(frame, target) > 0.95


def test_a_grid_is_searched() -> None:
    grid = {"settings": [{"model.hidden": [4]}, {"model.hidden": [8]}], "class_weight": [None, "balanced"]}
    found = GridSearchCV(NeuralClassifier(), grid, cv=2).fit(IRIS, SPECIES)
    assert found.best_score_ > 0.9
    assert len(found.cv_results_["params"]) == 4


def test_a_pickle_holds_files_and_nothing_of_torch(tmp_path: Any) -> None:
    fitted = NeuralClassifier(settings=QUICK).fit(IRIS, SPECIES)
    named = {str(given) for _, given, _ in pickletools.genops(pickle.dumps(fitted)) if isinstance(given, str)}
    assert not any(name.split(".")[0] == "torch" for name in named)
    joblib.dump(fitted, tmp_path / "it.joblib")
    np.testing.assert_array_equal(joblib.load(tmp_path / "it.joblib").predict_proba(IRIS), fitted.predict_proba(IRIS))
    forest = NeuralClassifier("random-forest", settings={"model.trees": 3}).fit(IRIS, SPECIES)
    again: Any = joblib.load(io.BytesIO(_dumped(forest)))
    np.testing.assert_array_equal(again.predict_proba(IRIS), forest.predict_proba(IRIS))


def _dumped(fitted: Any) -> bytes:
    file = io.BytesIO()
    joblib.dump(fitted, file)
    return file.getvalue()


def test_the_learner_behind_predicts_by_name(tmp_path: Any) -> None:
    frame = pd.DataFrame(IRIS, columns=["a", "b", "c", "d"])
    fitted = NeuralClassifier(settings=QUICK).fit(frame, NAMES[SPECIES])
    loaded = glia.Learner.load(fitted.learner_.save(tmp_path))
    assert loaded.predict(frame).values.tolist() == fitted.predict(frame).tolist()
    assert next(loaded.model.parameters()).dtype == torch.float64


def test_the_seed_decides() -> None:
    def learned(random_state: Any) -> NDArray[Any]:
        fitted = NeuralClassifier(settings=QUICK, random_state=random_state).fit(IRIS, SPECIES)
        return np.asarray(fitted.predict_proba(IRIS))

    assert (learned(1) == learned(np.int64(1))).all()
    assert (learned(1) != learned(2)).any()
    state = np.random.RandomState(5)
    assert (learned(state) != learned(state)).any()


@pytest.mark.parametrize("label", [True, 1.0, "a"])
def test_labels_come_back_as_they_were_given(label: Any) -> None:
    labels = np.array([label, type(label)()] * 20)
    fitted = NeuralClassifier(settings=QUICK).fit(np.arange(40)[:, None] % 2, labels)
    assert fitted.predict(np.arange(4)[:, None] % 2).tolist() == labels[:4].tolist()
    assert fitted.classes_.dtype == labels.dtype


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"model": "mpl"}, "Unknown model 'mpl'. Did you mean 'mlp'"),
        ({"settings": {"train.seed": 3}}, "'train.seed', which the parameter random_state says"),
        ({"settings": {"train.lerning_rate": 3}}, "Did you mean 'learning_rate'"),
        ({"validation_fraction": 1.5, "epochs": 1}, "validation_fraction=1.5 is not a share"),
        ({"class_weight": {"rose": 2}}, "'rose' is no class"),
    ],
)
def test_parameters_that_do_not_fit_are_refused_by_fit(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        NeuralClassifier(**options).fit(IRIS, NAMES[SPECIES])


def test_one_class_is_refused() -> None:
    with pytest.raises(DataError, match="one class, 1, in all samples that count"):
        NeuralClassifier().fit(IRIS, SPECIES % 2, sample_weight=SPECIES % 2)
