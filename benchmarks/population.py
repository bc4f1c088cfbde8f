"""Seconds per network of many trained together, beside the same networks one after the other, in one process, in turn.

    python benchmarks/population.py [--case mlp|dropout|mixed|cnn] [--networks 64] [--rounds 3] [--device cpu] [--save]

A round measures every way once; ratios are taken within rounds, where all had the same machine, and their median is
shown. Of the slow ways only some of the networks are trained.
"""

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from statistics import median
from typing import Any

import numpy as np
import torch
from report import publish, table
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from torch.utils.data import DataLoader, TensorDataset

import glia
from glia import config
from glia.models.building import build
from glia.recipe import TaskRecipe, TrainRecipe
from glia.tasks import fit_task
from glia.training.events import Event
from glia.training.population.individuals import Individual
from glia.training.population.together import fit_together


@dataclass(frozen=True)
class Case:
    """Which networks learn what."""

    title: str
    data: str
    model: str
    options: dict[str, Any]
    train: int
    judged: int
    settings: dict[str, Any]
    varied: dict[str, list[Any]] = field(default_factory=dict)  # options of which each network has its own


CASES = {
    "mlp": Case("64-128-10 on digits", "digits", "mlp", {"hidden": [128]}, 1437, 180, {"epochs": 20}),
    "dropout": Case(
        "64-128-10 with dropout on digits",
        "digits",
        "mlp",
        {"hidden": [128], "dropout": 0.2},
        1437,
        180,
        {"epochs": 20},
    ),
    "mixed": Case(
        "64-H-10 on digits, H from 16 to 128, three activations",
        "digits",
        "mlp",
        {},
        1437,
        180,
        {"epochs": 20},
        {"hidden": [[width] for width in range(16, 129)], "activation": ["relu", "tanh", "sigmoid"]},
    ),
    "cnn": Case(
        "`cnn/guide-pooled` at a quarter of its width on 2,000 of MNIST",
        "mnist",
        "cnn",
        {"channels": [8, 16], "kernel": 5, "padding": 2, "pool": 2, "hidden": [250]},
        2000,
        500,
        {"epochs": 1, "batch_size": 128},
    ),
}
SOME = 4  # networks of the slow ways
Samples = tuple[Tensor, Tensor]


def samples(case: Case, device: str) -> Samples:
    """All that there are of a case, as networks take them."""
    data = glia.dataset(case.data)[: case.train + case.judged]
    pictures = torch.from_numpy(data.columns["image"].values().astype(np.float32) / 255)
    inputs = pictures.flatten(1) if case.model == "mlp" else pictures.view(-1, 1, *pictures.shape[1:3])
    return inputs.to(device), torch.from_numpy(data.targets().astype(np.int64)).to(device)


def individuals(case: Case, given: Samples, count: int) -> list[Individual]:
    """Networks with rates and seeds of their own, every event heard."""
    inputs, targets = given
    task = fit_task(TaskRecipe(), targets.cpu().numpy())
    settings = config.from_dict(TrainRecipe, case.settings, "train")
    heard: list[Event] = []
    rows = torch.arange(len(inputs))
    return [
        Individual(
            model=build(case.model, options_of(case, seed), inputs=tuple(inputs.shape[1:]), outputs=10, seed=seed).to(
                inputs.device
            ),
            task=task,
            settings=replace(settings, seed=seed, learning_rate=10 ** (-4 + 2 * seed / count)),
            train=rows[: case.train],
            judged=rows[case.train :],
            listen=heard.append,
        )
        for seed in range(count)
    ]


def options_of(case: Case, number: int) -> dict[str, Any]:
    """Of a network by its number: what is varied is spread evenly over any numbers in a row."""
    steps = zip(case.varied.items(), (5**0.5, 2**0.5), strict=False)
    return case.options | {name: values[int(number * step % 1 * len(values))] for (name, values), step in steps}


def together(case: Case, given: Samples, count: int) -> float:
    """All as one."""
    return timed(lambda: fit_together(individuals(case, given, count), *given, way="stacked")) / count


def chosen(case: Case, given: Samples, count: int) -> float:
    """As Glia chooses."""
    return timed(lambda: fit_together(individuals(case, given, count), *given)) / count


def by_structure(case: Case, given: Samples, count: int) -> float:
    """Those of equal layers as one."""
    groups: dict[str, list[Individual]] = {}
    for each in individuals(case, given, count):
        groups.setdefault(str(each.model), []).append(each)
    return timed(lambda: [fit_together(some, *given) for some in groups.values()]) / count


def one_after_the_other(case: Case, given: Samples, count: int) -> float:
    """By Glia's loop."""
    return timed(lambda: fit_together(individuals(case, given, SOME), *given, way="alone")) / SOME


def plain_loop(case: Case, given: Samples, count: int) -> float:
    """PyTorch with a DataLoader and default Adam on one thread, validated each epoch."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    some = individuals(case, given, SOME)
    found = timed(lambda: [train_plainly(one, *given) for one in some]) / SOME
    torch.set_num_threads(threads)
    return found


def train_plainly(one: Individual, inputs: Tensor, targets: Tensor) -> float:
    """What a user writes; the accuracy of the last epoch."""
    model, rate = one.model, one.settings.learning_rate
    optimizer = torch.optim.Adam(model.parameters(), lr=float(rate))
    learned = TensorDataset(inputs[one.train], targets[one.train])
    loader = DataLoader(learned, batch_size=one.batch_size, shuffle=True)
    accuracy = 0.0
    for _ in range(int(one.settings.epochs)):
        model.train()
        for x, y in loader:
            optimizer.zero_grad()
            cross_entropy(model(x), y).backward()
            optimizer.step()
        accuracy = judged(model, inputs[one.judged], targets[one.judged])
    return accuracy


def judged(model: nn.Module, inputs: Tensor, targets: Tensor) -> float:
    """The accuracy."""
    model.eval()
    with torch.no_grad():
        return float((model(inputs).argmax(1) == targets).float().mean())


def timed(work: Callable[[], object]) -> float:
    """Seconds."""
    begun = time.perf_counter()
    work()
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter() - begun


WAYS: dict[str, Callable[[Case, Samples, int], float]] = {
    "Glia, as one": together,
    "Glia, as it chooses": chosen,
    "Glia, those of equal layers as one": by_structure,
    "Glia, one after the other": one_after_the_other,
    "plain PyTorch loop with DataLoader, one thread": plain_loop,
}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--case", choices=CASES, default="mlp")
    parser.add_argument("--networks", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--save", action="store_true")
    asked = parser.parse_args()
    case = CASES[asked.case]
    given = samples(case, asked.device)
    fit_together(individuals(case, given, 2), *given)  # imports, kernels
    ways = {name: way for name, way in WAYS.items() if case.varied or way is not by_structure}
    rounds = [{name: way(case, given, asked.networks) for name, way in ways.items()} for _ in range(asked.rounds)]
    slowest = list(ways)[-1]
    rows = [
        [
            name,
            f"{median(each[name] for each in rounds):.3f}",
            f"{min(each[name] for each in rounds):.3f}",
            f"{median(each[slowest] / each[name] for each in rounds):.1f}",
        ]
        for name in ways
    ]
    header = ["", "seconds a network", "least", "times as fast as the plain loop"]
    title = f"{asked.networks} networks together: {case.title}, {asked.device}"
    publish(title, table(header, rows), save=asked.save)


if __name__ == "__main__":
    main()
