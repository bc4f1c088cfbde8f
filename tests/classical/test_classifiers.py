"""Classifiers against scikit-learn used directly, and by hand."""

from typing import Any

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits, load_iris, load_wine
from sklearn.naive_bayes import CategoricalNB, GaussianNB, MultinomialNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.preprocessing import StandardScaler

from glia.classical.bins import Bins
from glia.classical.choosing import chosen, folds
from glia.classical.model import SMALLEST
from glia.classical.outputs import coupled, words
from glia.errors import ConfigError, DataError
from glia.models.building import build
from glia.models.samples import Column
from tests.classical.test_trees import learned, samples


def scaled(load: Any) -> tuple[Any, Any]:
    x, y = load(return_X_y=True)
    return StandardScaler().fit_transform(x), y


def test_naive_bayes_is_scikit_learns_for_each_kind_of_column() -> None:
    x, y = scaled(load_wine)
    for weights in (None, torch.arange(1, 179).double()):
        ours = learned("naive-bayes", samples(x, y, weights=weights), outputs=3)
        theirs = GaussianNB().fit(x, y, sample_weight=weights)
        np.testing.assert_allclose(ours(torch.tensor(x)), np.log(theirs.predict_proba(x).clip(SMALLEST)), atol=1e-4)
    codes = np.random.default_rng(0).integers(0, 3, (178, 2))
    features = np.eye(3)[codes].reshape(178, 6)
    columns = (Column("a", "categories", 0, 3), Column("b", "categories", 3, 3))
    ours = learned("naive-bayes", samples(features, y, columns=columns), outputs=3, smoothing=0.5)
    # Ours has one value more in each column, for what was never seen.
    theirs = CategoricalNB(alpha=0.5, min_categories=4).fit(codes, y)
    np.testing.assert_allclose(ours(torch.tensor(features)).exp(), theirs.predict_proba(codes), atol=1e-9)
    counted, digit = load_digits(return_X_y=True)
    mean, deviation = counted.mean(0), counted.std(0) + 1
    columns = tuple(Column(str(at), "numbers", at, mean=mean[at], deviation=deviation[at]) for at in range(64))
    features = (counted - mean) / deviation
    ours = learned("naive-bayes", samples(features, digit, columns=columns), outputs=10, numbers="counts")
    expected = MultinomialNB().fit(counted, digit).predict_proba(counted)
    np.testing.assert_allclose(ours(torch.tensor(features)).exp(), expected, atol=1e-9)


def test_naive_bayes_adds_logarithms_of_numbers_and_categories() -> None:
    x, y = scaled(load_iris)
    category = np.eye(2)[(x[:, 0] > 0).astype(int)]
    columns = (*(Column(str(at), "numbers", at) for at in range(4)), Column("c", "categories", 4, 2))
    both = learned("naive-bayes", samples(np.hstack([x, category]), y, columns=columns), outputs=3)
    numbers = learned("naive-bayes", samples(x, y), outputs=3)
    alone = learned("naive-bayes", samples(category, y, columns=(Column("c", "categories", 0, 2),)), outputs=3)
    product = numbers(torch.tensor(x)).exp() * alone(torch.tensor(category)).exp()  # the classes are equally many
    expected = product / product.sum(1, keepdim=True)
    torch.testing.assert_close(both(torch.tensor(np.hstack([x, category]))).exp(), expected, atol=1e-9, rtol=1e-6)


def test_counts_are_not_negative() -> None:
    with pytest.raises(DataError, match=r"numbers='counts' is for counts, and there are numbers down to -1"):
        learned("naive-bayes", samples([[-1.0], [1.0]], [0, 1]), outputs=2, numbers="counts")


def test_bins_hold_as_many_samples_each_and_few_values_are_bins() -> None:
    x = np.stack([np.arange(100.0) ** 2, np.arange(100) % 3], axis=1)
    bins = Bins([[0, 1], [1, 1]], [], 5).fit(x)
    codes = bins.codes(x)
    assert np.bincount(codes[:, 0]).tolist() == [20, 20, 20, 20, 20]
    assert codes[:, 1].tolist() == (np.arange(100) % 3).tolist()
    assert bins.sizes_.tolist() == [5, 3]


@pytest.mark.parametrize(("votes", "theirs"), [("equal", "uniform"), ("distance", "distance")])
def test_neighbours_are_scikit_learns(votes: str, theirs: str) -> None:
    x, y = scaled(load_wine)
    ours = learned("nearest-neighbours", samples(x[::2], y[::2]), outputs=3, neighbours=7, votes=votes)
    expected = KNeighborsClassifier(7, weights=theirs).fit(x[::2], y[::2]).predict_proba(x[1::2])
    np.testing.assert_allclose(ours(torch.tensor(x[1::2])).exp(), expected, atol=1e-9)
    more = learned("nearest-neighbours", samples(x[:4], y[:4]), outputs=3, neighbours=99)
    np.testing.assert_allclose(more(torch.tensor(x)).exp()[:, 0], 1)  # asked for more than there are: all


def test_the_number_of_neighbours_is_chosen_on_folds() -> None:
    generator = np.random.default_rng(0)
    x = generator.random((300, 2))
    chessboard = (x * 6).astype(int).sum(1) % 2
    noisy = (x[:, 0] > 0.5) ^ (generator.random(300) < 0.3)
    near = learned("nearest-neighbours", samples(x, chessboard), outputs=2).estimator.neighbours
    far = learned("nearest-neighbours", samples(x, noisy.astype(int)), outputs=2).estimator.neighbours
    assert near <= 5 < 17 <= far


def test_folds_are_even_within_each_class() -> None:
    y = np.array([0] * 23 + [1] * 7)
    dealt = folds(y, classifies=True, seed=1)
    assert sorted(np.bincount(dealt[y == 0])) == [4, 4, 5, 5, 5]
    assert sorted(np.bincount(dealt[y == 1])) == [1, 1, 1, 2, 2]
    assert (dealt != folds(y, classifies=True, seed=2)).any()


def test_the_simplest_within_a_standard_error_may_be_chosen() -> None:
    errors = np.random.default_rng(0).random((100, 1)) + np.array([[0.5, 0.01, 0.0]])

    def judge(learned: Any, judged: Any) -> Any:
        return errors[judged]

    one = np.ones(100)
    assert chosen(judge, one, one, classifies=False, seed=0) == 2
    assert chosen(judge, one, one, classifies=False, seed=0, simplest=True) == 1


def test_words_differ_in_as_many_places_as_can_be() -> None:
    for classes in (3, 5, 7):  # exhaustive: any two words differ in 2^(K-2) places
        digits = words(classes, "binary-digits", 0)
        apart = (digits[:, None] != digits).sum(2)[np.triu_indices(classes, 1)]
        assert digits.shape == (classes, 2 ** (classes - 1) - 1)
        assert set(apart) == {2 ** (classes - 2)}
    many = words(26, "binary-digits", 0)
    assert (many[:, None] != many).sum(2)[np.triu_indices(26, 1)].min() >= 12  # five digits may be wrong
    assert (many == words(26, "binary-digits", 0)).all()


def test_classes_are_found_from_answers_even_if_some_are_wrong() -> None:
    generator = np.random.default_rng(0)
    true = generator.dirichlet(np.ones(6), 50)
    digits = words(6, "binary-digits", 0)
    np.testing.assert_allclose(coupled(true @ digits, digits), true, atol=0.03)  # consistent answers
    answers = np.where(digits, 0.95, 0.05)
    for wrong in range(7):  # words differ in 16 places: seven may be wrong
        answers[:, wrong] = 1 - answers[:, wrong]
    assert coupled(answers, digits).argmax(1).tolist() == list(range(6))


@pytest.mark.parametrize("name", ["logistic-regression", "naive-bayes", "nb-tree"])
def test_what_is_for_classes_refuses_a_number(name: str) -> None:
    with pytest.raises(ConfigError, match=f"{name} is for classes, and the target is a number"):
        build(name, {}, inputs=(2,), outputs=1, seed=0)


def test_nb_tree_divides_where_naive_bayes_alone_cannot_tell() -> None:
    x = np.random.default_rng(0).integers(0, 2, (400, 3)).astype(float)
    exclusive = (x[:, 0] != x[:, 1]).astype(int)
    model = learned("nb-tree", samples(x, exclusive), outputs=2)
    assert (model(torch.tensor(x)).argmax(1).numpy() == exclusive).all()
    alone = learned("naive-bayes", samples(x, exclusive), outputs=2, numbers="bins")
    assert (alone(torch.tensor(x)).argmax(1).numpy() == exclusive).mean() < 0.7
    (told,) = model.told()
    assert told.title == "Tree of 3 nodes, each with its naive Bayes"
    few = learned("nb-tree", samples(x[:29], exclusive[:29]), outputs=2)  # fewer than thirty are not divided
    assert few.told()[0].title.startswith("Tree of 1 nodes")
