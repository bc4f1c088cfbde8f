"""What an epoch has seen so far: losses, and outputs beside targets for the metrics of the training phase."""

import math
from collections.abc import Mapping

import torch
from torch import Tensor

from glia.training.protocols import Task

MOST_VALUES = 2**24  # outputs kept for one epoch; models with larger outputs report only their training loss
MOST_PIECES = 256  # tensors of one batch that wait to become one


class Running:
    """Sums over the epoch begun. Nothing is read from the device until `losses` or what needs them is called."""

    def __init__(self) -> None:
        self.samples = 0
        self.loss_sum = 0.0  # of batch means times batch sizes, up to the last `window_mean`
        self._unread: list[Tensor] = []  # losses since
        self._read: list[float] = []  # those before them, back to the last `window_mean`
        self._sizes: list[int] = []  # of the batches of both
        self._outputs: list[Tensor] = []
        self._targets: list[Tensor] = []
        self._merged = 0  # how many of the outputs are of many batches already
        self._values = 0  # in all outputs
        self._keeps = True

    def add(self, loss: Tensor, outputs: Tensor, targets: Tensor) -> None:
        """One step's loss (0-d), outputs and targets (B first), detached."""
        self._unread.append(loss)
        self._sizes.append(targets.shape[0])  # a third of the time of `len`
        if self._keeps:
            self._outputs.append(outputs)
            self._targets.append(targets)
            self._values += outputs.numel()

    def losses(self) -> list[float]:
        """The losses since the last `window_mean`, step by step."""
        if self._unread:
            self._read += torch.stack(self._unread).tolist()
            self._unread = []
        return self._read

    def window_mean(self) -> float:
        """The mean loss since the last call; what it covers goes into the epoch's sums."""
        losses = self.losses()
        self.loss_sum += math.fsum(loss * size for loss, size in zip(losses, self._sizes, strict=True))
        self.samples += sum(self._sizes)
        self._read, self._sizes = [], []
        self._merge()
        return math.fsum(losses) / len(losses)

    def metrics(self, task: Task) -> dict[str, float]:
        """The epoch's metrics; the loss is the mean over its samples as they were trained on."""
        if self._sizes:
            self.window_mean()
        found = dict(task.metrics(*self._kept())) if self._outputs else {}
        return {**found, "loss": self.loss_sum / self.samples}

    def tensors(self) -> dict[str, Tensor]:
        """For a checkpoint: everything kept, as tensors."""
        if not self._sizes and not self.samples:
            return {}
        sums = torch.tensor([self.loss_sum, float(self.samples)], dtype=torch.float64)
        kept = dict(zip(("outputs", "targets"), self._kept(), strict=True)) if self._outputs else {}
        window = torch.tensor(self.losses(), dtype=torch.float64)
        return {"sums": sums, "window": window, "sizes": torch.tensor(self._sizes, dtype=torch.int64), **kept}

    @classmethod
    def restored(cls, tensors: Mapping[str, Tensor], device: torch.device) -> "Running":
        """The inverse of `tensors`."""
        running = cls()
        if tensors:
            running.loss_sum, samples = tensors["sums"].tolist()
            running.samples = int(samples)
            running._read = tensors["window"].tolist()
            running._sizes = tensors["sizes"].tolist()
            running._keeps = "outputs" in tensors
        if "outputs" in tensors:
            running._outputs = [tensors["outputs"].to(device)]
            running._targets = [tensors["targets"].to(device)]
            running._merged, running._values = 1, tensors["outputs"].numel()
        return running

    def _kept(self) -> tuple[Tensor, Tensor]:
        return torch.cat(self._outputs).float(), torch.cat(self._targets)

    def _merge(self) -> None:
        # Very many outputs become one tensor; they stop being kept where the epoch's would not fit.
        if self._values > MOST_VALUES:
            self._keeps, self._outputs, self._targets, self._merged, self._values = False, [], [], 0, 0
        elif len(self._outputs) - self._merged >= MOST_PIECES:
            self._outputs[self._merged :] = [torch.cat(self._outputs[self._merged :])]
            self._targets[self._merged :] = [torch.cat(self._targets[self._merged :])]
            self._merged = len(self._outputs)
