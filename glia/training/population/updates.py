"""A step of each classic optimizer for many networks at once, each with its own rate, momentum and weight decay.

The formulas, and the names of the states, are those of torch.optim.

Letters    M networks, p weights (M, ...), g their gradient, t the number of the step, from 1.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

import torch
from torch import Tensor

State = dict[str, Tensor]


class Step(NamedTuple):
    """Of one weight of all networks; the numbers of each are (M, 1, ...), or (1, 1, ...) of all alike."""

    weight: Tensor
    gradient: Tensor
    state: State
    rate: Tensor
    momentum: Tensor
    decay: Tensor | None  # None: no network decays this weight


@dataclass(frozen=True)
class Update:
    """Steps in place, and what is remembered of each weight (M, ...), zero at first unless `begin` says otherwise."""

    take: Callable[[Sequence[Step], int, Mapping[str, Any]], None]
    states: tuple[str, ...]
    counts: bool = True  # whether torch keeps the number of the step
    begin: Callable[[Mapping[str, Any]], float] = lambda options: 0.0


Take = Callable[[Tensor, Tensor, State, Step, int, Mapping[str, Any]], None]


def _one_by_one(take: Take) -> Callable[[Sequence[Step], int, Mapping[str, Any]], None]:
    def take_all(steps: Sequence[Step], t: int, options: Mapping[str, Any]) -> None:
        for step in steps:
            take(step.weight, step.gradient, step.state, step, t, options)

    return take_all


def _decayed(p: Tensor, g: Tensor, by: Step) -> Tensor:
    return g if by.decay is None else torch.addcmul(g, p, by.decay)


def _sgd(p: Tensor, g: Tensor, state: State, by: Step, t: int, options: Mapping[str, Any]) -> None:
    g = _decayed(p, g, by)
    if "momentum_buffer" in state:
        velocity = state["momentum_buffer"].mul_(by.momentum)
        if options["dampening"] and t > 1:  # without momentum torch knows none
            velocity.add_(g * (1 - options["dampening"] * (by.momentum > 0).to(g.dtype)))
        else:
            velocity.add_(g)
        g = torch.addcmul(g, velocity, by.momentum) if options["nesterov"] else velocity
    p.addcmul_(g, by.rate, value=-1)


def _rmsprop(p: Tensor, g: Tensor, state: State, by: Step, t: int, options: Mapping[str, Any]) -> None:
    g, alpha = _decayed(p, g, by), options["alpha"]
    square = state["square_avg"].mul_(alpha).addcmul_(g, g, value=1 - alpha)
    if options["centered"]:
        mean = state["grad_avg"].lerp_(g, 1 - alpha)
        square = torch.addcmul(square, mean, mean, value=-1)
    g = g / square.sqrt().add_(options["eps"])
    if "momentum_buffer" in state:
        g = state["momentum_buffer"].mul_(by.momentum).add_(g)
    p.addcmul_(g, by.rate, value=-1)


def _adam(steps: Sequence[Step], t: int, options: Mapping[str, Any]) -> None:
    """Also AdamW. torch's fused kernel takes one rate; at rate 1 from zero it gives steps that others scale."""
    gradients = [each.gradient for each in steps]
    if not options["decoupled_weight_decay"]:
        gradients = [_decayed(each.weight, each.gradient, each) for each in steps]
    for each in steps if options["decoupled_weight_decay"] else ():
        if each.decay is not None:
            each.weight.mul_(1 - each.rate * each.decay)
    weights, rates = [each.weight for each in steps], [each.rate for each in steps]
    alike = rates[0].numel() == 1 and rates[0].device.type == "cpu"
    changed = weights if alike else [torch.zeros_like(each) for each in weights]
    first, second = options["betas"]
    torch._fused_adam_(
        changed,
        [each.contiguous() for each in gradients],
        [each.state["exp_avg"] for each in steps],
        [each.state["exp_avg_sq"] for each in steps],
        [],
        [_number(t, weights[0].device)] * len(steps),
        lr=rates[0].item() if alike else 1.0,
        beta1=first,
        beta2=second,
        weight_decay=0.0,
        eps=options["eps"],
        amsgrad=False,
        maximize=False,
    )
    if not alike:
        torch._foreach_addcmul_(weights, changed, rates)


@lru_cache(maxsize=1)
def _number(t: int, device: torch.device) -> Tensor:
    return torch.tensor(float(t), device=device)


def _adamax(p: Tensor, g: Tensor, state: State, by: Step, t: int, options: Mapping[str, Any]) -> None:
    g, (first, second) = _decayed(p, g, by), options["betas"]
    mean = state["exp_avg"].lerp_(g, 1 - first)
    greatest = torch.maximum(state["exp_inf"].mul_(second), g.abs().add_(options["eps"]), out=state["exp_inf"])
    p.addcmul_(mean / greatest, by.rate / (1 - first**t), value=-1)


def _adagrad(p: Tensor, g: Tensor, state: State, by: Step, t: int, options: Mapping[str, Any]) -> None:
    g = _decayed(p, g, by)
    total = state["sum"].addcmul_(g, g)
    p.addcmul_(g / total.sqrt().add_(options["eps"]), by.rate / (1 + (t - 1) * options["lr_decay"]), value=-1)


def _adadelta(p: Tensor, g: Tensor, state: State, by: Step, t: int, options: Mapping[str, Any]) -> None:
    g, rho, eps = _decayed(p, g, by), options["rho"], options["eps"]
    square = state["square_avg"].mul_(rho).addcmul_(g, g, value=1 - rho)
    delta = state["acc_delta"].add(eps).sqrt_().div_(square.add(eps).sqrt_()).mul_(g)
    state["acc_delta"].mul_(rho).addcmul_(delta, delta, value=1 - rho)
    p.addcmul_(delta, by.rate, value=-1)


UPDATES: dict[str, Update] = {
    "sgd": Update(_one_by_one(_sgd), ("momentum_buffer",), counts=False),
    "rmsprop": Update(_one_by_one(_rmsprop), ("square_avg", "grad_avg", "momentum_buffer")),
    "adam": Update(_adam, ("exp_avg", "exp_avg_sq")),
    "adamw": Update(_adam, ("exp_avg", "exp_avg_sq")),
    "adamax": Update(_one_by_one(_adamax), ("exp_avg", "exp_inf")),
    "adagrad": Update(
        _one_by_one(_adagrad), ("sum",), begin=lambda options: float(options["initial_accumulator_value"])
    ),
    "adadelta": Update(_one_by_one(_adadelta), ("square_avg", "acc_delta")),
}
"""By the names of `glia.training.optimizers`."""
