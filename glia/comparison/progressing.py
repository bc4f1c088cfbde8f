"""What a person sees while learners are compared: a line a round that stays, and where it is, with the time left."""

import time
from collections.abc import Sequence
from contextlib import AbstractContextManager
from statistics import fmean
from types import TracebackType

from glia.comparison.contest import Fit, judges
from glia.record.progress import Display, choose, duration
from glia.tasks.task import Direction

SHOWN = 2  # learners in the line of a round: all of them would fill three lines of a terminal


class Progress(AbstractContextManager["Progress"]):
    """Hears of fits.

    Args:
        metric: that is shown of each.
        direction: which way it is better.
        rounds: how often each learner is fitted.
        learners: who takes part.
        display: None takes what suits the place.
    """

    def __init__(
        self, metric: str, direction: Direction, rounds: int, learners: Sequence[str], display: Display | None = None
    ) -> None:
        self.metric, self.direction, self.rounds, self.learners = metric, direction, rounds, list(learners)
        self._display = display or choose()
        self._fits: list[Fit] = []
        self._besides = self._all_besides = 0  # fits that are not judged in a round
        self._begun = 0.0

    def fitted(self, fit: Fit) -> None:
        """Move on; after the last learner of a round leave a line."""
        self._fits.append(fit)
        done, all_fits = len(self._fits), self.rounds * len(self.learners)
        left = f"  {duration(self.seconds_left)} left" if done < all_fits else ""
        self._display.show(f"fit {done} of {all_fits}: {fit.learner} {self._value(fit)}{left}", done / all_fits)
        if fit.learner == self.learners[-1]:
            self.say(f"fit {fit.round + 1} of {self.rounds}  {self._best(fit.round)}{left}")

    def leaves(self, learner: str) -> None:
        """A learner takes no further part."""
        self.learners = [name for name in self.learners if name != learner] or self.learners

    def begin_curve(self, learners: Sequence[str], fits: int) -> None:
        """Learners are going to be fitted to fewer samples, so many times each."""
        self._all_besides, self._begun = len(learners) * fits, time.monotonic()
        self.say(f"Learning curve of {' and '.join(learners)}: {self._all_besides} fits to fewer samples")

    def besides(self, what: str) -> None:
        """Move on by a fit of these."""
        self._besides += 1
        left = self._all_besides - self._besides
        spent = (time.monotonic() - self._begun) / self._besides
        said = f"{what}, fit {self._besides} of {self._all_besides}  {duration(left * spent)} left"
        self._display.show(said, self._besides / self._all_besides)

    def say(self, line: str) -> None:
        """A line that stays."""
        self._display.say(line)

    @property
    def seconds_left(self) -> float:
        """As long as the fits to come take if they take as long as those before."""
        seconds = {name: [fit.seconds for fit in self._fits if fit.learner == name] for name in self.learners}
        every = fmean(fit.seconds for fit in self._fits)
        return sum((self.rounds - len(own)) * (fmean(own) if own else every) for own in seconds.values())

    def _best(self, number: int) -> str:
        """Who was best in a round."""
        judged = [fit for fit in self._fits if fit.round == number and judges(fit, self.metric)]
        if not judged:
            return f"{self.metric} is not defined here"
        judged.sort(key=lambda fit: fit.metrics[self.metric], reverse=self.direction == "higher")
        more = f" and {len(judged) - SHOWN} more" if len(judged) > SHOWN else ""
        return "best " + ", ".join(f"{_short(fit.learner)} {self._value(fit)}" for fit in judged[:SHOWN]) + more

    def _value(self, fit: Fit) -> str:
        return f"{fit.metrics[self.metric]:.3g}" if judges(fit, self.metric) else "done"

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._display.close()


def _short(learner: str) -> str:
    """Of `package.module:Class` the class."""
    return learner.rpartition(":")[2]
