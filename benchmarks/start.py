"""How long `import glia` and `glia --help` take: `python benchmarks/start.py [--rounds 20] [--save]`."""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from statistics import median

from report import publish, table

COMMANDS = {
    "python": [sys.executable, "-c", "pass"],
    "`import glia`": [sys.executable, "-c", "import glia"],
    "`glia --help`": [sys.executable, "-m", "glia", "--help"],
    "`glia runs list`": [sys.executable, "-m", "glia", "runs", "list"],
}
TARGETS = {"`import glia`": 0.1, "`glia --help`": 0.3}  # seconds, Python's own start taken off


def seconds(command: list[str], home: str) -> float:
    """One run of a command, from outside."""
    environment = {**os.environ, "GLIA_HOME": f"{home}/.glia"}
    started = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment)
    return time.perf_counter() - started


def main() -> None:
    """Read the options, measure in turn, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--save", action="store_true", help="append to RESULTS.md")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        rounds = [{name: seconds(command, home) for name, command in COMMANDS.items()} for _ in range(options.rounds)]
    rows = []
    for name in COMMANDS:
        whole = median(times[name] for times in rounds)
        own = median(times[name] - times["python"] for times in rounds)
        rows.append([name, f"{whole:.3f}", f"{own:.3f}", f"< {TARGETS[name]}" if name in TARGETS else ""])
    header = ["", "seconds", "of which Glia's", "target"]
    publish("Start", table(header, rows), save=options.save)


if __name__ == "__main__":
    main()
