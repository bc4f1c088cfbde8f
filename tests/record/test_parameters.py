"""Params read from the objects that a loop works with."""

import argparse
import enum
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import pydantic
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import glia
from glia.record.parameters import flattened


def test_an_optimizer_with_one_group_and_with_several() -> None:
    layer = nn.Linear(2, 3)
    one = flattened({"optimizer": torch.optim.SGD(layer.parameters(), lr=0.1, momentum=0.9)})
    assert one["optimizer.name"] == "SGD"
    assert (one["optimizer.lr"], one["optimizer.momentum"], one["optimizer.nesterov"]) == (0.1, 0.9, False)
    assert "optimizer.params" not in one
    assert "optimizer.foreach" not in one  # None
    groups: Any = [{"params": [layer.weight], "lr": 0.1}, {"params": [layer.bias], "lr": 0.2}]
    several = flattened({"o": torch.optim.AdamW(groups, betas=(0.8, 0.9))})
    assert (several["o.groups.0.lr"], several["o.groups.1.lr"], several["o.betas"]) == (0.1, 0.2, [0.8, 0.9])
    assert "o.lr" not in several


def test_schedule_loader_and_model() -> None:
    layer = nn.Linear(2, 3)
    layer.bias.requires_grad_(False)
    optimizer = torch.optim.SGD(layer.parameters(), lr=0.1)
    schedule = torch.optim.lr_scheduler.StepLR(optimizer, step_size=30, gamma=0.5)
    loader = DataLoader(TensorDataset(torch.zeros(10, 2)), batch_size=4, shuffle=True)
    found = flattened({"schedule": schedule, "loader": loader, "model": layer})
    assert (found["schedule.name"], found["schedule.step_size"], found["schedule.gamma"]) == ("StepLR", 30, 0.5)
    loaded = {name: value for name, value in found.items() if name.startswith("loader.")}
    assert loaded == {
        "loader.name": "DataLoader",
        "loader.samples": 10,
        "loader.dataset": "TensorDataset",
        "loader.batch_size": 4,
        "loader.shuffle": True,
        "loader.sampler": "RandomSampler",
        "loader.workers": 0,
        "loader.drop_last": False,
    }
    assert (found["model.name"], found["model.parameters"], found["model.trained_parameters"]) == ("Linear", 9, 6)


class Colour(enum.Enum):
    RED = "red"


class Settings(pydantic.BaseModel):
    rate: float = 0.1
    sizes: list[int] = [1, 2]


@dataclass
class Config:
    width: int = 3
    inner: Settings = field(default_factory=Settings)
    colour: Colour = Colour.RED


def test_arguments_and_configurations() -> None:
    given = {
        "args": argparse.Namespace(seed=1, out=Path("x"), nothing=None),
        "config": Config(),
        "mapping": MappingProxyType({"a": {"b": 1}}),
        "activation": nn.ReLU,
        "function": argparse.FileType.__call__,
        "device": torch.device("cpu"),
        "number": np.float32(0.5),
        "tensor": torch.tensor(3),
    }
    assert flattened(given) == {
        "args.seed": 1,
        "args.out": "x",
        "args.nothing": None,
        "config.width": 3,
        "config.inner.rate": 0.1,
        "config.inner.sizes": [1, 2],
        "config.colour": "red",
        "mapping.a.b": 1,
        "activation": "torch.nn.modules.activation.ReLU",
        "function": "argparse.FileType.__call__",
        "device": "cpu",
        "number": 0.5,
        "tensor": 3,
    }


def test_secrets_are_masked() -> None:
    given = {"args": argparse.Namespace(api_key="abc", pad_token="<pad>", url="postgres://me:abc@host/x", tokens=3)}
    assert flattened(given) == {
        "args.api_key": "…",
        "args.pad_token": "<pad>",
        "args.url": "postgres://me:…@host/x",
        "args.tokens": 3,
    }


class Hostile:
    def __str__(self) -> str:
        raise RuntimeError

    def to_dict(self) -> Any:
        raise RuntimeError


def test_what_is_long_deep_or_hostile_is_bounded() -> None:
    deep: dict[str, Any] = {}
    deep["self"] = deep
    given = {
        "text": "x" * 1000,
        "list": list(range(1000)),
        "array": np.zeros((100, 100)),
        "hostile": Hostile(),
        "deep": {"deeper": {"self": 1}},
        "many": {str(number): number for number in range(10_000)},
    }
    found = flattened(given)
    assert found["text"] == "x" * 500 + "…"
    assert found["list"].startswith("1000 items: [0, 1, 2")
    assert (found["array"], found["hostile"]) == ("ndarray of shape (100, 100)", "Hostile")
    assert len(found) == 5000
    assert len(flattened({"endless": deep})) == 1


def test_a_run_begins_with_what_its_objects_say() -> None:
    layer = nn.Linear(2, 3)
    with glia.start(params={"model": layer, "rate": 0.1}) as run:
        run.add_params({"optimizer": torch.optim.Adam(layer.parameters(), lr=0.25)})
    assert (run.params["model.name"], run.params["rate"], run.params["optimizer.lr"]) == ("Linear", 0.1, 0.25)
