"""Estimators of scikit-learn by name, and the baseline, through the front door of a learner."""

import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.svm import SVC

from glia import recipe as recipes
from glia.errors import ConfigError, DataError
from glia.learner import Learner


def learner(model: dict[str, object], **task: object) -> Learner:
    return Learner(recipes.from_dict({"model": model, "task": task}))


def fitted(model: dict[str, object], data: str = "iris") -> Learner:
    return learner(model).fit(data)


def test_an_estimator_learns_what_it_learns_by_itself(tmp_path) -> None:
    found = fitted({"name": "sklearn.svm:SVC", "C": 3.0})
    rows = found.division.train
    inputs = found.preprocessing.encode(found.dataset[rows]).numpy().astype(np.float64)
    alone = SVC(C=3.0).fit(inputs, load_iris().target[rows])
    everything = found.preprocessing.encode(found.dataset).numpy().astype(np.float64)
    labels = np.array(["setosa", "versicolor", "virginica"])
    predicted = found.predict(found.dataset)
    assert predicted.values.tolist() == labels[alone.predict(everything)].tolist()
    assert predicted.probabilities.max(1) == pytest.approx(1.0)  # it has no probabilities to give
    again = Learner.load(found.save(tmp_path))
    assert again.predict(found.dataset).values.tolist() == predicted.values.tolist()


def test_one_with_probabilities_and_a_seed_gives_them_again() -> None:
    model = {"name": "sklearn.ensemble:ExtraTreesClassifier", "n_estimators": 5}
    one, other = (fitted(model).predict([[5.9, 3.0, 4.8, 1.7]]).probabilities for _ in range(2))
    assert one.tolist() == other.tolist()


def test_a_regressor_gives_the_users_units() -> None:
    found = fitted({"name": "sklearn.neighbors:KNeighborsRegressor", "n_neighbors": 3}, "diabetes")
    assert 80 < found.predict(found.dataset).values.mean() < 220


@pytest.mark.parametrize(
    ("model", "message"),
    [
        ({"name": "sklearn.svm:SVR"}, "'sklearn.svm:SVR' predicts numbers, and the target has classes"),
        ({"name": "sklearn.svm:SVC", "c": 1.0}, r"cannot be made of the options of \[model\]: .*'c'"),
        ({"name": "sklearn.svm:SVCX"}, "no class 'SVCX'. Did you mean 'SVC'"),
    ],
)
def test_what_does_not_fit_is_refused_before_training(model: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        fitted(model)
    with pytest.raises(ConfigError, match="predicts classes, and the target is a number"):
        fitted({"name": "sklearn.svm:SVC"}, "diabetes")


def test_an_option_of_a_wrong_value_is_told_in_its_own_words() -> None:
    with pytest.raises(DataError, match=r"SVC' cannot learn from these samples: .*'C' parameter"):
        fitted({"name": "sklearn.svm:SVC", "C": -1.0})


def test_class_weights_that_it_cannot_take_are_said() -> None:
    with pytest.raises(DataError, match=r"KNeighborsClassifier.* cannot learn .*sample_weight"):
        learner({"name": "sklearn.neighbors:KNeighborsClassifier"}, class_weight="balanced").fit("iris")


def test_the_baseline_knows_shares_and_mean_alone(tmp_path) -> None:
    found = fitted({"name": "baseline"})
    shares = np.bincount(load_iris().target[found.division.train]) / len(found.division.train)
    again = Learner.load(found.save(tmp_path))
    assert again.predict([[1.0, 2.0, 3.0, 4.0]]).probabilities[0] == pytest.approx(shares)
    number = fitted({"name": "baseline"}, "diabetes")
    mean = number.dataset.targets()[number.division.train].mean()
    assert number.predict(number.dataset).values == pytest.approx(mean)
