from pathlib import Path
from typing import Any

import pytest

from glia.tracking.capture.arguments import entry_of, params_of


@pytest.mark.parametrize(
    ("command", "params"),
    [
        ("python train.py --lr 0.1 --epochs=3 -b 32", {"lr": 0.1, "epochs": 3, "b": 32}),
        ("python -u -m my.train --fast --mode slow", {"fast": True, "mode": "slow"}),
        ("python3.12 -X dev train.py x=1", {"x": 1}),
        ("python -c print(1) --lr 2", {"lr": 2}),
        ("python", {}),
        ("uv run python train.py --lr 0.1", {"lr": 0.1}),
        ("./train --weight-decay 1e-4 --shift -3 --on true", {"weight_decay": 1e-4, "shift": -3, "on": True}),
        ("train model.width=64 +seed=7 ++a/b=x", {"model.width": 64, "seed": 7, "a/b": "x"}),
        ("train --hidden 64 32 --names a b", {"hidden": [64, 32], "names": ["a", "b"]}),
        ("train --tag a --tag b", {"tag": ["a", "b"]}),
        ("train --token abc --api-key=abc --url https://me:abc@host/x",
         {"token": "…", "api_key": "…", "url": "https://…@host/x"}),
        ("train data.csv -- --not-mine", {"not_mine": True}),
        ("train --id 12345678901234567890", {"id": 1.2345678901234567e19}),
    ],
)  # fmt: skip
def test_arguments_become_params(command: str, params: dict[str, Any]) -> None:
    assert params_of(command.split()) == params


def test_the_script_is_the_first_file_that_is_recorded(tmp_path: Path) -> None:
    (tmp_path / "train.py").touch()
    (tmp_path / "data.csv").touch()
    assert entry_of(["python", "-u", "train.py", "other.py"], tmp_path) == tmp_path / "train.py"
    assert entry_of(["python", "-m", "json.tool", "data.csv"], tmp_path) is None
