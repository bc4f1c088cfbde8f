"""The examples of docs/integrations.md that other tests cannot run, each in its library's environment."""

import re
from pathlib import Path

import pytest

from tests import foreign
from tests.integrations import test_huggingface, test_keras, test_lightning
from tests.integrations.recorded import in_order
from tests.test_readme import ROOT, Block, blocks

pytestmark = pytest.mark.foreign

PACKAGES = {
    "keras": test_keras.PACKAGES,
    "lightning": test_lightning.PACKAGES,
    "huggingface": test_huggingface.PACKAGES,
}
EXAMPLES = {
    found[1]: block
    for block in blocks(ROOT / "docs/integrations.md")
    if (found := re.match(r"in the environment of (\w+)", block.reason))
}


def test_every_library_has_an_example() -> None:
    assert EXAMPLES.keys() == PACKAGES.keys()


@pytest.mark.parametrize(("library", "example"), EXAMPLES.items(), ids=EXAMPLES)
def test_an_example_runs(library: str, example: Block, tmp_path: Path) -> None:
    python = foreign.python_with(library, *PACKAGES[library])
    home = tmp_path / ".glia"
    variables = {"GLIA_HOME": str(home), "KERAS_BACKEND": "torch", "HF_HUB_OFFLINE": "1"}
    done = foreign.run(python, "-c", example.code, folder=tmp_path, **variables)
    assert done.returncode == 0, f"{example.place}\n{done.stderr[-4000:]}"
    assert done.stdout.splitlines()[-1].startswith("done ")
    assert [run.state for run in in_order(home)] == ["done"]
