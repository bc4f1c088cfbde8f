import math
from pathlib import Path

import pytest
import torch
from torch import nn
from typer.testing import CliRunner

import glia
from glia.cli.main import app
from glia.errors import NotFoundError
from glia.explanation.depth import depth_study
from glia.recipe import from_dict
from glia.training.rate_finder import Trial, try_rates
from tests.training.parts import Separation, batches, settings


def test_the_rate_finder_finds_the_edge_of_stability_of_a_parabola() -> None:
    """Gradient descent on w²/2·c diverges from rate 2/c on: the lowest loss lies below, and the curve ends beyond."""
    torch.manual_seed(0)
    model = nn.Linear(4, 2)
    trial = try_rates(model, Separation(), batches(settings()), settings(optimizer="sgd"), rates=(1e-4, 1e4), steps=200)
    assert 0.01 < trial.steepest < 10
    assert trial.rates[-1] < 1e4  # it exploded before
    assert trial.losses[-1] > 4 * min(trial.losses)
    factors = [after / before for before, after in zip(trial.rates, trial.rates[1:], strict=False)]
    assert factors == pytest.approx([math.exp(math.log(1e8) / 199)] * len(factors))


def test_the_steepest_place_lies_before_the_lowest() -> None:
    trial = Trial(rates=(1e-3, 1e-2, 1e-1, 1.0, 10.0), losses=(3.0, 2.9, 1.0, 0.8, 5.0))
    assert (trial.steepest, trial.highest) == (0.1, 0.1)


def test_lbfgs_can_be_tried_too() -> None:
    torch.manual_seed(0)
    trial = try_rates(nn.Linear(4, 2), Separation(), batches(settings()), settings(optimizer="lbfgs"), steps=12)
    assert len(trial.rates) == 12


def test_the_learning_rate_is_found_through_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(
        app, ["explain", "learning-rate", "iris", "--out", "rate.png", "--set", "model.name=mlp"]
    )
    assert result.exit_code == 0, result.output
    assert "--set train.learning_rate=" in result.output
    assert (tmp_path / "rate.png").read_bytes().startswith(b"\x89PNG")
    assert not (tmp_path / ".glia").exists()


def test_depth_draws_plain_beside_residual() -> None:
    said: list[str] = []
    recipe = from_dict({"model": {"name": "residual-mlp", "width": 8}, "train": {"epochs": 2}})
    found = depth_study(recipe, "iris", depths=(1, 3), say=said.append)
    (curve,) = found.pictures
    assert [(name, xs) for name, xs, _ in curve.lines] == [("plain", (1.0, 3.0)), ("residual", (1.0, 3.0))]  # type: ignore[union-attr]
    assert curve.lines[0][2][0] == curve.lines[1][2][0]  # type: ignore[union-attr]  (one layer has no connection)
    assert said[1].startswith("plain, 3 hidden layers: validation/accuracy")


def test_what_is_missing_is_asked_for() -> None:
    for arguments in (["explain", "depth"], ["explain", "a3f9", "mnist"]):
        assert CliRunner().invoke(app, arguments).exit_code == 1
    with pytest.raises(NotFoundError, match="a3f9"):
        glia.explain("a3f9")
