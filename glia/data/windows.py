"""Batches of samples that memory does not hold: in an order that reads the disk in stretches.

An epoch is a number of windows, each of which fits in memory. A window is made of stretches of neighbouring samples
from anywhere in the data, and its samples are shuffled; so of two samples far from each other any can come first, and
yet nothing is read sample by sample. Where the stretches begin is drawn anew each epoch. All of it is a function of
(seed, epoch). One window that holds everything is what `TensorBatches` has.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import TypeAlias

import numpy as np
import torch
from torch import Tensor

from glia.data.batches import TensorBatches
from glia.nn.random import generator, permutation

STRETCH = 2**14  # neighbouring samples that stay in one window
FEWEST_STRETCHES = 4  # of a window
WINDOW_BYTES = 2**28  # of encoded samples in memory

Stretches: TypeAlias = Sequence[slice]
Order: TypeAlias = Callable[[int], Tensor]


class WindowedBatches:
    """One epoch after another over samples that are read window by window.

    Args:
        read: stretches of samples → their inputs and targets, as `make` takes them.
        make: inputs, targets and their order (None: as they lie) → batches of them.
        samples: how many there are.
        sample_bytes: of an encoded one.
        batch_size: samples a batch; the last of an epoch may be smaller, or have one more where one would be left.
        seed: of the order; None keeps the samples in theirs.
    """

    def __init__(
        self,
        read: Callable[[Stretches], tuple[Tensor, Tensor]],
        make: Callable[[Tensor, Tensor, Order | None], TensorBatches],
        *,
        samples: int,
        sample_bytes: int,
        batch_size: int,
        seed: int | None = None,
    ) -> None:
        self.samples = samples
        self.batch_size = batch_size
        self._read, self._make, self._seed = read, make, seed
        self._stretch = -(-STRETCH // batch_size) * batch_size  # so that no batch lies in two windows
        stretches = -(-samples // self._stretch)
        in_window = max(FEWEST_STRETCHES, WINDOW_BYTES // (self._stretch * max(1, sample_bytes)))
        # As even as can be: no window is a single stretch, which might be a single sample.
        self._counts = [len(some) for some in np.array_split(np.arange(stretches), max(1, -(-stretches // in_window)))]
        self._lone = samples > batch_size > 1 and samples % batch_size == 1  # as of TensorBatches
        self._epoch = self._step = 0

    def __len__(self) -> int:
        return -(-self.samples // self.batch_size) - self._lone

    def seek(self, epoch: int, step: int = 0) -> None:
        """Stand before batch `step` of epoch `epoch`, both from 0."""
        self._epoch, self._step = epoch, step

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        epoch, skipped = self._epoch, self._step
        for number, stretches in enumerate(self._windows(epoch)):
            rows = sum(stretch.stop - stretch.start for stretch in stretches)
            steps = -(-rows // self.batch_size) - (self._lone and number == len(self._counts) - 1)
            if skipped >= steps:
                skipped -= steps
                continue
            batches = self._make(*self._read(stretches), self._order(epoch, number, rows))
            batches.seek(0, skipped)
            skipped = 0
            yield from batches
            del batches  # before the next window is read
        self._epoch, self._step = epoch + 1, 0

    def _order(self, epoch: int, window: int, rows: int) -> Order | None:
        """Of the samples of a window."""
        if self._seed is None:
            return None
        if len(self._counts) == 1:
            order = permutation(self._seed, epoch, rows)
        else:
            order = torch.randperm(rows, generator=generator(self._seed, "window", epoch, window))
        return lambda _: order

    def _windows(self, epoch: int) -> Iterator[Stretches]:
        """The stretches of each window; the last one of all may be shorter."""
        whole = self.samples // self._stretch
        numbers, first = np.arange(whole), 0
        if self._seed is not None and len(self._counts) > 1:
            drawn = generator(self._seed, "stretches", epoch)
            first = int(torch.randint(self.samples, (), generator=drawn))
            numbers = torch.randperm(whole, generator=drawn).numpy()
        starts = [*numbers.tolist(), *([whole] if self.samples % self._stretch else [])]
        taken = 0
        for count in self._counts:
            here = [self._stretch * number for number in starts[taken : taken + count]]
            ends = [(start, min(start + self._stretch, self.samples)) for start in here]
            yield [part for start, end in ends for part in self._turned(start + first, end + first)]
            taken += count

    def _turned(self, start: int, end: int) -> list[slice]:
        """A stretch of the samples as if they stood in a ring."""
        count = self.samples
        if start >= count:
            return [slice(start - count, end - count)]
        return [slice(start, end)] if end <= count else [slice(start, count), slice(0, end - count)]
