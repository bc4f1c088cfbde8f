"""Modules of a user's own, by reference."""

import torch
from torch import Tensor, nn


class Net(nn.Module):
    def __init__(self, *, inputs: tuple[int, ...], outputs: int, width: int = 8, dropout: float = 0.0) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Flatten(),
            nn.Linear(torch.Size(inputs).numel(), width),
            nn.BatchNorm1d(width),
            nn.Tanh(),
            nn.Dropout(dropout),
            nn.Linear(width, outputs),
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(x)


class NeedsDepth(nn.Module):
    def __init__(self, inputs: tuple[int, ...], outputs: int, depth: int) -> None:
        super().__init__()


class TakesNothing(nn.Module):
    def __init__(self) -> None:
        super().__init__()


class Dead(nn.Module):
    """What a contract suite must find: a parameter that no gradient reaches, and samples that see each other."""

    def __init__(self, *, inputs: tuple[int, ...], outputs: int) -> None:
        super().__init__()
        self.used = nn.Linear(inputs[0], outputs)
        self.unused = nn.Parameter(torch.zeros(2))

    def forward(self, x: Tensor) -> Tensor:
        return self.used(x - x.mean(0))


def factory(*, inputs: tuple[int, ...], outputs: int) -> nn.Module:
    return nn.Linear(inputs[0], outputs)
