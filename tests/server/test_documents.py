from pathlib import Path

import httpx
import pytest

from glia.server.documents import departures
from glia.tracking.capture.console import capture
from tests.server.recorded import training


def test_the_recipe_and_where_it_departs_from_the_defaults(home: Path, client: httpx.Client) -> None:
    with training(home, **{"train.learning_rate": 0.01, "model.activation": "tanh"}) as recorder:
        recorder.params({"mine": 3})
        recipe = client.get(f"/runs/{recorder.id}/recipe").json()
    assert "learning_rate = 0.01" in recipe["toml"]
    assert recipe["changed"] == ["model.activation", "train.epochs", "train.learning_rate", "mine"]


@pytest.mark.parametrize("toml", ["", "not toml", "[model]\nname = 'gone'\n", "model = 3\n", "[[model]]\n"])
def test_a_recipe_that_cannot_be_read_departs_from_nothing(toml: str) -> None:
    assert departures(toml, {}) == []


def test_source_and_environment_as_recorded(home: Path, client: httpx.Client) -> None:
    with training(home) as recorder:
        pass
    (recorder.folder / "source.json").write_text('{"commit": "4f2a", "command": ["train.py"]}', encoding="utf-8")
    (recorder.folder / "environment.json").write_text(
        '{"python": "3.11.7", "packages": {"numpy": "2"}}', encoding="utf-8"
    )
    assert client.get(f"/runs/{recorder.id}/source").json() == {"content": {"commit": "4f2a", "command": ["train.py"]}}
    environment = client.get(f"/runs/{recorder.id}/environment").json()
    assert environment == {"content": {"python": "3.11.7", "packages": {"numpy": "2"}}}
    (recorder.folder / "source.json").unlink()
    assert client.get(f"/runs/{recorder.id}/source").json() == {"content": {}}


def test_the_end_of_what_was_printed(home: Path, client: httpx.Client, capsys: pytest.CaptureFixture[str]) -> None:
    with training(home) as recorder:
        assert client.get(f"/runs/{recorder.id}/console").json() == {"lines": [], "more": False}
        with capture(recorder.folder):
            for line in range(5):
                print(f"line {line}")
    whole = client.get(f"/runs/{recorder.id}/console").json()
    assert [line["text"] for line in whole["lines"]] == [f"line {line}" for line in range(5)]
    assert not whole["more"]
    end = client.get(f"/runs/{recorder.id}/console", params={"lines": 2}).json()
    assert [line["text"] for line in end["lines"]] == ["line 3", "line 4"]
    assert end["more"]
