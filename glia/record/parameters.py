"""Params read from the objects that a loop works with: optimizer, data loader, model, arguments, configurations.

Objects are known by what they have, not by their class, so that no library is imported for it. What is not known is
kept as text, cut where it is long: params are for reading and searching. What looks like a secret is masked.
"""

import argparse
import dataclasses
import enum
from collections.abc import Iterable, Mapping
from itertools import islice
from pathlib import PurePath
from typing import Any

from glia.tracking.capture.masking import MASK, is_secret_word, mask_text
from glia.tracking.log.records import plain

LONGEST_TEXT = 500  # characters
MOST_ITEMS = 100  # of a list
MOST_PARAMS = 5_000
DEEPEST = 8
HOW_NOT_WHAT = (  # of an optimizer's options
    "foreach",
    "fused",
    "capturable",
    "differentiable",
    "decoupled_weight_decay",
)

Pairs = Iterable[tuple[str, Any]]


def flattened(params: Mapping[str, Any]) -> dict[str, Any]:
    """Params by name, those within others joined with `.`; objects become what is worth knowing of them.

    Example:
        >>> flattened({"rate": 0.1, "data": {"batch_size": 32}, "args": argparse.Namespace(seed=1)})
        {'rate': 0.1, 'data.batch_size': 32, 'args.seed': 1}
    """
    return dict(islice(_flat(params.items(), "", 0), MOST_PARAMS))


def _flat(pairs: Pairs, prefix: str, depth: int) -> Pairs:
    for name, value in pairs:
        inner = _within(value) if depth < DEEPEST else None
        if inner is None:
            yield f"{prefix}{name}", _masked(name, _value(value))
        else:
            yield from _flat(inner, f"{prefix}{name}.", depth + 1)


def _within(value: Any) -> Pairs | None:
    """What an object consists of; None for a single value."""
    if isinstance(value, Mapping):
        return [(str(name), item) for name, item in value.items()]
    if value is None or isinstance(value, str | bytes | int | float | list | tuple | set | type | enum.Enum | PurePath):
        return None
    try:
        return _of_object(value)
    except Exception:  # an object of the user's may refuse anything, and the run begins nevertheless
        return None


def _of_object(value: Any) -> Pairs | None:
    if isinstance(value, argparse.Namespace):
        return list(vars(value).items())
    if dataclasses.is_dataclass(value):
        return [(field.name, getattr(value, field.name)) for field in dataclasses.fields(value)]
    if _has(value, "param_groups", "state_dict"):
        return _of_optimizer(value)
    if _has(value, "last_epoch", "state_dict", "optimizer"):
        return _named(value, _plain_only(value.state_dict()))
    if _has(value, "dataset", "batch_size", "num_workers"):
        return _of_loader(value)
    if _has(value, "named_parameters", "state_dict", "forward"):
        return _of_model(value)
    for method in ("model_dump", "to_dict"):  # pydantic, and configurations of other libraries
        if callable(getattr(value, method, None)) and isinstance(inner := getattr(value, method)(), Mapping):
            return _within(inner)
    return None


def _of_optimizer(optimizer: Any) -> Pairs:
    groups = [
        {name: value for name, value in _plain_only(group).items() if name not in HOW_NOT_WHAT}
        for group in optimizer.param_groups
    ]
    shared = {name: value for name, value in groups[0].items() if all(group.get(name) == value for group in groups)}
    different = [
        (f"groups.{number}.{name}", value)
        for number, group in enumerate(groups)
        for name, value in group.items()
        if name not in shared
    ]
    return [*_named(optimizer, shared), *different]


def _of_loader(loader: Any) -> Pairs:
    sampler = type(getattr(loader, "sampler", None)).__name__
    facts = {
        "samples": len(loader.dataset) if hasattr(loader.dataset, "__len__") else None,
        "dataset": type(loader.dataset).__name__,
        "batch_size": loader.batch_size,
        "shuffle": sampler == "RandomSampler",
        "sampler": sampler,
        "workers": loader.num_workers,
        "drop_last": getattr(loader, "drop_last", None),
    }
    return _named(loader, {name: value for name, value in facts.items() if value is not None})


def _of_model(model: Any) -> Pairs:
    parameters = [(each.numel(), each.requires_grad) for each in model.parameters()]
    trained = sum(count for count, requires_grad in parameters if requires_grad)
    return _named(model, {"parameters": sum(count for count, _ in parameters), "trained_parameters": trained})


def _named(value: Any, facts: Mapping[str, Any]) -> list[tuple[str, Any]]:
    return [("name", type(value).__name__), *facts.items()]


def _plain_only(values: Mapping[str, Any]) -> dict[str, Any]:
    """Numbers, words and short lists of them: neither parameters nor what is None or private."""
    return {
        name: value
        for name, value in values.items()
        if name != "params" and not name.startswith("_") and _is_plain(value)
    }


def _is_plain(value: Any) -> bool:
    if isinstance(value, list | tuple):
        return len(value) <= MOST_ITEMS and all(_is_plain(item) for item in value)
    return isinstance(value, str | bool | int | float) or getattr(value, "ndim", None) == 0


def _has(value: Any, *names: str) -> bool:
    return all(hasattr(value, name) for name in names)


def _value(value: Any) -> Any:
    """One param: as it is if JSON can hold it, otherwise its text."""
    if isinstance(value, enum.Enum):
        value = value.value
    if isinstance(value, type) or (callable(value) and hasattr(value, "__qualname__")):
        return f"{value.__module__}.{value.__qualname__}"
    if isinstance(value, list | tuple | set) and len(value) > MOST_ITEMS:
        return _short(f"{len(value)} items: {list(islice(value, 10))}")
    shape = getattr(value, "shape", None)
    if shape is not None and len(shape) > 0:
        return f"{type(value).__name__} of shape {tuple(shape)}"
    try:
        said = plain(value)
    except Exception:  # its text may fail too
        return type(value).__name__
    if isinstance(said, list):
        return [_short(item) if isinstance(item, str) else item for item in said]
    return _short(said) if isinstance(said, str) else said


def _masked(name: str, value: Any) -> Any:
    """A text without secrets. Special tokens of language models, such as `<pad>` and `[SEP]`, are none."""
    if not isinstance(value, str):
        return value
    special = value[:1] + value[-1:] in ("<>", "[]")
    return MASK if value and is_secret_word(str(name)) and not special else mask_text(value)


def _short(text: str) -> str:
    return text if len(text) <= LONGEST_TEXT else text[:LONGEST_TEXT] + "…"
