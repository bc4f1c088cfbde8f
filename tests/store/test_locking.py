import threading
from pathlib import Path

from glia.store.locking import file_lock
from tests.tracking.children import child, lines


def test_threads_take_turns(tmp_path: Path) -> None:
    inside, most = 0, 0

    def work() -> None:
        nonlocal inside, most
        for _ in range(50):
            with file_lock(tmp_path / "lock"):
                inside += 1
                most = max(most, inside)
                inside -= 1

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 1


def test_processes_take_turns_and_a_dead_one_lets_go(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from glia.store.locking import file_lock\n"
        "with file_lock(Path(sys.argv[1])):\n"
        "    print('inside', flush=True)\n"
        "    sys.stdin.read()\n"
    )
    with child(code, tmp_path / "lock") as first:
        assert next(lines(first)) == "inside"
        with child(code, tmp_path / "lock") as second:
            first.kill()
            assert next(lines(second)) == "inside"
