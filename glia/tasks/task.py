"""What every task can do, and what it predicts.

Letters    N samples, K outputs of the model.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol, runtime_checkable

from numpy.typing import NDArray
from torch import Tensor

from glia.config import Plain
from glia.errors import ConfigError, did_you_mean
from glia.pictures import Picture

Direction = Literal["higher", "lower"]
"""Which way a metric is better."""


@dataclass(frozen=True, eq=False)
class Prediction:
    """What a model says of N samples, in the user's labels or units.

    Attributes:
        values: (N,) the label or number predicted for each sample; None: none of the classes (`task.accept`).
        probabilities: (N, classes) where the task has classes; each row sums to 1.
        classes: the labels that belong to the columns of `probabilities`.
        said: what was noticed of the samples and the user should know.
    """

    values: NDArray[Any]
    probabilities: NDArray[Any] | None = None
    classes: tuple[str | int | float | bool, ...] = ()
    said: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.values)


@runtime_checkable
class Task(Protocol):
    """A target column understood. Made by `fit_task` from the values to train on, or by `task_from_dict`.

    A task is a frozen value: it holds plain numbers and words only, and works on tensors of any device.
    """

    @property
    def name(self) -> str:
        """Its name in a recipe."""

    @property
    def target(self) -> str:
        """The column, for messages and pictures."""

    @property
    def outputs(self) -> int:
        """K, the size of the model's last layer."""

    @property
    def directions(self) -> Mapping[str, Direction]:
        """Which way is better, for every metric that `metrics` gives."""

    @property
    def monitor(self) -> str:
        """The metric that decides the best epoch and early stopping."""

    def known(self, values: NDArray[Any]) -> NDArray[Any]:
        """(N,) whether each value can be encoded, so that samples with others may be left out."""

    def encode(self, values: NDArray[Any]) -> Tensor:
        """(N,) values of the target as the loss takes them.

        Raises:
            DataError: a value that was not there in training, or that is not finite.
        """

    def loss(self, outputs: Tensor, targets: Tensor, weights: Tensor | None = None) -> Tensor:
        """The mean loss of outputs (N, K), a 0-d tensor; with weights (N,) the mean weighted by them.

        Raises:
            ConfigError: the outputs are not of shape (N, K).
        """

    def importance(self, targets: Tensor) -> Tensor | None:
        """(N,) what an error in each sample costs; None: the same in all."""

    def metrics(self, outputs: Tensor, targets: Tensor) -> dict[str, float]:
        """`loss` and the recipe's metrics over all samples given."""

    def decode(self, outputs: Tensor) -> Prediction:
        """Outputs (N, K) in the user's labels or units."""

    def pictures(self, outputs: Tensor, targets: Tensor) -> dict[str, Picture]:
        """What to look at beside the metrics, by name."""

    def to_dict(self) -> Plain:
        """Plain values, the inverse of `task_from_dict`."""


def check_outputs(task: Task, outputs: Tensor, targets: Tensor) -> None:
    """Refuse outputs that a model of the user's own gives in another shape than the task reads.

    Raises:
        ConfigError: with both shapes.
    """
    if outputs.shape != (targets.shape[0], task.outputs):
        raise ConfigError(
            f"The model gives outputs of shape {tuple(outputs.shape)} for {len(targets)} samples; {task.name} of "
            f"'{task.target}' reads {(len(targets), task.outputs)}. Make its last layer {task.outputs} wide."
        )


def chosen_metrics(task: str, chosen: tuple[str, ...], known: Mapping[str, Direction]) -> tuple[str, ...]:
    """The names of a recipe's `task.metrics`: all of the task's where it names none; always with the loss.

    Raises:
        ConfigError: a metric that the task does not have.
    """
    names = [name.lower().replace("_", "-") for name in chosen]
    for given, name in zip(chosen, names, strict=True):
        if name not in known:
            raise ConfigError(f"Task '{task}' has no metric '{given}'.{did_you_mean(name, known)}")
    return tuple(name for name in known if not names or name in names or name == "loss")
