"""What many networks cost beside one: `python benchmarks/many.py [CASE …] [--rounds 5] [--save]`.

Cases: `members` (the 32 members of TabM beside the same network with one member, 32 times) and `folds` (5 folds × 8
seeds of a small network as one study, everything recorded, beside one run of `glia.train`). All is measured in one
process, in turn; ratios are taken within rounds and their median is shown.
"""

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from statistics import median
from typing import Any

from report import publish, table

import glia
from glia.learner import Learner
from glia.recipe import Recipe

SPLIT = {"data.split.train": 0.8, "data.split.validation": 0.2, "data.split.test": 0.0}


def timed(work: Callable[[], object]) -> float:
    """Seconds."""
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def members(rounds: int) -> tuple[str, str]:
    """Of two widths, on scikit-learn's breast-cancer data, five epochs."""
    rows = []
    for width in (64, 128):

        def fit(count: int, width: int = width) -> None:
            options = {"model.members": count, "model.width": width, "train.epochs": 5, "train.refit": False}
            Learner(Recipe().with_settings({"model.name": "tabm", **SPLIT, **options})).fit("breast-cancer")

        fit(32)
        pairs = [(timed(lambda: fit(32)), timed(lambda: fit(1))) for _ in range(rounds)]
        rows.append(
            [
                f"width {width}",
                f"{median(many for many, _ in pairs):.3f} s",
                f"{median(one for _, one in pairs):.3f} s",
                f"{median(many / (32 * one) for many, one in pairs):.2f}",
                f"{median(many / one for many, one in pairs):.1f}",
                "≤ 0.5",
            ]
        )
    header = ["TabM", "32 members", "one", "of 32 in turn", "times one", "target, of 32 in turn"]
    return "Many: 32 members of TabM", table(header, rows)


def folds(rounds: int) -> tuple[str, str]:
    """64-128-10 on digits, 20 epochs."""
    shared: dict[str, Any] = {"model": "mlp", "epochs": 20, "settings": {**SPLIT, "model.hidden": [128]}}
    searched = {**shared, "vary": {"train.seed": list(range(8))}, "method": "grid", "folds": 5, "again": 0}

    def networks() -> float:
        study = glia.tune("digits", trials=0, **searched)
        trials = study.ask(8)
        seconds = timed(lambda: study.train(trials))
        study.end()
        return seconds

    def whole() -> None:
        glia.tune("digits", **searched)

    found: dict[str, list[float]] = {"its 40 networks, recorded": [], "the whole, with the winner trained again": []}
    ones = []
    with tempfile.TemporaryDirectory() as folder:
        os.environ["GLIA_HOME"] = f"{folder}/.glia"
        whole(), glia.train("digits", **shared)
        for _ in range(rounds):
            ones.append(timed(lambda: glia.train("digits", **shared)))
            for seconds, measured in zip((networks(), timed(whole)), found.values(), strict=True):
                measured.append(seconds)
    rows = [
        [
            name,
            f"{median(seconds):.2f} s",
            f"{median(ones):.2f} s",
            f"{median(many / one for many, one in zip(seconds, ones, strict=True)):.1f}",
            "≤ 6",
        ]
        for name, seconds in found.items()
    ]
    header = ["of the study", "", "one run of `glia.train`", "times one", "target"]
    return "Many: 5 folds × 8 seeds of 64-128-10 on digits", table(header, rows)


CASES = {"members": members, "folds": folds}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("case", nargs="*", metavar="CASE", help=f"of {', '.join(CASES)}; default: all")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--save", action="store_true")
    options = parser.parse_args()
    for name in options.case or CASES:
        title, body = CASES[name](options.rounds)
        publish(title, f"{body}\n\nMedians of {options.rounds} rounds.", save=options.save)


if __name__ == "__main__":
    main()
