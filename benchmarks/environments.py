"""Virtual environments for peers, each with its own packages, made once under `benchmarks/.environments`."""

import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).parent / ".environments"
TORCH = "torch==2.13.0"  # first, so that every peer computes with the build that Glia computes with


def python_with(name: str, *packages: str, torch: bool = True) -> Path:
    """The Python of the environment `name`, which holds `packages` and, unless refused, torch; made when not there."""
    folder = FOLDER / name
    python = folder / "bin" / "python"
    ready = folder / ".ready"
    first = [TORCH] if torch else []
    wanted = "\n".join([*first, *packages])
    if not ready.exists() or ready.read_text() != wanted:
        print(f"Making {folder} …", file=sys.stderr)
        FOLDER.mkdir(exist_ok=True)
        (FOLDER / ".gitignore").write_text("*\n")
        subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)
        install = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*install, *first, "numpy"], check=True)
        subprocess.run([*install, *first, *packages], check=True)
        ready.write_text(wanted)
    return python
