"""Gradients and an optimizer's step at the cost of their arithmetic.

For a small network torch's own `step` costs more than the update it makes: hooks, profiling and sorting of the weights
by device, 20 of 35 µs (benchmarks/loop.py, small). Where it ends in one fused kernel, that is called directly. So is
the engine behind `backward`, which spends 10 µs on a gradient of 1.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.autograd import Variable
from torch.optim import Adam, AdamW, Optimizer


def step_of(optimizer: Optimizer) -> Callable[[], object]:
    """What takes one step of `optimizer`: the same numbers to the last bit as `optimizer.step`, sooner where possible.

    Call it after the state of the optimizer was restored, if it was.
    """
    plain = all(
        group["fused"] and not group["amsgrad"] and all(weight.device.type == "cpu" for weight in group["params"])
        for group in optimizer.param_groups
        if type(optimizer) in (Adam, AdamW)
    )
    return _FusedAdam(optimizer) if type(optimizer) in (Adam, AdamW) and plain else optimizer.step


def backward(loss: Tensor) -> None:
    """What `loss.backward()` does, sooner: each weight's gradient is added to what it has.

    Args:
        loss: a number, 0-d.
    """
    Variable._execution_engine.run_backward(
        (loss,), (_one(loss.dtype, loss.device),), False, False, (), allow_unreachable=True, accumulate_grad=True
    )


@cache
def _one(dtype: torch.dtype, device: torch.device) -> Tensor:
    with torch.inference_mode(False):
        return torch.ones((), dtype=dtype, device=device)


class _FusedAdam:
    """Adam and AdamW on a CPU, whose state lies in the optimizer as ever."""

    def __init__(self, optimizer: Optimizer) -> None:
        self._optimizer = optimizer
        self._kernel: Any = torch._fused_adamw_ if type(optimizer) is AdamW else torch._fused_adam_
        self._weights = [[each for each in group["params"] if each.requires_grad] for group in optimizer.param_groups]
        self._state: list[_State] = []  # of each group, once there is one

    def __call__(self) -> None:
        gradients = [[weight.grad for weight in weights] for weights in self._weights]
        for some in gradients:
            for gradient in some:
                if gradient is None or gradient.is_sparse:
                    self._part_numbers()
                    self._optimizer.step()  # leaves out a weight that had no part in this step's loss; refuses sparse
                    return
        if not self._state:
            self._state = [self._state_of(weights) for weights in self._weights]
        groups = zip(self._optimizer.param_groups, self._weights, gradients, self._state, strict=True)
        torch._C._set_grad_enabled(False)  # a tenth of the time of `torch.no_grad`
        try:
            for group, weights, some, state in groups:
                for number in state.numbers:
                    number += 1
                self._kernel(
                    weights,
                    some,
                    state.first,
                    state.second,
                    [],
                    state.steps,
                    lr=group["lr"],
                    beta1=group["betas"][0],
                    beta2=group["betas"][1],
                    weight_decay=group["weight_decay"],
                    eps=group["eps"],
                    amsgrad=False,
                    maximize=group["maximize"],
                )
        finally:
            torch._C._set_grad_enabled(True)

    def _state_of(self, weights: list[Tensor]) -> "_State":
        """Weights that took as many steps share the tensor that says so."""
        states = [self._optimizer.state[weight] for weight in weights]
        for weight, state in zip(weights, states, strict=True):
            if not state:  # it begins as torch lets it begin
                moments = {name: torch.zeros_like(weight, requires_grad=False) for name in ("exp_avg", "exp_avg_sq")}
                state.update(step=torch.zeros(()), **moments)
        if len({float(state["step"]) for state in states}) == 1:
            for state in states:
                state["step"] = states[0]["step"]
        first, second, steps = ([state[name] for state in states] for name in ("exp_avg", "exp_avg_sq", "step"))
        return _State(first, second, steps, [step.numpy() for step in {id(step): step for step in steps}.values()])

    def _part_numbers(self) -> None:
        """From here on weights may differ in their numbers of steps."""
        for state in self._optimizer.state.values():
            state["step"] = state["step"].clone()
        self._state = []


@dataclass(frozen=True, eq=False)
class _State:
    """What Adam keeps of some weights."""

    first: list[Tensor]  # moments
    second: list[Tensor]
    steps: list[Tensor]  # how many each weight has taken, 0-d
    numbers: list[NDArray[np.float32]]  # the same memory: NumPy adds 1 in a tenth of the time
