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
            assert schemas or path.endswith("/media/{file}"), (method, path)
            assert operation["description"], path


def test_the_first_version_only_reads() -> None:
    assert {method for methods in json.loads(description())["paths"].values() for method in methods} == {"get"}


def test_the_server_gives_it(client: httpx.Client) -> None:
    assert client.get("/openapi.json").json() == json.loads(description())
