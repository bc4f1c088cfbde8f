"""What the machine does while a run goes on: processor, memory, disk, network, GPUs, every ten seconds.

The figures are metrics named `machine/…` whose step is the number of seconds since the run began. They are no results:
lists, summaries and `RunReader.names` leave them out. One thread measures for all runs of a process, and a forked child
measures nothing. `GLIA_MACHINE=0` turns it off.

    machine/cpu_percent              of all processors of the machine together
    machine/process_cpu_percent      of this process and its children; 100 is one processor
    machine/memory_percent           in use on the machine
    machine/process_memory_bytes     resident, of this process and its children: pages they share count for each
    machine/disk_percent             in use on the disk that the run is recorded on
    machine/disk_read_bytes_per_second, machine/disk_written_bytes_per_second
    machine/network_received_bytes_per_second, machine/network_sent_bytes_per_second
    machine/gpu0_percent, machine/gpu0_memory_bytes, machine/gpu0_celsius, machine/gpu0_watts
"""

import contextlib
import os
import threading
import time
import weakref
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol

import psutil

from glia.tracking.log.values import MACHINE

SECONDS = 10.0
FIRST_SECONDS = 1.0  # shorter runs are not measured, and pay for no more than a thread that waits
OFF = ("0", "no", "off", "false")


class Measured(Protocol):
    """A run that wants to know."""

    folder: Path

    def log(self, values: Mapping[str, Any], *, step: int | None = None, time: float | None = None) -> None:
        """Record numbers."""


def watch(run: Measured, began: float) -> None:
    """Measure for a run from now on, until `leave`. Whoever forgets a run has left it.

    Args:
        run: what the figures are logged to.
        began: when the run began, in seconds since 1970: second 0.
    """
    if os.environ.get("GLIA_MACHINE", "").lower() in OFF:
        return
    with _guard:
        _watched[run] = began
        if _thread is None or _enough.is_set() or not _thread.is_alive():
            _start()


def leave(run: Measured) -> None:
    """Measure no more for a run: once this returns, nothing is logged to it any more."""
    with _guard:
        _watched.pop(run, None)
        if not _watched:
            _enough.set()


class Machine:
    """Measures the machine; rates are those since the last call of `measure`.

    Args:
        clock: seconds that only ever grow.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._self = psutil.Process()
        self._devices: _Devices | None = None  # asking for them takes a while
        self._before = self._counters()

    def measure(self, folder: Path) -> dict[str, float]:
        """The figures by name; what a system cannot tell is not among them.

        Args:
            folder: on the disk whose use is told.
        """
        self._devices = self._devices or _Devices()
        before, now = self._before, self._counters()
        self._before = now
        seconds = max(now["seconds"] - before["seconds"], 1e-3)
        measured: dict[str, float] = {}
        if now["all"] > before["all"]:
            measured["cpu_percent"] = 100 * (now["busy"] - before["busy"]) / (now["all"] - before["all"])
        measured["process_cpu_percent"] = max(0.0, 100 * (now["process"] - before["process"]) / seconds)
        measured["process_memory_bytes"] = now["resident"]
        for name in ("disk_read", "disk_written", "network_received", "network_sent"):
            if name in now and name in before:
                measured[f"{name}_bytes_per_second"] = max(0.0, now[name] - before[name]) / seconds
        with contextlib.suppress(OSError, psutil.Error):
            measured["memory_percent"] = psutil.virtual_memory().percent
        with contextlib.suppress(OSError, psutil.Error):
            measured["disk_percent"] = psutil.disk_usage(str(folder)).percent
        return {f"{MACHINE}{name}": value for name, value in (measured | self._devices.measure()).items()}

    def _counters(self) -> dict[str, float]:
        """What only grows, and the memory."""
        times = psutil.cpu_times()
        idle = times.idle + getattr(times, "iowait", 0.0)
        guests = getattr(times, "guest", 0.0) + getattr(times, "guest_nice", 0.0)  # counted as user time already
        counters = {"seconds": self._clock(), "all": sum(times) - guests, "busy": sum(times) - guests - idle}
        counters |= {"process": 0.0, "resident": 0.0}
        for process in (self._self, *_children(self._self)):
            with contextlib.suppress(OSError, psutil.Error), process.oneshot():
                used = process.cpu_times()  # of children that have ended, too, so that it only grows
                ended = getattr(used, "children_user", 0.0) + getattr(used, "children_system", 0.0)
                counters["process"] += used.user + used.system + ended
                counters["resident"] += process.memory_info().rss
        with contextlib.suppress(OSError, RuntimeError):
            if disks := psutil.disk_io_counters():
                counters |= {"disk_read": disks.read_bytes, "disk_written": disks.write_bytes}
        with contextlib.suppress(OSError, RuntimeError):
            if network := psutil.net_io_counters():
                counters |= {"network_received": network.bytes_recv, "network_sent": network.bytes_sent}
        return counters


class _Devices:
    """NVIDIA's GPUs that this process may use, if nvidia-ml-py is installed."""

    def __init__(self) -> None:
        self._library: Any = None
        self._handles: dict[int, Any] = {}
        with contextlib.suppress(Exception):  # whatever a missing or broken driver raises
            import pynvml

            pynvml.nvmlInit()
            handles = {at: pynvml.nvmlDeviceGetHandleByIndex(at) for at in range(pynvml.nvmlDeviceGetCount())}
            visible = os.environ.get("CUDA_VISIBLE_DEVICES")
            self._handles = {
                at: handle
                for at, handle in handles.items()
                if is_visible(at, str(pynvml.nvmlDeviceGetUUID(handle)), visible)
            }
            self._library = pynvml

    def measure(self) -> dict[str, float]:
        library = self._library
        measured: dict[str, float] = {}
        for at, device in self._handles.items():
            asked: dict[str, Callable[[Any], float]] = {
                "percent": lambda device: library.nvmlDeviceGetUtilizationRates(device).gpu,
                "memory_bytes": lambda device: library.nvmlDeviceGetMemoryInfo(device).used,
                "celsius": lambda device: library.nvmlDeviceGetTemperature(device, library.NVML_TEMPERATURE_GPU),
                "watts": lambda device: library.nvmlDeviceGetPowerUsage(device) / 1000,
            }
            for name, ask in asked.items():
                with contextlib.suppress(library.NVMLError):  # not every device can tell everything
                    measured[f"gpu{at}_{name}"] = float(ask(device))
        return measured


def is_visible(number: int, uuid: str, visible: str | None) -> bool:
    """Whether `CUDA_VISIBLE_DEVICES` lets a process use a GPU; where it is not set, all may be used.

    Example:
        >>> is_visible(1, "GPU-ab12", "0,1"), is_visible(1, "GPU-ab12", "GPU-ab"), is_visible(1, "GPU-ab12", "")
        (True, True, False)
    """
    if visible is None:
        return True
    named = [each.strip() for each in visible.split(",")]
    return str(number) in named or any(each and not each.isdigit() and uuid.startswith(each) for each in named)


def _children(process: psutil.Process) -> Iterator[psutil.Process]:
    """The processes that this one began, and theirs. Read off the kernel's lists, not by looking at every process."""
    waiting, seen = [process.pid], {process.pid}
    while waiting:
        pid = waiting.pop()
        try:
            threads = os.listdir(f"/proc/{pid}/task")
        except OSError:
            if pid == process.pid:  # no such lists on this system
                with contextlib.suppress(OSError, psutil.Error):
                    yield from process.children(recursive=True)
            continue
        for thread in threads:
            for child in _children_of_thread(pid, thread):
                if child not in seen:
                    seen.add(child)
                    waiting.append(child)
                    with contextlib.suppress(psutil.Error):
                        yield psutil.Process(child)


def _children_of_thread(pid: int, thread: str) -> list[int]:
    try:
        with open(f"/proc/{pid}/task/{thread}/children", "rb") as file:
            return [int(child) for child in file.read().split()]
    except OSError:
        return []


_guard = threading.RLock()
_watched: "weakref.WeakKeyDictionary[Measured, float]" = weakref.WeakKeyDictionary()
_thread: threading.Thread | None = None
_enough = threading.Event()


def _start() -> None:
    global _thread, _enough
    _enough = threading.Event()
    _thread = threading.Thread(target=_measure_on, args=(_enough,), name="glia machine", daemon=True)
    _thread.start()


def _measure_on(enough: threading.Event) -> None:
    """Measure until there is no run any more."""
    if enough.wait(FIRST_SECONDS / 2):
        return
    machine, wait = Machine(), FIRST_SECONDS / 2
    while not enough.wait(wait):
        wait = SECONDS
        with contextlib.suppress(Exception):  # measuring never disturbs, whatever a system answers
            measure_once(machine)
        with _guard:
            if not _watched:
                enough.set()


def measure_once(machine: Machine) -> None:
    """Measure, and log the figures to every run that is watched."""
    with _guard:
        folder = next((run.folder for run in _watched), None)
    if folder is None:
        return
    figures, now = machine.measure(folder), time.time()
    with _guard:
        for run, began in _watched.items():
            run.log(figures, step=max(0, int(now - began)), time=now)


def _after_fork() -> None:
    global _guard, _thread
    _guard = threading.RLock()
    _thread = None
    _watched.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
