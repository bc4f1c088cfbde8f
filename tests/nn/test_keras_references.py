"""What `test_keras_equality.py` compares with is what Keras itself says: the file is made anew by it."""

from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file

from tests import foreign
from tests.integrations.test_keras import PACKAGES

pytestmark = pytest.mark.foreign

REFERENCES = Path(__file__).parent / "references"


def about(path: Path) -> dict[str, str]:
    with safe_open(path, "pt") as opened:
        metadata: dict[str, str] = opened.metadata()
    return metadata


def test_keras_gives_the_references_again(tmp_path: Path) -> None:
    kept, again = REFERENCES / "keras.safetensors", tmp_path / "again.safetensors"
    done = foreign.run(foreign.python_with("keras", *PACKAGES), REFERENCES / "make_keras.py", again)
    assert done.returncode == 0, done.stderr
    assert about(again) == about(kept)  # the same layers, options and version of Keras
    expected, found = load_file(kept), load_file(again)
    assert found.keys() == expected.keys()
    outputs = [name for name in expected if name.endswith("/y")]
    assert len(outputs) == 78
    for name in expected:
        # Inputs and weights are drawn alike; what a layer makes of them may differ by rounding from one CPU to another.
        exactly = name not in outputs
        torch.testing.assert_close(
            found[name], expected[name], rtol=0 if exactly else 1e-6, atol=0 if exactly else 1e-6, msg=name
        )
