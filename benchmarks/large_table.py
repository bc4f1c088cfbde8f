"""Memory and speed of training on a Parquet table that memory does not hold.

    python benchmarks/large_table.py [--gigabytes 0.2] [--hidden 64] [--batch-size 1024] [--budget 1h] [--save]

Writes a table of ten numbers, one of them with gaps, and three columns of text, then trains a small network on it for
an epoch by `glia.train`, in a process of its own. `data.stream` is set, so that small tables go the same way. Memory is
the greatest resident size: private memory alone, and with the pages of files, which the system takes back when it needs
them.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
from report import publish, table

ROWS_AT_ONCE = 250_000
GIGA = 1e9
NUMBERS, TEXTS = 10, {"colour": 8, "town": 60, "shop": 400}


def write(path: Path, gigabytes: float) -> int:
    """A table of about so many gigabytes on disk; its rows."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    draw, rows, writer = np.random.default_rng(0), 0, None
    while not path.exists() or path.stat().st_size < gigabytes * GIGA:
        values = draw.normal(size=(ROWS_AT_ONCE, NUMBERS))
        codes = {name: draw.integers(0, count, ROWS_AT_ONCE) for name, count in TEXTS.items()}
        score = values[:, 0] + values[:, 1] * values[:, 2] + (codes["colour"] % 3 == 0) * 2
        columns: dict[str, Any] = {f"x{number}": values[:, number] for number in range(NUMBERS)}
        columns["x9"] = np.where(draw.random(ROWS_AT_ONCE) < 0.1, np.nan, columns["x9"])
        for name, count in TEXTS.items():
            labels = pa.array([f"{name} {number}" for number in range(count)])
            columns[name] = pa.DictionaryArray.from_arrays(pa.array(codes[name]), labels).cast(pa.string())
        columns["sold"] = pa.array(score + draw.normal(size=ROWS_AT_ONCE) > 1)
        part = pa.table(columns)
        writer = writer or pq.ParquetWriter(path, part.schema)
        writer.write_table(part)
        rows += ROWS_AT_ONCE
    if writer is not None:
        writer.close()
    return rows


def train(path: str, hidden: int, batch_size: int, budget: str) -> None:
    """Train, and print what it took as JSON: this is the process that is measured."""
    import glia

    told: dict[str, float] = {}
    passes: dict[str, float] = {}
    private = [0]

    def watch() -> None:
        while True:
            fields = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
            private[0] = max(private[0], int(fields["RssAnon"].split()[0]))
            time.sleep(0.1)

    heard = 0.0

    def hear(what: str, here: int, total: int) -> None:
        nonlocal heard
        what, before, heard = what.split(" '")[0], heard, time.perf_counter()
        passes[what] = passes.get(what, 0.0) + heard - before

    from glia.record import training

    vars(training)["reading"] = hear  # what is shown of the passes is timed instead
    threading.Thread(target=watch, daemon=True).start()
    begun = heard = time.perf_counter()
    run = glia.train(
        path,
        model="mlp",
        target="sold",
        epochs=1,
        budget=budget,
        settings={"data.stream": True, "model.hidden": [hidden], "train.batch_size": batch_size},
        on={
            "FitStarted": lambda event: told.update(started=time.perf_counter(), samples=event.train_samples),
            "FitDone": lambda event: told.update(done=time.perf_counter(), steps=event.step),
            "EpochDone": lambda event: told.update(accuracy=event.metrics["validation/accuracy"]),
        },
    )
    whole = time.perf_counter() - begun
    print(json.dumps({**told, "begun": begun, "whole": whole, "private": private[0] * 1024, "passes": passes}))
    print(run.warnings, file=sys.stderr)


def measured(path: Path, options: argparse.Namespace) -> dict[str, Any]:
    """What a process of its own says, and its greatest resident size."""
    command = [sys.executable, __file__, "--train", str(path)]
    command += ["--hidden", str(options.hidden), "--batch-size", str(options.batch_size), "--budget", options.budget]
    environment = {**os.environ, "GLIA_HOME": str(path.parent / ".glia"), "GLIA_CACHE": str(path.parent / "cache")}
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, env=environment)
    if done.returncode:
        raise SystemExit(f"training ended with {done.returncode}")
    resident = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
    return {**json.loads(done.stdout.splitlines()[-1]), "resident": resident}


def main() -> None:
    """Write, train, print."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--gigabytes", type=float, default=0.2)
    asked.add_argument("--hidden", type=int, default=64)
    asked.add_argument("--batch-size", type=int, default=1024)
    asked.add_argument("--budget", default="1h", help="of training, after the passes")
    asked.add_argument("--folder", help="where the table is written; a temporary folder unless given")
    asked.add_argument("--save", action="store_true")
    asked.add_argument("--train", help=argparse.SUPPRESS)
    options = asked.parse_args()
    if options.train:
        train(options.train, options.hidden, options.batch_size, options.budget)
        return
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        path = Path(folder) / "large.parquet"
        rows = write(path, options.gigabytes)
        size = path.stat().st_size
        found = measured(path, options)
    before, fitting = found["started"] - found["begun"], found["done"] - found["started"]
    learned = min(found["samples"], found["steps"] * options.batch_size)
    lines = [
        ["table on disk", f"{size / GIGA:.2f} GB, {rows:,} rows"],
        ["private memory at most", f"{found['private'] / GIGA:.2f} GB"],
        ["resident at most, pages of files included", f"{found['resident'] / GIGA:.2f} GB"],
        ["all passes before training", f"{before:.0f} s, {rows / before:,.0f} rows/s"],
        *([f"of these: {what}", f"{seconds:.0f} s"] for what, seconds in found["passes"].items()),
        ["training", f"{learned:,} rows in {fitting:.0f} s, {learned / fitting:,.0f} rows/s"],
        ["everything", f"{found['whole']:.0f} s"],
        *([["accuracy", f"{found['accuracy']:.4f}"]] if "accuracy" in found else []),
    ]
    publish("Tables larger than memory", table(["", "measured"], lines), save=options.save)


if __name__ == "__main__":
    main()
