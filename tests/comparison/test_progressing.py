"""What is told while learners are compared."""

from dataclasses import dataclass, field

import torch

from glia.comparison.contest import Fit
from glia.comparison.progressing import Progress


@dataclass
class Heard:
    moving: list[str] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)

    def show(self, line: str, share: float) -> None:
        self.moving.append(line)

    def say(self, line: str) -> None:
        self.lines.append(line)

    def close(self) -> None:
        pass


def fit(learner: str, number: int, rmse: float) -> Fit:
    nothing = torch.empty(0)
    return Fit(learner, number, {"rmse": rmse}, 2.0, 1e-6, False, None, nothing, nothing)


def test_a_round_leaves_its_best_and_the_time_left() -> None:
    heard = Heard()
    with Progress("rmse", "lower", 2, ["ridge", "lasso", "mlp"], heard) as progress:
        for number in range(2):
            for learner, value in (("ridge", 2.0), ("lasso", 1.234567), ("mlp", 3.0)):
                progress.fitted(fit(learner, number, value))
        progress.begin_curve(["ridge", "mlp"], 2)
        progress.besides("learning curve: ridge")
    assert heard.lines[:2] == [
        "fit 1 of 2  best lasso 1.23, ridge 2 and 1 more  6.0 s left",
        "fit 2 of 2  best lasso 1.23, ridge 2 and 1 more",
    ]
    assert heard.moving[0] == "fit 1 of 6: ridge 2  10 s left"
    assert heard.lines[2] == "Learning curve of ridge and mlp: 4 fits to fewer samples"
    assert heard.moving[-1].startswith("learning curve: ridge, fit 1 of 4  ")
    assert all(len(line) <= 80 for line in heard.lines)
