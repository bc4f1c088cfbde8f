"""What it costs to have thousands of trials: `python benchmarks/studies.py [record|page] [--trials 10000] [--save]`.

`record`: a trial is begun, logs three metrics once, says a summary and its value, and ends. They are begun `--batch`
at a time, after asking how the others stand, as a search does. Then: how long it takes to ask again after one more
trial, to open the study, to open one trial after the other, and to file all of them in the index, at first and after
one more.

`page`: a study of so many trials that train nothing is made by `ask` and `tell` and ended; a server that knows nothing
of it, with no index, then shows its page in Chromium, and again to a browser that knows nothing either.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

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
CHROMIUM = os.environ.get("CHROMIUM") or "/usr/bin/chromium"
MAKE = """
import sys, time, glia
vary = {"train.learning_rate": glia.between(1e-4, 1e-1, log=True), "train.batch_size": [8, 16, 32],
    "model.activation": ["relu", "tanh"]}
study = glia.tune("iris", model="mlp", vary=vary, trials=0)
for number in range(int(sys.argv[1])):
    [trial] = study.ask()
    study.tell(trial, number * 7919 % 9973 / 9973)
began = time.perf_counter()
study.end()
print(study.id, time.perf_counter() - began)
"""
SERVE = """
import pathlib, sys
from glia.server.serving import serve
with serve(pathlib.Path(sys.argv[1]), port=0) as server:
    print(server.url, flush=True)
    sys.stdin.read()
"""
REQUESTS = """() => performance.getEntriesByType("resource").filter(({ name }) => name.includes("/api/"))
    .map(({ name, duration, encodedBodySize, decodedBodySize }) =>
        [new URL(name).pathname, duration, encodedBodySize, decodedBodySize])"""


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


@contextmanager
def served(home: Path) -> Iterator[str]:
    """The address of a server in a process of its own."""
    command = [sys.executable, "-c", SERVE, str(home)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield process.stdout.readline().strip() if process.stdout else ""
        process.kill()


def visit(browser: Any, url: str, study: str) -> dict[str, Any]:
    """Open a study's page: milliseconds until it can be read and used, until all is drawn, and of each request."""
    context = browser.new_context(base_url=url, viewport={"width": 1440, "height": 900})
    page = context.new_page()
    began = time.perf_counter()
    page.goto(f"/runs/{study}")
    page.get_by_text("Best is trial").wait_for()
    page.get_by_text("Try settings by hand").wait_for()
    usable = 1000 * (time.perf_counter() - began)
    page.locator("canvas").nth(3).wait_for()
    page.get_by_text("Runs inside").wait_for()
    drawn = 1000 * (time.perf_counter() - began)
    began = time.perf_counter()
    page.get_by_text("Try settings by hand").click()
    page.get_by_role("button", name="Try it").wait_for()
    form = 1000 * (time.perf_counter() - began)
    requests = page.evaluate(REQUESTS)
    context.close()
    return {"usable": usable, "drawn": drawn, "form": form, "requests": requests}


def page(options: argparse.Namespace) -> tuple[str, str]:
    """How quick the page of a study is."""
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        home = Path(folder) / ".glia"
        environment = {**os.environ, "GLIA_HOME": str(home)}
        command = [sys.executable, "-c", MAKE, str(options.trials)]
        made = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=environment, cwd=folder)
        study, ending = made.stdout.split()
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        browser.new_page().close()  # its own start is none of ours
        colds, warms = [], []
        for _ in range(options.rounds):
            for path in home.glob("glia.db*"):
                path.unlink()
            with served(home) as url:
                colds.append(visit(browser, url, study))
                warms += [visit(browser, url, study) for _ in range(options.rounds)]
        browser.close()
    rows = []
    for name, what, target in (
        ("usable", "page can be read and used", "≤ 3,000 and ≤ 1,000"),
        ("drawn", "everything drawn", ""),
        ("form", "form of a trial by hand, when asked for", ""),
    ):
        rows.append(
            [what, *(f"{median(each[name] for each in found):,.0f} ms" for found in (colds, warms)), "", target]
        )
    for place in sorted({request[0] for request in warms[0]["requests"]}):
        of = [[r for each in found for r in each["requests"] if r[0] == place] for found in (colds, warms)]
        times = [f"{median(r[1] for r in some):,.0f} ms" if some else "" for some in of]
        size = f"{max(r[2] for r in of[1]) / 1e3:,.1f} ({max(r[3] for r in of[1]) / 1e3:,.1f})"
        rows.append([f"`{place.replace(study, 'STUDY').removeprefix('/api/v1')}`", *times, size, ""])
    body = table(["", "cold", "warm", "kB sent (unpacked)", "target"], rows)
    body += (
        f"\n\n{options.trials:,} trials; medians of {len(colds)} first visits, each to a server that was just started "
        f"and without an index, and of {len(warms)} later ones. To end the study and draw its pictures took "
        f"{float(ending):.1f} s. Load of the machine meanwhile: {os.getloadavg()[1]:.1f} on {os.cpu_count()} cores."
    )
    return "The page of a study", body


def recording(options: argparse.Namespace) -> tuple[str, str]:
    """What trials cost to record, to read and to file."""
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
    return "Trials of a study", body


def main() -> None:
    """Read the options, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("case", nargs="?", choices=("record", "page"), default="record")
    parser.add_argument("--trials", type=int, default=10_000)
    parser.add_argument("--batch", type=int, default=1, help="record: trials begun at once")
    parser.add_argument("--rounds", type=int, default=3, help="page: servers started, and later visits to each")
    parser.add_argument("--save", action="store_true", help="put it into RESULTS.md")
    options = parser.parse_args()
    publish(*{"record": recording, "page": page}[options.case](options), save=options.save)


if __name__ == "__main__":
    main()
