"""How many threads share the steps of a stack: one or all, whichever is faster just now.

Threads that share operations of a fraction of a millisecond wait for each other after each. On a machine of their own
two of them take half the time of one; as soon as another program wants a core they take ten times as long. So both are
tried, now and then anew. What a stack computes does not depend on it but for rounding.
"""

import time
from collections.abc import Callable
from statistics import median
from typing import TypeVar

import torch

T = TypeVar("T")

TRIED = 4  # steps that are compared
LONGEST = {"one": 1024, "all": 64}  # steps before the other is tried again; to stay with one is never far wrong
FAR_WORSE, WORSE = 3.0, 1.4  # times as long a step takes, or two of them each: not tried any further
BETTER = 0.9


class Pace:
    """Takes steps and sees how long they take. Inside it torch has as many threads as suit, afterwards those it had.

    Args:
        clock: gives seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self._clock = clock
        self._all = torch.get_num_threads()
        self._threads, self._other = 1, self._all
        self._usual: list[float] = []  # of the steps before a trial
        self._tried: list[float] = []  # of a trial
        self._wait = TRIED
        self._left = TRIED  # steps before the next trial

    def __enter__(self) -> "Pace":
        torch.set_num_threads(self._threads)
        return self

    def __exit__(self, *raised: object) -> None:
        torch.set_num_threads(self._all)

    def take(self, step: Callable[[], T]) -> T:
        """What `step` gives."""
        if self._all == 1:
            return step()
        is_trial = self._left == 0
        begun = self._clock()
        found = step()
        seconds = self._clock() - begun
        if is_trial:
            self._tried.append(seconds)
            self._judge()
        else:
            self._usual = [*self._usual[-TRIED + 1 :], seconds]
            self._left -= 1
        torch.set_num_threads(self._threads if self._left else self._other)  # also of what is done between two steps
        return found

    def _judge(self) -> None:
        usual, tried = median(self._usual), self._tried
        is_worse = tried[-1] >= FAR_WORSE * usual or (len(tried) > 1 and min(tried) > WORSE * usual)
        if len(tried) < TRIED and not is_worse:
            return
        if median(self._tried) < BETTER * usual:
            self._threads, self._other, self._wait = self._other, self._threads, TRIED
        else:
            self._wait = min(4 * self._wait, LONGEST["one" if self._threads == 1 else "all"])
        self._left, self._usual, self._tried = self._wait, [], []
