"""Forward and backward of each layer of Glia's own beside the nearest of torch or Keras.

    python benchmarks/layers.py [--only "ConvLSTM, 2 sides"] [--rounds 5] [--save]

Each measurement is a process of its own. A round measures both sides of a case in turn; the ratio is taken within
rounds, where both had the same machine, and its median is shown.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path
from statistics import median

from environments import python_with
from report import publish, table
from timed_layers import CASES, peer

HERE = Path(__file__).parent
KERAS = "keras==3.15.1"


def measure(side: str, case: str) -> float:
    """Milliseconds of a step, in a process of its own."""
    python = python_with("keras", KERAS) if side == "keras" else Path(sys.executable)
    done = subprocess.run([python, HERE / "timed_layers.py", side, case], capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{side} failed at {case}:\n{done.stderr}")
    return float(json.loads(done.stdout.splitlines()[-1]))


def row(case: str, rounds: int) -> list[str]:
    """A line of the table: both sides in turn, every other round in the opposite order."""
    sides = ("glia", peer(case))
    found: dict[str, list[float]] = {side: [] for side in sides}
    for number in range(rounds):
        for side in sides[:: -1 if number % 2 else 1]:
            found[side].append(measure(side, case))
    ratios = [theirs / ours for ours, theirs in zip(found[sides[0]], found[sides[1]], strict=True)]
    times = [f"{median(found[side]):.2f}" for side in sides]
    print(f"{case}: {median(ratios):.2f}", file=sys.stderr)
    return [case, times[0], sides[1], times[1], f"{median(ratios):.2f}", f"{min(ratios):.2f} … {max(ratios):.2f}"]


def main() -> None:
    """Read the options, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=CASES, action="append", help="default: all")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--save", action="store_true", help="append to RESULTS.md")
    options = parser.parse_args()
    header = ["layer", "Glia, ms", "beside", "ms", "Glia is × faster", "lowest … highest"]
    rows = [row(case, options.rounds) for case in options.only or CASES]
    body = (
        f"{table(header, rows)}\n\nForward and backward to input and weights, channels first on both sides; processor "
        f"time on one thread. Medians of {options.rounds} rounds, of paired ratios. Keras: {KERAS} on torch. "
        "Target: ≥ 1 each."
    )
    publish("Layers of Glia's own", body, save=options.save)


if __name__ == "__main__":
    main()
