"""Fills MLflow's SQLite store and asks it for pages; run by `listing.py` in MLflow's own environment.

MLflow compares params as texts, for equality only, so that it is asked for an optimizer in place of a learning rate.
"""

import json
import random
import sys
import time
from pathlib import Path
from statistics import median

from mlflow.entities import Metric, Param, ViewType
from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

QUESTIONS = {
    "newest page": ("", ["attributes.start_time DESC"]),
    "filter by metric and param": ("metrics.`validation/accuracy` > 0.9 and params.optimizer = 'adam'", []),
    "filter, sorted by metric": ("params.optimizer = 'adam'", ["metrics.`validation/accuracy` DESC"]),
    "sort by metric": ("", ["metrics.`validation/accuracy` DESC"]),
    "sort by param": ("", ["params.lr ASC"]),
}
MOST = 1000  # metrics in one call, which is MLflow's limit


def main(folder: str, count: int, metrics: int, seconds: int) -> None:
    """Fill for so many seconds, ask, print JSON."""
    file = Path(folder) / "mlflow.db"
    store = SqlAlchemyStore(f"sqlite:///{file}", folder)
    experiment = store.create_experiment("benchmark")
    source = random.Random(0)
    names = ["validation/accuracy", *(f"train/gradient/{number}" for number in range(metrics - 1))]
    began, runs = time.perf_counter(), 0
    while runs < count and time.perf_counter() - began < seconds:
        run = store.create_run(experiment, "user", 1000 * runs, [], f"run-{runs}").info.run_id
        params = [Param("lr", f"{10 ** source.uniform(-5, -1):.6f}")]
        params += [Param("optimizer", source.choice(["adam", "sgd", "lion"]))]
        params += [Param(f"model.option_{each}", str(source.randrange(8))) for each in range(18)]
        values = [Metric(name, source.random(), 1000 * runs, 0) for name in names]
        store.log_batch(run, [], params, [])
        for at in range(0, metrics, MOST):
            store.log_batch(run, values[at : at + MOST], [], [])
        runs += 1
    found = {"runs": runs, "fill": time.perf_counter() - began}
    found["bytes"] = sum(each.stat().st_size for each in Path(folder).glob("mlflow.db*")) / (runs * metrics)
    for name, (where, order) in QUESTIONS.items():
        times = []
        for _ in range(5):
            started = time.perf_counter()
            store.search_runs([experiment], where, ViewType.ACTIVE_ONLY, 100, order)
            times.append(1000 * (time.perf_counter() - started))
        found[name] = median(times)
    print(json.dumps(found))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
