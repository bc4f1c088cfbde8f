"""What a person sees while learners are compared: a line a round that stays, and where it is, with the time left."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from statistics import fmean
from types import TracebackType

from glia.comparison.contest import Fit
from glia.record.progress import Display, choose, duration


class Progress(AbstractContextManager["Progress"]):
    """Hears of fits.

    Args:
        metric: that is shown of each.
        rounds: how often each learner is fitted.
        learners: who takes part.
        display: None takes what suits the place.
    """

    def __init__(self, metric: str, rounds: int, learners: Sequence[str], display: Display | None = None) -> None:
        self.metric, self.rounds, self.learners = metric, rounds, list(learners)
        self._display = display or choose()
        self._fits: list[Fit] = []

    def fitted(self, fit: Fit) -> None:
        """Move on; after the last learner of a round leave a line."""
        self._fits.append(fit)
        done, all_fits = len(self._fits), self.rounds * len(self.learners)
        left = f"{duration(self.seconds_left)} left"
        self._display.show(f"fit {done} of {all_fits}: {fit.learner} {self._value(fit)}  {left}", done / all_fits)
        if fit.learner == self.learners[-1]:
            judged = [f"{each.learner} {self._value(each)}" for each in self._fits if each.round == fit.round]
            self.say(f"fit {fit.round + 1} of {self.rounds}  {'  '.join(judged)}  {left}")

    def leaves(self, learner: str) -> None:
        """A learner takes no further part."""
        self.learners = [name for name in self.learners if name != learner] or self.learners

    def say(self, line: str) -> None:
        """A line that stays."""
        self._display.say(line)

    @property
    def seconds_left(self) -> float:
        """As long as the fits to come take if they take as long as those before."""
        seconds = {name: [fit.seconds for fit in self._fits if fit.learner == name] for name in self.learners}
        every = fmean(fit.seconds for fit in self._fits)
        return sum((self.rounds - len(own)) * (fmean(own) if own else every) for own in seconds.values())

    def _value(self, fit: Fit) -> str:
        return f"{fit.metrics[self.metric]:.4g}"

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._display.close()
