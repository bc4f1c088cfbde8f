"""Columns that a recipe leaves out: no features, wherever the recipe goes."""

import numpy as np
import pandas as pd
import pytest

import glia
from glia.errors import ConfigError, DataError
from glia.learner import data_of
from glia.recipe import Recipe

WITHOUT = {"data.without": ["a b", "id"]}


@pytest.fixture
def houses(tmp_path):
    draw, count = np.random.default_rng(0), 60
    frame = pd.DataFrame({"a b": draw.normal(size=count), "x": draw.normal(size=count), "id": np.arange(count)})
    path = tmp_path / "houses.csv"
    frame.assign(price=frame["a b"] + frame["x"]).to_csv(path, index=False)
    return path


@pytest.mark.parametrize("model", ["ridge", "mlp"])
def test_a_run_learns_judges_and_predicts_without_them(houses, model: str) -> None:
    epochs = None if model == "ridge" else 2
    run = glia.train(houses, target="price", model=model, epochs=epochs, settings=WITHOUT)
    assert [encoder.name for encoder in run.learner.preprocessing.encoders] == ["x"]
    assert run.params["data.without"] == ["a b", "id"]
    assert not any("'id'" in said for said in run.warnings)
    loaded, few = glia.load(run.id), pd.read_csv(houses)[["x", "price"]]
    assert loaded.predict(few).values == pytest.approx(run.predict(str(houses)).values)
    assert glia.evaluate(run.id, few) == pytest.approx(glia.evaluate(run.id, str(houses)))
    assert glia.evaluate(run.id)["rmse"] > 0


def test_a_run_gone_on_with_is_without_them(houses) -> None:
    asked = {"target": "price", "model": "mlp", "settings": {**WITHOUT, "model.hidden": [4]}}
    whole = glia.train(houses, epochs=4, **asked)
    cut = glia.train(houses, epochs=4, budget=0.0001, **asked)
    assert cut.reason == "budget"
    resumed = glia.train(resume=cut.id)
    assert resumed.params == whole.params
    assert resumed.summary["validation/rmse"] == whole.summary["validation/rmse"]
    with pytest.raises(ConfigError, match=r"keeps its recipe, so data\.without cannot be given"):
        glia.train(resume=cut.id, settings=WITHOUT)


def test_a_search_is_without_them_and_does_not_vary_them(houses) -> None:
    asked = {"target": "price", "model": "mlp", "epochs": 1, "settings": WITHOUT, "trials": 2, "folds": 2}
    study = glia.tune(houses, vary={"model.hidden": [[2], [3]]}, **asked)
    assert [encoder.name for encoder in glia.load(study.id).preprocessing.encoders] == ["x"]
    with pytest.raises(ConfigError, match=r"data\.without is not varied"):
        glia.tune(houses, vary={"data.without": [["x"], ["id"]]}, **asked)


@pytest.mark.parametrize(
    ("names", "error", "message"),
    [
        (["a_b"], ConfigError, "Column 'a_b', to be left out, is not in houses.csv. Did you mean 'a b'"),
        (["price"], ConfigError, "Column 'price' is the target, which cannot be left out"),
        (["a b", "x", "id"], DataError, "0 features .* Columns that are no features: id, a b, x"),
        ("x", ConfigError, "data.without should be a list, not 'x'"),
    ],
)
def test_what_cannot_be_left_out_is_refused(home, houses, names, error, message: str) -> None:
    with pytest.raises(error, match=message):
        glia.train(houses, target="price", model="ridge", settings={"data.without": names})
    assert not list(glia.runs())


def test_what_is_said_of_other_columns_stays() -> None:
    frame = pd.DataFrame({"x": range(40), "k": 1, "kk": 1, "y": [0.5, 1.5] * 20})
    recipe = Recipe().with_settings({"task.target": "y", "data.without": ["k"]})
    dataset = data_of(recipe, frame)
    assert list(dataset.features) == ["x"]
    assert [said.partition(" has ")[0] for said in dataset.said] == ["Column 'kk'"]
    assert data_of(recipe, dataset) is dataset, "nothing to do a second time"
