import pytest

from glia.record.progress import Progress, duration
from glia.training.events import EpochDone, FitDone, FitStarted, StepsDone, Warned


class Heard:
    def __init__(self) -> None:
        self.moved: list[tuple[str, float]] = []
        self.said: list[str] = []
        self.closed = 0

    def show(self, line: str, share: float) -> None:
        self.moved.append((line, share))

    def say(self, line: str) -> None:
        self.said.append(line)

    def close(self) -> None:
        self.closed += 1


def test_what_a_person_sees() -> None:
    display = Heard()
    progress = Progress(display)
    progress(FitStarted(4, 25, 1600, 200, 12_345, "cpu, 2 threads", 0, 0))
    progress(StepsDone(1, 10, 0.51234, 1e-3, 12_000.0, 75.0))
    progress(StepsDone(1, 11, 0.5, 1e-3, 12_000.0, 75.0))
    progress(EpochDone(1, 25, {"train/loss": 0.5, "train/accuracy": 0.9, "validation/loss": 0.25}, True, 2.04))
    progress._drawn = 0.0
    progress(StepsDone(2, 30, 0.4, 1e-3, 12_000.0, 60.0))
    progress(Warned("the disk is full"))
    progress(FitDone("epochs", 4, 100, 1, 8.0, {}))
    assert display.said == [
        "12,345 parameters, 1,600 samples, validating on 200, on cpu, 2 threads",
        "epoch   1  train loss 0.5000  validation loss 0.2500  2.0 s  best",
        "Note: the disk is full",
    ]
    assert display.moved == [  # not drawn too often
        ("epoch 1/4  loss 0.5123  12,000 samples/s  1 min 15 s left", 0.1),
        ("epoch 2/4  loss 0.4  validation loss 0.2500  12,000 samples/s  1 min 0 s left", 0.3),
    ]
    assert display.closed == 1


@pytest.mark.parametrize(
    ("seconds", "words"), [(0.0, "0.0 s"), (9.96, "10.0 s"), (59.4, "59 s"), (60, "1 min 0 s"), (3660, "1 h 1 min")]
)
def test_durations_in_words(seconds: float, words: str) -> None:
    assert duration(seconds) == words
