"""Who may stop and delete: those who have shown the key of the folder, and nobody else."""

import os
import stat
import threading
from pathlib import Path

import httpx
import pytest

from glia.errors import StoreError
from glia.server.serving import Server
from glia.server.session import NO_KEY, WRONG_KEY, session_key
from tests.server.recorded import training


@pytest.fixture
def browser(server: Server):  # type: ignore[no-untyped-def]
    """Keeps cookies, and says where it comes from as browsers do."""
    with httpx.Client(base_url=f"{server.url}/api/v1", headers={"Origin": server.url}, trust_env=False) as client:
        yield client


def test_the_key_is_made_once_and_is_its_owners(home: Path) -> None:
    key = session_key(home)
    assert len(key) >= 43
    assert session_key(home) == key
    assert stat.S_IMODE((home / "key").stat().st_mode) == 0o600
    assert session_key(home.with_name("other").mkdir() or home.with_name("other")) != key


def test_all_who_ask_at_once_get_the_same_key(home: Path) -> None:
    found: list[str] = []
    threads = [threading.Thread(target=lambda: found.append(session_key(home))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert len(set(found)) == 1


def test_a_key_that_others_may_read_is_refused(home: Path) -> None:
    session_key(home)
    (home / "key").chmod(0o644)
    with pytest.raises(StoreError, match=r"can be read by others \(mode 0644\).*rm '"):
        session_key(home)


@pytest.mark.skipif(not hasattr(os, "getuid") or os.getuid() != 0, reason="only root can give files away")
def test_a_key_of_somebody_else_is_refused(home: Path) -> None:
    session_key(home)
    os.chown(home / "key", 12345, 12345)
    with pytest.raises(StoreError, match="belongs to user 12345"):
        session_key(home)


@pytest.mark.parametrize("content", [b"", b"short", b"\xff" * 50])
def test_a_file_that_holds_no_key_is_refused(home: Path, content: bytes) -> None:
    session_key(home)
    (home / "key").write_bytes(content)
    with pytest.raises(StoreError, match="holds no session key"):
        session_key(home)


def test_a_page_hands_in_the_key_and_gets_a_cookie(browser: httpx.Client, home: Path) -> None:
    assert browser.get("/session").json() == {"may_change": False, "reason": NO_KEY}
    answer = browser.post("/session", json={"key": session_key(home)})
    assert answer.json() == {"may_change": True, "reason": ""}
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert session_key(home) not in cookie
    assert browser.get("/session").json()["may_change"]


def test_a_wrong_key_gets_no_cookie(browser: httpx.Client, home: Path) -> None:
    for wrong in ("", "x" * 43, session_key(home)[:-1], "é\ud800"):
        answer = browser.post("/session", content=f'{{"key": "{wrong}"}}'.encode("utf-8", "backslashreplace"))
        assert answer.status_code in (401, 422)
        assert "set-cookie" not in answer.headers
    assert not browser.get("/session").json()["may_change"]


def test_a_program_sends_the_key_itself(browser: httpx.Client, home: Path) -> None:
    key = session_key(home)
    assert browser.get("/session", headers={"Authorization": f"Bearer {key}"}).json()["may_change"]
    wrong = browser.get("/session", headers={"Authorization": f"Bearer {key}x"}).json()
    assert wrong == {"may_change": False, "reason": WRONG_KEY}


def test_another_key_ends_the_session(browser: httpx.Client, home: Path) -> None:
    browser.post("/session", json={"key": session_key(home)})
    (home / "key").unlink()
    assert not browser.get("/session").json()["may_change"]


def test_a_key_that_cannot_be_used_is_said(browser: httpx.Client, home: Path) -> None:
    session_key(home)
    (home / "key").chmod(0o640)
    answer = browser.get("/session")
    assert answer.status_code == 500
    assert "can be read by others" in answer.json()["detail"]


def test_the_address_carries_the_key_where_no_server_sees_it(server: Server, home: Path) -> None:
    assert server.address == f"{server.url}/#key={session_key(home)}"
    assert session_key(home) not in f"{server!r} {server._repr_html_()}"


@pytest.mark.parametrize(("method", "path"), [("POST", "/stop"), ("DELETE", "")])
def test_what_stops_or_deletes_needs_the_key(browser: httpx.Client, home: Path, method: str, path: str) -> None:
    with training(home, name="live-lark-1") as recorder:
        for headers in ({}, {"Authorization": "Bearer x"}, {"Authorization": "Basic x"}, {"Cookie": "glia-00000000=x"}):
            answer = browser.request(method, f"/runs/{recorder.id}{path}", headers=headers)
            assert answer.status_code == 401, headers
            assert "session key" in answer.json()["detail"]
            assert answer.headers["www-authenticate"] == "Bearer"
        assert not list((recorder.folder / "log").glob("*-remark.log"))


def test_a_page_of_another_origin_cannot_use_the_cookie(browser: httpx.Client, home: Path) -> None:
    browser.post("/session", json={"key": session_key(home)})
    with training(home) as recorder:
        for headers in ({"Origin": "http://localhost:3000"}, {"Host": "evil.example"}, {"Sec-Fetch-Site": "same-site"}):
            assert browser.post(f"/runs/{recorder.id}/stop", headers=headers).status_code == 403
        assert browser.post(f"/runs/{recorder.id}/stop").status_code == 200
