"""Several networks of one recipe from other first weights: what they tell, and what became of them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from torch import nn

from glia.training.events import EpochDone, Event, FitDone, FitStarted, Listener, Warned
from glia.training.population.individuals import Individual, Outcome


@dataclass(frozen=True)
class OfMember(Event):
    """An event of one of several networks."""

    member: int  # from 1
    members: int
    event: Event


@dataclass(frozen=True)
class Member:
    """A network that was trained to an end."""

    number: int  # from 1
    network: nn.Module
    done: FitDone
    loss: float  # that it is judged by, of the epoch kept


def fit_several(
    individuals: Sequence[Individual], fit: Callable[[list[Individual]], list[Outcome]], listen: Listener
) -> list[Member]:
    """Train them, and tell of each.

    Args:
        individuals: whose listeners are not heard.
        fit: trains them together.
        listen: hears `OfMember`, and of those that failed.

    Raises:
        Exception: what the first network failed by, if all did.
    """
    hearing = [_Hearing(number, len(individuals), listen) for number in range(1, len(individuals) + 1)]
    outcomes = fit([replace(each, listen=heard) for each, heard in zip(individuals, hearing, strict=True)])
    members = []
    for individual, heard, outcome in zip(individuals, hearing, outcomes, strict=True):
        if outcome.done is not None:
            best = outcome.done.best_epoch if individual.settings.keep == "best" else outcome.done.epoch
            members.append(Member(heard.number, individual.model, outcome.done, heard.losses.get(best, float("inf"))))
    failed = [outcome.error for outcome in outcomes if outcome.error is not None]
    if not members and failed:
        raise failed[0]
    if failed:
        listen(Warned(f"{len(failed)} of {len(individuals)} networks failed and are left out. {failed[0]}"))
    return members


class _Hearing:
    """Hands on what one network tells, and keeps the loss that each epoch is judged by."""

    def __init__(self, number: int, members: int, listen: Listener) -> None:
        self.number, self._members, self._listen = number, members, listen
        self.losses: dict[int, float] = {}  # by epoch

    def __call__(self, event: Event) -> None:
        if isinstance(event, EpochDone):
            self.losses[event.epoch] = event.metrics.get("validation/loss", event.metrics["train/loss"])
        if isinstance(event, Warned) or (isinstance(event, FitStarted) and self.number == 1):
            self._listen(event)  # said of one, it holds for all
        self._listen(OfMember(self.number, self._members, event))
