"""The machine, the interpreter and the packages a run was recorded on."""

import contextlib
import json
import os
import platform
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

import psutil

from glia.tracking.capture import git
from glia.tracking.capture.masking import without_credentials

VARIABLES = frozenset(
    {
        "CUDA_VISIBLE_DEVICES",
        "CUBLAS_WORKSPACE_CONFIG",
        "CONDA_DEFAULT_ENV",
        "KMP_AFFINITY",
        "LOCAL_RANK",
        "MKL_NUM_THREADS",
        "NVIDIA_VISIBLE_DEVICES",
        "OMP_NUM_THREADS",
        "OPENBLAS_NUM_THREADS",
        "PYTHONHASHSEED",
        "PYTORCH_CUDA_ALLOC_CONF",
        "RANK",
        "SLURM_JOB_ID",
        "VIRTUAL_ENV",
        "WORLD_SIZE",
    }
)
OWN_PREFIX = "GLIA_"
SECRET = ("TOKEN", "KEY", "SECRET", "PASSWORD", "ALERT", "URL")  # the address of an alert is its password


def describe_environment(extra: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Python, system, processor, memory, GPUs, packages with versions, and a few environment variables.

    Args:
        extra: what only the caller knows, such as `{"threads": 4}`; stands beside the rest.
    """
    return {
        "python": platform.python_version(),
        "implementation": platform.python_implementation(),
        "system": platform.platform(),
        "host": platform.node(),
        "processor": processor(),
        "cores": psutil.cpu_count(logical=False),
        "logical_cores": psutil.cpu_count(),
        "usable_cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else psutil.cpu_count(),
        "memory_bytes": psutil.virtual_memory().total,
        "gpus": gpus(),
        "variables": variables(os.environ),
        "packages": packages(),
        "installed_from": installed_from(),
        **(extra or {}),
    }


def packages() -> dict[str, str]:
    """Installed packages and their versions, by name.

    They are read off the names of the folders that describe them, which takes a hundredth of reading what is inside.
    """
    found: dict[str, str] = {}
    for entry in sys.path:
        with contextlib.suppress(OSError):
            for name, version in _described_in(Path(entry or ".")):
                found.setdefault(name, version)  # the first on the path is the one that is imported
    return dict(sorted(found.items()))


def installed_from() -> dict[str, str]:
    """Where packages come from that did not come from an index, by name: an address and a commit, a folder, a file.

    Of a package that is edited in its folder, the commit of that folder and whether it was changed since.
    """
    found: dict[str, str] = {}
    for entry in sys.path:
        with contextlib.suppress(OSError):
            for path in sorted(Path(entry or ".").glob("*.dist-info/direct_url.json")):
                with contextlib.suppress(OSError, ValueError, KeyError, TypeError, AttributeError):
                    origin = _origin(json.loads(path.read_text(encoding="utf-8")))
                    found.setdefault(_name(path.parent.name.split("-")[0]), origin)
    return dict(sorted(found.items()))


def variables(given: Mapping[str, str]) -> dict[str, str]:
    """Those environment variables that change what is computed, by a list of names; never one with a secret's name."""
    return {
        name: without_credentials(value)
        for name, value in sorted(given.items())
        if name in VARIABLES or (name.startswith(OWN_PREFIX) and not any(word in name for word in SECRET))
    }


def processor(table: Path = Path("/proc/cpuinfo")) -> str:
    """The processor's name."""
    with contextlib.suppress(OSError):
        for line in table.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def gpus() -> list[dict[str, Any]]:
    """NVIDIA's GPUs, if nvidia-ml-py is installed: name, memory, driver."""
    try:
        import pynvml
    except ImportError:
        return []
    try:
        pynvml.nvmlInit()
        driver = str(pynvml.nvmlSystemGetDriverVersion())
        found = []
        for index in range(pynvml.nvmlDeviceGetCount()):
            device = pynvml.nvmlDeviceGetHandleByIndex(index)
            memory = int(pynvml.nvmlDeviceGetMemoryInfo(device).total)
            found.append({"name": str(pynvml.nvmlDeviceGetName(device)), "memory_bytes": memory, "driver": driver})
    except pynvml.NVMLError:
        return []
    return found


def _described_in(folder: Path) -> Iterator[tuple[str, str]]:
    for entry in os.scandir(folder):
        stem, ending = os.path.splitext(entry.name)
        parts = stem.split("-")
        if ending in (".dist-info", ".egg-info") and len(parts) > 1:
            yield _name(parts[0]), parts[1]


def _name(written: str) -> str:
    return re.sub(r"[-_.]+", "-", written).lower()


def _origin(said: Mapping[str, Any]) -> str:
    """What an installer noted (PEP 610), in one line."""
    url = without_credentials(str(said["url"]))
    if "vcs_info" in said:
        return f"{said['vcs_info']['vcs']}+{url}@{said['vcs_info']['commit_id']}"
    if not said.get("dir_info", {}).get("editable"):
        return url
    folder = Path(url2pathname(urlsplit(url).path))
    commit = git.git(folder, "rev-parse", "--verify", "--quiet", "HEAD").strip()
    if not commit:
        return f"{folder}, editable"
    changed = git.git(folder, "status", "--porcelain", "--untracked-files=no").strip()
    return f"{folder}, editable, commit {commit}{', changed' if changed else ''}"
