import httpx
import pytest
from starlette.datastructures import Headers

from glia.server.safety import HEADERS, why_refused
from glia.server.serving import Server


@pytest.mark.parametrize("host", ["localhost:7007", "127.0.0.1:7007", "[::1]:7007", "localhost", "LOCALHOST:8080"])
def test_this_machine_is_answered_under_its_names_and_any_forwarded_port(host: str) -> None:
    assert why_refused(Headers({"host": host})) == ""


@pytest.mark.parametrize(
    "host", ["evil.example:7007", "192.168.0.7:7007", "localhost.evil.example", "127.0.0.1.evil.example", "[::1", ""]
)
def test_foreign_hosts_are_refused_by_name(host: str) -> None:
    assert f"Host '{host}' is not this machine" in why_refused(Headers({"host": host}))


def test_its_own_pages_may_ask() -> None:
    own = {"host": "localhost:7007", "origin": "http://localhost:7007", "sec-fetch-site": "same-origin"}
    assert why_refused(Headers(own)) == ""


@pytest.mark.parametrize(
    "origin",
    ["https://evil.example", "http://localhost:3000", "http://127.0.0.1:7007", "https://localhost:7007", "null"],
)
def test_pages_of_other_origins_may_not_ask(origin: str) -> None:
    refusal = why_refused(Headers({"host": "localhost:7007", "origin": origin}))
    assert refusal.startswith(f"Origin '{origin}' is not 'http://localhost:7007'")


def test_a_picture_in_a_foreign_page_is_not_answered() -> None:
    image = {
        "host": "localhost:7007",
        "sec-fetch-site": "cross-site",
        "sec-fetch-mode": "no-cors",
        "sec-fetch-dest": "image",
    }
    assert "Sec-Fetch-Site: cross-site" in why_refused(Headers(image))


def test_a_link_in_a_foreign_page_may_open_ours_but_not_frame_it() -> None:
    link = {"host": "localhost:7007", "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}
    assert why_refused(Headers({**link, "sec-fetch-dest": "document"})) == ""
    assert why_refused(Headers({**link, "sec-fetch-dest": "iframe"})) != ""


@pytest.mark.parametrize("path", ["/", "/api/v1/runs", "/api/v1/events", "/assets/none.js", "/nothing"])
def test_every_path_refuses_foreign_hosts_and_origins_also_for_get(server: Server, path: str) -> None:
    for headers in ({"host": "evil.example"}, {"origin": "https://evil.example"}):
        answer = httpx.get(server.url + path, headers=headers, trust_env=False)
        assert answer.status_code == 403
        assert "evil.example" in answer.json()["detail"]
        assert answer.headers["x-frame-options"] == "DENY"


@pytest.mark.parametrize("path", ["/", "/api/v1/runs", "/nothing"])
def test_every_answer_carries_the_protecting_headers_and_allows_no_other_site(server: Server, path: str) -> None:
    answer = httpx.get(server.url + path, trust_env=False)
    for name, value in HEADERS.items():
        assert answer.headers[name] == value
    assert "access-control-allow-origin" not in answer.headers
    assert "unsafe" not in answer.headers["content-security-policy"]
