"""Batches of data that fits on the device: tensors kept there and indexed, no loader, no workers.

Many batches are gathered at once and handed out as views, which costs less than gathering each by itself
(benchmarks/loop.py).
"""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

GATHERED_BATCHES = 64
GATHERED_BYTES = 32 * 2**20


class TensorBatches:
    """One epoch after another over tensors whose first dimension is the samples.

    Args:
        inputs: compact samples as `Preprocessing.encode` makes them; on the device if they fit.
        targets: encoded targets, where the inputs are.
        batch_size: samples a batch; the last of an epoch may be smaller, or have one more where one would be left.
        order: epoch (from 0) → permutation of the samples; None keeps them in order.
        finish: what turns gathered inputs into what the model takes, on the device.
        device: where batches are wanted.
    """

    def __init__(
        self,
        inputs: Tensor,
        targets: Tensor,
        *,
        batch_size: int,
        order: Callable[[int], Tensor] | None = None,
        finish: Callable[[Tensor], Tensor] | None = None,
        device: torch.device | None = None,
    ) -> None:
        self.samples = len(inputs)
        self.batch_size = batch_size
        self._inputs, self._targets = inputs, targets
        self._order = order
        self._finish = finish or (lambda inputs: inputs)
        self._device = device or inputs.device
        self._epoch = self._step = 0
        a_batch = batch_size * max(1, inputs[:1].numel()) * 4  # bytes once finished to float32
        self._gathered = batch_size * max(1, min(GATHERED_BATCHES, GATHERED_BYTES // a_batch))
        # A last batch of one sample has no spread, which batch norm needs: it joins the one before.
        self._lone = self.samples > batch_size > 1 and self.samples % batch_size == 1

    def __len__(self) -> int:
        return -(-self.samples // self.batch_size) - self._lone

    def seek(self, epoch: int, step: int = 0) -> None:
        """Stand before batch `step` of epoch `epoch`, both from 0."""
        self._epoch, self._step = epoch, step

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        order = self._order(self._epoch).to(self._inputs.device) if self._order else None
        first = self._step * self.batch_size
        # Gathering starts at the same places whether resumed or not: where a batch lies in memory can change the last
        # bit of a sum, and a resumed run must equal one that was never stopped.
        for start in range(first - first % self._gathered, self.samples - self._lone, self._gathered):
            end = min(start + self._gathered, self.samples)
            end += self._lone and end == self.samples - 1
            part = slice(start, end)
            rows = part if order is None else order[part]
            inputs = self._finish(self._inputs[rows].to(self._device))
            targets = self._targets[rows].to(self._device)
            skipped = max(0, first - start) // self.batch_size
            sizes = self._sizes(len(targets), last=end == self.samples)
            pairs = zip(torch.split(inputs, sizes), torch.split(targets, sizes), strict=True)
            for number, pair in enumerate(pairs):
                if number >= skipped:
                    yield pair
        self._epoch, self._step = self._epoch + 1, 0

    def _sizes(self, count: int, *, last: bool) -> list[int]:
        """Of the batches that `count` gathered samples make."""
        whole, rest = divmod(count, self.batch_size)
        if last and self._lone:
            return [self.batch_size] * (whole - 1) + [self.batch_size + 1]
        return [self.batch_size] * whole + [rest] * (rest > 0)


def channels_last(batch: Tensor) -> Tensor:
    """Pictures (B C H W) laid out with the channels together, which convolutions read faster on a CPU."""
    return batch.contiguous(memory_format=torch.channels_last) if batch.dim() == 4 else batch
