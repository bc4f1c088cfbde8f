import gzip
import hashlib
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from glia.data.download import RemoteFile, cache_folder, fetch
from glia.errors import DataError

CONTENT = bytes(range(256)) * 4000
PACKED = gzip.compress(CONTENT, compresslevel=0)


class Host(ThreadingHTTPServer):
    """Serves PACKED: whole, after a cut, wrong, or not at all, as the path says."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked: list[tuple[str, str]] = []  # path, Range

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Handler(BaseHTTPRequestHandler):
    server: Host

    def do_GET(self) -> None:
        wanted = self.headers.get("Range", "")
        self.server.asked.append((self.path, wanted))
        start = int(wanted.removeprefix("bytes=").removesuffix("-")) if wanted and "norange" not in self.path else 0
        if "missing" in self.path:
            self.send_error(404)
        elif start >= len(PACKED):
            self.send_error(416)
        else:
            self.give(start)

    def give(self, start: int) -> None:
        body = PACKED[start:] if "wrong" not in self.path else gzip.compress(b"something else")
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        cut = {"cut": len(body) // 2, "dead": 0}.get(self.path.strip("/").split("-")[0], len(body))
        first_time = [path for path, _ in self.server.asked].count(self.path) == 1
        self.wfile.write(body[:cut] if first_time or "dead" in self.path or "norange" in self.path else body)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def host() -> Iterator[Host]:
    server = Host()
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def remote(*urls: str, **checksums: str) -> RemoteFile:
    return RemoteFile(name="data.gz", urls=urls, **(checksums or {"sha256": hashlib.sha256(CONTENT).hexdigest()}))


def left(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.name != ".lock")


def test_a_file_is_downloaded_once_and_progress_is_heard(host: Host, tmp_path: Path) -> None:
    heard: list[tuple[str, int, int]] = []
    file = remote(f"{host.url}/whole")
    assert fetch(file, tmp_path, lambda *told: heard.append(told)) == CONTENT
    assert fetch(file, tmp_path) == CONTENT
    assert host.asked == [("/whole", "")]
    assert heard[-1] == ("data.gz", len(PACKED), len(PACKED))
    assert left(tmp_path) == ["data.gz"]


def test_of_two_at_once_one_downloads(host: Host, tmp_path: Path) -> None:
    file = remote(f"{host.url}/whole")
    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(lambda _: fetch(file, tmp_path), range(2))) == [CONTENT, CONTENT]
    assert len(host.asked) == 1


def test_the_wrapper_may_be_what_is_known(host: Host, tmp_path: Path) -> None:
    right = remote(f"{host.url}/whole", packed_sha256=hashlib.sha256(PACKED).hexdigest())
    assert fetch(right, tmp_path / "right") == CONTENT
    with pytest.raises(
        DataError, match=f"checksum of the file is wrong: .*{hashlib.sha256(PACKED).hexdigest()}, expected 00"
    ):
        fetch(remote(f"{host.url}/whole", packed_sha256="0" * 64), tmp_path / "wrong")


def test_a_cut_connection_is_resumed_where_it_was_cut(host: Host, tmp_path: Path) -> None:
    assert fetch(remote(f"{host.url}/cut"), tmp_path) == CONTENT
    assert host.asked == [("/cut", ""), ("/cut", f"bytes={len(PACKED) // 2}-")]


def test_a_later_call_resumes_what_an_earlier_one_left(host: Host, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="could not be downloaded"):
        fetch(remote(f"{host.url}/cut-norange"), tmp_path)
    (part,) = left(tmp_path)
    assert part.endswith(".part")
    assert (tmp_path / part).stat().st_size == len(PACKED) // 2
    with pytest.raises(DataError):
        fetch(remote(f"{host.url}/cut-norange"), tmp_path)
    assert host.asked[-2][1] == f"bytes={len(PACKED) // 2}-"


def test_a_complete_part_is_not_asked_for_again(host: Host, tmp_path: Path) -> None:
    file = remote(f"{host.url}/whole")
    fetch(file, tmp_path)
    name = f"data.gz.{hashlib.sha256(file.urls[0].encode()).hexdigest()[:8]}.part"
    (tmp_path / "data.gz").rename(tmp_path / name)
    assert fetch(file, tmp_path) == CONTENT
    assert left(tmp_path) == ["data.gz"]


def test_a_wrong_checksum_is_refused_and_removed(host: Host, tmp_path: Path) -> None:
    expected = hashlib.sha256(CONTENT).hexdigest()
    with pytest.raises(DataError, match=f"the checksum of its contents is wrong: .* expected {expected}"):
        fetch(remote(f"{host.url}/wrong"), tmp_path)
    assert left(tmp_path) == []


def test_the_next_address_is_tried(host: Host, tmp_path: Path) -> None:
    file = remote(f"{host.url}/missing", f"{host.url}/wrong", f"{host.url}/dead", f"{host.url}/whole")
    assert fetch(file, tmp_path) == CONTENT
    assert [path for path, _ in host.asked] == ["/missing", "/wrong", "/dead", "/whole"]


def test_when_all_fail_each_reason_is_told(host: Host, tmp_path: Path) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        nobody = f"http://127.0.0.1:{closed.getsockname()[1]}/x"
    with pytest.raises(DataError) as caught:
        fetch(remote(f"{host.url}/missing", nobody, f"{host.url}/dead", "file:///etc/passwd"), tmp_path)
    lines = str(caught.value).splitlines()
    assert lines[0] == "'data.gz' could not be downloaded:"
    assert "the server answered 404" in lines[1]
    assert "refused" in lines[2]
    assert f"cut after 0 of {len(PACKED):,} bytes" in lines[3]
    assert "'file:///etc/passwd' is not an http address" in lines[4]


def test_a_file_spoiled_in_the_cache_is_fetched_anew(host: Host, tmp_path: Path) -> None:
    (tmp_path / "data.gz").write_bytes(b"spoiled")
    assert fetch(remote(f"{host.url}/whole"), tmp_path) == CONTENT


def test_the_cache_is_where_it_is_asked_to_be(monkeypatch, tmp_path: Path) -> None:
    monkeypatch.setenv("GLIA_CACHE", str(tmp_path / "mine"))
    assert cache_folder() == tmp_path / "mine"
    monkeypatch.delenv("GLIA_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder() == tmp_path / "glia"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache_folder() == tmp_path / ".cache" / "glia"
