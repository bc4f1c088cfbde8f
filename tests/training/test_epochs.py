"""Which epoch of a fit was the best, and what is known of it after a resumption."""

import json

from glia.training.epochs import Epochs
from glia.training.events import FitDone
from tests.training.parts import epochs_of, fitted, network, settings

LOSSES = [0.5, 0.3, 0.4, 0.3, 0.35]


def heard(losses: list[float], **given: object) -> Epochs:
    epochs = Epochs(settings(**given), 10)
    for loss in losses:
        epochs.hear({"train/loss": 1.0, "validation/loss": loss})
    return epochs


def test_of_epochs_as_good_the_first_is_the_best() -> None:
    epochs = heard(LOSSES, epochs=9)
    assert (epochs.best, epochs.kept, epochs.of_kept["validation/loss"]) == (2, 2, 0.3)
    assert epochs.end is None


def test_the_last_is_kept_where_that_is_asked_for() -> None:
    epochs = heard(LOSSES, epochs=5, keep="last")
    assert (epochs.best, epochs.kept, epochs.of_kept["validation/loss"]) == (2, 5, 0.35)
    assert epochs.end == "epochs"


def test_without_validation_the_training_loss_judges() -> None:
    epochs = Epochs(settings(), 10)
    assert [epochs.hear({"train/loss": loss}) for loss in (2.0, 1.0, 1.5)] == [True, True, False]


def test_a_checkpoint_keeps_all_that_is_known() -> None:
    before, after = heard(LOSSES, early_stopping=4, epochs=20), Epochs(settings(early_stopping=4, epochs=20), 10)
    after.restore(before.over, json.loads(json.dumps(before.state())))
    assert after.state() == before.state()
    assert after.end is None
    assert not after.hear({"train/loss": 1.0, "validation/loss": 0.31})
    assert after.end == "early stopping"


def test_before_the_first_epoch_there_is_none_to_keep() -> None:
    before = heard([])
    after = heard([])
    after.restore(0, json.loads(json.dumps(before.state())))
    assert (after.kept, after.of_kept) == (0, {})


def test_a_fit_resumed_after_its_best_epoch_tells_what_that_came_to(tmp_path) -> None:
    recipe = settings(epochs=12, learning_rate=0.3)
    whole = fitted(network(), recipe)
    done = whole[-1]
    assert isinstance(done, FitDone)
    assert done.metrics == epochs_of(whole)[done.best_epoch - 1].metrics
    steps = 13 * (done.best_epoch + 1)
    fitted(network(), recipe, checkpoints=tmp_path, stop_after=steps)
    rest = fitted(network(), recipe, checkpoints=tmp_path, resume=True)[-1]
    assert isinstance(rest, FitDone)
    assert (rest.best_epoch, rest.metrics) == (done.best_epoch, done.metrics)
