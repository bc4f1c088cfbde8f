"""What the loop asks of its parts. It knows neither data sets nor run folders.

Letters    B samples in a batch.
"""

from collections.abc import Iterator, Mapping
from typing import Protocol, TypeAlias

from torch import Tensor

Inputs: TypeAlias = Tensor  # B first; what the model's forward takes
Batch: TypeAlias = tuple[Inputs, Tensor]  # inputs, encoded targets; both on the device, B first


class Batches(Protocol):
    """The batches of one epoch after another. The order is a function of (seed, epoch), not of a state."""

    samples: int  # in one epoch

    def __iter__(self) -> Iterator[Batch]:
        """From the place set by `seek` to the end of that epoch; then stands at the start of the next."""

    def __len__(self) -> int:
        """Batches in a whole epoch."""

    def seek(self, epoch: int, step: int = 0) -> None:
        """Stand before batch `step` (from 0) of epoch `epoch` (from 0)."""


class Task(Protocol):
    """What is learned, as far as the loop must know."""

    def loss(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """The mean loss of a batch, a 0-d tensor."""

    def metrics(self, outputs: Tensor, targets: Tensor) -> Mapping[str, float]:
        """Metrics of all samples given, without a phase: `{"loss": …, "accuracy": …}`."""
