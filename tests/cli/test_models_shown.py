"""`glia models show --inputs`: a network layer by layer before there is any data."""

import json
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from glia.cli.main import app

runner = CliRunner()


def shown(*arguments: str) -> str:
    done = runner.invoke(app, ["models", "show", *arguments], catch_exceptions=False)
    return done.stdout


def test_a_family_with_options_is_shown_layer_by_layer() -> None:
    lines = shown("mlp", "--inputs", "1,28,28", "--outputs", "10", "--set", "model.hidden=[64]").splitlines()
    assert lines[1].split() == ["input", "1x28x28"]
    assert lines[2].startswith("hidden.0        64      50,240  Linear(in_features=784")
    assert lines[-1] == "together                50,890  parameters"


def test_a_size_and_a_class_of_ones_own_are_shown() -> None:
    assert "64x26x26" in shown("cnn/guide", "--inputs", "1,28,28", "--outputs", "10")
    layers = json.loads(shown("tests.models.own:Net", "--inputs", "4", "--outputs", "2", "--json"))["layers"]
    assert layers[-1]["puts_out"] == [2]


@pytest.mark.parametrize("given", ["4x", "0,3", "", "1,-2"])
def test_a_shape_that_is_none_is_refused(given: str) -> None:
    said = str(runner.invoke(app, ["models", "show", "mlp", "--inputs", given]).exception)
    assert said == f"--inputs {given}: the shape of one sample is expected, such as 13 or 1,28,28."


def test_options_without_a_shape_and_options_that_are_not_there_are_refused() -> None:
    said = str(runner.invoke(app, ["models", "show", "mlp", "--set", "model.hidden=3"]).exception)
    assert "--set model.hidden=3 needs a network to act on" in said
    said = str(runner.invoke(app, ["models", "show", "mlp", "--inputs", "3", "--set", "model.hiden=3"]).exception)
    assert "Did you mean 'hidden'" in said
    said = str(runner.invoke(app, ["models", "show", "cnn", "--inputs", "1,4,4"]).exception)
    assert "Max-pool 2x2 on 1x1" in said


def test_without_a_shape_nothing_heavy_is_loaded() -> None:
    code = (
        "import sys; from typer.testing import CliRunner; from glia.cli.main import app; "
        "assert CliRunner().invoke(app, ['models', 'show', 'mlp']).exit_code == 0; print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.strip() == "False", done.stderr
