"""Metrics as they are told: those that so few samples have no value of, such as R² of one, are left out."""

from collections.abc import Mapping
from dataclasses import replace
from math import isfinite, isnan

from glia.data.splits import Division
from glia.tasks import Task
from glia.training.events import EpochDone, Event, Listener

OF_SEVERAL = "r2"  # a metric that one sample has no value of


def defined(metrics: Mapping[str, float]) -> dict[str, float]:
    """The metrics without those that are not a number although the loss of the same samples is one.

    Example:
        >>> defined({"loss": 0.5, "rmse": 2.0, "r2": float("nan")})
        {'loss': 0.5, 'rmse': 2.0}
    """
    return {
        name: value
        for name, value in metrics.items()
        if not isnan(value) or not isfinite(metrics.get(f"{name.rpartition('/')[0]}/loss".lstrip("/"), value))
    }


def hearing_defined(listen: Listener) -> Listener:
    """A listener that hears of such metrics only."""

    def hear(event: Event) -> None:
        listen(replace(event, metrics=defined(event.metrics)) if isinstance(event, EpochDone) else event)

    return hear


def left_out(task: Task, division: Division) -> list[str]:
    """What is to be said of metrics that a part has too few samples for."""
    if OF_SEVERAL not in task.directions:
        return []
    alone = [name for name in ("validation", "test") if len(getattr(division, name)) == 1]
    return [f"There is no {OF_SEVERAL} of 1 sample, which {name} has: it is left out." for name in alone]
