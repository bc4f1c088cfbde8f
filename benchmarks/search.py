"""Seconds per trial of a random search beside its peers, on one machine, in turn; and how soon methods find the best.

    python benchmarks/search.py [CASE …] [--rounds 3] [--only glia,loop] [--trials 256] [--save]

Cases: `trials` (seconds per trial of 64-128-10 on digits, 20 epochs, batches of 32, Adam, the rate drawn from 1e-4 to
1e-1), `trivial` (milliseconds per trial that trains nothing, 10,000 of them), `random` (Bergstra & Bengio: random
against grid) and `bayes` (Bayesian against random, 50 trials on ten sets). Each measurement of `trials` is a process of
its own; ratios are taken within rounds, where all had the same machine, and their median is shown.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from environments import python_with
from report import publish, table

HERE = Path(__file__).parent
RAY = ("ray[tune]==2.60.0", "scikit-learn")
WHAT = {
    "glia": "`glia.tune`, everything recorded",
    "loop": "plain PyTorch loop, default Adam, one thread",
    "sklearn": "scikit-learn's MLPClassifier",
    "optuna": "Optuna 5 with that loop, in memory",
    "ray": "Ray Tune with that loop, its defaults",
}
TARGETS = {"loop": "≥ 8", "ray": "≥ 40", "sklearn": "≥ 5"}
FEW = 8  # trials of the slow ones


def measure(contestant: str, trials: int) -> float:
    """Seconds per trial, in a process of its own."""
    python = python_with("ray", *RAY) if contestant == "ray" else Path(sys.executable)
    count = trials if contestant == "glia" else FEW
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "GLIA_HOME": f"{folder}/.glia", "RAY_AIR_NEW_OUTPUT": "0"}
        command = [python, HERE / "search_contestants.py", contestant, str(count)]
        done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=folder)
    if done.returncode:
        raise SystemExit(f"{contestant} failed:\n{done.stderr}")
    found: float = json.loads(done.stdout.splitlines()[-1])
    return found


def trials_case(options: argparse.Namespace) -> tuple[str, str]:
    """Seconds per trial."""
    names = options.only.split(",") if options.only else list(WHAT)
    found: dict[str, list[float]] = {name: [] for name in names}
    for number in range(options.rounds):
        for name in names:
            found[name].append(measure(name, options.trials))
            print(f"round {number + 1}: {name} {found[name][-1]:.4f} s", file=sys.stderr)
    rows = []
    for name in names:
        ratios = [other / own for other, own in zip(found[name], found["glia"], strict=True)]
        target = TARGETS.get(name, "≤ 0.06 s" if name == "glia" else "")
        rows.append([WHAT[name], f"{median(found[name]):.3f}", f"{median(ratios):.1f}", target])
    header = ["", "seconds per trial", "glia is × faster", "target"]
    note = f"Medians of {options.rounds} rounds; {options.trials} trials of Glia's, {FEW} of each of the others."
    return "Search: seconds per trial of a small network", f"{table(header, rows)}\n\n{note}"


def trivial_case(options: argparse.Namespace) -> tuple[str, str]:
    """Milliseconds per trial that trains nothing."""
    import time

    import glia

    rows = []
    for method in ("grid", "random"):
        with tempfile.TemporaryDirectory() as folder:
            os.environ["GLIA_HOME"] = f"{folder}/.glia"
            study = glia.tune("iris", vary={"train.seed": glia.between(0, 10**6)}, method=method, trials=0)
            begun = time.perf_counter()
            for number in range(10_000):
                [trial] = study.ask()
                study.tell(trial, float(number % 97))
            rows.append([method, f"{(time.perf_counter() - begun) / 10:.3f}", "≤ 1"])
            study.end()
    return "Search: trials that train nothing", table(["10,000 of", "milliseconds per trial", "target"], rows)


def random_case(options: argparse.Namespace) -> tuple[str, str]:
    """How many random trials reach the best of a grid of 64, judged on folds, where one setting of three matters.

    The best rate lies within its range: at an end of it, where a grid has a point, chance seldom comes.
    """
    import glia

    vary: dict[str, Any] = {
        "train.learning_rate": glia.between(1e-5, 1e1, log=True, points=4),
        "train.weight_decay": glia.between(1e-8, 1e-2, log=True, points=4),
        "model.dropout": glia.between(0.0, 0.3, points=4),
    }
    wide = {
        key: glia.between(each.low, each.high, log=each.log) if each.low > 0 else glia.between(each.low, each.high)
        for key, each in vary.items()
    }
    rows = []
    for name in ("digits", "breast-cancer", "wine"):
        with tempfile.TemporaryDirectory() as folder:
            os.environ["GLIA_HOME"] = f"{folder}/.glia"
            shared: dict[str, Any] = {"model": "mlp", "epochs": 5, "metric": "loss", "again": 0, "folds": 3}
            best = glia.tune(name, vary=vary, method="grid", **shared).best.value or 0.0
            needed = []
            for seed in range(5):
                study = glia.tune(name, vary=wide, trials=64, seed=seed, **shared)
                values = [each.value or np.inf for each in study.trials]
                needed.append(next((number + 1 for number, value in enumerate(values) if value <= best), 65))
            rows.append([name, f"{best:.4f}", " ".join(map(str, needed)), f"{median(needed):.0f}", "≤ 32"])
    header = [
        "data",
        "best loss of the grid of 64",
        "random trials until it is reached, 5 searches",
        "median",
        "target",
    ]
    return "Search: random against grid", table(header, rows)


def bayes_case(options: argparse.Namespace) -> tuple[str, str]:
    """The best of 50 trials, Bayesian and random, on ten tables."""
    import pandas as pd

    import glia

    folder = Path(os.environ["GLIA_MIRROR"]) / "pmlb" / "classification"
    names = [
        "sonar",
        "vehicle",
        "ecoli",
        "glass2",
        "saheart",
        "monk2",
        "tae",
        "wine_recognition",
        "new_thyroid",
        "spectf",
    ]
    rows, gains = [], []
    vary = {
        "train.learning_rate": glia.between(1e-5, 1.0, log=True),
        "train.weight_decay": glia.between(1e-8, 1e-1, log=True),
        "model.dropout": glia.between(0.0, 0.9),
        "train.momentum": glia.between(0.0, 0.99),
    }
    for name in names:
        with tempfile.TemporaryDirectory() as home:
            os.environ["GLIA_HOME"] = f"{home}/.glia"
            frame = pd.read_csv(folder / f"{name}.tsv.gz", sep="\t")
            shared: dict[str, Any] = {"target": "target", "task": "classification", "model": "mlp", "metric": "loss"}
            shared |= {"epochs": 10, "again": 0, "settings": {"train.optimizer": "sgd"}, "trials": 50, "folds": 3}
            best: dict[str, list[float]] = {"random": [], "bayes": []}
            for seed in range(3):
                for method, found in best.items():
                    found.append(glia.tune(frame, vary=vary, method=method, seed=seed, **shared).best.value or np.inf)
            random, bayes = (median(best[method]) for method in ("random", "bayes"))
            gains.append(1 - bayes / random)
            rows.append([name, f"{random:.4f}", f"{bayes:.4f}"])
    header = ["data", "best loss of 50 random trials", "of 50 Bayesian ones"]
    better = sum(gain > 0 for gain in gains)
    note = f"Medians of 3 searches, on 3 folds. The Bayesian loss is lower on {better} of {len(gains)} sets, in the "
    note += f"median of the sets by {median(gains):.1%} (target: lower)."
    return "Search: Bayesian against random", f"{table(header, rows)}\n\n{note}"


CASES: dict[str, Callable[[argparse.Namespace], tuple[str, str]]] = {
    "trials": trials_case,
    "trivial": trivial_case,
    "random": random_case,
    "bayes": bayes_case,
}


def main() -> None:
    """Read the options, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("case", nargs="*", metavar="CASE", help=f"of {', '.join(CASES)}; default: all")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", default="", help=f"of {', '.join(WHAT)}; glia among them")
    parser.add_argument("--trials", type=int, default=256, help="of Glia's")
    parser.add_argument("--save", action="store_true", help="keep in RESULTS.md")
    options = parser.parse_args()
    wanted: Sequence[str] = options.case or list(CASES)
    for name in wanted:
        publish(*CASES[name](options), save=options.save)


if __name__ == "__main__":
    main()
