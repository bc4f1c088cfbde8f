"""What a person sees while a network trains: a line that moves in a terminal or notebook, plain lines elsewhere."""

import sys
import time
from collections.abc import Mapping
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Any, Protocol

from glia.training.events import EpochDone, Event, FitDone, FitStarted, StepsDone, Warned
from glia.training.several import OfMember

SECONDS_BETWEEN_DRAWINGS = 0.1
SECONDS_BEFORE_SHOWN = 1.0  # of a pass over a table


class Display(Protocol):
    """Where progress is drawn."""

    def show(self, line: str, share: float) -> None:
        """The moving line; `share` of the whole is done."""

    def say(self, line: str) -> None:
        """A line that stays."""

    def close(self) -> None:
        """Nothing moves any more."""


class Progress(AbstractContextManager["Progress"]):
    """Hears training events and draws them on the display that suits the place.

    Args:
        display: None takes a terminal's bar, a notebook's output or plain lines on stderr, whichever is there.
    """

    def __init__(self, display: Display | None = None) -> None:
        self._display = display or choose()
        self._started: FitStarted | None = None
        self._drawn = 0.0
        self._judged = ""  # what the last epoch came to

    def __call__(self, event: Event) -> None:
        """Draw one event."""
        if isinstance(event, FitStarted):
            self._started = event
            self._display.say(opening(event))
        elif isinstance(event, StepsDone):
            self._move(event)
        elif isinstance(event, EpochDone):
            self._judged = judged(event.metrics)
            self._display.say(epoch(event))
        elif isinstance(event, OfMember):
            self._of_member(event)
        elif isinstance(event, Warned):
            self._display.say(f"Note: {event.message}")
        elif isinstance(event, FitDone):
            self._display.close()

    def say(self, line: str) -> None:
        """Print a line that stays, above what moves."""
        self._display.say(line)

    def _of_member(self, told: OfMember) -> None:
        """All go the same way, so the first one stands for where they are; each leaves a line when it ends."""
        event, number = told.event, told.member
        if isinstance(event, StepsDone) and number == 1:
            self._move(event)
        elif isinstance(event, FitDone):
            what = f"network {number} of {told.members}: {event.epoch} epochs, best {event.best_epoch}"
            self._display.say(f"{what}  {judged(event.metrics)}".rstrip())

    def _move(self, event: StepsDone) -> None:
        now = time.monotonic()
        if self._started is not None and now - self._drawn > SECONDS_BETWEEN_DRAWINGS:
            self._drawn = now
            steps = self._started.epochs * self._started.steps_per_epoch
            self._display.show(moving(event, self._started, self._judged), event.step / steps)

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._display.close()


def downloading(name: str, here: int, total: int) -> None:
    """Show how much of a file has come; `total` is 0 where the server does not say."""
    display = choose()
    if here < total:
        display.show(f"{name}: {here / 1e6:.1f} of {total / 1e6:.1f} MB", here / total)
    else:
        display.say(f"Downloaded {name}, {here / 1e6:.1f} MB.")
    display.close()


class _Reading:
    """Shows the passes over a table that is too large for memory, one after the other."""

    def __init__(self) -> None:
        self._display: Display | None = None
        self._what, self._begun = "", 0.0

    def __call__(self, what: str, here: int, total: int) -> None:
        now = time.monotonic()
        if what != self._what:
            self._what, self._begun = what, now
        if here >= total:
            if self._display is not None:
                self._display.close()
            self._display, self._what = None, ""
        elif now - self._begun > SECONDS_BEFORE_SHOWN:
            self._display = self._display or choose()
            self._display.show(f"{what}: {here:,} of {total:,} rows", here / total)


reading = _Reading()
"""Show how far a pass over the rows of a table has come."""


def opening(event: FitStarted) -> str:
    """The first line: how much is learned from, by how many parameters, where."""
    judged = f", validating on {event.validation_samples:,}" if event.validation_samples else ""
    again = f", going on after step {event.step:,}" if event.step else ""
    return f"{event.parameters:,} parameters, {event.train_samples:,} samples{judged}, on {event.device}{again}"


def moving(event: StepsDone, started: FitStarted, judged: str) -> str:
    """The line that moves: where it is, the loss now, what validation last gave, how fast, how long still."""
    parts = [
        f"epoch {event.epoch}/{started.epochs}",
        f"loss {event.loss:.4g}",
        judged,
        f"{event.samples_per_second:,.0f} samples/s",
        f"{duration(event.seconds_left)} left",
    ]
    return "  ".join(part for part in parts if part)


def epoch(event: EpochDone) -> str:
    """The line an epoch leaves behind, or what several networks came to together, of whom it tells no training loss."""
    alone = "train/loss" in event.metrics
    mark = "  best" if event.best and alone else ""
    parts = [
        f"epoch {event.epoch:>3}" if alone else "what is kept",
        f"train loss {event.metrics['train/loss']:.4f}" if alone else "",
        judged(event.metrics),
        duration(event.seconds),
    ]
    return "  ".join(part for part in parts if part) + mark


def judged(metrics: Mapping[str, float]) -> str:
    """What validation gave, in a line; nothing if there was none."""
    found = {name.split("/")[1]: value for name, value in metrics.items() if name.startswith("validation/")}
    if found.get("log-loss") == found.get("loss"):
        found.pop("log-loss", None)  # without class weights they are the same
    return "validation " + "  ".join(f"{name} {value:.4f}" for name, value in found.items()) if found else ""


def duration(seconds: float) -> str:
    """Seconds in words.

    Example:
        >>> duration(0.24), duration(75), duration(7380)
        ('0.2 s', '1 min 15 s', '2 h 3 min')
    """
    if seconds < 60:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"


def choose() -> Display:
    """The display that suits where the program runs."""
    if in_notebook():
        return NotebookDisplay()
    return TerminalDisplay() if sys.stderr.isatty() else PlainDisplay()


def in_notebook() -> bool:
    """Whether this is a Jupyter kernel."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    return shell is not None and type(shell).__name__ == "ZMQInteractiveShell"


class PlainDisplay:
    """Lines on stderr, one an epoch: for files, pipes and CI."""

    def show(self, line: str, share: float) -> None:
        """Nothing moves here."""

    def say(self, line: str) -> None:
        """A line on stderr."""
        print(line, file=sys.stderr, flush=True)  # noqa: T201  (this is where lines are printed)

    def close(self) -> None:
        """Nothing to undo."""


class TerminalDisplay:
    """A bar with figures below lines that stay."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn

        self._console = Console(stderr=True, highlight=False, soft_wrap=True)
        self._bar = Progress(BarColumn(24), TextColumn("{task.description}"), console=self._console, transient=True)
        self._task: Any = None

    def show(self, line: str, share: float) -> None:
        """Move the bar."""
        if self._task is None:
            self._bar.start()
            self._task = self._bar.add_task(line, total=1.0)
        self._bar.update(self._task, description=line, completed=share)

    def say(self, line: str) -> None:
        """A line above the bar."""
        self._console.print(line, markup=False)

    def close(self) -> None:
        """Take the bar away."""
        if self._task is not None:
            self._bar.stop()


class NotebookDisplay:
    """One output area that is rewritten; it needs no widgets and stays readable in a saved notebook."""

    def __init__(self) -> None:
        from IPython.display import display

        self._lines: list[str] = []
        self._moving = ""
        self._handle: Any = display({"text/plain": ""}, raw=True, display_id=True)  # type: ignore[no-untyped-call]

    def show(self, line: str, share: float) -> None:
        """Rewrite the line that moves."""
        filled = round(share * 24)
        self._moving = f"{'━' * filled}{'─' * (24 - filled)}  {line}"
        self._draw()

    def say(self, line: str) -> None:
        """A line that stays; of many, the last ones."""
        self._lines = [*self._lines, line][-30:]
        self._draw()

    def close(self) -> None:
        """Leave only the lines that stay."""
        self._moving = ""
        self._draw()

    def _draw(self) -> None:
        text = "\n".join([*self._lines, self._moving] if self._moving else self._lines)
        self._handle.update({"text/plain": text}, raw=True)
