from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from glia.server import pages
from glia.server.serving import serve


@pytest.fixture
def built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Pages as Vite builds them."""
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text("<!doctype html><title>Glia</title>", encoding="utf-8")
    (tmp_path / "assets" / "index-4f2a.js").write_text("export {}\n" * 200, encoding="utf-8")
    monkeypatch.setattr(pages, "BUILT", tmp_path)
    return tmp_path


@pytest.fixture
def url(built: Path, home: Path) -> Iterator[str]:
    with serve(home, port=0) as server:
        yield server.url


def get(url: str) -> httpx.Response:
    return httpx.get(url, trust_env=False)


@pytest.mark.parametrize("path", ["/", "/runs", "/runs/a3f9", "/compare?runs=a,b"])
def test_page_paths_answer_the_page_afresh(url: str, path: str) -> None:
    answer = get(url + path)
    assert answer.status_code == 200
    assert "<title>Glia</title>" in answer.text
    assert answer.headers["cache-control"] == "no-cache"


def test_other_paths_are_not_there(url: str) -> None:
    assert get(f"{url}/nothing").status_code == 404
    assert get(f"{url}/runs/a/b").status_code == 404


def test_assets_may_be_kept_for_ever_and_travel_compressed(url: str) -> None:
    answer = get(f"{url}/assets/index-4f2a.js")
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["content-type"].startswith("text/javascript")
    assert answer.headers["content-encoding"] == "gzip"
    assert get(f"{url}/assets/none.js").status_code == 404
    assert "immutable" not in get(f"{url}/assets/none.js").headers.get("cache-control", "")


def test_nothing_outside_the_assets_is_served(url: str, built: Path) -> None:
    (built / "secret.txt").write_text("secret", encoding="utf-8")
    for path in ("/assets/../secret.txt", "/assets/%2e%2e/secret.txt", "/assets/..%2fsecret.txt"):
        assert "secret" not in get(url + path).text


def test_without_built_pages_the_page_says_how_to_build_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, home: Path
) -> None:
    monkeypatch.setattr(pages, "BUILT", tmp_path / "none")
    with serve(home, port=0) as server:
        answer = get(server.url)
        assert "make ui" in answer.text
        assert "Node.js 20.19" in answer.text
        assert get(f"{server.url}/api/v1/runs").status_code == 200
        assert get(f"{server.url}/assets/x.js").status_code == 404
