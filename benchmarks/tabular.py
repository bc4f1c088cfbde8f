"""How well networks do on tables: `python benchmarks/tabular.py [SET …] [--task classification] [--save]`.

The sets are those of PMLB in the folder `pmlb` of GLIA_MIRROR; each is judged on five folds, the same for everyone,
with everyone's defaults and no tuning. What is printed is the mean rank over the sets with its 95 % interval (of
resampled sets), on how many of them the first contestant is no worse, and the time to fit. Each result is written to
`--results` as soon as it is there and not measured again, so that the program may be ended and begun again.
"""

import argparse
import csv
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from environments import python_with
from numpy.typing import NDArray
from report import publish, table
from scipy.stats import rankdata

HERE = Path(__file__).parent
DEFAULTS = ["glia", "sklearn-mlp", "sklearn-forest", "sklearn-linear", "sklearn-boosting"]
PEERS = ["pytabkit-RealMLP_TD", "pytabkit-TabM_D"]
RESAMPLED = 10_000
# A set, the unit of its target there, and what is published of it.
PUBLISHED = [("537_houses", 1e5, "TabM-mini 0.4275, tuned, mean of 15 seeds (California housing, another split)")]


@dataclass(frozen=True)
class Table:
    """A set of PMLB."""

    name: str
    task: str
    rows: int
    path: Path


def tables(task: str, names: Sequence[str], least: int, most: int) -> list[Table]:
    """Those of a task with so many rows, the small ones first; only the named ones where names are given."""
    folder = Path(os.environ["GLIA_MIRROR"]) / "pmlb"
    with (folder / "index.tsv").open(encoding="utf-8") as file:
        lines = list(csv.DictReader(file, delimiter="\t"))
    found = [
        Table(line["dataset"], task, int(line["n_instances"]), folder / task / f"{line['dataset']}.tsv.gz")
        for line in lines
        if line["task"] == task
    ]
    chosen = [each for each in found if each.name in names or (not names and least <= each.rows <= most)]
    return sorted(chosen, key=lambda each: each.rows)


def measure(contestant: str, of: Table, folds: int) -> dict[str, Any]:
    """What `tabular_contestants.py` prints, in a process of its own on one thread; why, where it failed."""
    python = python_with("tabular", "pytabkit") if contestant.startswith("pytabkit") else Path(sys.executable)
    command = [python, HERE / "tabular_contestants.py", contestant, of.task, of.path, str(folds)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    key = {"set": of.name, "contestant": contestant, "folds": folds}
    if done.returncode:
        return {**key, "failed": done.stderr.strip().splitlines()[-1:]}
    return {**key, **json.loads(done.stdout.splitlines()[-1])}


def measure_all(contestants: Sequence[str], of: Sequence[Table], folds: int, jobs: int, file: Path) -> dict[Any, Any]:
    """(set, contestant) → what was measured; what `file` has already is not measured again."""
    lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    known = {(line["set"], line["contestant"], line["folds"]): line for line in map(json.loads, lines)}
    missing = [(name, each) for each in of for name in contestants if (each.name, name, folds) not in known]
    with ThreadPoolExecutor(jobs) as pool, file.open("a", encoding="utf-8") as out:
        for found in pool.map(lambda pair: measure(*pair, folds), missing):
            out.write(json.dumps(found) + "\n")
            out.flush()
            known[found["set"], found["contestant"], folds] = found
            print(found["set"], found["contestant"], found.get("failed") or np.mean(found["score"]), file=sys.stderr)
    return {(name, contestant): found for (name, contestant, count), found in known.items() if count == folds}


def standings(contestants: Sequence[str], of: Sequence[Table], found: dict[Any, Any]) -> list[list[str]]:
    """A row for each contestant, over the sets that all of them managed."""
    whole = [each for each in of if all("score" in found[each.name, name] for name in contestants)]
    scores = np.array([[np.mean(found[each.name, name]["score"]) for name in contestants] for each in whole])
    seconds = np.array([[np.median(found[each.name, name]["fit"]) for name in contestants] for each in whole])
    ranks = rankdata(-scores.round(6), axis=1)
    rows = []
    for at, name in enumerate(contestants):
        low, high = interval(ranks[:, at])
        wins = [f"{np.mean(scores[:, 0] >= scores[:, at] - 1e-9):.0%}" if at else "–"]
        ratio = np.median(seconds[:, 0] / seconds[:, at])
        rows.append(
            [
                name,
                f"{ranks[:, at].mean():.2f} ({low:.2f} to {high:.2f})",
                f"{scores[:, at].mean():.4f}",
                *wins,
                f"{np.median(seconds[:, at]):.2f} s",
                f"{ratio:.2f}" if at else "–",
            ]
        )
    return rows


def differences(contestants: Sequence[str], of: Sequence[Table], found: dict[Any, Any]) -> list[str]:
    """How much higher the first one's mean score is than each other's, over the sets that both managed."""
    said = []
    for name in contestants[1:]:
        pairs = [(found[each.name, contestants[0]], found[each.name, name]) for each in of]
        found_both = [(one["score"], other["score"]) for one, other in pairs if "score" in one and "score" in other]
        apart = np.array([np.mean(one) - np.mean(other) for one, other in found_both])
        if len(apart) > 1:
            error = apart.std(ddof=1) / len(apart) ** 0.5
            said.append(f"{contestants[0]} less {name}: {apart.mean():+.4f}, standard error {error:.4f}.")
    return said


def interval(values: NDArray[np.float64]) -> tuple[float, float]:
    """Of the mean, 95 %, by drawing the sets again."""
    drawn = np.random.default_rng(0).choice(values, (RESAMPLED, len(values)))
    low, high = np.quantile(drawn.mean(1), [0.025, 0.975])
    return float(low), float(high)


def main() -> None:
    """Read the options, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("set", nargs="*", metavar="SET", help="default: all of the task")
    parser.add_argument("--task", choices=["classification", "regression"], default="classification")
    parser.add_argument(
        "--only", default=",".join(DEFAULTS), help="contestants with ';' or ',' between; the first leads"
    )
    parser.add_argument("--peers", action="store_true", help=f"beside them {' and '.join(PEERS)}")
    parser.add_argument("--folds", type=int, default=5, help="of the five, how many")
    parser.add_argument("--least-rows", type=int, default=0)
    parser.add_argument("--most-rows", type=int, default=10**9)
    parser.add_argument("--jobs", type=int, default=1, help="processes side by side, on a thread each")
    parser.add_argument("--results", type=Path, default=HERE / ".environments" / "tabular.jsonl")
    parser.add_argument("--save", action="store_true", help="append to RESULTS.md")
    options = parser.parse_args()
    contestants = options.only.split(";" if ";" in options.only else ",") + (PEERS if options.peers else [])
    chosen = tables(options.task, options.set, options.least_rows, options.most_rows)
    options.results.parent.mkdir(exist_ok=True)
    found = measure_all(contestants, chosen, options.folds, options.jobs, options.results)
    failed = [f"* {name} failed on {each.name}: {' '.join(found[each.name, name]['failed'])}"
              for each in chosen for name in contestants if "failed" in found[each.name, name]]  # fmt: skip
    score = "accuracy" if options.task == "classification" else "R²"
    header = ["", "mean rank (95 %)", f"mean {score}", f"sets where {contestants[0]} ≥", "median fit", "our time"]
    each = [
        [table_.name, table_.rows, *(_score(found[table_.name, name]) for name in contestants)] for table_ in chosen
    ]
    body = [table(header, standings(contestants, chosen, found)), " ".join(differences(contestants, chosen, found))]
    body += [*failed, table(["set", "rows", *contestants], each)]
    for name, unit, published in PUBLISHED:
        errors = [(who, found[name, who]["rmse"]) for who in contestants if "rmse" in found.get((name, who), {})]
        said = ", ".join(f"{who} {np.mean(values) / unit:.4f}" for who, values in errors)
        body += [f"RMSE of {name}: {said}; published: {published}."] if errors else []
    title = f"Tables: {options.task}, {len(chosen)} sets, {options.folds} folds"
    title += f", {' and '.join(contestants)}" if contestants != DEFAULTS else ""
    publish(title, "\n\n".join(body), save=options.save)


def _score(found: dict[str, Any]) -> str:
    if "failed" in found:
        return "failed"
    scores = np.array(found["score"])
    error = f" ± {scores.std(ddof=1) / len(scores) ** 0.5:.3f}" if len(scores) > 1 else ""
    return f"{scores.mean():.3f}{error}"


if __name__ == "__main__":
    main()
