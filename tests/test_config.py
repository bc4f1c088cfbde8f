"""Dataclasses to and from dicts, TOML and settings."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field

from glia import config
from glia.errors import ConfigError, NotFoundError

PLAIN = st.recursive(
    st.booleans() | st.integers(-(10**9), 10**9) | st.floats(allow_nan=False) | st.text(st.characters(codec="ascii")),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab-c_1 .", max_size=4), inner, max_size=3),
    max_leaves=6,
)


@dataclass(frozen=True)
class Window:
    width: Annotated[int, Field(gt=0)] = 8
    step: float = 0.5


@dataclass(frozen=True)
class Plan:
    epochs: Annotated[int, Field(gt=0)] | Literal["auto"] = "auto"
    hidden: Annotated[tuple[int, ...], Field(min_length=1)] = (128,)
    label: str | int = "x"
    weights: Literal["none"] | dict[str, float] = "none"
    window: Window = field(default_factory=Window)


@dataclass(frozen=True)
class Bounds:
    low: float
    high: float = 1.0

    def __post_init__(self) -> None:
        if self.low > self.high:
            raise ConfigError(f"low={self.low} lies above high={self.high}. Exchange them.")


def test_a_dataclass_survives_the_way_through_toml(tmp_path: Path) -> None:
    plan = Plan(epochs=3, hidden=(64, 32), weights={"a b": 2.0}, window=Window(width=5))
    file = tmp_path / "plan.toml"
    file.write_text(config.to_toml(config.to_dict(plan)))
    assert config.from_dict(Plan, config.read_toml(file)) == plan


def test_none_is_left_out_and_tuples_and_scalars_become_plain() -> None:
    values = config.to_toml({"a": None, "b": (1, 2), "c": {"d": np.float64(0.5), "e": Path("x")}})
    assert values == 'b = [\n    1,\n    2,\n]\n\n[c]\nd = 0.5\ne = "x"\n'


def test_hyphens_in_keys_are_underscores() -> None:
    assert config.from_dict(Bounds, {"low": 0}) == Bounds(0.0)

    @dataclass(frozen=True)
    class Rates:
        learning_rate: float = 0.1

    assert config.from_dict(Rates, {"learning-rate": 1}).learning_rate == 1.0


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"epocs": 3}, r"Unknown setting 'p\.epocs'\. Did you mean 'epochs'\?"),
        ({"window": {"widht": 3}}, r"Unknown setting 'p\.window\.widht'\. Did you mean 'width'\?"),
        ({"epochs": 0}, r"^p\.epochs should be greater than 0 or be 'auto', not 0\.$"),
        ({"epochs": 2.5}, r"^p\.epochs should be a valid integer or be 'auto', not 2\.5\.$"),
        ({"hidden": 3}, r"^p\.hidden should be a list, not 3\.$"),
        ({"hidden": []}, r"^p\.hidden should have at least 1 item, not \[\]\.$"),
        ({"hidden": [1, "y"]}, r"^p\.hidden\.1 should be a valid integer, not 'y'\.$"),
        ({"label": []}, r"^p\.label should be a valid string or be a valid integer, not \[\]\.$"),
        ({"weights": {"a-b": "z"}}, r"^p\.weights\.a-b should be a valid number, not 'z'\.$"),
        ({"window": 7}, r"^'p\.window' is a section with the keys width, step, not the value 7\.$"),
        ({"window": {"width": -1}}, r"^p\.window\.width should be greater than 0, not -1\.$"),
    ],
)
def test_what_cannot_be_used_is_refused_with_its_place_and_value(values: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        config.from_dict(Plan, values, "p")


def test_several_mistakes_are_told_at_once() -> None:
    with pytest.raises(ConfigError, match=r"(?s)epochs should.*\nhidden should"):
        config.from_dict(Plan, {"epochs": -1, "hidden": 3})


def test_a_key_written_in_both_ways_is_refused() -> None:
    @dataclass(frozen=True)
    class Sizes:
        batch_size: int = 1

    with pytest.raises(ConfigError, match="'batch_size' is given twice, as 'batch_size' and as 'batch-size'"):
        config.from_dict(Sizes, {"batch_size": 1, "batch-size": 2})


def test_a_missing_field_is_named() -> None:
    with pytest.raises(ConfigError, match=r"^'range\.low' is missing and has no default\.$"):
        config.from_dict(Bounds, {"high": 2}, "range")


def test_what_the_dataclass_says_itself_is_passed_on_unchanged() -> None:
    with pytest.raises(ConfigError, match=r"^low=3\.0 lies above high=1\.0\. Exchange them\.$"):
        config.from_dict(Bounds, {"low": 3})


def test_a_recipe_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match=r"There is no recipe file '.*lost\.toml'"):
        config.read_toml(tmp_path / "lost.toml")


def test_a_folder_is_no_recipe_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=rf"The recipe file '{tmp_path}' cannot be read: .+\. Name a TOML file\."):
        config.read_toml(tmp_path)


@pytest.mark.parametrize("content", [b"[train\nepochs = 3", b"\xff\xfe\x00"])
def test_a_file_that_is_not_toml(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "broken.toml"
    file.write_bytes(content)
    with pytest.raises(ConfigError, match=r"broken\.toml' is not a TOML file: "):
        config.read_toml(file)


def test_settings_are_read_as_toml_values_else_as_text() -> None:
    given_settings = ["train.epochs=3", "model.hidden=[64, 32]", "a = x=y ", "b=relu,tanh", "c=2026-11-21", "d=true"]
    assert config.parse_settings(given_settings) == {
        "train.epochs": 3,
        "model.hidden": [64, 32],
        "a": "x=y",
        "b": "relu,tanh",
        "c": "2026-11-21",
        "d": True,
    }


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("[accuracy]", ["accuracy"]),
        ("[relu, tanh]", ["relu", "tanh"]),
        ("[cross-entropy,3,true]", ["cross-entropy", 3, True]),
        ("""["a, b", c, 'd e']""", ["a, b", "c", "d e"]),
        ("[[a, 1], [b]]", [["a", 1], ["b"]]),
        ("[]", []),
        ("[relu, tanh", "[relu, tanh"),
        ("[relu] tanh", "[relu] tanh"),
        ("[two words]", "[two words]"),
        ("[it's, b]", "[it's, b]"),
    ],
)
def test_words_in_a_list_need_no_quotes(text: str, value: Any) -> None:
    assert config.parse_value(text) == value


def test_a_setting_cannot_smuggle_in_a_second_one() -> None:
    assert config.parse_value("3\nseed = 4") == "3\nseed = 4"


@pytest.mark.parametrize("setting", ["train.epochs", "=3", " =3"])
def test_a_setting_without_key_or_value_is_refused(setting: str) -> None:
    with pytest.raises(ConfigError, match=f"'{setting}' is not a setting. Write KEY=VALUE"):
        config.parse_settings([setting])


def test_merging_changes_only_what_is_named() -> None:
    base = {"train": {"epochs": 1, "seed": 0}, "name": "x"}
    merged = config.merge(base, {"train.epochs": 3, "model.deep.er": 1})
    assert merged == {"train": {"epochs": 3, "seed": 0}, "name": "x", "model": {"deep": {"er": 1}}}
    assert base == {"train": {"epochs": 1, "seed": 0}, "name": "x"}


def test_merging_through_a_value_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"'name\.first' cannot be set: 'name' is a value, not a section"):
        config.merge({"name": "x"}, {"name.first": 1})


keys = st.text("abcdef_", min_size=1, max_size=4)
values = st.recursive(
    st.integers() | st.text(max_size=3),
    lambda inner: st.dictionaries(keys, inner, min_size=1, max_size=3),
    max_leaves=6,
)


@given(st.dictionaries(keys, values, max_size=3))
def test_flattening_and_merging_are_inverse(tree: dict[str, Any]) -> None:
    assert config.merge({}, config.flatten(tree)) == tree


@given(PLAIN)
def test_a_value_that_is_written_reads_as_it_was(value: Any) -> None:
    assert config.parse_value(config.written(value)) == value


def test_settings_are_written_as_people_write_them() -> None:
    assert config.written({"train": 0.7, "two words": [1, True]}) == '{train = 0.7, "two words" = [1, true]}'
    assert config.written("relu,tanh") == "relu,tanh"
