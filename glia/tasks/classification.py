"""Which of some classes a sample belongs to. Two classes are a case of many: one output each, and a softmax.

One output with a sigmoid would do for two, but it is the softmax of (output, 0): the same probabilities, for a second
way through losses, metrics and pictures.

Letters    N samples, K classes.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from typing import Any, ClassVar

import numpy as np
import torch
from jaxtyping import Float, Int
from numpy.typing import NDArray
from torch import Tensor

from glia.config import Plain, to_dict
from glia.errors import ConfigError, DataError, did_you_mean
from glia.pictures import Matrix, Picture
from glia.recipe import TaskRecipe
from glia.tasks.losses import CLASS_LOSSES, SOFTMAX_LOSSES, chosen, class_loss
from glia.tasks.rejection import threshold
from glia.tasks.task import Direction, Prediction, check_outputs, chosen_metrics
from glia.tasks.values import TEXT, are_whole, is_text, plain

Label = bool | int | float | str
MOST_FRACTIONS = 20  # different numbers with fractions that may be classes
MOST_LONELY = 1_000  # classes with less than two samples in the mean: more of them are ids, or sentences
SHOWN_CLASSES = 50  # rows of a confusion matrix that can still be read
NAMED_LABELS = 5  # in a message


@dataclass(frozen=True, kw_only=True)
class Classification:
    """From labels to class numbers and from outputs back to labels.

    Attributes:
        target: the column, for messages and pictures.
        classes: the labels, sorted; the model has an output for each, in this order.
        weights: what an error costs in each class; empty: 1 everywhere.
        loss_name: a key of `CLASS_LOSSES`.
        loss_options: of that loss, such as `label_smoothing`.
        shown: the metrics given: the loss and the recipe's selection of `MEASURES`.
        accept: the share of samples of these classes that is to be taken for one of them.
        threshold: how likely the likeliest class must be; below it a sample is none of them.

    Example:
        >>> task = Classification.fit(TaskRecipe(), np.array(["cat", "dog", "cat"]), "animal")
        >>> task.encode(np.array(["dog", "cat"]))
        tensor([1, 0])
        >>> task.decode(torch.tensor([[2.0, 0.0]])).values.tolist()
        ['cat']
    """

    name: ClassVar[str] = "classification"
    monitor: ClassVar[str] = "loss"

    target: str
    classes: tuple[Label, ...]
    weights: tuple[float, ...] = ()
    loss_name: str = "cross-entropy"
    loss_options: dict[str, float] = field(default_factory=dict)
    shown: tuple[str, ...] = ("loss",)
    accept: float = 1.0
    threshold: float = 0.0

    @classmethod
    def fit(
        cls, recipe: TaskRecipe, values: NDArray[Any], target: str, weights: NDArray[Any] | None = None
    ) -> "Classification":
        """From the labels to train on, and what each sample counts.

        Raises:
            DataError: many different numbers with fractions, or labels that are nearly all different.
            ConfigError: a loss, metric or class weight that does not fit.
        """
        labels, places = np.unique(plain(values, target), return_inverse=True)
        counts = np.bincount(places, weights)
        if labels.dtype.kind == "f" and are_whole(labels):
            labels = labels.astype(np.int64)  # 1 and 2, also where a table made 1.0 and 2.0 of them
        elif labels.dtype.kind == "f" and len(labels) > MOST_FRACTIONS:
            raise DataError(
                f"Column '{target}' has {len(labels)} different numbers with fractions, such as {labels[0]:g}: these "
                "are no classes. Use task=regression, or give labels."
            )
        if len(labels) > MOST_LONELY and len(places) < 2 * len(labels):
            raise DataError(
                f"Column '{target}' has {len(labels):,} different values in {len(places):,} rows, most of them once: "
                "there is nothing to learn of classes that have one sample. Choose another target."
            )
        classes = tuple(labels.tolist())
        losses = {name: known.options for name, known in CLASS_LOSSES.items()}
        loss_name, loss_options = chosen(f"{cls.name} loss", recipe.loss, losses)
        return cls(
            target=target,
            classes=classes,
            weights=_class_weights(recipe.class_weight, classes, counts.tolist(), target),
            loss_name=loss_name,
            loss_options=dict(loss_options),
            shown=chosen_metrics(cls.name, recipe.metrics, DIRECTIONS),
            accept=recipe.accept,
        )

    def calibrated(self, outputs: Float[Tensor, "N K"]) -> "Classification":
        """The same with a threshold that accepts the share `accept` of such samples.

        Args:
            outputs: of samples of these classes that were not trained on.

        Raises:
            DataError: too few samples to tell.
        """
        if self.accept == 1:
            return self
        likeliest = self._probabilities(outputs.detach().cpu().double()).max(1).values.numpy()
        return replace(self, threshold=threshold(likeliest, self.accept))

    @property
    def outputs(self) -> int:
        """K."""
        return len(self.classes)

    @property
    def directions(self) -> Mapping[str, Direction]:
        """Which way each metric shown is better."""
        return {name: DIRECTIONS[name] for name in self.shown}

    def known(self, values: NDArray[Any]) -> NDArray[np.bool_]:
        """(N,) whether each label is one of the classes."""
        return self._find(values)[0] >= 0

    def encode(self, values: NDArray[Any]) -> Int[Tensor, "N"]:
        """The class numbers of labels.

        Raises:
            DataError: labels that are none of the classes.
        """
        found, labels = self._find(values)
        if np.any(found < 0):
            raise DataError(self._unknown(labels[found < 0]))
        return torch.from_numpy(found)

    def loss(
        self, outputs: Float[Tensor, "N K"], targets: Int[Tensor, "N"], weights: Float[Tensor, "N"] | None = None
    ) -> Float[Tensor, ""]:
        """The mean loss over the samples; with weights of classes, of samples or both the weighted mean."""
        check_outputs(self, outputs, targets)
        of_classes = _as_tensor(self.weights, outputs.device, outputs.dtype) if self.weights else None
        return class_loss(self.loss_name, self.loss_options, outputs, targets, of_classes, weights)

    def importance(self, targets: Int[Tensor, "N"]) -> Float[Tensor, "N"] | None:
        """The weight of each sample's class."""
        return torch.tensor(self.weights, dtype=torch.float64)[targets.cpu()] if self.weights else None

    def metrics(self, outputs: Float[Tensor, "N K"], targets: Int[Tensor, "N"]) -> dict[str, float]:
        """The metrics shown, over all samples given, in double precision."""
        outputs, targets = outputs.detach().cpu().double(), targets.cpu()
        loss = cross_entropy(outputs, targets) if self._is_log_loss else self.loss(outputs, targets).item()
        predicted = outputs.argmax(1)
        measures: dict[str, Callable[[], float]] = {
            "loss": lambda: loss,
            "accuracy": lambda: accuracy(predicted, targets),
            "macro-f1": lambda: macro_f1(predicted, targets, self.outputs),
            "log-loss": lambda: loss if self._is_log_loss else log_loss(self._probabilities(outputs), targets),
        }
        return {name: measures[name]() for name in self.shown}

    def decode(self, outputs: Float[Tensor, "N K"]) -> Prediction:
        """The likeliest label of each sample, None below the threshold, and the probabilities of all."""
        probabilities = self._probabilities(outputs.detach().cpu().double()).numpy()
        labels = np.array(self.classes)[probabilities.argmax(1)]
        if self.threshold:
            labels = np.where(probabilities.max(1) < self.threshold, None, labels.astype(object))
        return Prediction(labels, probabilities, self.classes)

    def pictures(self, outputs: Float[Tensor, "N K"], targets: Int[Tensor, "N"]) -> dict[str, Picture]:
        """The confusion matrix; of very many classes those that are confused most."""
        predicted, true = outputs.detach().cpu().argmax(1).numpy(), targets.cpu().numpy()
        drawn, title = np.arange(self.outputs), "Confusion matrix"
        if self.outputs > SHOWN_CLASSES:
            mistaken = np.concatenate([true[true != predicted], predicted[true != predicted]])
            mistakes = np.bincount(mistaken, minlength=self.outputs)
            drawn = np.sort(np.argsort(-mistakes, kind="stable")[:SHOWN_CLASSES])
            title = f"Confusion matrix of the {SHOWN_CLASSES} classes confused most, of {self.outputs}"
        names = tuple(str(self.classes[number]) for number in drawn)
        matrix = Matrix(
            title=title,
            x=f"predicted {self.target}",
            y=f"true {self.target}",
            columns=names,
            rows=names,
            values=tuple(tuple(map(float, row)) for row in confusion(predicted, true, drawn).tolist()),
        )
        return {"confusion-matrix": matrix}

    def to_dict(self) -> Plain:
        """Plain values, the inverse of `task_from_dict`."""
        return {"name": self.name, **to_dict(self)}

    @cached_property
    def _numbers(self) -> dict[Label, int]:
        return {label: number for number, label in enumerate(self.classes)}

    @property
    def _is_log_loss(self) -> bool:
        return self.loss_name in SOFTMAX_LOSSES and not self.weights and not any(self.loss_options.values())

    def _probabilities(self, outputs: Tensor) -> Tensor:
        return CLASS_LOSSES[self.loss_name].probabilities(outputs)

    def _find(self, values: NDArray[Any]) -> tuple[NDArray[np.int64], NDArray[Any]]:
        """(N,) class numbers, -1 where there is none, and the labels in the classes' kind."""
        labels = plain(values, self.target)
        if isinstance(self.classes[0], str) and not is_text(labels):
            labels = labels.astype(TEXT)
        different, places = np.unique(labels, return_inverse=True)
        found = np.array([self._numbers.get(label, -1) for label in different.tolist()], dtype=np.int64)
        return found[places], labels

    def _unknown(self, labels: NDArray[Any]) -> str:
        different, counts = np.unique(labels, return_counts=True)
        named = [f"{label!r} ({count})" for label, count in zip(different.tolist(), counts.tolist(), strict=True)]
        more = ", …" if len(named) > NAMED_LABELS else ""
        return (
            f"Column '{self.target}' has labels that were not in the training data, with their numbers of samples: "
            f"{', '.join(named[:NAMED_LABELS])}{more}. Train on samples of each, or leave these out."
            f"{did_you_mean(str(different[0]), map(str, self.classes))}"
        )


def accuracy(predicted: Int[Tensor, "N"], targets: Int[Tensor, "N"]) -> float:
    """The share of samples whose class was predicted."""
    return float((predicted == targets).sum()) / len(targets)


def log_loss(probabilities: Float[Tensor, "N K"], targets: Int[Tensor, "N"]) -> float:
    """The mean of -log p of the true class, in nats; p is taken to be at least the smallest number above zero."""
    p = probabilities.gather(1, targets[:, None]).clamp(min=torch.finfo(probabilities.dtype).tiny)
    return float(-p.log().mean())


def cross_entropy(outputs: Float[Tensor, "N K"], targets: Int[Tensor, "N"]) -> float:
    """The log-loss of softmax(outputs), down columns: torch takes three times as long along short rows."""
    log_p = outputs.t().contiguous().log_softmax(0)  # K N
    return float(-log_p.gather(0, targets[None]).mean())


def macro_f1(predicted: Int[Tensor, "N"], targets: Int[Tensor, "N"], classes: int) -> float:
    """F1 = 2 TP / (2 TP + FP + FN) of each class, averaged over the classes that are there or were predicted."""
    p, y = predicted.numpy(), targets.numpy()  # whose counts take a third of the time of torch's
    right = np.bincount(y[p == y], minlength=classes)
    sizes = np.bincount(y, minlength=classes) + np.bincount(p, minlength=classes)
    there = sizes > 0
    return float((2 * right[there] / sizes[there]).mean())


def confusion(predicted: NDArray[np.int64], true: NDArray[np.int64], classes: NDArray[np.int64]) -> NDArray[np.int64]:
    """How many samples of each of these classes (rows) were predicted to be of each of them (columns).

    Args:
        predicted: (N,) class numbers.
        true: (N,) class numbers.
        classes: the class numbers to count, ascending; samples of others, or taken for others, are left out.
    """
    size = len(classes)
    counted = np.isin(true, classes) & np.isin(predicted, classes)
    rows, columns = np.searchsorted(classes, true[counted]), np.searchsorted(classes, predicted[counted])
    counts: NDArray[np.int64] = np.bincount(rows * size + columns, minlength=size**2).reshape(size, size)
    return counts


# The log-loss is the mean of -log p of the true class, in nats; unlike the loss it knows no class weights.
DIRECTIONS: dict[str, Direction] = {"loss": "lower", "accuracy": "higher", "macro-f1": "higher", "log-loss": "lower"}


def _class_weights(
    given: str | Mapping[str, float], classes: Sequence[Label], counts: Sequence[int | float], target: str
) -> tuple[float, ...]:
    if given == "none":
        return ()
    if isinstance(given, str):  # balanced: every class counts as much as any other
        return tuple(sum(counts) / (len(classes) * count) for count in counts)
    names = [str(label) for label in classes]
    for label, weight in given.items():
        if label not in names:
            raise ConfigError(f"task.class_weight: '{label}' is no class of '{target}'.{did_you_mean(label, names)}")
        if not 0 < weight < float("inf"):
            raise ConfigError(f"task.class_weight: '{label}' has the weight {weight:g}. Use a number greater than 0.")
    return tuple(float(given.get(name, 1.0)) for name in names)


@lru_cache(maxsize=16)
def _as_tensor(weights: tuple[float, ...], device: torch.device, dtype: torch.dtype) -> Tensor:
    with torch.inference_mode(False):  # else what an evaluation made first could not serve a backward pass later
        return torch.tensor(weights, device=device, dtype=dtype)
