"""Functions of single numbers in networks of one stack, which may differ from network to network.

Letters    M networks, B samples, H units of the widest network.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby

import torch
from torch import Tensor, nn

from glia.training.dense import noted
from glia.training.population.kinds import described


class Functions:
    """What stands at one place of many networks: each kind of function is applied to the networks that have it at once.

    Units that a network has only because another is wider stay 0: where a function makes something else of 0, it is
    multiplied away, and with it every gradient of their weights.

    Args:
        functions: of each network, None where it has none there; equal ones had better be neighbours.
        widths: of each network.
    """

    def __init__(self, functions: Sequence[nn.Module | None], widths: Sequence[int]) -> None:
        self._functions, self._widths = list(functions), list(widths)
        self._kinds = [None if each is None else described(each) for each in functions]
        self._runs: dict[tuple[int, int], list[_Run]] = {}

    def __call__(self, x: Tensor, part: slice) -> Tensor:
        """(M, B, H) of the networks in `part`."""
        runs = self._runs_in(part)
        if len(runs) == 1:
            return runs[0](x)
        return torch.cat([run(piece) for run, piece in zip(runs, _divided(x, runs), strict=True)])

    def noted(self, x: Tensor, part: slice) -> tuple[Tensor, Callable[[Tensor], Tensor]]:
        """The same without autograd, and what gives the gradient by x from that by the result."""
        runs = self._runs_in(part)
        if len(runs) == 1:
            return runs[0].noted(x)
        results, derivatives = zip(*map(_Run.noted, runs, _divided(x, runs)), strict=True)

        def derivative(gradient: Tensor) -> Tensor:
            pieces = _divided(gradient, runs)
            return torch.cat([each(piece) for each, piece in zip(derivatives, pieces, strict=True)])

        return torch.cat(results), derivative

    def _runs_in(self, part: slice) -> "list[_Run]":
        first, last, _ = part.indices(len(self._functions))
        if (first, last) not in self._runs:
            self._runs[first, last] = list(self._runs_of(first, last))
        return self._runs[first, last]

    def _runs_of(self, first: int, last: int) -> "list[_Run]":
        greatest, runs = max(self._widths), []
        for _, same in groupby(range(first, last), key=lambda place: self._kinds[place]):
            places = list(same)
            function, widths = self._functions[places[0]], [self._widths[place] for place in places]
            leaks = function is not None and min(widths) < greatest and not _keeps_zero(function)
            mask = torch.arange(greatest) < torch.tensor(widths)[:, None, None] if leaks else None
            runs.append(_Run(len(places), function or nn.Identity(), mask))
        return runs


@dataclass(eq=False)
class _Run:
    """Networks in a row that have the same function."""

    networks: int
    function: nn.Module
    mask: Tensor | None  # (networks, 1, H) 1 where a network has a unit; None: nothing is to be multiplied away

    def __call__(self, x: Tensor) -> Tensor:
        x = self.function(x)
        if self.mask is None:
            return x
        self.mask = self.mask.to(x)
        return x * self.mask

    def noted(self, x: Tensor) -> tuple[Tensor, Callable[[Tensor], Tensor]]:
        y, derivative = noted(self.function, x)
        if self.mask is None:
            return y, derivative
        mask = self.mask = self.mask.to(x)
        return y * mask, lambda gradient: derivative(gradient * mask)


def _divided(x: Tensor, runs: "Sequence[_Run]") -> Sequence[Tensor]:
    return torch.unsafe_split_with_sizes(x, [run.networks for run in runs])  # the other forbids changes in place


def _keeps_zero(function: nn.Module) -> bool:
    with torch.no_grad():
        return not function(torch.zeros(1)).any()
