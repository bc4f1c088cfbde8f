"""A network too small, one that fits, and one too large: `python examples/under_and_over_fit.py`, then `glia serve`.

First a noisy sine, where the curve that is meant can be drawn; then a real table, the progress of 442 people with
diabetes. Of both, half of the samples are learned from and half are kept for validation. See docs/fit.md.
"""

import numpy as np
import pandas as pd

import glia
from glia.pictures import Curve
from glia.record.drawing import draw_all, save_drawing

SIZES = {"too small": [1], "about right": [8], "too large": [100, 100]}
HALVES = {"data.split": {"train": 0.5, "validation": 0.5, "test": 0.0}}
TO_THE_END = {"train.keep": "last", "train.schedule": "constant", "train.learning-rate": 0.01}  # nothing stops it early


def learning_curves(run: glia.Run, title: str) -> Curve:
    """Both losses over the steps; in the first ones they fall so far that nothing else could be seen."""
    lines = []
    for phase in ("validation", "train"):
        loss = run.metrics(f"{phase}/loss")
        seen = loss[loss["step"] >= loss["step"].max() / 40]
        lines.append((phase, tuple(seen["step"].tolist()), tuple(seen["value"].tolist())))
    return Curve(title=f"{title}: learning", x="step", y="loss", lines=tuple(lines))


random = np.random.default_rng(0)
x = random.uniform(-1, 1, 100)
points = pd.DataFrame({"x": x, "y": np.sin(2 * np.pi * x) + 0.3 * random.standard_normal(100)})
everywhere = np.linspace(-1, 1, 200)
sine = ("sine", tuple(everywhere), tuple(np.sin(2 * np.pi * everywhere)))

fitted, learned = [], []
for title, hidden in SIZES.items():
    settings = {"model.hidden": hidden, "model.activation": "tanh", "train.batch-size": "all"}
    run = glia.train(
        points,
        target="y",
        model="mlp",
        epochs=1000,
        project="under-and-over-fit",
        settings=settings | HALVES | TO_THE_END,
    )
    said = run.predict(pd.DataFrame({"x": everywhere})).values
    parts = {"validation": run.learner.division.validation, "learned": run.learner.division.train}
    dots = [(name, tuple(x[rows]), tuple(points["y"].to_numpy()[rows])) for name, rows in parts.items()]
    network = ("network", tuple(everywhere), tuple(map(float, said)))
    fitted.append(Curve(title=f"{title}: {hidden}", x="x", y="y", lines=(network, sine), dots=tuple(dots)))
    learned.append(learning_curves(run, title))
    run.picture("fitted curve", fitted[-1])
    run.picture("learning curves", learned[-1])
    print(f"A noisy sine, {title}, {hidden}\n{run.bias_and_variance}\n")

for hidden in ([1], [16], [256, 256]):
    settings = {"model.hidden": hidden} | HALVES | TO_THE_END
    run = glia.train(
        "diabetes", model="mlp", epochs=80, project="under-and-over-fit", settings=settings | {"train.seed": 1}
    )
    learned.append(learning_curves(run, f"diabetes {hidden}"))
    run.picture("learning curves", learned[-1])
    print(f"diabetes, {hidden}\n{run.bias_and_variance}\n")

save_drawing(draw_all([*fitted, *learned], columns=3), "under_and_over_fit.png")
print("Drawn into under_and_over_fit.png.")
