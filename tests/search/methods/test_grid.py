"""Grid search visits every point once, in a fixed order, without making those it has passed."""

import itertools

import pytest

from glia.errors import ConfigError
from glia.search.methods.grid import Grid
from glia.search.methods.method import Brief
from glia.search.reading import parse
from glia.search.trials import Trial
from tests.search.methods.playing import played


def test_every_point_once_in_order() -> None:
    grid = Grid(Brief(space=parse(["a=1..4", "b=x,y,z", "c=0.0..1.0:0.5"])))
    trials = played(grid, lambda settings, _: settings["a"], count=5)
    assert [tuple(each.settings.values()) for each in trials] == list(
        itertools.product((1, 2, 3, 4), "xyz", (0.0, 0.5, 1.0))
    )
    assert [each.number for each in trials] == list(range(36))


def test_under_conditions_no_point_twice() -> None:
    space = parse(["o=sgd,adam,rmsprop", "momentum=0.0..0.9:0.3?o=sgd", "beta=0.8,0.9?o=adam"])
    trials = played(Grid(Brief(space=space)), lambda *_: 0.0)
    assert [dict(each.settings) for each in trials] == [
        *({"o": "sgd", "momentum": value} for value in (0.0, 0.3, 0.6, 0.9)),
        *({"o": "adam", "beta": value} for value in (0.8, 0.9)),
        {"o": "rmsprop"},
    ]


def test_it_goes_on_where_it_was_in_a_grid_of_a_billion() -> None:
    grid = Grid(Brief(space=parse([f"k{place}=0..999" for place in range(3)])))
    last = Trial(number=123_456_788, settings={}, state="done")
    [first, second] = grid.propose([last], 2)
    assert (first.number, first.settings) == (123_456_789, {"k0": 123, "k1": 456, "k2": 789})
    assert second.settings == {"k0": 123, "k1": 456, "k2": 790}
    assert not grid.propose([Trial(number=10**9 - 1, settings={}, state="done")], 2)


def test_no_more_than_asked_for() -> None:
    grid = Grid(Brief(space=parse(["a=1..100"]), trials=7))
    assert len(played(grid, lambda *_: 0.0, count=3)) == 7


def test_a_continuous_range_has_no_grid() -> None:
    with pytest.raises(ConfigError) as raised:
        Grid(Brief(space=parse(["train.learning_rate=1e-4..1e-1:log", "b=1,2"])))
    assert "train.learning_rate=0.0001..0.1:log is continuous" in str(raised.value)
    assert "1e-4..1e-1:log:4" in str(raised.value)
