"""The samples that the networks of a population share, and the batches that each makes of its own rows.

Letters    N samples in all, M networks, n rows each learns from, S steps, B samples of a batch.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate, groupby, islice, pairwise

import torch
from torch import Tensor

FINISHED_BYTES = 256 * 2**20  # up to here all samples are finished once
GATHERED_BYTES = 2 * 2**20  # what a processor keeps near; with 32 MB many small networks take 1.05 times as long


class SharedSamples:
    """Inputs and targets of all samples, and what turns gathered inputs into what a network takes.

    Args:
        inputs: (N, ...) compact, on the device if they fit.
        targets: (N, ...) encoded, where the inputs are.
        finish: as of `TensorBatches`: works sample by sample.
        device: where batches are wanted.
    """

    def __init__(
        self, inputs: Tensor, targets: Tensor, finish: Callable[[Tensor], Tensor] | None, device: torch.device
    ) -> None:
        self.inputs, self.targets, self.finish, self.device = inputs, targets, finish, device
        if len(inputs):
            a_sample = self._finished(inputs[:1])
            self.sample_bytes = a_sample.numel() * a_sample.element_size()
            if finish is not None and len(inputs) * self.sample_bytes <= FINISHED_BYTES:
                self.inputs, self.finish = self._finished(inputs), None

    def pick(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        """Inputs and targets of rows of any shape, which come first in both."""
        flat = rows.flatten().to(self.inputs.device)
        inputs = self._finished(self.inputs.index_select(0, flat))
        targets = self.targets.index_select(0, flat).to(self.device)
        return _shaped(inputs, rows), _shaped(targets, rows)

    def targets_of(self, rows: Tensor) -> Tensor:
        """The targets of rows of any shape."""
        flat = rows.flatten().to(self.targets.device)
        return _shaped(self.targets.index_select(0, flat).to(self.device), rows)

    def batches(self, rows: Tensor, sizes: Sequence[int]) -> Iterator[tuple[Tensor, Tensor]]:
        """The batches of one epoch.

        Args:
            rows: (M, n), or (n,) where all networks see the same; in the order of the epoch.
            sizes: of the batches.

        Yields:
            Inputs and targets, (M, B, ...) or (B, ...).
        """
        apart = rows.dim() == 2
        for size, first, last in _runs(sizes):
            a_step = size * (len(rows) if apart else 1) * self.sample_bytes
            most = max(1, GATHERED_BYTES // max(1, a_step)) * size
            for start in range(first, last, most):
                part = rows[..., start : min(start + most, last)]
                part = part.reshape(*part.shape[:-1], -1, size)  # (M) S B
                inputs, targets = self.pick(part.transpose(0, 1).contiguous() if apart else part)  # S (M) B ...
                yield from zip(inputs.unbind(), targets.unbind(), strict=True)

    def _finished(self, inputs: Tensor) -> Tensor:
        inputs = inputs.to(self.device)
        return inputs if self.finish is None else self.finish(inputs)


class OwnBatches:
    """The batches of one network, as the loop takes them.

    Args:
        samples: what the rows are of.
        rows: (n,) that it reads.
        batch_size: samples a batch.
        order: epoch (from 0) → permutation of the rows; None keeps them in order.
    """

    def __init__(
        self, samples: SharedSamples, rows: Tensor, batch_size: int, order: Callable[[int], Tensor] | None = None
    ) -> None:
        self.samples = len(rows)
        self._shared, self._rows, self._order = samples, rows, order
        self._sizes = batch_sizes(len(rows), batch_size)
        self._epoch = self._step = 0

    def __len__(self) -> int:
        return len(self._sizes)

    def seek(self, epoch: int, step: int = 0) -> None:
        """Stand before batch `step` of epoch `epoch`, both from 0."""
        self._epoch, self._step = epoch, step

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        rows = self._rows if self._order is None else self._rows[self._order(self._epoch)]
        yield from islice(self._shared.batches(rows, self._sizes), self._step, None)
        self._epoch, self._step = self._epoch + 1, 0


def batch_sizes(count: int, batch_size: int) -> list[int]:
    """Of the batches of an epoch over `count` samples, as `TensorBatches` makes them."""
    whole, rest = divmod(count, batch_size)
    if rest == 1 and whole and batch_size > 1:
        return [batch_size] * (whole - 1) + [batch_size + 1]  # a sample alone has no spread: it joins the batch before
    return [batch_size] * whole + [rest] * (rest > 0)


def _shaped(values: Tensor, rows: Tensor) -> Tensor:
    """What was gathered by rows in a row, in their shape."""
    return values.view(*rows.shape, *values.shape[1:])


def _runs(sizes: Sequence[int]) -> Iterator[tuple[int, int, int]]:
    """Batches of one size in a row: that size, their first and last row."""
    grouped = [(size, size * len(list(same))) for size, same in groupby(sizes)]
    places = accumulate((count for _, count in grouped), initial=0)
    for (size, _), (first, last) in zip(grouped, pairwise(places), strict=True):
        yield size, first, last
