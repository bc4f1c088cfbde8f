from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

import glia
from glia.cli.main import app
from glia.errors import ConfigError, DataError
from glia.learner import Learner
from glia.recipe import from_dict
from glia.tasks.rejection import threshold


def learner(model: str, **task: Any) -> Learner:
    return Learner(from_dict({"model": {"name": model}, "train": {"epochs": 30}, "task": task}))


def test_the_share_asked_for_is_accepted_of_further_samples() -> None:
    generator = np.random.default_rng(0)
    drawn = generator.beta(5, 2, (2000, 39))
    further = generator.beta(5, 2, (2000, 50))
    limits = np.array([threshold(row, 0.9) for row in drawn])
    accepted = (further >= limits[:, None]).mean()
    assert accepted == pytest.approx(1 - 4 / 40, abs=0.005)  # exact for continuous probabilities: 4 of 40 fall below
    assert threshold(drawn[0], 1.0) == 0


@pytest.mark.parametrize("model", ["mlp", "logistic-regression"])
def test_what_is_between_the_classes_is_none_of_them(model: str, tmp_path: Any) -> None:
    generator = np.random.default_rng(1)
    y = generator.integers(0, 2, 600)
    x = generator.standard_normal((600, 2)) + 4 * y[:, None]
    fitted = learner(model, accept=0.95).fit((x, np.where(y, "right", "left")))
    between, known = fitted.predict([[2.0, 2.0]]), fitted.predict(x)
    assert between.values.tolist() == [None]
    assert between.probabilities is not None
    assert between.probabilities.sum() == pytest.approx(1)
    shares = [value is not None for value in known.values]
    assert 0.9 < np.mean(shares) < 1
    assert set(known.values[shares]) == {"left", "right"}
    again = Learner.load(fitted.save(tmp_path))
    assert again.predict(x).values.tolist() == known.values.tolist()


def test_unless_asked_for_every_sample_has_a_class() -> None:
    assert set(learner("logistic-regression").fit("iris").predict([[0.0] * 4]).values) <= {"setosa", "virginica"}


def test_too_few_samples_and_numbers_are_refused_before_training() -> None:
    with pytest.raises(DataError, match=r"task\.accept=0\.99 takes at least 99 validation samples .* there are \d+\."):
        learner("mlp", accept=0.99).fit("iris")
    with pytest.raises(ConfigError, match=r"task\.accept is for classification, but 'progression' is learned"):
        learner("mlp", accept=0.9).fit("diabetes")


def test_the_command_line_says_none_of_these(tmp_path: Any) -> None:
    file = tmp_path / "new.csv"
    file.write_text("x,y\n2,2\n9,9\n")
    generator = np.random.default_rng(1)
    y = generator.integers(0, 2, 400)
    x = generator.standard_normal((400, 2)) + 4 * y[:, None]
    data = {"x": x[:, 0], "y": x[:, 1], "side": np.where(y, "right", "left")}
    settings = {"task.accept": 0.9}
    run = glia.train(data, target="side", model="logistic-regression", settings=settings)
    shown = CliRunner().invoke(app, ["predict", run.id, str(file)]).stdout
    assert "none of these" in shown.splitlines()[2]
    assert "right" in shown.splitlines()[3]
    assert '"prediction": null' in CliRunner().invoke(app, ["predict", run.id, str(file), "--json"]).stdout
