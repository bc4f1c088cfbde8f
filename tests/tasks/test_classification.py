import numpy as np
import pytest
import torch
from sklearn import metrics
from torch.nn.functional import cross_entropy

from glia.errors import ConfigError, DataError
from glia.recipe import TaskRecipe
from glia.tasks.classification import SHOWN_CLASSES, Classification, confusion


def fitted(values=("a", "b", "c", "d"), **recipe):
    return Classification.fit(TaskRecipe(**recipe), np.array(values), "kind")


def drawn(task, count, present=None, scale=2.0, seed=0):
    random = torch.Generator().manual_seed(seed)
    outputs = torch.randn(count, task.outputs, generator=random) * scale
    classes = torch.tensor(present if present is not None else range(task.outputs))
    return outputs, classes[torch.randint(len(classes), (count,), generator=random)]


@pytest.mark.parametrize("present", [None, [0, 2], [3]], ids=str)
@pytest.mark.parametrize("count", [1, 7, 500])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_metrics_are_those_of_scikit_learn(present, count, dtype):
    task = fitted()
    outputs, targets = drawn(task, count, present)
    found = task.metrics(outputs.to(dtype), targets)
    probabilities = torch.softmax(outputs.double(), 1).numpy()
    predicted = probabilities.argmax(1)
    assert found["accuracy"] == pytest.approx(metrics.accuracy_score(targets, predicted), abs=1e-12)
    assert found["macro-f1"] == pytest.approx(metrics.f1_score(targets, predicted, average="macro"), abs=1e-12)
    assert found["log-loss"] == pytest.approx(metrics.log_loss(targets, probabilities, labels=range(4)), abs=1e-6)
    assert found["loss"] == pytest.approx(found["log-loss"], abs=1e-12)


def test_macro_f1_leaves_out_classes_neither_there_nor_predicted():
    task = fitted()
    outputs = torch.tensor([[9.0, 0, 0, 0], [0, 9.0, 0, 0], [9.0, 0, 0, 0]])
    assert task.metrics(outputs, torch.tensor([0, 1, 1]))["macro-f1"] == pytest.approx(2 / 3)


def test_two_classes_are_two_outputs():
    task = fitted(["yes", "no"])
    assert (task.outputs, task.classes) == (2, ("no", "yes"))
    outputs, targets = drawn(task, 50)
    margin = outputs[:, 1] - outputs[:, 0]
    one_output = torch.nn.functional.binary_cross_entropy_with_logits(margin, targets.float())
    torch.testing.assert_close(task.loss(outputs, targets), one_output)


def test_balanced_weights_make_classes_count_alike():
    values = ["a"] * 6 + ["b"] * 2
    task = fitted(values, class_weight="balanced")
    assert task.weights == (8 / (2 * 6), 8 / (2 * 2))
    outputs, targets = drawn(task, 30)
    each = cross_entropy(outputs, targets, reduction="none")
    weight = torch.tensor(task.weights)[targets]
    torch.testing.assert_close(task.loss(outputs, targets), (each * weight).sum() / weight.sum())
    assert task.metrics(outputs, targets)["log-loss"] == pytest.approx(each.mean().item(), abs=1e-6)


def test_weights_may_be_given_by_label():
    assert fitted([1, 2, 3], class_weight={"2": 5.0}).weights == (1.0, 5.0, 1.0)


def test_weights_first_used_in_evaluation_serve_training_too():
    task = fitted(class_weight={"a": 2.125})
    outputs, targets = drawn(task, 5)
    with torch.inference_mode():
        task.loss(outputs, targets)
    outputs.requires_grad_()
    task.loss(outputs, targets).backward()
    assert outputs.grad.any()


def test_mixed_precision_outputs_are_read():
    task = fitted()
    outputs, targets = drawn(task, 20)
    assert task.loss(outputs.bfloat16(), targets).isfinite()
    assert task.metrics(outputs.bfloat16(), targets)["loss"] == pytest.approx(
        task.metrics(outputs, targets)["loss"], rel=0.02
    )


def test_labels_come_back():
    task = fitted([10, 20, 30])
    outputs = torch.tensor([[0.0, 3.0, 0.0], [2.0, 1.0, 0.0]])
    found = task.decode(outputs)
    assert found.values.tolist() == [20, 10]
    assert found.classes == (10, 20, 30)
    np.testing.assert_allclose(found.probabilities, torch.softmax(outputs.double(), 1).numpy())
    assert len(found) == 2


def test_labels_are_found_in_other_kinds_of_arrays():
    task = fitted([1.0, 2.0, 3.0])
    assert task.encode(np.array([3, 1])).tolist() == [2, 0]
    assert task.encode(np.array([3.0, 1.0], dtype=np.float32)).tolist() == [2, 0]
    text = fitted(["1", "2"])
    assert text.encode(np.array([2, 1])).tolist() == [1, 0]
    assert text.encode(np.array(["2", "1"], dtype=object)).tolist() == [1, 0]
    assert text.encode(np.array([], dtype=str)).tolist() == []


def test_unknown_labels_are_named():
    task = fitted(["setosa", "virginica"])
    values = np.array(["setosa", "setsoa", "virginica", "setsoa"])
    assert task.known(values).tolist() == [True, False, True, False]
    message = r"Column 'kind' has labels .* not in the training data.*: 'setsoa' \(2\)\. .* Did you mean 'setosa'\?"
    with pytest.raises(DataError, match=message):
        task.encode(values)
    with pytest.raises(DataError, match=r"'a' \(1\), 'b' \(1\), 'c' \(1\), 'd' \(1\), 'e' \(1\), …\."):
        task.encode(np.array(list("abcdefg")))
    with pytest.raises(DataError, match=r"1\.5 \(1\).* There are: 1, 2\."):
        fitted([1, 2]).encode(np.array([1.5, 2.0]))


def test_outputs_of_another_width_are_refused_with_both_shapes():
    task = fitted()
    message = (
        r"outputs of shape \(3, 2\) for 3 samples; classification of 'kind' reads \(3, 4\)\. Make its last layer 4 wide"
    )
    with pytest.raises(ConfigError, match=message):
        task.loss(torch.zeros(3, 2), torch.tensor([0, 1, 2]))


def test_the_confusion_matrix_is_that_of_scikit_learn():
    task = fitted()
    outputs, targets = drawn(task, 200, [0, 1, 3])
    picture = task.pictures(outputs, targets)["confusion-matrix"]
    expected = metrics.confusion_matrix(targets, outputs.argmax(1), labels=range(4))
    np.testing.assert_array_equal(picture.values, expected)
    assert picture.rows == picture.columns == ("a", "b", "c", "d")
    assert (picture.y, picture.x) == ("true kind", "predicted kind")


def test_of_very_many_classes_those_confused_most_are_drawn():
    task = fitted([f"{number:03}" for number in range(200)])
    targets = torch.arange(200).repeat(3)
    predicted = targets.clone()
    predicted[:60] = (targets[:60] + 1) % 60  # the first sixty are mistaken for their neighbours
    predicted[200:240] = 0  # and forty of them once more, for the first
    outputs = torch.nn.functional.one_hot(predicted, 200).float()
    picture = task.pictures(outputs, targets)["confusion-matrix"]
    drawn_classes = [int(name) for name in picture.rows]
    assert len(drawn_classes) == SHOWN_CLASSES
    assert set(range(40)) <= set(drawn_classes) <= set(range(60))
    expected = metrics.confusion_matrix(targets, predicted, labels=drawn_classes)
    np.testing.assert_array_equal(picture.values, expected)
    assert picture.title == "Confusion matrix of the 50 classes confused most, of 200"


def test_counting_some_classes_leaves_out_the_others():
    true, predicted = np.array([0, 1, 2, 2, 5]), np.array([0, 2, 2, 0, 2])
    assert confusion(predicted, true, np.array([0, 2])).tolist() == [[1, 0], [1, 1]]
