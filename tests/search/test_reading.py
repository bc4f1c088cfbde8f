"""Spaces as they are written, on the command line, in TOML, in Python."""

from pathlib import Path
from typing import Any

import pytest

from glia.errors import ConfigError
from glia.search.dimensions import Choice, Range, between, choice
from glia.search.reading import from_table, parse, read_recipe, values_of


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1e-4..1e-1:log", between(1e-4, 1e-1, log=True)),
        ("1e-4..1e-1:log:5", between(1e-4, 1e-1, log=True, points=5)),
        ("10..100:20", between(10, 100, step=20)),
        ("0.0..0.5:0.1", between(0.0, 0.5, step=0.1)),
        ("2..6", between(2, 6)),
        ("-1.5..1.5", between(-1.5, 1.5)),
        (" 1 .. 3 ", between(1, 3)),
        ("relu,swish,tanh", choice("relu", "swish", "tanh")),
        ("[64],[64,64],[128]", choice([64], [64, 64], [128])),
        ("[], [8]", choice([], [8])),
        ("true,false", choice(True, False)),
        ("0.1,1,auto", choice(0.1, 1, "auto")),
        ("{name='sgd', nesterov=true},adam", choice({"name": "sgd", "nesterov": True}, "adam")),
        ("'a,b',c", choice("a,b", "c")),
        ("../one.csv,../two.csv", choice("../one.csv", "../two.csv")),
    ],
)
def test_texts(text: str, expected: Range | Choice) -> None:
    found = values_of(text)
    assert found == expected
    assert list(map(type, found.examples())) == list(map(type, expected.examples()))


@pytest.mark.parametrize(
    ("setting", "part"),
    [
        ("train.learning_rate", "is no setting with its values"),
        ("=1,2", "is no setting with its values"),
        ("train.learning_rate=", "is no setting with its values"),
        ("train.optimizer=sgd", "train.optimizer: 'sgd' is one value, so nothing varies"),
        ("train.epochs=5", "'5' is one value"),
        ("model.hidden=[64,64]", "'[64,64]' is one value"),
        ("train.epochs=1-10", "'1-10' is one value"),
        ("train.epochs=1...10", "'1...10' is no range"),
        ("train.epochs=1..x", "'1..x' is no range"),
        ("train.epochs=..10", "'..10' is no range"),
        ("train.epochs=1..10:lin", "'1..10:lin' is no range"),
        ("train.epochs=1..10:2:3", "'1..10:2:3' is no range"),
        ("train.epochs=1..10:log:3:4", "is no range"),
        ("train.epochs=true..false", "is no range"),
        ("train.epochs=1,,2", "a comma with nothing beside it"),
        ("train.epochs=10..1", "train.epochs: The range 10..1 begins above its end"),
        ("train.learning_rate=0..1:log", "It must begin above 0"),
        ("train.epochs=1..10:-1", "The step -1"),
        ("model.activation=relu,relu", "model.activation: The choice relu is named twice"),
        ("train.momentum=0.0..0.9?sgd", "'?sgd' of 'train.momentum' is no condition"),
        ("a=1,2?b=1?b=2", "'a' has two conditions on 'b'"),
    ],
)
def test_texts_that_are_refused(setting: str, part: str) -> None:
    with pytest.raises(ConfigError) as raised:
        parse([setting])
    assert part in str(raised.value)


def test_keys_may_be_written_in_kebab_case_but_once() -> None:
    assert parse(["train.learning-rate=0.1,0.2"]).keys == ("train.learning_rate",)
    with pytest.raises(ConfigError, match="varied twice"):
        parse(["train.learning-rate=0.1,0.2", "train.learning_rate=0.3,0.4"])


def test_conditions_on_the_command_line() -> None:
    [dimension] = parse(["train.momentum=0..0.99?train.optimizer=sgd,rmsprop?model.bias=true"]).dimensions
    assert dimension.values == between(0.0, 0.99)
    assert dimension.when == {"train.optimizer": ("sgd", "rmsprop"), "model.bias": (True,)}


TOML = """
[model]
name = "mlp"

[vary]
train.learning_rate = "1e-4..1e-1:log"
"train.batch-size" = { low = 16, high = 256, log = true, points = 5 }
"train.optimizer" = ["sgd", { name = "adam", betas = [0.8, 0.99] }]
"train.momentum" = { low = 0.0, high = 0.99, when = { "train.optimizer" = "sgd" } }
"train.warmup" = "0,1?train.optimizer=sgd"
[vary.model]
hidden = { values = [[8], [8, 8]] }
"""


def test_the_table_of_a_recipe(tmp_path: Path) -> None:
    file = tmp_path / "space.toml"
    file.write_text(TOML)
    read, space = read_recipe(file, {"train.epochs": 3})
    assert (read.model.name, read.train.epochs) == ("mlp", 3)
    assert space is not None
    assert {each.key: each.values for each in space.dimensions} == {
        "train.learning_rate": between(1e-4, 1e-1, log=True),
        "train.batch_size": between(16, 256, log=True, points=5),
        "train.optimizer": choice("sgd", {"name": "adam", "betas": [0.8, 0.99]}),
        "train.momentum": between(0.0, 0.99),
        "train.warmup": choice(0, 1),
        "model.hidden": choice([8], [8, 8]),
    }
    assert space["train.momentum"].when == space["train.warmup"].when == {"train.optimizer": ("sgd",)}
    space.check(read)


def test_a_recipe_that_varies_nothing(tmp_path: Path) -> None:
    file = tmp_path / "recipe.toml"
    file.write_text('[model]\nname = "mlp"\n')
    assert read_recipe(file)[1] is None


def test_what_python_gives() -> None:
    given = {"train.learning_rate": between(1e-3, 1e-1), "train.epochs": "1..3", "model.activation": ("relu", "tanh")}
    assert [str(each.values) for each in from_table(given).dimensions] == ["0.001..0.1", "1..3", "relu,tanh"]


@pytest.mark.parametrize(
    ("table", "part"),
    [
        ({}, "Nothing is varied"),
        ({"a": 3}, "'a' is varied by 3"),
        ({"a": {"low": 1}}, "without low and high, or values. It has: low"),
        ({"a": {"low": 1, "hihg": 2}}, "'a' has no field 'hihg' to be varied by. Did you mean 'high'?"),
        ({"a": {"values": [1, 2], "low": 1}}, "'a' has values and low"),
        ({"a": {"low": 2, "high": 1}}, "a: The range 2..1 begins above its end"),
        ({"a": []}, "a: There is nothing to choose from"),
        ({"a": {"low": "x", "high": 1}}, "must be a finite number, not 'x'"),
        ({"a": {"low": 1, "high": 2, "when": "b"}}, "'when' of 'a' is a table"),
        ({"a": {"low": 1, "high": 2, "when": {"b": []}}}, "names no value of 'b'"),
    ],
)
def test_tables_that_are_refused(table: dict[str, Any], part: str) -> None:
    with pytest.raises(ConfigError) as raised:
        from_table(table)
    assert part in str(raised.value)


def test_a_section_that_is_none(tmp_path: Path) -> None:
    file = tmp_path / "recipe.toml"
    file.write_text("vary = 3\n")
    with pytest.raises(ConfigError, match="'vary' is a section"):
        read_recipe(file)
