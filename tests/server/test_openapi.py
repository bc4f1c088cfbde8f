import json
from pathlib import Path

import httpx

from glia.server.openapi import description

COMMITTED = Path(__file__).parents[2] / "ui" / "openapi.json"


def test_the_description_that_the_pages_types_are_made_from_is_current() -> None:
    again = "python -m glia.server.openapi > ui/openapi.json, then npm run types in ui"
    assert COMMITTED.read_text(encoding="utf-8") == description(), f"The API changed: {again}"


def test_every_answer_is_described() -> None:
    for path, methods in json.loads(description())["paths"].items():
        for method, operation in methods.items():
            content = operation["responses"]["200"].get("content", {})
            schemas = [kind.get("schema") or kind.get("itemSchema") for kind in content.values()]
            assert schemas or path.endswith(("/media/{file}", "/artifacts/content")), (method, path)
            assert operation["description"], path


def test_all_but_these_only_read() -> None:
    described = json.loads(description())["paths"]
    changing = {(method, path) for path, methods in described.items() for method in methods if method != "get"}
    assert changing == {
        ("post", "/api/v1/session"),
        ("post", "/api/v1/runs/{run}/stop"),
        ("delete", "/api/v1/runs/{run}"),
        ("patch", "/api/v1/runs/{run}"),
        ("post", "/api/v1/runs/{run}/proposals"),
        ("delete", "/api/v1/runs/{run}/proposals/{proposal}"),
    }
    with_key = {place for place in changing if "401" in described[place[1]][place[0]]["responses"]}
    assert with_key == changing - {("patch", "/api/v1/runs/{run}")}


def test_the_server_gives_it(client: httpx.Client) -> None:
    assert client.get("/openapi.json").json() == json.loads(description())
