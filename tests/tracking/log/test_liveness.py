import errno
import os
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from glia.tracking.log import liveness
from glia.tracking.log.liveness import Hold, is_alive, this_process
from tests.tracking.children import child, lines

NOBODY = replace(this_process(), start=1.0)


def test_a_process_is_told_apart() -> None:
    process = this_process()
    assert process.pid == os.getpid()
    assert abs(process.start - psutil.Process().create_time()) < 2


def test_letting_go_twice_changes_nothing(tmp_path: Path) -> None:
    hold = Hold(tmp_path / "lock")
    assert is_alive(NOBODY, tmp_path / "lock") is True
    hold.release()
    hold.release()
    assert is_alive(NOBODY, tmp_path / "lock") is False


def test_without_a_lock_the_process_itself_is_looked_for(tmp_path: Path) -> None:
    assert is_alive(this_process(), tmp_path / "none") is True
    assert is_alive(NOBODY, tmp_path / "none") is False
    assert is_alive(replace(this_process(), pid=2**22 + 1), tmp_path / "none") is False


def test_where_there_are_no_locks_the_process_is_looked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(liveness, "fcntl", None)
    hold = Hold(tmp_path / "lock")
    assert is_alive(this_process(), tmp_path / "lock") is True
    assert is_alive(NOBODY, tmp_path / "lock") is False
    hold.release()


def test_a_file_system_without_locks_falls_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_locks(descriptor: int, operation: int) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(liveness.fcntl, "lockf", no_locks)
    Hold(tmp_path / "lock").release()
    assert is_alive(this_process(), tmp_path / "lock") is True
    assert is_alive(NOBODY, tmp_path / "lock") is False


def test_a_process_that_may_not_be_looked_at_is_taken_for_alive(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def denied(pid: int) -> None:
        raise psutil.AccessDenied(pid)

    monkeypatch.setattr(psutil, "Process", denied)
    assert is_alive(this_process(), tmp_path / "none") is True


def test_another_machine_cannot_be_asked(tmp_path: Path) -> None:
    elsewhere = replace(this_process(), host="elsewhere", boot="other")
    assert is_alive(elsewhere, tmp_path / "none") is None
    assert is_alive(replace(elsewhere, boot=""), tmp_path / "none") is None


def test_containers_of_one_machine_can_be_asked(tmp_path: Path) -> None:
    if not this_process().boot:
        pytest.skip("this system does not tell one start from another")
    hold = Hold(tmp_path / "lock")
    assert is_alive(replace(this_process(), host="container", pid=1), tmp_path / "lock") is True
    hold.release()
    assert is_alive(replace(this_process(), host="container", pid=1), tmp_path / "lock") is False


def test_a_system_that_tells_no_start_times_is_believed_by_the_number(tmp_path: Path) -> None:
    assert is_alive(replace(this_process(), start=0.0), tmp_path / "none") is True


def test_a_lock_that_was_lost_is_taken_again(tmp_path: Path) -> None:
    hold, path = Hold(tmp_path / "lock"), tmp_path / "lock"
    path.read_bytes()  # closing any descriptor of the file gives the lock back
    assert held_for_others(path) is False
    hold.renew()
    assert held_for_others(path) is True
    hold.release()
    hold.renew()
    assert held_for_others(path) is False


def test_a_reader_that_asks_at_the_same_moment_does_not_keep_a_writer_from_its_lock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    attempts: list[int] = []
    lockf = liveness.fcntl.lockf

    def asked(descriptor: int, operation: int) -> None:
        attempts.append(operation)
        if len(attempts) < 3:
            raise BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable")
        lockf(descriptor, operation)

    with monkeypatch.context() as patch:
        patch.setattr(liveness.fcntl, "lockf", asked)
        hold = Hold(tmp_path / "lock")
    assert len(attempts) == 3
    assert held_for_others(tmp_path / "lock") is True
    hold.release()


def held_for_others(path: Path) -> bool:
    """Whether another process finds it locked."""
    code = (
        "import sys, pathlib; from glia.tracking.log import liveness; "
        "print(liveness.is_held(pathlib.Path(sys.argv[1])))"
    )
    with child(code, path) as asking:
        return list(lines(asking)) == ["True"]
