"""Samples per second of Glia's training loop beside its peers, on one machine, in turn.

    python benchmarks/loop.py [--case guide|small] [--rounds 5] [--only bare,glia] [--save]

Each measurement is a process of its own. A round measures every contestant once; ratios are taken within rounds, where
both sides had the same machine, and their median is shown. Peers live in environments of their own, made on first use.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

import numpy as np
from contestants import CASES, CONTESTANTS
from environments import python_with
from report import publish, table

import glia

HERE = Path(__file__).parent
PEERS = {"lightning": ("lightning==2.6.6",), "keras": ("keras==3.15.1",)}
WHAT = {
    "bare": "bare tensor loop, by hand",
    "loader": "PyTorch with DataLoader",
    "lightning": "Lightning 2.6.6",
    "keras": "Keras 3.15.1 on torch",
    "glia": "Glia's loop",
    "glia-compiled": "Glia's loop, `train.compile=true`",
    "glia-train": "the whole of `glia.train`, validation and record included",
}
TITLES = {
    "guide": "Training loop: `cnn/guide` on MNIST, batch 128",
    "small": "Training loop: 64-128-10 on digits, batch 32",
}
TARGETS = {
    "guide": {"loader": "≥ 1.5", "lightning": "≥ 1.3, compiled ≥ 1.5", "keras": "≥ 1"},
    "small": {"loader": "≥ 3", "lightning": "≥ 5", "bare": "≥ 0.95"},
}
SAMPLES = {"guide": 50 * 128, "small": 44 * 32}  # whole batches
Rounds = dict[str, list[float]]


def write_data(case: str, file: Path) -> None:
    """The samples of a case as float32 arrays, which is what every peer is fed with."""
    data = glia.dataset("mnist" if case == "guide" else "digits")[: SAMPLES[case]]
    pictures = data.columns["image"].values().astype(np.float32) / 255
    inputs = pictures.reshape(-1, 1, 28, 28) if case == "guide" else pictures.reshape(-1, 64)
    np.savez(file, inputs=inputs, targets=data.targets().astype(np.int64))


def measure(contestant: str, case: str, data: Path) -> float:
    """Samples per second of one contestant, in a process of its own."""
    python = python_with(contestant, *PEERS[contestant]) if contestant in PEERS else Path(sys.executable)
    command = [str(python), str(HERE / "contestants.py"), contestant, case, str(data)]
    with tempfile.TemporaryDirectory() as home:
        environment = {**os.environ, "GLIA_HOME": f"{home}/.glia", "PYTHONWARNINGS": "ignore"}
        done = subprocess.run(command, capture_output=True, text=True, env=environment)
    if done.returncode:
        raise SystemExit(f"{contestant} failed:\n{done.stderr}")
    return float(json.loads(done.stdout.splitlines()[-1]))


def measure_in_turn(case: str, contestants: list[str], rounds: int) -> Rounds:
    """`rounds` measurements of each, every other round in the opposite order."""
    found: Rounds = {contestant: [] for contestant in contestants}
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "samples.npz"
        write_data(case, data)
        for number in range(rounds):
            for contestant in contestants[:: -1 if number % 2 else 1]:
                found[contestant].append(measure(contestant, case, data))
                print(f"{case} {number + 1}/{rounds} {contestant}: {found[contestant][-1]:,.0f}/s", file=sys.stderr)
    return found


def summary(case: str, found: Rounds) -> str:
    """A table: median speed of each contestant, and how many times faster Glia's ways are, round by round."""
    ours = [name for name in ("glia", "glia-compiled", "glia-train") if name in found]
    rows = []
    for name, speeds in found.items():
        ratios = [median(a / b for a, b in zip(found[way], speeds, strict=True)) for way in ours]
        spread = f"{min(speeds):,.0f} … {max(speeds):,.0f}"
        target = TARGETS[case].get(name, "")
        rows.append([WHAT[name], f"{median(speeds):,.0f}", spread, *(f"{ratio:.2f}" for ratio in ratios), target])
    header = ["", "samples/s", "lowest … highest", *(f"{way} is × faster" for way in ours), "target"]
    return table(header, rows)


def main() -> None:
    """Read the options, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--case", choices=CASES, action="append", help="default: both")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", default=",".join(CONTESTANTS), help="contestants, separated by commas")
    parser.add_argument("--save", action="store_true", help="append to RESULTS.md")
    options = parser.parse_args()
    contestants = options.only.split(",")
    unknown = set(contestants) - set(CONTESTANTS)
    if unknown:
        parser.error(f"no such contestant: {', '.join(unknown)}; there are {', '.join(CONTESTANTS)}")
    for case in options.case or CASES:
        found = measure_in_turn(case, contestants, options.rounds)
        body = f"{summary(case, found)}\n\nMedians of {options.rounds} rounds; ratios are medians of paired rounds."
        publish(TITLES[case], body, save=options.save)


if __name__ == "__main__":
    main()
