"""Hyperopt's TPE proposes, Glia trains and records: `python search_hyperopt.py` prints what Hyperopt heard."""

import json
import math

import numpy as np
from hyperopt import STATUS_OK, Trials, fmin, hp, tpe

import glia

TRIALS = 6

study = glia.tune(
    "wine", model="mlp", vary={"train.learning_rate": glia.between(1e-4, 1e-1, log=True)}, epochs=3, trials=0
)


def objective(rate: float) -> dict[str, object]:
    """What Hyperopt minimises."""
    [trial] = study.ask(settings={"train.learning_rate": rate})
    [accuracy] = study.train(trial)
    return {"loss": -accuracy, "status": STATUS_OK}


heard = Trials()
fmin(
    objective,
    hp.loguniform("rate", math.log(1e-4), math.log(1e-1)),
    algo=tpe.suggest,
    max_evals=TRIALS,
    trials=heard,
    rstate=np.random.default_rng(0),
    show_progressbar=False,
)
study.end()
rates = [trial["misc"]["vals"]["rate"][0] for trial in heard.trials]
print(json.dumps({"study": study.id, "rates": rates, "losses": heard.losses()}))
