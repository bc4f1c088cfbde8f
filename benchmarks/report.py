"""How benchmarks print and keep what they measured: a Markdown table with the machine and the day."""

import os
import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

RESULTS = Path(__file__).parent / "RESULTS.md"


def table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A Markdown table; all columns but the first to the right."""
    lines = [header, ["---", *["---:"] * (len(header) - 1)], *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)


def machine() -> str:
    """One line: processor, cores, Python, torch, day."""
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        names = [line.partition(":")[2].strip() for line in cpuinfo.read_text().splitlines() if "model name" in line]
        model = names[0] if names else model
    day = datetime.now(UTC).date().isoformat()
    return f"{model}, {os.cpu_count()} cores, Python {platform.python_version()}, torch {version('torch')}, {day}"


def publish(title: str, body: str, *, save: bool) -> None:
    """Print a section, and when asked put it into RESULTS.md, last, in place of an older one of that title."""
    text = f"## {title}\n\n{machine()}\n\n{body}\n"
    print(text)
    if save:
        sections = RESULTS.read_text(encoding="utf-8").split("\n## ")
        others = [section for section in sections if section.partition("\n")[0] != title]
        RESULTS.write_text("\n## ".join([*others, text.removeprefix("## ")]), encoding="utf-8")
