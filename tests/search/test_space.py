"""Spaces: points and their settings, conditions, the grid, what a recipe has a place for."""

import itertools
import math
import tomllib
from typing import Any

import pytest

from glia import config, recipe
from glia.errors import ConfigError
from glia.recipe import Recipe
from glia.search.dimensions import between, choice
from glia.search.reading import from_table, parse
from glia.search.space import Dimension, Space

CONDITIONAL = parse(
    [
        "train.momentum=0.0..0.9:0.3?train.optimizer=sgd",
        "train.optimizer=sgd,adam,rmsprop",
        "train.warmup=0,1?train.optimizer=adam,rmsprop",
        "model.activation=relu,tanh",
    ]
)


def points(space: Space) -> list[str]:
    return [str(space.at(place)) for place in range(int(space.size))]


def test_the_grid_is_the_product_in_the_order_of_itertools() -> None:
    space = parse(["a=1,2,3", "b=x,y", "c=true,false"])
    expected = [{"a": a, "b": b, "c": c} for a, b, c in itertools.product((1, 2, 3), ("x", "y"), (True, False))]
    assert [space.at(place) for place in range(int(space.size))] == expected


def test_settings_are_those_whose_conditions_hold_in_the_order_they_were_named() -> None:
    point = {"train.momentum": 0.3, "train.optimizer": "sgd", "train.warmup": 1, "model.activation": "tanh"}
    assert list(CONDITIONAL.settings(point)) == ["train.momentum", "train.optimizer", "model.activation"]
    assert CONDITIONAL.settings(point | {"train.optimizer": "adam"}) == {
        "train.optimizer": "adam",
        "train.warmup": 1,
        "model.activation": "tanh",
    }


def test_the_grid_under_conditions_has_each_setting_once() -> None:
    assert CONDITIONAL.size == 2 * (4 + 2 + 2)
    found = points(CONDITIONAL)
    assert len(set(found)) == len(found)
    every = itertools.product(*(each.values.all() for each in CONDITIONAL.dimensions))
    brute = {str(CONDITIONAL.settings(dict(zip(CONDITIONAL.keys, values, strict=True)))) for values in every}
    assert set(found) == brute


def test_conditions_may_follow_each_other() -> None:
    space = parse(["c=1,2?b=true", "b=true,false?a=x", "a=x,y"])
    assert [space.at(place) for place in range(int(space.size))] == [
        {"c": 1, "b": True, "a": "x"},
        {"c": 2, "b": True, "a": "x"},
        {"b": False, "a": "x"},
        {"a": "y"},
    ]
    assert space.settings({"a": "y", "b": True, "c": 1}) == {"a": "y"}


def test_a_grid_of_very_many_points_is_not_made_to_find_one() -> None:
    space = Space(tuple(Dimension(f"k{place}", choice(*range(10))) for place in range(12)))
    assert space.size == 10**12
    assert "".join(str(value) for value in space.at(123456789012).values()) == "123456789012"
    many = parse(["a=1..10000", "b=0,1?a=7"])
    assert many.size == 10_001
    assert [many.at(place) for place in (6, 7, 8)] == [{"a": 7, "b": 0}, {"a": 7, "b": 1}, {"a": 8}]


def test_a_continuous_range_has_no_end_of_points_unless_it_is_never_active() -> None:
    assert parse(["train.learning_rate=1e-4..1e-1:log", "b=1,2"]).size == math.inf


def test_what_are_settings_of_a_space() -> None:
    assert CONDITIONAL.holds({"train.optimizer": "adam", "train.warmup": 0, "model.activation": "relu"})
    assert not CONDITIONAL.holds({"train.optimizer": "adam", "model.activation": "relu"})  # warmup is missing
    assert not CONDITIONAL.holds({"train.optimizer": "adam", "train.warmup": 9, "model.activation": "relu"})
    assert not CONDITIONAL.holds({"train.optimizer": "adam", "train.warmup": 0, "model.activation": "relu", "x": 1})


def test_a_space_survives_the_way_through_its_table() -> None:
    space = parse(["train.learning_rate=1e-4..1e-1:log", "train.batch_size=10..100:20", "model.hidden=[64],[64,64]"])
    for each in (space, CONDITIONAL):
        assert from_table(each.table()) == each
        assert from_table(tomllib.loads(config.to_toml({"vary": each.table()}))["vary"]) == each


@pytest.mark.parametrize(
    ("texts", "part"),
    [
        ([], "Nothing is varied"),
        (["a=1,2", "b=1,2", "a=3,4"], "'a' is varied twice"),
        (["a=1,2?b=1", "b=1,2?a=1"], "round in a circle: a → b → a"),
        (["a=1,2?a=1"], "round in a circle: a → a"),
        (["a=1,2?b=sdg", "b=sgd,adam"], "varied when b=sdg, but b is only sgd,adam. Did you mean 'sgd'?"),
        (["a=1,2?b=7", "b=1..5"], "varied when b=7, but b is only 1..5"),
        (["a=1,2?b=0.5", "b=0.0..1.0"], "'a' depends on 'b', which is continuous (0.0..1.0)"),
    ],
)
def test_spaces_that_make_no_sense_are_refused(texts: list[str], part: str) -> None:
    with pytest.raises(ConfigError) as raised:
        parse(texts)
    assert part in str(raised.value)


def test_a_recipe_takes_what_it_has_a_place_for() -> None:
    mlp = recipe.from_dict({"model": {"name": "mlp"}, "train": {"epochs": 3}})
    CONDITIONAL.check(mlp)
    parse(["train.learning-rate=1e-4..1e-1:log", "model.hidden=[64],[64,64]"]).check(mlp)
    parse(["model.hidden=16..128"]).check(mlp)  # the width of one layer
    parse(["model.dropout=0.0..1.0", "train.batch_size=16..64", "train.warmup=0..3"]).check(mlp)
    parse(["train.momentum=0.0..0.9?train.optimizer=adam"]).check(mlp)  # the condition is on what is set, and holds
    parse(["model.name=mlp,cnn", "model.channels=[8],[16]?model.name=cnn", "model.dropout=0.0,0.5"]).check(mlp)
    parse(["model.depth=1..3"]).check(recipe.from_dict({"model": {"name": "package.module:Net"}}))


@pytest.mark.parametrize(
    ("texts", "part"),
    [
        (["train.lerning_rate=0.1,0.2"], "Did you mean 'learning_rate'?"),
        (["learning_rate=0.1,0.2"], "Did you mean 'train.learning_rate'?"),
        (["model.hiden=[8],[16]"], "Did you mean 'hidden'?"),
        (["train.learning_rate=-1.0..0.1"], "train.learning_rate=-1.0 cannot be tried"),
        (["train.momentum=0.5..1.5"], "train.momentum=1.5 cannot be tried"),
        (["train.batch_size=16,32,-1"], "train.batch_size=-1 cannot be tried"),
        (["train.epochs=0..10"], "train.epochs=0 cannot be tried"),
        (["model.activation=relu,swihs"], "model.activation=swihs cannot be tried. There is no such model.activation."
                                          " Did you mean 'swish'?"),
        (["train.epochs=1.0..10.0"], "train.epochs=4.4"),  # its ends would do
        (["model.hidden=16.0..64.0"], "Write lists: [64],[64,64]"),
        (["train.epochs=1..10:0.5"], "train.epochs=1.5 cannot be tried"),
        (["model.hidden=32,64"], "model.hidden is a list of integer > 0. Write lists: [64],[64,64]"),
        (["model.name=mlp,cnnn"], "model.name=cnnn cannot be tried"),
        (["model.name=mlp,cnn", "model.channels=[8],[16]"], "add ?model.name=NAME"),
        (["model.dropout=0..1"], "Write 0.0..1.0"),
        (["train.momentum=0.0..0.9?train.optimiser=sgd"], "on 'train.optimiser', which is neither varied nor set."
                                                          " Did you mean 'train.optimizer'?"),
        (["train.momentum=0.0..0.9?train.optimizer=sgd"], "only when train.optimizer is sgd, but it is adam"),
    ],
)  # fmt: skip
def test_what_the_recipe_has_no_place_for_is_refused_with_the_value(texts: list[str], part: str) -> None:
    mlp = recipe.from_dict({"model": {"name": "mlp"}})
    with pytest.raises(ConfigError) as raised:
        parse(texts).check(mlp)
    assert part in str(raised.value)


def test_the_caller_may_refuse_more() -> None:
    tried: list[Any] = []

    def accept(changed: Recipe) -> None:
        tried.append(changed.train.batch_size)
        if changed.train.batch_size == 64:
            raise ConfigError("That is too much.")

    with pytest.raises(ConfigError, match=r"train\.batch_size=64 cannot be tried\. That is too much"):
        Space((Dimension("train.batch_size", choice(16, 64, 32)),)).check(Recipe(), accept)
    assert tried == [16, 64]


def test_of_a_range_its_ends_and_a_value_between_are_tried() -> None:
    tried: list[Any] = []
    space = Space((Dimension("train.batch_size", between(10, 100, step=40)),))
    space.check(Recipe(), lambda changed: tried.append(changed.train.batch_size))
    assert tried == [10, 90, 50]
