"""Training samples as a model sees them, for models that learn from all of them at once."""

from abc import abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal, Protocol, runtime_checkable

from torch import Tensor, nn


@dataclass(frozen=True)
class Column:
    """A column of the data, as the features that were made of it.

    Attributes:
        name: as in the data; with " is missing" for the feature that says where there was no value.
        kind: numbers: one feature, standardised; categories: one of the features is 1, the others 0 (all 0: none of
            those known).
        first: number of its first feature.
        size: how many features it has.
        mean: of numbers, in the user's units.
        deviation: of numbers, likewise: a feature is (number - mean) / deviation.
        times: whether numbers are moments, in seconds since 1970.
        labels: of categories, one for each feature.
    """

    name: str
    kind: Literal["numbers", "categories"]
    first: int
    size: int = 1
    mean: float = 0.0
    deviation: float = 1.0
    times: bool = False
    labels: tuple[str, ...] = ()

    @property
    def place(self) -> slice:
        """Its features."""
        return slice(self.first, self.first + self.size)


@dataclass(frozen=True, eq=False)
class Samples:
    """What there is to learn from.

    Attributes:
        inputs: (N, F) or (N, ...) as batches have them.
        targets: (N,) numbers of classes, int64; or standardised numbers.
        columns: what the features are made of; empty where samples are pictures or arrays.
        features: the name of each of the F features; empty likewise.
        weights: (N,) what an error in each sample costs; None: 1.
        mean: of targets that are numbers, in the user's units.
        deviation: likewise: a target is (number - mean) / deviation.
        classes: of targets that are numbers of classes, the user's labels in that order.
        target: the name of the column.
        rows: (N,) place of each sample in the data; None: not known.
    """

    inputs: Tensor
    targets: Tensor
    columns: tuple[Column, ...] = ()
    features: tuple[str, ...] = ()
    weights: Tensor | None = None
    mean: float = 0.0
    deviation: float = 1.0
    classes: tuple[str, ...] = ()
    target: str = ""
    rows: Tensor | None = None


class AtOnce(nn.Module):
    """A model that is fitted to all samples at once, not step by step, and kept in a file of its own.

    Attributes:
        FILE: the name of that file in the folder of a learner.
        remarks: what was noticed while fitting and the user should know.
    """

    FILE: ClassVar[str]
    remarks: tuple[str, ...] = ()

    @abstractmethod
    def learn(self, samples: Samples) -> None:
        """Fit it."""

    @abstractmethod
    def saved(self) -> bytes:
        """What `load` reads from `FILE`."""

    @abstractmethod
    def load(self, folder: Path) -> None:
        """Take what was saved as `FILE` in a folder."""


@dataclass(frozen=True)
class Few:
    """How a family is trained on fewer samples than `samples`, unless the recipe says how long: see `glia.learner`."""

    samples: int
    epochs: int


@runtime_checkable
class Adapting(Protocol):
    """A network that looks at its training samples once, before the first step: bins, quantiles, a first guess."""

    def adapt(self, samples: Samples) -> None:
        """Set buffers, which are saved with the weights; their shapes do not depend on the samples."""
