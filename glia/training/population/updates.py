"""A step of each classic optimizer for many networks at once, each with its own rate, momentum and weight decay.

The formulas, and the names of the states, are those of torch.optim.

Letters    M networks, p weights (M, ...), g their gradient, t the number of the step, from 1.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor

State = dict[str, Tensor]


@dataclass(frozen=True)
class Factors:
    """Numbers a network, each (M, 1, ...) as the weights at hand need them."""

    rate: Tensor
    momentum: Tensor
    decay: Tensor | None  # None: no network decays these weights


@dataclass(frozen=True)
class Update:
    """A step in place, and what it remembers of each weight (M, ...), zero at first unless `begin` says otherwise."""

    take: Callable[[Tensor, Tensor, State, Factors, int, Mapping[str, Any]], None]
    states: tuple[str, ...]
    counts: bool = True  # whether torch keeps the number of the step
    begin: Callable[[Mapping[str, Any]], float] = lambda options: 0.0


def _decayed(p: Tensor, g: Tensor, factors: Factors) -> Tensor:
    return g if factors.decay is None else torch.addcmul(g, p, factors.decay)


def _sgd(p: Tensor, g: Tensor, state: State, by: Factors, t: int, options: Mapping[str, Any]) -> None:
    g = _decayed(p, g, by)
    if "momentum_buffer" in state:
        velocity = state["momentum_buffer"].mul_(by.momentum)
        if options["dampening"] and t > 1:  # without momentum torch knows none
            velocity.add_(g * (1 - options["dampening"] * (by.momentum > 0).to(g.dtype)))
        else:
            velocity.add_(g)
        g = torch.addcmul(g, velocity, by.momentum) if options["nesterov"] else velocity
    p.addcmul_(g, by.rate, value=-1)


def _rmsprop(p: Tensor, g: Tensor, state: State, by: Factors, t: int, options: Mapping[str, Any]) -> None:
    g, alpha = _decayed(p, g, by), options["alpha"]
    square = state["square_avg"].mul_(alpha).addcmul_(g, g, value=1 - alpha)
    if options["centered"]:
        mean = state["grad_avg"].lerp_(g, 1 - alpha)
        square = torch.addcmul(square, mean, mean, value=-1)
    g = g / square.sqrt().add_(options["eps"])
    if "momentum_buffer" in state:
        g = state["momentum_buffer"].mul_(by.momentum).add_(g)
    p.addcmul_(g, by.rate, value=-1)


def _adam(p: Tensor, g: Tensor, state: State, by: Factors, t: int, options: Mapping[str, Any]) -> None:
    """Also AdamW. torch's fused kernel at rate 1 from zero gives each network's step, which its own rate scales."""
    if not options["decoupled_weight_decay"]:
        g = _decayed(p, g, by)
    elif by.decay is not None:
        p.mul_(1 - by.rate * by.decay)
    first, second = options["betas"]
    step = torch.zeros_like(p)
    torch._fused_adam_(
        [step],
        [g.contiguous()],
        [state["exp_avg"]],
        [state["exp_avg_sq"]],
        [],
        [_number(t, p.device)],
        lr=1.0,
        beta1=first,
        beta2=second,
        weight_decay=0.0,
        eps=options["eps"],
        amsgrad=False,
        maximize=False,
    )
    p.addcmul_(step, by.rate)


@lru_cache(maxsize=1)
def _number(t: int, device: torch.device) -> Tensor:
    return torch.tensor(float(t), device=device)


def _adamax(p: Tensor, g: Tensor, state: State, by: Factors, t: int, options: Mapping[str, Any]) -> None:
    g, (first, second) = _decayed(p, g, by), options["betas"]
    mean = state["exp_avg"].lerp_(g, 1 - first)
    greatest = torch.maximum(state["exp_inf"].mul_(second), g.abs().add_(options["eps"]), out=state["exp_inf"])
    p.addcmul_(mean / greatest, by.rate / (1 - first**t), value=-1)


def _adagrad(p: Tensor, g: Tensor, state: State, by: Factors, t: int, options: Mapping[str, Any]) -> None:
    g = _decayed(p, g, by)
    total = state["sum"].addcmul_(g, g)
    p.addcmul_(g / total.sqrt().add_(options["eps"]), by.rate / (1 + (t - 1) * options["lr_decay"]), value=-1)


def _adadelta(p: Tensor, g: Tensor, state: State, by: Factors, t: int, options: Mapping[str, Any]) -> None:
    g, rho, eps = _decayed(p, g, by), options["rho"], options["eps"]
    square = state["square_avg"].mul_(rho).addcmul_(g, g, value=1 - rho)
    delta = state["acc_delta"].add(eps).sqrt_().div_(square.add(eps).sqrt_()).mul_(g)
    state["acc_delta"].mul_(rho).addcmul_(delta, delta, value=1 - rho)
    p.addcmul_(delta, by.rate, value=-1)


UPDATES: dict[str, Update] = {
    "sgd": Update(_sgd, ("momentum_buffer",), counts=False),
    "rmsprop": Update(_rmsprop, ("square_avg", "grad_avg", "momentum_buffer")),
    "adam": Update(_adam, ("exp_avg", "exp_avg_sq")),
    "adamw": Update(_adam, ("exp_avg", "exp_avg_sq")),
    "adamax": Update(_adamax, ("exp_avg", "exp_inf")),
    "adagrad": Update(_adagrad, ("sum",), begin=lambda options: float(options["initial_accumulator_value"])),
    "adadelta": Update(_adadelta, ("square_avg", "acc_delta")),
}
"""By the names of `glia.training.optimizers`."""
