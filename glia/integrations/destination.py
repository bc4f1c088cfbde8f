"""The run that another library's training goes into: joined or begun, and named as Glia names things."""

import re
import sys
import threading
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from glia.errors import NotFoundError
from glia.record.current import current, enter
from glia.record.media import array_of
from glia.record.run import Run
from glia.record.starting import begun

LARGEST_ARRAY = 1_000  # numbers of a metric that is one for each class, say
_PREFIX = re.compile(r"(train|training|val|valid|validation|eval|test)[_/](.+)")
_PHASES = {"train": "train", "training": "train", "test": "test"}

_begun: list["Destination"] = []  # trainings whose run is theirs to end, and has not ended


class Destination:
    """Where a training is recorded.

    A run that is given, or that `glia.start` began, is joined, and its owner ends it. Otherwise each training is a run
    of its own. Libraries tell nobody when training ends by an exception: such a run ends with the program, or when the
    next training of the same thread begins.

    Args:
        run: the run to join; None: the current one, if `glia.start` began it.
        project: begin a run in this project, whatever else is being recorded.
        name: likewise, a run of this name.
    """

    def __init__(self, run: Run | None = None, *, project: str | None = None, name: str | None = None) -> None:
        self.run = run
        self._given = run
        self._project, self._name = project, name
        self._thread = 0
        self._placed: int | None = None  # the last step logged

    def begin(self, params: Mapping[str, Any] | None = None) -> Run:
        """At the beginning of a training: the run it is recorded in, with these parameters."""
        for left in [each for each in _begun if each._thread == threading.get_ident()]:
            left._abandon()
        joined = self._given or self._joined()
        if joined is not None:
            self.run = joined
            if params:
                joined.add_params(params)
        else:
            self.run = enter(begun(project=self._project, name=self._name, params=params))
            self._thread = threading.get_ident()
            _begun.append(self)
        return self.run

    def log(self, values: Mapping[str, float], step: int | None) -> None:
        """Record numbers; the epoch, which libraries tell with each phase, once a step."""
        if self.run is not None:
            kept = dict(values)
            if step is not None and step == self._placed:
                kept.pop("train/epoch", None)
            self._placed = step
            self.run.log(kept, step=step)

    def end(self, error: BaseException | None = None) -> None:
        """At the end of a training, which an error may have ended."""
        if self in _begun and self.run is not None:
            _begun.remove(self)
            self.run.__exit__(type(error) if error else None, error, None)

    def _joined(self) -> Run | None:
        if self._project is not None or self._name is not None:
            return None
        try:
            found = current()
        except NotFoundError:
            return None
        return None if any(each.run is found for each in _begun) else found

    def _abandon(self) -> None:
        error = getattr(sys, "last_value", None)
        if error is None and self.run is not None:
            self.run.end("failed", "the training ended without a word")
        self.end(error)


def phased(name: str, otherwise: str = "") -> str:
    """A metric's name with its phase; one that names none gets the phase `otherwise`.

    Example:
        >>> phased("val_loss"), phased("eval/f1"), phased("loss", "train"), phased("lr-Adam")
        ('validation/loss', 'validation/f1', 'train/loss', 'lr-Adam')
    """
    found = _PREFIX.fullmatch(name)
    if found is None:
        return f"{otherwise}/{name}" if otherwise else name
    return f"{_PHASES.get(found[1], 'validation')}/{found[2]}"


def numbers(values: Mapping[str, Any] | None, named: Callable[[str], str]) -> dict[str, float]:
    """What of a library's logs is a number, under the names that `named` makes; of an array each number.

    The rest is left out: what is logged by somebody else must not end training.
    """
    found: dict[str, float] = {}
    for name, value in (values or {}).items():
        if value is None or isinstance(value, str | bytes):
            continue
        try:
            array = np.asarray(array_of(value), dtype=np.float64)
        except (TypeError, ValueError, RuntimeError):
            continue
        if array.ndim == 0:
            found[named(name)] = float(array)
        elif array.size <= LARGEST_ARRAY:
            found |= {f"{named(name)}/{place}": float(each) for place, each in enumerate(array.ravel())}
    return found
