from typing import Any

import numpy as np
import pytest
import torch
from scipy.special import expit, rel_entr, softmax
from torch import nn

from glia.errors import ConfigError
from glia.recipe import TaskRecipe
from glia.tasks import fit_task, task_from_dict
from glia.tasks.losses import CLASS_LOSSES, NUMBER_LOSSES
from glia.tasks.task import Task

N, K = 40, 4
DRAW = torch.Generator().manual_seed(0)
OUTPUTS = torch.randn(N, K, generator=DRAW, dtype=torch.float64) * 2
CLASSES = torch.arange(N) % K
HOT = nn.functional.one_hot(CLASSES, K).double()
NUMBERS = torch.randn(N, generator=DRAW, dtype=torch.float64)


def classification(**recipe: Any) -> Task:
    return fit_task(TaskRecipe(**recipe), np.array(list("abcd") * 5))


def regression(**recipe: Any) -> Task:
    return fit_task(TaskRecipe(**recipe), np.linspace(-1, 1, 50) ** 3)


REFERENCES = [
    ("cross-entropy", lambda: nn.CrossEntropyLoss()(OUTPUTS, CLASSES)),
    (
        {"name": "cross-entropy", "label_smoothing": 0.2},
        lambda: nn.CrossEntropyLoss(label_smoothing=0.2)(OUTPUTS, CLASSES),
    ),
    ("nll", lambda: nn.NLLLoss()(OUTPUTS.log_softmax(1), CLASSES)),
    ("kl_divergence", lambda: nn.KLDivLoss(reduction="batchmean")(OUTPUTS.log_softmax(1), HOT)),
    (
        {"name": "kl-divergence", "label_smoothing": 0.2},
        lambda: rel_entr((HOT * 0.8 + 0.05).numpy(), softmax(OUTPUTS.numpy(), 1)).sum(1).mean(),
    ),
    ("binary-cross-entropy", lambda: nn.BCELoss()(OUTPUTS.sigmoid(), HOT)),
    ("soft-margin", lambda: nn.SoftMarginLoss()(OUTPUTS, 2 * HOT - 1)),
    ("cosine-embedding", lambda: nn.CosineEmbeddingLoss()(OUTPUTS, HOT, torch.ones(N))),
    ("squared-error", lambda: ((OUTPUTS - HOT) ** 2).sum() / 2 / N),
    ("mse", lambda: nn.MSELoss()(OUTPUTS, HOT)),
    ("l1", lambda: nn.L1Loss()(OUTPUTS, HOT)),
    ("perceptron", lambda: (OUTPUTS.max(1).values - (OUTPUTS * HOT).sum(1)).mean()),
]


@pytest.mark.parametrize(("given", "reference"), REFERENCES, ids=[str(given) for given, _ in REFERENCES])
def test_losses_over_classes_are_those_of_torch_and_scipy(given: Any, reference: Any) -> None:
    assert classification(loss=given).loss(OUTPUTS, CLASSES).item() == pytest.approx(float(reference()), rel=1e-9)


def test_each_loss_has_a_reference_here() -> None:
    names = {str(given if isinstance(given, str) else given["name"]).replace("_", "-") for given, _ in REFERENCES}
    assert names == set(CLASS_LOSSES)


@pytest.mark.parametrize("name", CLASS_LOSSES)
def test_class_weights_weigh_the_samples(name: str) -> None:
    """A class that weighs three is as good as its samples given three times."""
    weighed = classification(loss=name, class_weight={"a": 3.0})
    thrice = torch.cat([torch.arange(N), *[torch.arange(N)[CLASSES == 0]] * 2])
    expected = classification(loss=name).loss(OUTPUTS[thrice], CLASSES[thrice])
    torch.testing.assert_close(weighed.loss(OUTPUTS, CLASSES), expected)


@pytest.mark.parametrize("name", CLASS_LOSSES)
def test_probabilities_sum_to_one_and_the_likeliest_is_the_greatest_output(name: str) -> None:
    task = classification(loss=name)
    prediction = task.decode(OUTPUTS.float())
    assert prediction.probabilities is not None
    np.testing.assert_allclose(prediction.probabilities.sum(1), 1, rtol=1e-6)
    assert prediction.probabilities.min() >= 0
    positive = (OUTPUTS > 0).any(1).numpy()
    np.testing.assert_array_equal(prediction.probabilities.argmax(1)[positive], OUTPUTS.argmax(1).numpy()[positive])


def test_answers_to_one_question_a_class_are_scaled_to_probabilities() -> None:
    found = classification(loss="binary-cross-entropy").decode(OUTPUTS).probabilities
    answers = expit(OUTPUTS.numpy())
    np.testing.assert_allclose(found, answers / answers.sum(1, keepdims=True))


def test_the_log_loss_is_that_of_the_probabilities() -> None:
    task = classification(loss="soft-margin")
    probabilities = task.decode(OUTPUTS).probabilities
    assert probabilities is not None
    expected = -np.log(probabilities[np.arange(N), CLASSES.numpy()]).mean()
    assert task.metrics(OUTPUTS, CLASSES)["log-loss"] == pytest.approx(expected)


NUMBER_REFERENCES = [
    ("mse", lambda: nn.MSELoss()(OUTPUTS[:, 0], NUMBERS)),
    ("mae", lambda: nn.L1Loss()(OUTPUTS[:, 0], NUMBERS)),
    ("l1", lambda: nn.L1Loss()(OUTPUTS[:, 0], NUMBERS)),
    ("huber", lambda: nn.HuberLoss()(OUTPUTS[:, 0], NUMBERS)),
    ({"name": "huber", "delta": 0.3}, lambda: nn.HuberLoss(delta=0.3)(OUTPUTS[:, 0], NUMBERS)),
    ("squared-error", lambda: ((OUTPUTS[:, 0] - NUMBERS) ** 2).mean() / 2),
]


@pytest.mark.parametrize(("given", "reference"), NUMBER_REFERENCES, ids=[str(given) for given, _ in NUMBER_REFERENCES])
def test_losses_of_numbers_are_those_of_torch(given: Any, reference: Any) -> None:
    assert regression(loss=given).loss(OUTPUTS[:, :1], NUMBERS).item() == pytest.approx(float(reference()))
    assert {name if isinstance(name, str) else name["name"] for name, _ in NUMBER_REFERENCES} == set(NUMBER_LOSSES)


def test_options_of_auto_count_where_the_usual_loss_has_them() -> None:
    usual = {"name": "auto", "label_smoothing": 0.1}
    assert classification(loss=usual).loss_name == "cross-entropy"
    assert float(classification(loss=usual).loss(OUTPUTS, CLASSES)) == pytest.approx(
        float(nn.CrossEntropyLoss(label_smoothing=0.1)(OUTPUTS, CLASSES))
    )
    assert float(regression(loss=usual).loss(NUMBERS[:, None], NUMBERS)) == 0
    with pytest.raises(ConfigError, match="has no option 'smoothing'"):
        regression(loss={"name": "auto", "smoothing": 0.1})


def test_a_loss_and_its_options_travel_with_the_task() -> None:
    task = classification(loss={"name": "cross-entropy", "label_smoothing": 0.1})
    again = task_from_dict(task.to_dict())
    assert again.loss(OUTPUTS, CLASSES) == task.loss(OUTPUTS, CLASSES) != classification().loss(OUTPUTS, CLASSES)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("cross-entrpy", "Unknown classification loss 'cross-entrpy'. Did you mean 'cross-entropy'?"),
        ({"name": "mse", "label_smoothing": 0.1}, "Classification loss 'mse' has no option 'label_smoothing'."),
        ({"name": "cross-entropy", "label_smoothing": 2}, "label_smoothing must be from 0 to 1, not 2"),
    ],
    ids=str,
)
def test_what_cannot_be_used_is_refused(given: Any, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        classification(loss=given)
    assert message in str(caught.value)
