"""Studies played in the tests: what a method proposes is begun, and a function says the metric."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from glia.search.methods.method import Method
from glia.search.trials import Proposal, Trial

Metric = Callable[[dict[str, Any], int], float]
"""Of the settings after so many epochs."""


def begun(trials: list[Trial], proposals: Iterable[Proposal]) -> list[Trial]:
    """The trials with those proposed going on."""
    known = {each.number: each for each in trials}
    for one in proposals:
        old = known.get(one.number, Trial(number=one.number, settings=one.settings, state="queued", parent=one.parent))
        known[one.number] = replace(old, state="running", epochs=one.epochs)
    return [known[number] for number in sorted(known)]


def ended(trials: list[Trial], metric: Metric, numbers: Iterable[int] | None = None) -> list[Trial]:
    """The trials with those that went on done."""
    chosen = {each.number for each in trials} if numbers is None else set(numbers)

    def end(trial: Trial) -> Trial:
        if not trial.pending or trial.number not in chosen:
            return trial
        value = metric(dict(trial.settings), trial.epochs or 0)
        part = ((trial.epochs, value),) if trial.epochs is not None else ()
        return replace(trial, state="done", value=value, rungs=trial.rungs + part)

    return [end(each) for each in trials]


def played(method: Method, metric: Metric, count: int = 1000, trials: Iterable[Trial] = ()) -> list[Trial]:
    """The whole search, at most `count` trials begun at a time."""
    found = list(trials)
    while proposals := method.propose(found, count):
        found = ended(begun(found, proposals), metric)
    return found
