"""Notebooks as they are recorded: what was written, without what came out of it."""

import json
import os
import sys
from pathlib import Path
from typing import Any

from glia.tracking.capture.masking import mask_text

KEPT_OF_NOTEBOOK = ("kernelspec", "language_info")
KEPT_OF_CELL = ("cell_type", "id", "source")


def without_outputs(text: str) -> str | None:
    """A notebook without outputs, counts, attachments and the metadata of editors; None if it is not a notebook.

    Example:
        >>> without_outputs("no notebook") is None
        True
    """
    try:
        notebook = json.loads(text)
        cells = [_bare(cell) for cell in notebook["cells"]]
        metadata = {name: notebook["metadata"][name] for name in KEPT_OF_NOTEBOOK if name in notebook["metadata"]}
        about = {"nbformat": notebook["nbformat"], "nbformat_minor": notebook["nbformat_minor"]}
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
    return json.dumps({"cells": cells, "metadata": metadata, **about}, indent=1, ensure_ascii=False) + "\n"


def running_notebook() -> Path | None:
    """The file of the notebook that this process computes for, where Jupyter or the editor tells; None otherwise."""
    main = sys.modules.get("__main__")
    for told in (getattr(main, "__vsc_ipynb_file__", None), os.environ.get("JPY_SESSION_NAME")):
        if isinstance(told, str) and told.endswith(".ipynb") and Path(told).is_file():
            return Path(told).absolute()
    return None


def executed_cells() -> list[str]:
    """What was executed in this notebook or interactive session so far, in order; nothing in a plain program."""
    if "ipykernel" not in sys.modules and "IPython" not in sys.modules:
        return []
    history = getattr(sys.modules.get("__main__"), "In", None)
    return [mask_text(cell) for cell in history if cell] if isinstance(history, list) else []


def _bare(cell: Any) -> dict[str, Any]:
    bare: dict[str, Any] = {name: cell[name] for name in KEPT_OF_CELL if name in cell} | {"metadata": {}}
    source = bare["source"]
    bare["source"] = mask_text("".join(source) if isinstance(source, list) else source).splitlines(keepends=True)
    if cell["cell_type"] == "code":
        bare |= {"outputs": [], "execution_count": None}
    return bare
