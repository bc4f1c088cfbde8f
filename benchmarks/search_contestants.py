"""One search timed by itself: `python search_contestants.py CONTESTANT TRIALS` prints seconds per trial.

Everyone trains the same network on the same number of samples; what is timed begins when the data is there. Each peer
is imported where it is used: this file runs in environments that have one of them only.
"""

import json
import os
import sys
import time
from collections.abc import Callable

HIDDEN, EPOCHS, BATCH, LOW, HIGH = 128, 20, 32, 1e-4, 1e-1
TRAINED = 1437  # of 1,797


def loop(rate: float, seed: int) -> float:
    """Validation accuracy of one network, by the loop of PyTorch's tutorials over tensors."""
    import torch
    from sklearn.datasets import load_digits

    torch.manual_seed(seed)
    inputs, targets = load_digits(return_X_y=True)
    x, y = torch.tensor(inputs / 16, dtype=torch.float32), torch.tensor(targets)
    order = torch.randperm(len(x))
    learned, judged = order[:TRAINED], order[TRAINED:]
    model = torch.nn.Sequential(torch.nn.Linear(64, HIDDEN), torch.nn.ReLU(), torch.nn.Linear(HIDDEN, 10))
    optimizer = torch.optim.Adam(model.parameters(), lr=rate)
    for _ in range(EPOCHS):
        mixed = learned[torch.randperm(TRAINED)]
        for start in range(0, TRAINED, BATCH):
            rows = mixed[start : start + BATCH]
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(model(x[rows]), y[rows]).backward()
            optimizer.step()
        with torch.no_grad():
            accuracy = float((model(x[judged]).argmax(1) == y[judged]).float().mean())
    return accuracy


def rates(count: int) -> list[float]:
    """Drawn by chance."""
    import numpy as np

    return list(np.exp(np.random.default_rng(0).uniform(np.log(LOW), np.log(HIGH), count)))


def plain(trials: int) -> None:
    """One after the other, on one thread."""
    import torch

    torch.set_num_threads(1)
    for seed, rate in enumerate(rates(trials)):
        loop(rate, seed)


def sklearn(trials: int) -> None:
    """MLPClassifier as it comes, but for what the networks are to have in common."""
    import warnings

    from sklearn.datasets import load_digits
    from sklearn.neural_network import MLPClassifier

    warnings.simplefilter("ignore")  # that 20 epochs do not converge
    inputs, targets = load_digits(return_X_y=True)
    common = {"max_iter": EPOCHS, "batch_size": BATCH, "n_iter_no_change": EPOCHS + 1}
    for seed, rate in enumerate(rates(trials)):
        model = MLPClassifier((HIDDEN,), learning_rate_init=rate, random_state=seed, **common)
        model.fit(inputs[:TRAINED] / 16, targets[:TRAINED]).score(inputs[TRAINED:] / 16, targets[TRAINED:])


def optuna(trials: int) -> None:
    """A study in memory."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(0), direction="maximize")
    study.optimize(lambda trial: loop(trial.suggest_float("rate", LOW, HIGH, log=True), trial.number), n_trials=trials)


def ray(trials: int) -> None:
    """A process a trial, as many side by side as there are cores."""
    os.environ.setdefault("RAY_DEDUP_LOGS", "0")
    from ray import tune

    def objective(config: dict[str, float]) -> dict[str, float]:
        return {"accuracy": loop(config["rate"], 0)}

    tuner = tune.Tuner(
        objective,
        param_space={"rate": tune.loguniform(LOW, HIGH)},
        tune_config=tune.TuneConfig(num_samples=trials, metric="accuracy", mode="max"),
    )
    tuner.fit()


def glia(trials: int) -> None:
    """The front door, with a record of everything."""
    import glia

    vary = {"train.learning_rate": glia.between(LOW, HIGH, log=True)}
    settings = {"data.split.train": 0.8, "data.split.validation": 0.2, "data.split.test": 0.0}
    common = {"model": "mlp", "epochs": EPOCHS, "settings": settings, "again": 0}
    study = glia.tune("digits", vary=vary, trials=trials, **common)
    if [each.state for each in study.trials] != ["done"] * trials:
        raise SystemExit("not all trials are done")


CONTESTANTS: dict[str, Callable[[int], None]] = {
    "glia": glia,
    "loop": plain,
    "sklearn": sklearn,
    "optuna": optuna,
    "ray": ray,
}


def main(contestant: str, trials: int) -> None:
    """Print seconds per trial, of the search alone: everything imported, the first network trained before."""
    if contestant == "glia":
        glia(1)
    elif contestant != "ray":
        loop(1e-3, 0)
    begun = time.perf_counter()
    CONTESTANTS[contestant](trials)
    print(json.dumps((time.perf_counter() - begun) / trials))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
