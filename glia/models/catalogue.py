"""Builds glia/catalogue.json: families, sizes, options and defaults, for whoever must know them without torch.

python -m glia.models.catalogue
"""

import ast
import inspect
import json
import textwrap
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

import glia.errors
from glia.config import Plain, to_dict
from glia.models.building import MODELS, family
from glia.nn.activations import ACTIVATIONS, Activation

FILE = Path(glia.errors.__file__).with_name("catalogue.json")


def catalogue() -> Plain:
    """`{"models": {family: {"summary", "options": {name: {"type", "default", "doc"}}, "sizes"}}, "activations": …}`.

    An option that is one of some names also has `choices`; a family that wants them has a `recipe` of its own
    defaults. Of an activation: formula, derivative, range, parameters.
    """
    return {
        "models": {name: _entry(name) for name in sorted(MODELS)},
        "activations": {name: _activation(known) for name, known in ACTIVATIONS.items() if name != "identity"},
    }


def text() -> str:
    """The catalogue as it stands in the file."""
    return json.dumps(catalogue(), indent=1, ensure_ascii=False) + "\n"


def _entry(name: str) -> Plain:
    found = family(name)
    described = inspect.getdoc(inspect.getmodule(found.model)) or ""
    defaults, comments = to_dict(found.config()), _comments(found.config)
    options: Plain = {}
    for option, schema in TypeAdapter(found.config).json_schema()["properties"].items():
        options[option] = {"type": _kind(schema), "default": defaults[option], "doc": comments[option]}
        choices = schema.get("enum") or schema.get("examples")
        if choices:
            options[option]["choices"] = choices
    entry = {"summary": described.splitlines()[0], "options": options, "sizes": dict(found.sizes)}
    return {**entry, "recipe": dict(found.recipe)} if found.recipe else entry


def _activation(known: Activation) -> Plain:
    return {
        "formula": known.formula,
        "derivative": known.derivative,
        "range": known.range,
        "parameters": known.parameters,
    }


def _kind(schema: Plain) -> str:
    """A JSON schema in words.

    Example:
        >>> _kind({"type": "array", "items": {"type": "integer", "exclusiveMinimum": 0}})
        'list of integer > 0'
    """
    if "anyOf" in schema:
        return " or ".join(_kind(one) for one in schema["anyOf"])
    if "enum" in schema:
        return "text"
    if "const" in schema:
        return json.dumps(schema["const"])
    if schema["type"] == "array":
        return f"list of {_kind(schema['items'])}"
    words = {"string": "text", "object": "table", "boolean": "true or false"}
    signs = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}
    bounds = " and ".join(f"{sign} {schema[key]:g}" for key, sign in signs.items() if key in schema)
    return f"{words.get(schema['type'], schema['type'])} {bounds}".strip()


def _comments(config: type[Any]) -> dict[str, str]:
    """What stands after the `#` of each field, those that it inherits among them."""
    found: dict[str, str] = {}
    for kind in config.__mro__[-2::-1]:
        source = textwrap.dedent(inspect.getsource(kind))
        lines = source.splitlines()
        fields = [node for node in ast.parse(source).body[0].body if isinstance(node, ast.AnnAssign)]  # type: ignore[attr-defined]
        for node in fields:
            found[ast.unparse(node.target)] = lines[(node.end_lineno or 1) - 1].partition("  # ")[2].strip()
    return found


if __name__ == "__main__":
    FILE.write_text(text(), encoding="utf-8")
