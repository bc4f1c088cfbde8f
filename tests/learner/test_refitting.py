"""Training again on the samples for validation, too."""

import numpy as np
import pytest

import glia
from glia import recipe as recipes
from glia.learner import Learner


def learner(model: object = None, **train: object) -> Learner:
    return Learner(recipes.from_dict({"model": model or {"name": "mlp", "hidden": [8]}, "train": train}))


def test_the_second_network_is_the_one_that_all_samples_give() -> None:
    again = learner(refit=True, epochs=6, keep="last").fit("iris")
    rows = np.sort(np.concatenate([again.division.train, again.division.validation]))
    whole = np.setdiff1d(np.arange(150), again.division.test)
    assert rows.tolist() == whole.tolist()
    once = learner(refit=False, epochs=6, keep="last").fit("iris")
    assert again.evaluate("iris") != once.evaluate("iris")


def test_what_is_told_of_validation_is_of_the_network_that_had_not_seen_it() -> None:
    run = glia.train("iris", model="mlp", epochs=6, settings={"train.refit": True, "train.keep": "last"})
    once = glia.train("iris", model="mlp", epochs=6, settings={"train.keep": "last"})
    assert run.summary == once.summary
    first, second = (each.metrics("validation/loss")["value"].tolist() for each in (run, once))
    assert first == second
    assert any("Trained again on all" in line for line in run.warnings)


def test_without_epochs_it_takes_as_many_as_were_best() -> None:
    fitted = learner(refit=True, learning_rate=0.05, early_stopping=3).fit("iris")
    assert fitted.fitted.best_epoch < fitted.fitted.epoch
    assert fitted.evaluate("iris")["accuracy"] > 0.9


@pytest.mark.parametrize(
    ("train", "expected"),
    [({}, (True, 100, "last")), ({"epochs": 3}, (False, 3, "best")), ({"refit": False}, (False, "auto", "best"))],
)
def test_a_family_that_knows_what_suits_few_samples_says_so_in_the_recipe(train: dict, expected: tuple) -> None:
    prepared = learner({"name": "tabm", "members": 2, "width": 4}, **train).prepare(glia.dataset("iris"))
    settings = prepared.recipe.train
    assert (settings.refit, settings.epochs, settings.keep) == expected


def test_other_families_are_trained_once() -> None:
    assert learner().prepare(glia.dataset("iris")).recipe.train.refit is False
