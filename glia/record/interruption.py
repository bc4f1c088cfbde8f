"""Ctrl-C and SIGTERM as a wish: finish the step, write a checkpoint, end as stopped. A second one leaves at once."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def asked_to_stop(told: Callable[[str], None]) -> Iterator[Callable[[], bool]]:
    """While inside, the first signal is remembered and told; the second raises KeyboardInterrupt.

    Yields:
        A function that says whether a stop was asked for. Outside the main thread, where Python hands out no signals,
        it is always false.
    """
    asked: list[int] = []

    def remember(number: int, frame: FrameType | None) -> None:
        if asked:
            raise KeyboardInterrupt
        asked.append(number)
        told(f"{signal.Signals(number).name}: stopping after this step with a checkpoint. Once more leaves at once.")

    if threading.current_thread() is not threading.main_thread():
        yield lambda: False
        return
    before = {number: signal.signal(number, remember) for number in SIGNALS}
    try:
        yield lambda: bool(asked)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
