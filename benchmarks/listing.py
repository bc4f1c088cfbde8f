"""How long lists of very many runs take: `python benchmarks/listing.py [--runs 75000] [--metrics 1500] [--save]`.

The database is filled by the index's own writing code, from made-up entries; the run folders are there, but empty, so
that looking for changes costs what it costs. Every question is asked as the server asks it: look for what changed, then
read a page of 100 runs with the values of five metrics, the number that match and all names to choose from. *Cold* is
the first question of a new index after the database was dropped from the system's cache; *warm* the same one again.
MLflow is filled for a bounded time with the same runs, and asked for the same pages.
"""

import argparse
import json
import os
import random
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median

from environments import python_with
from report import publish, table

from glia.store.database import Database, open_database
from glia.tracking.index.entries import Entry
from glia.tracking.index.filing import Names, file
from glia.tracking.index.index import Index
from glia.tracking.index.searching import Search
from glia.tracking.log.liveness import this_process

BATCH = 500  # runs
ROUNDS = 7
LAYERS = ("attention", "embedding", "dense", "norm", "head")
SHOWN = [f"train/gradient/{layer}/0" for layer in LAYERS]
TARGET_MILLISECONDS = 300
QUESTIONS = {
    "newest page": Search(),
    "filter by metric and param": Search(where="metrics.'validation/accuracy' > 0.9 and params.lr < 0.01"),
    "filter, sorted by metric": Search(where="params.lr < 0.01", sort="-validation/accuracy"),
    "sort by metric": Search(sort="-validation/accuracy"),
    "sort by param": Search(sort="lr"),
    "search for words": Search(words="adam calm-otter-7"),
    "crashed runs of a project": Search(where="state = 'crashed'", project="project-0"),
}
MLFLOW = Path(__file__).parent / "listing_mlflow.py"


def metric_names(count: int) -> list[str]:
    """As a large network has them: a few metrics, and statistics of its layers."""
    layers = (f"train/gradient/{layer}/{number}" for number in range(count) for layer in LAYERS)
    return ["validation/accuracy", "validation/loss", "train/loss", *layers][:count]


def entries(folder: Path, count: int, names: list[str]) -> Iterator[Entry]:
    """Runs that ended, but for one in fifty, which was killed."""
    source = random.Random(0)
    witness = {**vars(this_process()), "lock": "none.lock"}
    directions = {name: "higher" if name.endswith("accuracy") else "lower" for name in names[:3]}
    for number in range(count):
        run = f"{source.getrandbits(64):016x}"
        log = folder / run / "log"
        log.mkdir(parents=True)
        params = {
            "lr": 10 ** source.uniform(-5, -1),
            "optimizer": source.choice(["adam", "sgd", "lion"]),
            "model.name": "transformer",
            "data.name": f"corpus-{number % 7}",
            **{f"model.option_{each}": source.randrange(8) for each in range(16)},
        }
        created = 1.7e9 + 60 * number
        yield Entry(
            id=run,
            name=f"calm-otter-{number}",
            project=f"project-{number % 20}",
            kind="train",
            parent=None,
            said="running" if number % 50 == 0 else "done",
            reason="",
            created=created,
            ended=created + 600,
            updated=created + 600,
            data_version="7c1d0a52e9b3f468",
            notes="",
            params=params,
            tags={"team": source.choice(["vision", "speech"])},
            summary={"validation/accuracy": source.random()},
            last={name: source.random() for name in names},
            directions=directions,
            positions={},
            witness=witness,
            log_changed=log.stat().st_mtime_ns,
            settled=True,
        )


def fill(home: Path, count: int, names: list[str]) -> float:
    """Write them; seconds it took."""
    began = time.perf_counter()
    database, known = open_database(home / "glia.db"), Names()
    batch: list[Entry] = []
    for number, entry in enumerate(entries(home / "runs", count, names), start=1):
        batch.append(entry)
        if len(batch) == BATCH or number == count:
            with database.write() as connection:
                file(connection, known, batch)
                connection.exec_driver_sql("PRAGMA application_id = 1")
            batch = []
            if number % 5000 == 0:
                print(f"{number} runs, {time.perf_counter() - began:.0f} s", flush=True)
    settle(database)
    return time.perf_counter() - began


def settle(database: Database) -> None:
    """Move everything from the write-ahead log into the file, and the file to the disk."""
    with database.read() as connection:
        connection.exec_driver_sql("COMMIT")
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.exec_driver_sql("BEGIN")
    os.sync()


def forget(path: Path) -> None:
    """Drop a file from the system's cache."""
    descriptor = os.open(path, os.O_RDONLY)
    os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
    os.close(descriptor)


def milliseconds(work: Callable[[], object]) -> float:
    """How long it takes, once."""
    began = time.perf_counter()
    work()
    return 1000 * (time.perf_counter() - began)


def measure(home: Path) -> tuple[list[list[str]], list[float]]:
    """A line per question: cold, warm, runs that match; and what the first look of a process takes."""
    lines, looks = [], []
    for name, search in QUESTIONS.items():
        cold, warm, total = [], [], 0
        for _ in range(ROUNDS):
            index = Index(home)
            looks.append(milliseconds(index.refresh))
            forget(home / "glia.db")

            def ask(index: Index = index, search: Search = search) -> int:
                index.refresh()
                return index.page(search, limit=100, values=SHOWN).total

            cold.append(milliseconds(ask))
            warm.append(min(milliseconds(ask) for _ in range(2)))
            total = ask()
        lines.append([name, f"{median(cold):.0f}", f"{median(warm):.0f}", f"{total}"])
        print(*lines[-1], flush=True)
    return lines, looks


def mlflow(count: int, metrics: int, seconds: int) -> dict[str, float]:
    """The same with MLflow and SQLite: milliseconds by question, and how many runs it was filled with."""
    python = python_with("mlflow", "mlflow", torch=False)
    with tempfile.TemporaryDirectory() as folder:
        command = [python, MLFLOW, folder, str(count), str(metrics), str(seconds)]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def main() -> None:
    """Read the options, fill, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=75_000)
    parser.add_argument("--metrics", type=int, default=1500)
    parser.add_argument("--mlflow-seconds", type=int, default=120, help="to fill MLflow; 0 leaves it out")
    parser.add_argument("--save", action="store_true", help="append to RESULTS.md")
    options = parser.parse_args()
    names = metric_names(options.metrics)
    peer = mlflow(options.runs, options.metrics, options.mlflow_seconds) if options.mlflow_seconds else {}
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / ".glia"
        home.mkdir()
        took = fill(home, options.runs, names)
        size = (home / "glia.db").stat().st_size
        lines, looks = measure(home)
    values = options.runs * options.metrics
    for line in lines:
        line += [f"{peer[line[0]]:.0f}" if line[0] in peer else ""]
    body = table(
        ["", "cold, ms", "warm, ms", "runs that match", f"MLflow with {peer.get('runs', 0):.0f} runs, ms"], lines
    )
    body += (
        f"\n\n{options.runs:,} runs × {options.metrics:,} metrics; target ≤ {TARGET_MILLISECONDS} ms. Database "
        f"{size / 1e9:.2f} GB, {size / values:.1f} bytes per value; filled in {took:.0f} s. The first look of "
        f"a process at all folders: {median(looks):.0f} ms; later looks are part of the times above."
    )
    if peer:
        body += f" MLflow: {peer['fill']:.0f} s for its {peer['runs']:.0f} runs, {peer['bytes']:.0f} bytes per value."
    publish("Lists of many runs", body, save=options.save)


if __name__ == "__main__":
    main()
