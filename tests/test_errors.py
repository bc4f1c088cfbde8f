"""Messages name what was meant."""

import pytest

from glia import errors
from glia.errors import did_you_mean


def test_a_near_miss_is_suggested() -> None:
    assert did_you_mean("prise", ["rooms", "price"]) == " Did you mean 'price'?"


def test_case_does_not_hide_a_near_miss() -> None:
    assert did_you_mean("SPECIES", ["species", "width"]) == " Did you mean 'species'?"
    assert did_you_mean("species", ["Species", "width"]) == " Did you mean 'Species'?"


def test_without_a_near_miss_the_known_names_are_listed() -> None:
    assert did_you_mean("x", ["rooms", "price"]) == " There are: rooms, price."


def test_a_long_list_is_cut() -> None:
    text = did_you_mean("?", [f"column{i}" for i in range(30)])
    assert text.endswith("column11, ….")


def test_nothing_is_said_when_nothing_is_known() -> None:
    assert did_you_mean("x", []) == ""


@pytest.mark.parametrize(
    ("kind", "builtin"),
    [
        (errors.ConfigError, ValueError),
        (errors.DataError, ValueError),
        (errors.NotFoundError, LookupError),
        (errors.TrainingError, RuntimeError),
        (errors.StoreError, OSError),
    ],
)
def test_errors_can_be_caught_as_the_builtin_and_as_glia(kind: type[Exception], builtin: type[Exception]) -> None:
    assert issubclass(kind, errors.GliaError)
    assert issubclass(kind, builtin)
    assert str(kind("Run 'a3f9' is not here.")) == "Run 'a3f9' is not here."
