"""`glia runs list` with conditions."""

import json

import pytest
from click.testing import Result
from typer.testing import CliRunner

import glia
from glia.cli.main import app


def listed(*options: str) -> Result:
    return CliRunner().invoke(app, ["runs", "list", *options])


@pytest.fixture(autouse=True)
def three() -> None:
    for rate in (0.1, 0.01, 0.001):
        with glia.start(name=f"rate-{rate}", params={"lr": rate}) as run:
            run.log({"validation/accuracy": 1 - rate})


def test_conditions_and_orders() -> None:
    options = ["--where", "params.lr < 0.05 and metrics.'validation/accuracy' > 0.9", "--sort", "lr", "--json"]
    assert [row["name"] for row in json.loads(listed(*options).stdout)] == ["rate-0.001", "rate-0.01"]
    cut = listed("--where", "params.lr < 0.05", "--sort=-lr", "--limit", "1", "--json")
    assert [row["name"] for row in json.loads(cut.stdout)] == ["rate-0.01"]
    assert "1 of 2 runs; --limit N shows more" in cut.stderr


def test_where_nothing_matches_names_that_no_run_has_are_told() -> None:
    assert listed("--where", "params.lrr < 1").stderr == "No run matches. No run has params.lrr. Did you mean 'lr'?\n"
    assert listed("--where", "params.lr > 1").stderr == "No run matches.\n"
    assert listed("--project", "none").stderr == "No run matches.\n"


def test_a_mistake_is_pointed_at() -> None:
    refused = listed("--where", "params.lr < 1 and stat = 'done'")
    assert refused.exit_code == 1
    assert "Did you mean 'state'?\n  params.lr < 1 and stat = 'done'\n                    ^" in str(refused.exception)
