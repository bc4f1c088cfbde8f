"""Other people's libraries for tests: each in an environment of its own, laid over the one that runs the tests.

What is installed here (torch, Glia itself) is seen there, so that an environment holds only what its library brings,
and every library computes with the same torch. Environments lie below `.environments` and are made once.
"""

import fcntl
import os
import subprocess
import sys
import sysconfig
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / ".environments"
MINUTES_TO_INSTALL = 20
SECONDS_TO_RUN = 300

Done = subprocess.CompletedProcess[str]


def run(python: Path, *command: object, folder: Path | None = None, **variables: str) -> Done:
    """What a Python program prints, and how it ended."""
    return subprocess.run(
        [python, *map(str, command)],
        cwd=folder,
        env={**os.environ, "OMP_NUM_THREADS": "1", **variables},
        capture_output=True,
        text=True,
        timeout=SECONDS_TO_RUN,
    )


@cache
def python_with(name: str, *packages: str) -> Path:
    """The Python of the environment `name`, which holds `packages`; made if it is not there.

    Without a network the test that asks for it is skipped.
    """
    folder = FOLDER / name
    wanted = "\n".join([sysconfig.get_path("purelib"), *packages])
    ready = folder / ".ready"
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / ".gitignore").write_text("*\n")
    with (FOLDER / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # tests run beside each other
        if not ready.exists() or ready.read_text() != wanted:
            _make(folder, packages)
            ready.write_text(wanted)
    return folder / "bin" / "python"


def _make(folder: Path, packages: tuple[str, ...]) -> None:
    python = folder / "bin" / "python"
    subprocess.run([sys.executable, "-m", "venv", "--clear", "--without-pip", folder], check=True)
    inside = subprocess.run(
        [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        capture_output=True,
        text=True,
        check=True,
    )
    below = Path(inside.stdout.strip()) / "below.pth"
    below.write_text(f"{sysconfig.get_path('purelib')}\n{ROOT}\n")
    install = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *packages]
    done = subprocess.run(install, capture_output=True, text=True, timeout=MINUTES_TO_INSTALL * 60)
    if done.returncode and "No matching distribution" in done.stderr and "Retrying" in done.stderr:
        pytest.skip(f"There is no network to install {', '.join(packages)} from.")
    assert done.returncode == 0, done.stderr
