"""Several networks from other first weights: their average, the best, and what is recorded of each."""

import numpy as np
import pytest
import torch

import glia
from glia import recipe as recipes
from glia.errors import ConfigError
from glia.learner import Learner
from glia.models.averaged import Averaged
from glia.training.events import Event, FitDone, Warned
from glia.training.loop import Control
from glia.training.several import OfMember


def learner(**train: object) -> Learner:
    return Learner(recipes.from_dict({"model": {"name": "mlp", "hidden": [8]}, "train": {"epochs": 4, **train}}))


def test_the_average_is_that_of_the_networks_trained_one_by_one() -> None:
    together = learner(members=3, seed=5, precision="double").fit("iris")
    alone = [learner(seed=seed, precision="double").fit("iris") for seed in (5, 6, 7)]
    samples = np.random.default_rng(0).normal(3, 2, (20, 4))
    mean = np.mean([each.predict(samples).probabilities for each in alone], axis=0)
    assert isinstance(together.model, Averaged)
    assert together.predict(samples).probabilities == pytest.approx(mean, abs=1e-9)


def test_numbers_are_averaged_as_numbers() -> None:
    together = learner(members=2, precision="double").fit("diabetes")
    alone = [learner(seed=seed, precision="double").fit("diabetes") for seed in (0, 1)]
    samples = np.random.default_rng(0).normal(0, 0.05, (5, 10))
    mean = np.mean([each.predict(samples).values for each in alone], axis=0)
    assert together.predict(samples).values == pytest.approx(mean, rel=1e-9)


def test_the_best_is_the_one_with_the_least_validation_loss(tmp_path) -> None:
    best = learner(members=4, members_keep="best", precision="double").fit("iris")
    losses = []
    for seed in range(4):
        alone = learner(seed=seed, precision="double").fit("iris")
        losses.append(alone.evaluate("iris", rows=alone.division.validation)["loss"])
    kept = best.evaluate("iris", rows=best.division.validation)["loss"]
    assert kept == pytest.approx(min(losses), rel=1e-9)
    assert not isinstance(best.model, Averaged)
    assert Learner.load(best.save(tmp_path)).evaluate("iris") == best.evaluate("iris")


def test_the_average_is_saved_and_loaded(tmp_path) -> None:
    fitted = learner(members=3).fit("iris")
    assert Learner.load(fitted.save(tmp_path)).evaluate("iris") == fitted.evaluate("iris")


def test_networks_trained_in_turn_share_the_budget() -> None:
    told: list[Event] = []
    fitted = learner(members=2, epochs=100_000).prepare(glia.dataset("iris"))
    fitted.train(listen=told.append, control=Control(budget_seconds=0.5))
    ends = {event.member: event.event.epoch for event in told if isinstance(event, OfMember) if _ends(event.event)}
    assert fitted.fitted.reason == "budget"
    assert min(ends.values()) > 0.2 * max(ends.values()), ends
    assert min(ends.values()) > 10


@pytest.mark.parametrize(
    ("epochs", "asks", "said"),
    [
        (6, 7, "1 of 2 networks had at most 2 of 6 epochs when training ended: they are left out of what is kept."),
        (100, 20, "1 of 2 networks had not begun when training ended: they are left out of what is kept."),
    ],
)
def test_networks_that_hardly_began_are_left_out(epochs: int, asks: int, said: str) -> None:
    told: list[Event] = []
    asked = 0

    def stops() -> bool:
        nonlocal asked
        asked += 1
        return asked > asks

    fitted = learner(members=2, epochs=epochs).prepare(glia.dataset("iris"))
    fitted.train(listen=told.append, control=Control(should_stop=stops))
    assert said in [event.message for event in told if isinstance(event, Warned)]
    assert fitted.recipe.train.members == 1


def _ends(event: Event) -> bool:
    return isinstance(event, FitDone)


def test_a_run_tells_of_each_network_and_sums_up_the_average() -> None:
    run = glia.train("iris", model="mlp", epochs=3, settings={"train.members": 2})
    accuracy = run.learner.evaluate("iris", rows=_validation(run))["accuracy"]
    assert run.summary["validation/accuracy"] == accuracy
    assert len(run.metrics("member-1/validation/loss")) == 3
    assert len(run.metrics("member-2/train/epoch")) == 3
    assert run.metrics("validation/accuracy")["value"].tolist() == [accuracy]


def test_what_has_no_first_weights_has_no_members() -> None:
    with pytest.raises(ConfigError, match="has no first weights that others could differ from"):
        Learner(recipes.from_dict({"model": {"name": "ridge"}, "train": {"members": 2}})).fit("diabetes")


def test_hinge_losses_have_no_probabilities_to_average() -> None:
    recipe = recipes.from_dict({"model": {"name": "mlp"}, "train": {"members": 2}, "task": {"loss": "soft-margin"}})
    with pytest.raises(ConfigError, match="gives log-probabilities"):
        Learner(recipe).fit("iris")


@pytest.mark.mirror
def test_five_networks_err_less_together_than_one_by_one() -> None:
    """Hansen & Salamon 1990: on 5,000 digits the error of the average is at most 0.9 of a network's."""
    whole = glia.dataset("mnist")
    drawn = np.random.default_rng(0).permutation(np.flatnonzero(whole.official == "train"))[:5000]
    test = np.flatnonzero(whole.official == "test")
    data = whole[np.concatenate([drawn, test])]
    train = {"epochs": 30, "members": 5, "learning_rate": 5e-3}
    together = Learner(recipes.from_dict({"model": {"name": "mlp", "hidden": [32, 32]}, "train": train})).fit(data)
    outputs, targets = together.outputs(whole, rows=test)
    error = float((outputs.argmax(1) != targets).float().mean())
    assert isinstance(together.model, Averaged)
    samples = together.finish(together.preprocessing.encode(whole[test]))
    with torch.no_grad():
        each = [float((network(samples).argmax(1) != targets).float().mean()) for network in together.model.networks]
    assert error <= 0.9 * np.mean(each)


def _validation(run: glia.Run) -> np.ndarray:
    return Learner(run.learner.recipe).prepare(glia.dataset("iris")).division.validation
