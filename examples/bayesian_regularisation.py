"""How many weights do the data determine? `python examples/bayesian_regularisation.py`.

A noisy sine is learned by three networks. Each has far more weights than a sine needs, and none is told how much to
shrink them. See the example of MATLAB's `trainbr`, and Foresee & Hagan, 1997.
"""

import numpy as np
import pandas as pd

import glia

random = np.random.default_rng(0)
x = np.linspace(-1, 1, 41)
clean = np.sin(2 * np.pi * x)
points = pd.DataFrame({"x": x, "y": clean + 0.1 * random.standard_normal(41)})

for hidden in (5, 10, 20):
    run = glia.train(
        points,
        target="y",
        epochs=150,
        seed=0,
        project="sine",
        settings={
            "model.hidden": [hidden],
            "model.activation": "tanh",
            "data.split": {"train": 1.0, "validation": 0.0, "test": 0.0},  # the evidence needs no validation part
            "train.optimizer": "bayesian-regularisation",
            "train.batch-size": "all",
            "train.keep": "last",
        },
    )
    weights = sum(each.numel() for each in run.model.parameters())
    distance = np.sqrt(np.mean((run.predict(points[["x"]]).values - clean) ** 2))
    effective, ratio = run.summary["train/effective_parameters"], run.summary["train/performance_ratio"]
    print(
        f"{hidden:2} hidden units: {effective:4.1f} of {weights} weights are determined "
        f"(performance ratio {ratio:.4f}); {distance:.3f} from the sine."
    )
