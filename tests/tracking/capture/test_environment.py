import json
import os
import subprocess
import sys
import types
from importlib import metadata
from pathlib import Path

import pytest

from glia.tracking.capture.environment import describe_environment, gpus, installed_from, packages, processor, variables


def test_the_machine_is_described_and_fits_into_json() -> None:
    described = json.loads(json.dumps(describe_environment({"threads": 4})))
    assert described["python"].startswith("3.")
    assert described["usable_cores"] >= 1
    assert described["memory_bytes"] > 2**20
    assert described["threads"] == 4
    assert described["processor"]


def test_packages_are_those_that_would_be_imported() -> None:
    found = packages()
    for name in ("numpy", "sqlalchemy", "typing-extensions", "pytest"):
        assert found[name] == metadata.version(name)


def test_the_first_on_the_path_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in (1, 2):
        (tmp_path / str(number) / f"my_Pack.age-{number}.0.dist-info").mkdir(parents=True)
    (tmp_path / "1" / "old-3-py3.11.egg-info").touch()
    monkeypatch.setattr(sys, "path", [str(tmp_path / "1"), str(tmp_path / "2"), str(tmp_path / "missing"), ""])
    monkeypatch.chdir(tmp_path)
    assert packages() == {"my-pack-age": "1.0", "old": "3"}


def test_packages_that_came_from_elsewhere_say_from_where(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    edited = tmp_path / "my tool"
    edited.mkdir()
    identity = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org"]
    for arguments in (["init", "-q"], [*identity, "commit", "-q", "--allow-empty", "-m", "first"]):
        subprocess.run(["git", *arguments], cwd=edited, check=True)
    git = {"url": "https://me:s3cr3t@example.org/x.git", "vcs_info": {"vcs": "git", "commit_id": "abc123"}}
    noted = {
        "from_git-1.0": git,
        "edited-0.1": {"url": edited.as_uri(), "dir_info": {"editable": True}},
        "wheel-2.0": {"url": "file:///tmp/wheel-2.0-py3-none-any.whl", "archive_info": {}},
        "damaged-1": [],
    }
    for name, content in noted.items():
        (tmp_path / f"{name}.dist-info").mkdir()
        (tmp_path / f"{name}.dist-info" / "direct_url.json").write_text(json.dumps(content))
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    found = installed_from()
    assert found["from-git"] == "git+https://example.org/x.git@abc123"
    assert found["wheel"] == "file:///tmp/wheel-2.0-py3-none-any.whl"
    assert found["edited"].startswith(f"{edited}, editable, commit ")
    assert "damaged" not in found


def test_only_variables_that_matter_are_kept() -> None:
    given = {"OMP_NUM_THREADS": "2", "GLIA_MIRROR": "https://me:s3cr3t@host/x", "GLIA_TOKEN": "t", "PATH": "p"}
    given |= {"GLIA_ALERT_URL": "https://hooks.example.org/s3cr3t", "AWS_SECRET": "s"}
    assert variables(given) == {"GLIA_MIRROR": "https://host/x", "OMP_NUM_THREADS": "2"}


def test_the_processor_has_a_name(tmp_path: Path) -> None:
    table = tmp_path / "cpuinfo"
    table.write_text("processor : 0\nmodel name\t: Fast One @ 3 GHz\n")
    assert processor(table) == "Fast One @ 3 GHz"
    assert processor(tmp_path / "missing") != ""


class Device:
    total = 80 << 30


def test_gpus_are_listed_if_they_can_be_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pynvml", None)
    assert gpus() == []
    library = types.SimpleNamespace(
        NVMLError=RuntimeError,
        nvmlInit=lambda: None,
        nvmlSystemGetDriverVersion=lambda: "570.1",
        nvmlDeviceGetCount=lambda: 1,
        nvmlDeviceGetHandleByIndex=lambda index: Device,
        nvmlDeviceGetMemoryInfo=lambda device: device,
        nvmlDeviceGetName=lambda device: "Big GPU",
    )
    monkeypatch.setitem(sys.modules, "pynvml", library)
    assert gpus() == [{"name": "Big GPU", "memory_bytes": 80 << 30, "driver": "570.1"}]

    def broken() -> None:
        raise RuntimeError("no driver")

    library.nvmlInit = broken
    assert gpus() == []


def test_describing_reads_no_variables_beyond_the_list(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(os.environ, "MY_PRIVATE_THING", "s3cr3t")
    assert "s3cr3t" not in json.dumps(describe_environment())
