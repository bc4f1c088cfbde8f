"""Trials by hand over HTTP: the form, what is proposed, what is refused."""

import math
from pathlib import Path
from typing import Any

import httpx
import pytest

from glia import recipe as recipes
from glia.search.ledger import Ledger
from glia.search.plan import Plan
from glia.server.session import session_key
from glia.tracking.recording.study import StudyRecorder

RECIPE = recipes.from_dict({"data": {"name": "iris"}, "model": {"name": "mlp"}})
PLAN = Plan(
    method="random",
    metric="validation/loss",
    direction="lower",
    vary={
        "train.learning_rate": {"low": 1e-4, "high": 1e-1, "log": True},
        "train.optimizer": {"values": ["sgd", "adam"]},
        "model.hidden": {"values": [[8], [8, 8]]},
        "train.momentum": {"low": 0.0, "high": 0.9, "when": {"train.optimizer": ["sgd"]}},
    },
)
BEST = {"train.learning_rate": 0.012345678, "train.optimizer": "adam", "model.hidden": [8, 8]}
CHOSEN = {"train.learning_rate": "1e-3", "train.optimizer": "adam", "model.hidden": "[8,8]"}


@pytest.fixture
def study(home: Path) -> str:
    """A study whose process has gone, with three trials of its own."""
    recorder = StudyRecorder.create(home, project="p", recipe_toml=RECIPE.toml(), params=RECIPE.params())
    PLAN.write(recorder.folder)
    ledger = Ledger(recorder, PLAN)
    for settings, value in (({**BEST, "train.learning_rate": 0.1}, 0.5), (BEST, 0.25), (BEST, math.nan)):
        claim = ledger.ask(settings)
        ledger.done(claim, value)
    recorder.state("done")
    recorder.close()
    return recorder.id


def as_owner(home: Path) -> dict[str, str]:
    return {"Authorization": f"Bearer {session_key(home)}"}


def proposals(client: httpx.Client, study: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = client.get(f"/runs/{study}").json()["proposals"]
    return found


def test_the_form_begins_with_the_best_trial(client: httpx.Client, study: str) -> None:
    form = client.get(f"/runs/{study}/form").json()
    assert (form["metric"], form["best"], form["value"], form["direction"]) == ("validation/loss", 1, 0.25, "lower")
    rate, optimizer, hidden, momentum = form["settings"]
    assert (rate["value"], rate["range"], rate["choices"]) == ("0.01235", "0.0001..0.1:log", [])
    assert (optimizer["value"], optimizer["choices"]) == ("adam", ["sgd", "adam"])
    assert (hidden["value"], hidden["choices"]) == ("[8, 8]", ["[8]", "[8, 8]"])
    assert (momentum["value"], momentum["when"]) == ("0.0", {"train.optimizer": ["sgd"]})  # of the recipe
    assert [(each["number"], each["state"], each["value"]) for each in form["tried"]] == [
        (2, "done", "NaN"),
        (1, "done", 0.25),
        (0, "done", 0.5),
    ]


def test_a_trial_is_proposed_and_taken_back(client: httpx.Client, home: Path, study: str) -> None:
    answer = client.post(f"/runs/{study}/proposals", json={"settings": CHOSEN}, headers=as_owner(home))
    assert answer.status_code == 200, answer.text
    [waiting] = proposals(client, study)
    assert waiting["id"] == answer.json()["id"]
    assert waiting["settings"] == {"train.learning_rate": 0.001, "train.optimizer": "adam", "model.hidden": [8, 8]}
    place = f"/runs/{study}/proposals/{waiting['id']}"
    assert client.delete(place, headers=as_owner(home)).status_code == 200
    assert proposals(client, study) == []
    assert "any more" in client.delete(place, headers=as_owner(home)).json()["detail"]


def test_without_the_key_nothing_is_proposed(client: httpx.Client, study: str) -> None:
    assert client.post(f"/runs/{study}/proposals", json={"settings": CHOSEN}).status_code == 401
    assert client.delete(f"/runs/{study}/proposals/abc").status_code == 401
    assert proposals(client, study) == []


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"train.learning_rate": "7"}, "train.learning_rate=7 is not among 0.0001..0.1:log."),
        ({"train.learning_rate": "fast"}, "train.learning_rate=fast is not among"),
        ({"train.momentum": "0.5"}, "varied only when train.optimizer is sgd"),
        ({"train.momentun": "0.5"}, "Did you mean 'train.momentum'"),
        ({"train.optimizer": "sgd"}, "'train.momentum' has no value"),
    ],
)
def test_what_cannot_be_tried_is_refused(
    client: httpx.Client, home: Path, study: str, changed: dict[str, str], message: str
) -> None:
    wish = {"settings": {**CHOSEN, **changed}}
    answer = client.post(f"/runs/{study}/proposals", json=wish, headers=as_owner(home))
    assert (answer.status_code, message in answer.json()["detail"]) == (422, True), answer.text
    assert proposals(client, study) == []


def test_what_is_no_study_has_no_form(client: httpx.Client, home: Path) -> None:
    recorder = StudyRecorder.create(home, project="p")
    recorder.close()
    assert client.get(f"/runs/{recorder.id}/form").status_code == 404
    assert proposals(client, recorder.id) == []
