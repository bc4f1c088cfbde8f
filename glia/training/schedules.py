"""The learning rate of each step as a function of the step.

Letters    t the time since the beginning, in epochs or steps, T the time of the whole training.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from glia.config import check_options, finite_number, name_and_options
from glia.errors import ConfigError, did_you_mean
from glia.recipe import TrainRecipe
from glia.training.formulas import formula
from glia.training.optimizers import finds_its_steps, learning_rate

Unit = Literal["step", "epoch"]
Factor = Callable[[float, float], float]  # of t and T: what the learning rate is multiplied by


@dataclass(frozen=True)
class Schedule:
    """How a factor is made of a table's options, and in which unit it changes unless `per` says otherwise."""

    make: Callable[[Mapping[str, Any]], Factor]
    options: tuple[str, ...]
    per: Unit


def schedule(settings: TrainRecipe, steps: int, steps_per_epoch: int) -> Callable[[int], float]:
    """Step (from 0) → learning rate, over `steps` steps in all.

    During `train.warmup` epochs the rate rises from 0 along a straight line; the schedule runs meanwhile.

    Raises:
        ConfigError: an unknown schedule or option.
    """
    rate, given = learning_rate(settings), settings.schedule
    suited = "constant" if settings.epochs == "auto" or finds_its_steps(settings) else "cosine"
    name, options = name_and_options("schedule", suited if given == "auto" else given, ["auto", *SCHEDULES])
    name = suited if name == "auto" else name
    known = SCHEDULES[name]
    check_options("schedule", name, options, [*known.options, "per"])
    per = str(options.pop("per", known.per))
    if per not in get_args(Unit):
        raise ConfigError(
            f"Schedule '{name}': per is 'step' or 'epoch', not '{per}'.{did_you_mean(per, get_args(Unit))}"
        )
    factor, unit = known.make(options), steps_per_epoch if per == "epoch" else 1
    rising = settings.warmup * steps_per_epoch
    if name == "constant" and not rising:
        return lambda step: rate

    def at(step: int) -> float:
        warm = min(1.0, (step + 1) / rising) if rising else 1.0
        return rate * warm * factor(min(step, steps) // unit, steps / unit)

    return at


def _constant(options: Mapping[str, Any]) -> Factor:
    return lambda t, T: 1.0


def _cosine(options: Mapping[str, Any]) -> Factor:
    """Half a cosine from the rate to `final` times the rate: Loshchilov & Hutter 2017, equation 5, one cycle."""
    final = finite_number("schedule", "cosine", "final", options.get("final", 0.0), 0)
    return lambda t, T: final + (1 - final) * 0.5 * (1 + math.cos(math.pi * t / T))


def _linear(options: Mapping[str, Any]) -> Factor:
    final = finite_number("schedule", "linear", "final", options.get("final", 0.0), 0)
    return lambda t, T: 1 - (1 - final) * t / T


def _step(options: Mapping[str, Any]) -> Factor:
    every = finite_number("schedule", "step", "every", options.get("every", 10), 1)
    factor = finite_number("schedule", "step", "factor", options.get("factor", 0.1), 0)
    return lambda t, T: float(factor ** (t // every))


def _multi_step(options: Mapping[str, Any]) -> Factor:
    at = options.get("at")
    if not isinstance(at, list | tuple) or not all(isinstance(each, int | float) for each in at):
        raise ConfigError(f"Schedule 'multi-step': at is a list of times such as [30, 60], not {at!r}.")
    factor = finite_number("schedule", "multi-step", "factor", options.get("factor", 0.1), 0)
    return lambda t, T: float(factor ** sum(t >= each for each in at))


def _exponential(options: Mapping[str, Any]) -> Factor:
    factor = finite_number("schedule", "exponential", "factor", options.get("factor", 0.95), 0)
    return lambda t, T: float(factor**t)


def _lambda(options: Mapping[str, Any]) -> Factor:
    text = options.get("factor")
    if not isinstance(text, str):
        raise ConfigError(f"Schedule 'lambda': factor is a formula of t and T such as '0.95 ** t', not {text!r}.")
    return formula(text, ("t", "T"))


SCHEDULES: dict[str, Schedule] = {
    "constant": Schedule(_constant, (), "step"),
    "cosine": Schedule(_cosine, ("final",), "step"),
    "linear": Schedule(_linear, ("final",), "step"),
    "step": Schedule(_step, ("every", "factor"), "epoch"),
    "multi-step": Schedule(_multi_step, ("at", "factor"), "epoch"),
    "exponential": Schedule(_exponential, ("factor",), "epoch"),
    "lambda": Schedule(_lambda, ("factor",), "epoch"),
}
