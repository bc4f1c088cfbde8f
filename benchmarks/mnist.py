"""Test accuracy of the guide's networks on MNIST: `python benchmarks/mnist.py [--model …] [--seeds 3] [--save]`.

Trained with the recipe's defaults through `glia.train`, judged once through `glia.evaluate`. On two cores the first
network takes about five minutes a seed, the second half an hour.
"""

import argparse
import os
import tempfile
import time
from dataclasses import dataclass
from statistics import median

from report import publish, table

import glia


@dataclass(frozen=True)
class Goal:
    """How long a network is trained, and what it should reach."""

    epochs: int
    accuracy: float


GOALS = {"cnn/guide": Goal(epochs=3, accuracy=0.988), "cnn/guide-pooled": Goal(epochs=5, accuracy=0.992)}


def train(model: str, seed: int, device: str) -> tuple[float, float]:
    """Test accuracy and seconds of one training."""
    started = time.perf_counter()
    run = glia.train("mnist", model=model, epochs=GOALS[model].epochs, seed=seed, settings={"train.device": device})
    return glia.evaluate(run)["accuracy"], time.perf_counter() - started


def main() -> None:
    """Read the options, train, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", choices=GOALS, action="append", help="default: both")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--save", action="store_true", help="append to RESULTS.md")
    options = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as home:
        os.environ["GLIA_HOME"] = f"{home}/.glia"
        for model in options.model or GOALS:
            found = [train(model, seed, options.device) for seed in range(options.seeds)]
            each = " ".join(f"{accuracy:.2%}" for accuracy, _ in found)
            middle = median(accuracy for accuracy, _ in found)
            times = median(seconds for _, seconds in found)
            rows.append(
                [model, GOALS[model].epochs, f"{middle:.2%}", each, f"{times:.0f}", f"≥ {GOALS[model].accuracy:.1%}"]
            )
    header = ["model", "epochs", "test accuracy", "each seed", "seconds", "target"]
    publish("MNIST", table(header, rows), save=options.save)


if __name__ == "__main__":
    main()
