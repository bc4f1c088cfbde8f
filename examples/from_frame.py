"""A network for a pandas frame with words, gaps and a quantity to learn: `python examples/from_frame.py`."""

import numpy as np
import pandas as pd

import glia

random = np.random.default_rng(0)
count = 600
flats = pd.DataFrame(
    {
        "rooms": random.integers(1, 7, count),
        "area": random.normal(80, 25, count).clip(20).round(),
        "district": random.choice(["north", "south", "harbour"], count),
        "lift": random.random(count) < 0.4,
    }
)
flats["price"] = 40 * flats["rooms"] + 3 * flats["area"] + 90 * (flats["district"] == "harbour") + 20 * flats["lift"]
flats.loc[random.choice(count, 60, replace=False), "area"] = np.nan

run = glia.train(flats, target="price", epochs=60, seed=0, project="flats", settings={"train.learning_rate": 1e-2})
print(
    f"Typical error on flats never seen: {glia.evaluate(run)['rmse']:.0f}; prices spread by {flats['price'].std():.0f}."
)

wanted = {"rooms": 3, "area": None, "district": "harbour", "lift": True}
print("Asked for", wanted, "it says", run.predict(pd.DataFrame([wanted])).values.round())
