"""The residuals of a network on a batch and their Jacobian, in double precision whatever the network computes in.

Letters    N samples, n of them at a time, K residuals of a sample, W weights.
"""

import math
from collections.abc import Callable, Iterator
from functools import partial
from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.autograd.functional import jacobian
from torch.func import functional_call, jacrev, vmap
from torch.optim import Optimizer

from glia.errors import ConfigError
from glia.training.levenberg_marquardt import LevenbergMarquardt
from glia.training.protocols import Task

BLOCK_BYTES = 32 * 2**20  # of a Jacobian that lie in memory at once
TOLERANCE = 1e-6


@runtime_checkable
class SquaredErrorTask(Protocol):
    """A task whose loss is the mean square of residuals."""

    def residuals(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """What is squared, samples first."""


class NetworkResiduals:
    """What a task has to say of a network's outputs for one batch, as a function of all weights in a row.

    Args:
        model: computes each sample by itself, and nothing at random.
        task: a `SquaredErrorTask`.
        inputs: of the batch.
        targets: encoded.

    Raises:
        ConfigError: the task's loss is not squared error.
    """

    def __init__(self, model: nn.Module, task: Task, inputs: Tensor, targets: Tensor) -> None:
        if not isinstance(task, SquaredErrorTask):
            raise ConfigError(
                f"Levenberg-Marquardt minimises squared errors, and {_name(task)} has another loss. Use it for "
                "regression, or another train.optimizer."
            )
        self._model, self._task, self._errors = model, task, task.residuals
        self._inputs, self._targets = _double(inputs), _double(targets)
        everything = dict(model.named_parameters())
        self._shapes = {name: each.shape for name, each in everything.items() if each.requires_grad}
        still = {name: each.detach() for name, each in everything.items() if not each.requires_grad}
        self._still = {name: _double(each).clone() for name, each in (still | dict(model.named_buffers())).items()}
        self._at_once = True

    def at(self, weights: Float[Tensor, "W"]) -> Float[Tensor, "N*K"]:
        """The residuals at these weights."""
        return self._of(weights, self._inputs, self._targets)

    def with_jacobian(
        self, weights: Float[Tensor, "W"]
    ) -> Iterator[tuple[Float[Tensor, "n*K"], Float[Tensor, "n*K W"]]]:
        """The residuals at these weights and their derivatives, of as many samples at a time as memory holds."""
        rows = max(1, BLOCK_BYTES // (8 * len(weights)))
        for inputs, targets in zip(torch.split(self._inputs, rows), torch.split(self._targets, rows), strict=True):
            residuals = self._of(weights, inputs, targets)
            yield residuals, self._jacobian(weights, inputs, targets)

    def check(self) -> None:
        """Refuse a network or a task to which the method does not apply; run once, on some samples.

        Raises:
            ConfigError: the network cannot compute in double precision, its outputs depend on more than weights and
                sample (dropout, batch norm), or the loss is not the mean square of the residuals.
        """
        weights = torch.cat([dict(self._model.named_parameters())[name].flatten() for name in self._shapes]).double()
        training = self._model.training
        with torch.no_grad():
            try:
                learning, using = (self._outputs(self._model.train(mode), weights) for mode in (True, False))
            except (RuntimeError, TypeError) as error:
                raise ConfigError(
                    "Levenberg-Marquardt computes in double precision, which this network or device cannot: "
                    f"{str(error).splitlines()[0]} Use train.device='cpu', or another train.optimizer."
                ) from error
            finally:
                self._model.train(training)
            loss = self._task.loss(using, self._targets).item()
            mean_square = self._errors(using, self._targets).square().mean().item()
        if not torch.allclose(learning, using, rtol=TOLERANCE, atol=TOLERANCE, equal_nan=True):
            raise ConfigError(
                "Levenberg-Marquardt takes what the network puts out for a function of weights and sample, and this "
                "one computes otherwise while training (dropout, batch norm). Leave such layers out, or use another "
                "train.optimizer."
            )
        if math.isfinite(loss) and not math.isclose(loss, mean_square, rel_tol=1e-4, abs_tol=TOLERANCE):
            raise ConfigError(
                f"{_name(self._task)}.loss is {loss:.6g} where the mean square of {_name(self._task)}.residuals is "
                f"{mean_square:.6g}. Levenberg-Marquardt minimises the second: make them the same."
            )

    def _of(self, weights: Tensor, inputs: Tensor, targets: Tensor) -> Tensor:
        outputs = functional_call(self._model, self._still | self._named(weights), (inputs,))
        return self._errors(outputs, targets).flatten()

    def _outputs(self, model: nn.Module, weights: Tensor) -> Tensor:
        still = {name: each.clone() for name, each in self._still.items()}  # batch norm writes into it
        outputs: Tensor = functional_call(model, still | self._named(weights), (self._inputs,))
        return outputs

    def _jacobian(self, weights: Tensor, inputs: Tensor, targets: Tensor) -> Tensor:
        """Sample by sample, all at once or, where a layer cannot be differentiated so, one after the other."""

        def of_one(weights: Tensor, inputs: Tensor, targets: Tensor) -> Tensor:
            return self._of(weights, inputs[None], targets[None])  # K

        if self._at_once:
            try:
                each: Tensor = vmap(jacrev(of_one), (None, 0, 0))(weights, inputs, targets)  # n K W
                return each.flatten(0, 1)
            except RuntimeError:
                self._at_once = False
        pairs = zip(inputs, targets, strict=True)
        return torch.cat([jacobian(partial(_of_weights, of_one, pair), weights) for pair in pairs])  # type: ignore[no-untyped-call]

    def _named(self, weights: Tensor) -> dict[str, Tensor]:
        parts = torch.split(weights, [shape.numel() for shape in self._shapes.values()])
        return {name: part.view(shape) for (name, shape), part in zip(self._shapes.items(), parts, strict=True)}


def try_out(optimizer: Optimizer, model: nn.Module, task: Task, inputs: Tensor, targets: Tensor) -> None:
    """Refuse what an optimizer that asks for residuals cannot train; others take anything.

    Raises:
        ConfigError: as `NetworkResiduals` and its `check`.
    """
    if isinstance(optimizer, LevenbergMarquardt):
        NetworkResiduals(model, task, inputs, targets).check()


def _of_weights(of_one: Callable[..., Tensor], pair: tuple[Tensor, Tensor], weights: Tensor) -> Tensor:
    return of_one(weights, *pair)


def _double(values: Tensor) -> Tensor:
    return values.detach().double() if values.is_floating_point() else values.detach()


def _name(task: object) -> str:
    return type(task).__name__
