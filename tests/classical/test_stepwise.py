"""Each step beside a search by brute force, done with least squares of statsmodels."""

from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
import torch

from glia.errors import ConfigError
from glia.learner import Learner
from glia.models.building import build
from glia.recipe import from_dict
from tests.classical.prostate import fitted, samples_of

NAMES = "abcdef"


def noisy(seed: int, count: int = 40) -> Any:
    draw = np.random.default_rng(seed)
    x = draw.normal(size=(count, 6)) + 0.7 * draw.normal(size=(count, 1))
    y = x @ [1.0, 0.4, 0, -0.3, 0, 0.2] + draw.normal(size=count)
    return samples_of(x, y)


def information(samples: Any, columns: str, criterion: str) -> float:
    """As R's extractAIC reckons it."""
    x, y = samples.inputs.numpy(), samples.targets.numpy()
    found = sm.OLS(y, sm.add_constant(x[:, [NAMES.index(name) for name in columns]])).fit() if columns else None
    squared = found.ssr if found is not None else float(np.sum((y - y.mean()) ** 2))
    return len(y) * np.log(squared / len(y)) + (2 if criterion == "aic" else np.log(len(y))) * (len(columns) + 1)


def by_brute_force(samples: Any, direction: str, criterion: str) -> list[str]:
    inside = NAMES if direction == "backward" else ""
    moves: list[str] = []
    while True:
        tried: dict[str, str] = {}
        if direction != "backward":
            tried |= {f"+ {name}": inside + name for name in NAMES if name not in inside}
        if direction != "forward":
            tried |= {f"- {name}": inside.replace(name, "") for name in inside}
        best = min(tried, key=lambda move: information(samples, tried[move], criterion), default="")
        if not best or information(samples, tried[best], criterion) >= information(samples, inside, criterion):
            return moves
        moves.append(best)
        inside = tried[best]


@pytest.mark.parametrize("criterion", ["aic", "bic"])
@pytest.mark.parametrize("direction", ["forward", "backward", "both"])
def test_the_steps_are_those_of_a_search_by_brute_force(direction: str, criterion: str) -> None:
    for seed in range(4):
        samples = noisy(seed)
        steps = fitted("stepwise-regression", samples, direction=direction, criterion=criterion).estimator.steps_
        assert [step.move for step in steps[1:]] == by_brute_force(samples, direction, criterion)
        inside = NAMES if direction == "backward" else ""
        for step in steps:
            inside = inside + step.move[2:] if step.move[0] == "+" else inside.replace(step.move[2:], "")
            if step.move != "start":
                assert step.value == pytest.approx(information(samples, inside, criterion))


def test_all_subsets_are_no_better_where_columns_are_clear() -> None:
    samples = noisy(0, count=400)
    found = fitted("stepwise-regression", samples).estimator.steps_[-1].value
    subsets = ["".join(names) for size in range(7) for names in combinations(NAMES, size)]
    assert found == pytest.approx(min(information(samples, names, "bic") for names in subsets))


@pytest.mark.parametrize("direction", ["forward", "backward", "both"])
def test_p_values_are_those_of_the_partial_f_test(direction: str) -> None:
    for seed in range(4):
        samples = noisy(seed)
        model = fitted("stepwise-regression", samples, direction=direction, criterion="p-value")
        found = model.estimator.standardised_.significances[1:]
        left = [name for name in NAMES if name not in model.estimator.terms_.columns]
        assert (found < 0.1).all()
        if direction != "backward":
            x, y = samples.inputs.numpy(), samples.targets.numpy()
            inside = [NAMES.index(name) for name in model.estimator.terms_.columns]
            for name in left:
                fit = sm.OLS(y, sm.add_constant(x[:, [*inside, NAMES.index(name)]])).fit()
                assert fit.pvalues[-1] >= 0.05
    step = fitted("stepwise-regression", samples, direction="forward", criterion="p-value").estimator.steps_[1]
    x, y = samples.inputs.numpy(), samples.targets.numpy()
    single = [sm.OLS(y, sm.add_constant(x[:, [place]])).fit().pvalues[1] for place in range(6)]
    assert step.move == f"+ {NAMES[int(np.argmin(single))]}"
    assert step.value == pytest.approx(min(single))


def test_the_categories_of_a_column_enter_together() -> None:
    draw = np.random.default_rng(2)
    table = pd.DataFrame({"noise": draw.normal(size=200), "kind": draw.choice(list("pqr"), 200)})
    table["y"] = table["kind"].map({"p": 0.0, "q": 2.0, "r": 2.1}) + draw.normal(size=200)
    recipe = from_dict({"model": {"name": "stepwise-regression"}, "task": {"target": "y"}})
    model: Any = Learner(recipe).fit(table).model
    assert [step.move for step in model.estimator.steps_] == ["start", "+ kind"]
    assert model.estimator.coefficients.names == ("(constant)", "kind=q", "kind=r")


def test_nothing_helps_and_nothing_is_taken() -> None:
    draw = np.random.default_rng(4)
    model = fitted("stepwise-regression", samples_of(draw.normal(size=(20, 3)), draw.normal(size=20)))
    assert [step.move for step in model.estimator.steps_] == ["start"]
    assert model(torch.ones(2, 3))[:, 0].tolist() == pytest.approx([0.0, 0.0], abs=1e-12)
    assert "columns were chosen by the same samples" in model.told()[0].text


def test_more_columns_than_samples_go_forward_only() -> None:
    samples = samples_of(np.random.default_rng(5).normal(size=(6, 8)), np.arange(6.0))
    assert len(fitted("stepwise-regression", samples).estimator.steps_) >= 1
    with pytest.raises(ConfigError, match=r"there are 6 samples and 9 coefficients\. Use direction=forward"):
        fitted("stepwise-regression", samples, direction="backward")


def test_levels_that_would_never_end_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"enters below p = 0.2 and leaves above 0.1"):
        build("stepwise-regression", {"enter": 0.2}, inputs=(3,), outputs=1, seed=0)
