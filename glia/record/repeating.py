"""The command that trains one of the learners of a comparison, with all that they shared."""

import shlex
from collections.abc import Mapping
from typing import Any

from glia import config
from glia.recipe import SECTIONS

OF_THEIR_OWN = ("data.name", "data.without", "data.skip_bad", "task.target")  # arguments and flags


def training_command(params: Mapping[str, Any], *, data: str, model: str) -> str:
    """As it is typed into a shell.

    Args:
        params: of the comparison: the settings that all its learners shared, by dotted key.
        data: where they name none.
        model: the learner to train.

    Example:
        >>> training_command({"task.target": "unit price", "train.epochs": 3}, data="a.csv", model="ridge")
        "glia train a.csv --target 'unit price' --model ridge --set train.epochs=3"
    """
    words = ["glia", "train", str(params.get("data.name") or data)]
    words += ["--target", str(params.get("task.target", "COLUMN")), "--model", model]
    for name in params.get("data.without", ()):
        words += ["--without", str(name)]
    for key, value in params.items():
        if key.partition(".")[0] in SECTIONS and "." in key and key not in OF_THEIR_OWN:
            words += ["--set", f"{key}={config.written(value)}"]
    return shlex.join([*words, "--skip-bad"] if params.get("data.skip_bad") else words)
