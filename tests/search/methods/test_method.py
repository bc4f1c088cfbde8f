"""Methods by name."""

import pytest

from glia.errors import ConfigError
from glia.search.methods.method import METHODS, Brief, method_named
from glia.search.reading import parse

SPACE = parse(["train.learning_rate=1e-4..1e-1:log:4", "train.batch_size=16,32"])


@pytest.mark.parametrize("name", METHODS)
def test_every_method_begins_with_nothing_and_repeats_itself(name: str) -> None:
    brief = Brief(space=SPACE, seed=3, trials=8, epochs=9, rows=({"train.batch_size": 8},) * 5)
    method = method_named(name, brief)
    first = method.propose([], 3)
    assert [each.number for each in first] == [0, 1, 2][: len(first)]
    assert first == method_named(name, brief).propose([], 3)
    assert method.propose([], 0) == []


def test_a_method_that_there_is_not() -> None:
    with pytest.raises(ConfigError, match=r"Unknown method 'bayess'\. Did you mean 'bayes'"):
        method_named("bayess", Brief(space=SPACE))


def test_a_search_of_nothing() -> None:
    with pytest.raises(ConfigError, match="at least 1 of its trials, not 0"):
        Brief(space=SPACE, trials=0)
    with pytest.raises(ConfigError, match="at least 1 of its epochs, not -3"):
        Brief(space=SPACE, epochs=-3)
