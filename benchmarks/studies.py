"""What it costs to record the trials of a study: `python benchmarks/studies.py [--trials 10000] [--batch 1] [--save]`.

A trial is begun, logs three metrics once, says a summary and its value, and ends. They are begun `--batch` at a time,
after asking how the others stand, as a search does. Then: how long it takes to ask again after one more trial, to open
the study, to open one trial after the other, and to file all of them in the index, at first and after one more.
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

from report import publish, table

from glia import recipe as recipes
from glia.tracking.folder.reader import RunReader
from glia.tracking.folder.trials import TrialReader
from glia.tracking.index.index import Index
from glia.tracking.index.searching import Search
from glia.tracking.recording.study import StudyRecorder

VALUES = {"train/loss": 0.5, "validation/loss": 0.25, "validation/accuracy": 0.9}
ROUNDS = 20
OPENED = 1000
TARGET_MILLISECONDS = 1.0


def milliseconds(work: Callable[[], object]) -> float:
    """How long it takes, once."""
    began = time.perf_counter()
    work()
    return 1000 * (time.perf_counter() - began)


def run(study: StudyRecorder, numbers: range) -> None:
    """Trials from their beginning to their end."""
    with study.alone():
        study.trials()
        trials = [study.begin(number, {"train.learning_rate": 1 / (number + 1)}, by="random") for number in numbers]
    for trial in trials:
        trial.log(VALUES, step=1)
        trial.summary(VALUES)
        trial.end(value=0.9)


def measure(home: Path, count: int, batch: int) -> list[tuple[str, float]]:
    """Milliseconds of each thing that is done."""
    recipe = recipes.from_dict({"data": {"name": "digits"}, "model": {"name": "mlp"}})
    study = StudyRecorder.create(home, project="benchmark", recipe_toml=recipe.toml(), params=recipe.params())
    study._describing.join()  # type: ignore[union-attr]  (half a second, once a study)

    def all_of_them() -> None:
        for first in range(0, count, batch):
            run(study, range(first, min(first + batch, count)))

    found = [("record a trial", milliseconds(all_of_them) / count)]
    again = []
    for number in range(count, count + ROUNDS):
        run(study, range(number, number + 1))
        again.append(milliseconds(study.trials))
    found.append(("ask how all stand, after one more", median(again)))
    readers: list[RunReader] = []
    found.append(("open the study", milliseconds(lambda: readers.append(RunReader(study.folder)))))
    some = range(min(OPENED, count))
    opened = milliseconds(lambda: [TrialReader(readers[0], number).params for number in some])
    found.append(("then open a trial", opened / len(some)))
    index = Index(home)
    found.append(("file all in the index", milliseconds(index.refresh)))
    more = []
    for number in range(count + ROUNDS, count + 2 * ROUNDS):
        run(study, range(number, number + 1))
        more.append(milliseconds(index.refresh))
    found.append(("file one more", median(more)))
    search = Search(where=f"parent = '{study.id}'", sort="-validation/accuracy")
    found.append(("a page of the 100 best", median(milliseconds(lambda: index.page(search, limit=100)) for _ in more)))
    study.state("done")
    study.close()
    return found


def main() -> None:
    """Read the options, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=10_000)
    parser.add_argument("--batch", type=int, default=1, help="trials begun at once")
    parser.add_argument("--save", action="store_true", help="put it into RESULTS.md")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / ".glia"
        found = measure(home, options.trials, options.batch)
        size = sum(path.stat().st_size for path in (home / "runs").rglob("*.log")) / options.trials
        database = (home / "glia.db").stat().st_size / options.trials
    body = table(["", "ms"], [[name, f"{value:.3g}"] for name, value in found])
    body += (
        f"\n\n{options.trials:,} trials of three metrics, begun {options.batch} at a time; target ≤ "
        f"{TARGET_MILLISECONDS:g} ms to record one. {size:,.0f} bytes of log a trial, {database:,.0f} of database."
    )
    publish("Trials of a study", body, save=options.save)


if __name__ == "__main__":
    main()
