"""What the documents show is what happens: every block of commands or Python in them is run, in order.

A document's blocks share one fresh folder. In commands `a3f9` stands for the newest run, `7c21` for the one before. A
block is left out only where a comment above it says why: `<!-- not run: downloads 30 MB -->`.
"""

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(
    r"(?:<!-- not run: (?P<reason>[^\n]+) -->\n+)?^```(?P<kind>console|sh|python)\n(?P<code>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
RECORDED = 'recorded() { basename "$(dirname "$(ls -t "$GLIA_HOME"/runs/*/run.json | sed -n "$1p")")"; }'
MOST_LEFT_OUT = 3  # in one document


@dataclass(frozen=True)
class Block:
    """A fenced piece of code, and where it stands."""

    kind: str
    code: str
    place: str
    reason: str  # why it is not run; empty: it is

    def command(self) -> list[str]:
        if self.kind == "python":
            return [sys.executable, "-c", self.code]
        lines = self.code.splitlines()
        if self.kind == "console":  # what follows a prompt is typed, the rest is what it prints
            lines = [line.removeprefix("$ ") for line in lines if line.startswith("$ ")]
        code = "\n".join(lines).replace("a3f9", "$(recorded 1)").replace("7c21", "$(recorded 2)")
        return ["bash", "-euo", "pipefail", "-c", f"{RECORDED}\n{code}"]


def blocks(document: Path) -> list[Block]:
    text = document.read_text()
    return [
        Block(
            kind=found["kind"],
            code=found["code"],
            place=f"{document.name}:{text.count(chr(10), 0, found.start('code'))}",
            reason=found["reason"] or "",
        )
        for found in BLOCK.finditer(text)
    ]


def environment(folder: Path) -> dict[str, str]:
    programs = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    # One thread: tests run beside each other, and threads that wait for each other cost more than they give.
    chosen = {"PATH": programs, "GLIA_HOME": str(folder / ".glia"), "COLUMNS": "100", "OMP_NUM_THREADS": "1"}
    return {**os.environ, **chosen}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_the_code_in_a_document_runs(document: Path, tmp_path: Path) -> None:
    for block in blocks(document):
        if block.reason:
            continue
        done = subprocess.run(
            block.command(), cwd=tmp_path, env=environment(tmp_path), capture_output=True, text=True, timeout=300
        )
        assert done.returncode == 0, f"{block.place}\n{block.code}\n{done.stdout}\n{done.stderr}"


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_few_blocks_are_left_out(document: Path) -> None:
    left_out = [f"{block.place}: {block.reason}" for block in blocks(document) if block.reason]
    assert len(left_out) <= MOST_LEFT_OUT, left_out


@pytest.mark.parametrize("document", sorted({*DOCUMENTS, *ROOT.glob("*.md")}), ids=lambda path: path.name)
def test_links_lead_somewhere(document: Path) -> None:
    targets = re.findall(r"\]\((?!https?://|#)([^)#\s]+)", document.read_text())
    assert not [target for target in targets if not (document.parent / target).exists()]


def test_the_readme_shows_the_pages() -> None:
    assert "docs/pages/run.png" in (ROOT / "README.md").read_text()
    assert len([block for block in blocks(ROOT / "README.md") if not block.reason]) >= 10
