"""What networks reach on real data: `python benchmarks/accuracy.py [CASE …] [--seeds 3] [--jobs 2] [--save]`.

Each is trained through `glia.train` with the defaults of its recipe but for what its row says, and judged once on the
test samples. Pictures of CIFAR-10 lie in the folder `cifar10_jpeg` of GLIA_MIRROR, as JPEG files, which lose a little:
published figures are of the originals.
"""

import argparse
import multiprocessing
import os
import shutil
import tarfile
import tempfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from report import publish, table

import glia

FEW = 1_000  # samples to train on where dropout is looked at


@dataclass(frozen=True, kw_only=True)
class Case:
    """A network, its data, for how long it is trained and what it should reach."""

    model: str
    data: str = "mnist"
    epochs: int = 5
    settings: Mapping[str, Any] = field(default_factory=dict)
    seeds: int = 3
    target: str = ""


HIDDEN = {"model.hidden": [256]}
BASES = ["linear", "relu", "tanh"]
WIDE = [{"dense": 800}, "relu", {"dense": 800}, "relu"]
DROPPED = [{"dropout": 0.2}, {"dense": 800}, "relu", {"dropout": 0.5}, {"dense": 800}, "relu", {"dropout": 0.5}]
LAST = {"train.keep": "last"}  # the few samples for validation cannot tell good epochs from better ones
CASES: dict[str, dict[str, Case]] = {
    "cnn": {
        "cnn/guide": Case(model="cnn/guide", epochs=3, target="≥ 98.8 %"),
        "cnn/guide-pooled": Case(model="cnn/guide-pooled", target="≥ 99.2 %"),
    },
    "activations": {
        "784-256-10, ReLU": Case(model="mlp", settings=HIDDEN, target="≥ 97.5 %"),
        "linear units": Case(model="mlp", settings={**HIDDEN, "model.activation": "linear"}),
        "tanh": Case(model="mlp", settings={**HIDDEN, "model.activation": "tanh"}),
        "swish": Case(model="mlp", settings={**HIDDEN, "model.activation": "swish"}, target="≥ ReLU − 0.3"),
        "affine combination of the three": Case(
            model="mlp",
            settings={**HIDDEN, "model.activation": {"name": "affine", "of": BASES}},
            target="≥ best of the three − 0.2",
        ),
        "convex combination": Case(
            model="mlp",
            settings={**HIDDEN, "model.activation": {"name": "convex", "of": BASES}},
            target="≥ best of the three − 0.2",
        ),
    },
    "linear": {
        "linear 784-500-250-10": Case(model="mlp/guide-linear", target="as the next"),
        "softmax regression": Case(model="mlp", settings={"model.hidden": []}),
    },
    "dropout": {
        "784-800-800-10": Case(model="layers", data="few", epochs=100, settings={**LAST, "model.layers": WIDE}),
        "with dropout 0.2, 0.5, 0.5": Case(
            model="layers", data="few", epochs=100, settings={**LAST, "model.layers": DROPPED}, target="≥ 1 point more"
        ),
    },
    "augmentation": {
        "cnn/guide-pooled": Case(model="cnn/guide-pooled", data="few", epochs=40, settings=LAST),
        "shifted, turned, zoomed": Case(
            model="cnn/guide-pooled",
            data="few",
            epochs=40,
            settings={**LAST, "train.augment": ["shift", "rotate", "zoom"]},
            target="≤ 0.7 of the errors",
        ),
    },
    "cifar": {
        "layers/guide-six-layers": Case(model="layers/guide-six-layers", data="cifar", epochs=12, seeds=1),
    },
}


def data_of(name: str, folder: Path) -> tuple[Any, Any]:
    """What `glia.train` takes for the data of a case, and what to judge by if that is not its own test part."""
    if name == "few":
        whole = glia.dataset("mnist")
        drawn = np.random.default_rng(0).permutation(np.flatnonzero(whole.official == "train"))[:FEW]
        judged = np.flatnonzero(whole.official == "test")
        return whole[np.concatenate([drawn, judged])], whole[judged]
    return str(folder / name) if name == "cifar" else name, None


def unpack(folder: Path) -> None:
    """The pictures of CIFAR-10 as a folder of class folders."""
    for part in ("train", "test"):
        with tarfile.open(Path(os.environ["GLIA_MIRROR"]) / "cifar10_jpeg" / f"{part}.tar.xz") as archive:
            archive.extractall(folder / "cifar", filter="data")


def train(case: Case, seed: int, folder: Path) -> float:
    """Test accuracy of one training."""
    data, judged = data_of(case.data, folder)
    run = glia.train(data, model=case.model, epochs=case.epochs, seed=seed, settings=dict(case.settings))
    return glia.evaluate(run, judged)["accuracy"]


def measure(cases: Mapping[str, Case], pool: ProcessPoolExecutor, seeds: int | None, folder: Path) -> list[list[Any]]:
    """A row for each case."""
    found = {
        name: [pool.submit(train, case, seed, folder) for seed in range(seeds or case.seeds)]
        for name, case in cases.items()
    }
    rows = []
    for name, case in cases.items():
        accuracies = [each.result() for each in found[name]]
        each = " ".join(f"{accuracy:.2%}" for accuracy in accuracies)
        rows.append([name, case.epochs, f"{median(accuracies):.2%}", each, case.target])
    return rows


def main() -> None:
    """Read the options, train, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("case", nargs="*", metavar="CASE", help=f"of {', '.join(CASES)}; default: all")
    parser.add_argument("--seeds", type=int, help="default: 3, of the slow ones 1")
    parser.add_argument("--jobs", type=int, default=1, help="trainings side by side, on a thread each")
    parser.add_argument("--save", action="store_true", help="append to RESULTS.md")
    options = parser.parse_args()
    wanted: Sequence[str] = options.case or list(CASES)
    with tempfile.TemporaryDirectory() as home:
        os.environ["GLIA_HOME"] = f"{home}/.glia"
        if options.jobs > 1:
            os.environ["OMP_NUM_THREADS"] = "1"
        if "cifar" in wanted:
            unpack(Path(home))
        spawned = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(options.jobs, mp_context=spawned) as pool:
            for group in wanted:
                rows = measure(CASES[group], pool, options.seeds, Path(home))
                header = ["network", "epochs", "test accuracy", "each seed", "target"]
                publish(f"Accuracy: {group}", table(header, rows), save=options.save)
        shutil.rmtree(Path(home) / "cifar", ignore_errors=True)


if __name__ == "__main__":
    main()
