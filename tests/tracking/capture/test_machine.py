import gc
import os
import subprocess
import sys
import threading
import time
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from glia.tracking.capture import machine
from glia.tracking.capture.machine import Machine, is_visible
from glia.tracking.folder.reader import RunReader
from glia.tracking.recording.recorder import RunRecorder
from tests.tracking.runs import recording


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(autouse=True)
def measuring(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Measuring is on, and the thread does not wait."""
    monkeypatch.delenv("GLIA_MACHINE", raising=False)
    monkeypatch.setattr(machine, "FIRST_SECONDS", 0.0)
    monkeypatch.setattr(machine, "SECONDS", 0.001)
    yield
    for thread in threading.enumerate():
        if thread.name == "glia machine":
            thread.join(10)


def until(reader: RunReader, name: str, count: int = 1) -> None:
    begun = time.monotonic()
    while reader.count(name) < count:
        assert time.monotonic() < begun + 60, "nothing is measured"
        reader.refresh()


def measured(seconds: float = 10.0) -> tuple[Machine, dict[str, float]]:
    clock = Clock()
    found = Machine(clock)
    clock.now = seconds
    return found, found.measure(Path("/"))


def test_the_figures_are_those_of_this_machine() -> None:
    _, figures = measured()
    for name in ("cpu_percent", "memory_percent", "disk_percent"):
        assert 0 <= figures.get(f"machine/{name}", 50) <= 100
    assert figures["machine/process_memory_bytes"] > 2**20
    assert figures["machine/disk_read_bytes_per_second"] >= 0
    assert figures["machine/network_sent_bytes_per_second"] >= 0


def test_the_processor_time_of_this_process_counts() -> None:
    clock = Clock()
    found = Machine(clock)
    begun = time.process_time()
    while time.process_time() < begun + 0.2:
        pass
    clock.now = 1.0
    assert found.measure(Path("/"))["machine/process_cpu_percent"] >= 10


def test_children_count_while_they_live_and_afterwards() -> None:
    burn = "import time\nwhile time.process_time() < 0.2: pass\nprint(flush=True)\ninput()"
    clock = Clock()
    found = Machine(clock)
    alone = found.measure(Path("/"))["machine/process_memory_bytes"]
    with subprocess.Popen([sys.executable, "-c", burn], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout
        child.stdout.readline()
        clock.now = 1.0
        together = found.measure(Path("/"))
        assert together["machine/process_cpu_percent"] >= 10
        assert together["machine/process_memory_bytes"] > alone + 2**20
        child.communicate(b"\n")
    clock.now = 2.0
    assert found.measure(Path("/"))["machine/process_cpu_percent"] < 10  # what it had used is not counted again


def test_a_run_is_measured_from_its_beginning_to_its_end(home: Path) -> None:
    with recording(home) as recorder:
        reader = RunReader(recorder.folder)
        until(reader, "machine/cpu_percent", 3)
        recorder.log({"loss": 0.5})
        recorder.log({"loss": 0.4})
        recorder.state("done")
        reader.refresh()
        count = reader.count("machine/cpu_percent")
    assert recorder not in machine._watched
    reader.refresh()
    assert reader.count("machine/cpu_percent") == count
    assert reader.metrics("loss").step.tolist() == [1, 2]  # the steps of the program's own numbers go on undisturbed


def test_what_the_machine_did_is_no_result(home: Path) -> None:
    with recording(home) as recorder:
        until(reader := RunReader(recorder.folder), "machine/cpu_percent")
        recorder.log({"loss": 0.5})
        reader.refresh()
    assert reader.names() == ["loss"]
    assert list(reader.last()) == ["loss"]
    assert {"machine/cpu_percent", "machine/memory_percent"} <= set(reader.machine_names())


def test_a_rewind_voids_no_figure_of_the_machine(home: Path) -> None:
    with recording(home) as recorder:
        recorder._began -= 1000  # long ago: the step is the number of seconds since
        until(reader := RunReader(recorder.folder), "machine/cpu_percent")
        recorder.log({"loss": 0.5}, step=900)
        recorder.state("done")
        recorder.rewind(0)
        reader.refresh()
        fresh = RunReader(recorder.folder)
    for each in (reader, fresh):
        assert each.names() == []
        assert each.count("machine/cpu_percent") >= 1


def test_steps_are_seconds_since_the_run_began_also_after_resuming(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with recording(home) as recorder:
        recorder.state("done")
    again = RunRecorder.reopen(recorder.folder)
    reader = RunReader(recorder.folder)
    monkeypatch.setattr(machine.time, "time", lambda: reader.created.timestamp() + 77.5)
    again.state("running")
    until(reader, "machine/cpu_percent", reader.count("machine/cpu_percent") + 1)
    again.close()
    reader.refresh()
    assert reader.metrics("machine/cpu_percent").step[-1] == 77


def test_it_can_be_turned_off(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GLIA_MACHINE", "0")
    with recording(home) as recorder:
        assert recorder not in machine._watched


def test_a_run_that_nobody_refers_to_is_not_kept(home: Path) -> None:
    recorder = RunRecorder.create(home, project="tests")
    recorder.close()
    del recorder
    gc.collect()
    assert not list(machine._watched)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_forked_child_measures_nothing(home: Path) -> None:
    with recording(home) as recorder:
        until(RunReader(recorder.folder), "machine/cpu_percent")
        child = os.fork()
        if child == 0:
            idle = not machine._watched and machine._thread is None
            os._exit(0 if idle and "glia machine" not in [each.name for each in threading.enumerate()] else 1)
        assert os.waitpid(child, 0)[1] == 0


def gpu_library(**more: Any) -> types.SimpleNamespace:
    class NVMLError(Exception):
        pass

    def cannot(device: int) -> Any:
        raise NVMLError("not supported")

    return types.SimpleNamespace(
        NVMLError=NVMLError,
        NVML_TEMPERATURE_GPU=0,
        nvmlInit=lambda: None,
        nvmlDeviceGetCount=lambda: 2,
        nvmlDeviceGetHandleByIndex=lambda at: at,
        nvmlDeviceGetUUID=lambda at: f"GPU-{at}{at}{at}",
        nvmlDeviceGetUtilizationRates=lambda at: types.SimpleNamespace(gpu=90 + at),
        nvmlDeviceGetMemoryInfo=lambda at: types.SimpleNamespace(used=2**30),
        nvmlDeviceGetTemperature=lambda at, sensor: 65,
        nvmlDeviceGetPowerUsage=cannot,
        **more,
    )


def test_gpus_that_may_be_used_are_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pynvml", gpu_library())
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1")
    _, figures = measured()
    found = {name.removeprefix("machine/"): value for name, value in figures.items() if "gpu" in name}
    assert found == {"gpu1_percent": 91.0, "gpu1_memory_bytes": 2.0**30, "gpu1_celsius": 65.0}


def test_without_a_driver_there_are_no_gpus(monkeypatch: pytest.MonkeyPatch) -> None:
    library = gpu_library()

    def broken() -> None:
        raise library.NVMLError("no driver")

    library.nvmlInit = broken
    monkeypatch.setitem(sys.modules, "pynvml", library)
    assert not [name for name in measured()[1] if "gpu" in name]


@pytest.mark.parametrize(
    ("visible", "seen"), [(None, True), ("0,1", True), ("0", False), ("", False), ("GPU-ab", True), ("GPU-cd", False)]
)
def test_the_variable_of_cuda_says_which(visible: str | None, seen: bool) -> None:
    assert is_visible(1, "GPU-ab12", visible) is seen
