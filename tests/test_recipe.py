"""What to train: read, checked, stored complete, changed by settings."""

import tomllib
from pathlib import Path
from typing import Any

import pytest

from glia import recipe
from glia.errors import ConfigError
from glia.recipe import DataRecipe, Recipe, Split, TrainRecipe


def test_the_toml_has_every_default_written_out() -> None:
    written = tomllib.loads(recipe.from_dict({"model": {"name": "mlp"}}).toml())
    assert written["train"]["batch_size"] == TrainRecipe().batch_size
    assert written["data"]["split"] == {"train": 0.8, "validation": 0.1, "test": 0.1, "by": ""}
    assert "hidden" in written["model"]


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"model": {"name": "cnn"}},
        {"model": {"name": "mlp", "hidden": [64, 32]}, "train": {"epochs": 3}},
        {"task": {"class_weight": {"non-fiction": 2.0}}, "data": {"split": {"by": "patient"}}},
        {"model": {"name": "my_package.nets:Net", "depth": 4}},
    ],
)
def test_a_recipe_survives_the_way_through_toml(given: dict[str, Any]) -> None:
    read = recipe.from_dict(given)
    assert recipe.from_dict(tomllib.loads(read.toml())) == read


def test_params_are_the_flattened_recipe() -> None:
    params = recipe.from_dict({"model": {"name": "mlp", "hidden": [8]}, "train": {"epochs": 3}}).params()
    assert params["model.hidden"] == [8]
    assert params["train.epochs"] == 3
    assert params["data.split.train"] == 0.8


def test_a_size_sets_its_options_and_given_options_win() -> None:
    guide = recipe.from_dict({"model": {"name": "cnn/guide", "channels": [4]}}).model
    assert (guide.name, guide.size) == ("cnn", "guide")
    sizes = recipe.catalogue()["models"]["cnn"]["sizes"]["guide"]
    assert guide.options == {**guide.options, **sizes, "channels": [4]}


def test_settings_may_be_written_in_kebab_case() -> None:
    changed = Recipe().with_settings({"train.learning-rate": 0.5})
    assert changed.train.learning_rate == 0.5


def test_a_label_below_a_setting_keeps_its_hyphen() -> None:
    base = recipe.from_dict({"task": {"class_weight": {"fiction": 1.0}}})
    changed = base.with_settings({"task.class-weight.non-fiction": 2.0})
    assert changed.task.class_weight == {"fiction": 1.0, "non-fiction": 2.0}


def test_settings_lie_over_a_file(tmp_path: Path) -> None:
    file = tmp_path / "recipe.toml"
    file.write_text('[model]\nname = "mlp"\nhidden = [8]\n[train]\nbatch-size = 32\nepochs = 2\n')
    read = recipe.read(file, {"train.epochs": 5, "train.batch_size": 16})
    assert (read.train.epochs, read.train.batch_size, read.model.options["hidden"]) == (5, 16, [8])


def test_another_model_drops_the_options_of_the_first() -> None:
    read = recipe.from_dict({"model": {"name": "mlp", "hidden": [8]}})
    assert "hidden" not in read.with_settings({"model.name": "my.nets:Net"}).model.options
    assert read.with_settings({"model.name": "mlp"}).model.options["hidden"] == [8]


def test_settings_leave_the_first_recipe_as_it_was() -> None:
    read = Recipe()
    read.with_settings({"train.seed": 7})
    assert read == Recipe()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"trian": {}}, r"Unknown section 'trian' in the recipe\. Did you mean 'train'\?"),
        ({"epochs": 3}, r"Unknown section 'epochs' in the recipe\. Did you mean 'train\.epochs'\?"),
        ({"data": "mnist"}, r"'data' is a section of the recipe, not a value: write \[data\] above its keys\."),
        ({"train": {"epocs": 3}}, r"Unknown setting 'train\.epocs'\. Did you mean 'epochs'\?"),
        ({"train": {"keep": "first"}}, r"train\.keep should be 'best' or 'last', not 'first'"),
        (
            {"train": {"learning_rate": float("inf")}},
            r"train\.learning_rate should be a finite number or be 'auto', not inf",
        ),
        ({"train": {"momentum": 2}}, r"train\.momentum should be less than or equal to 1, not 2"),
        ({"model": {"name": "cn"}}, r"Unknown model 'cn'\. Did you mean 'cnn'\?"),
        ({"model": {"name": "cnn/guyde"}}, r"Model 'cnn' has no size 'guyde'\. Did you mean 'guide'\?"),
        ({"model": {"name": "cnn", "chanels": [1]}}, r"Unknown setting 'model\.chanels' of 'cnn'\. Did you mean 'chan"),
    ],
)
def test_what_cannot_be_used_is_refused(given: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        recipe.from_dict(given)


@pytest.mark.parametrize(
    ("shares", "total"),
    [
        ({"train": 0.5, "validation": 0.1, "test": 0.1}, "0.7"),
        ({"train": 0.9, "validation": 0.3}, "1.3"),
        ({"train": 0, "validation": 0.5, "test": 0.5}, "1"),
        ({"train": 0}, "1"),
        ({"validation": 1}, "1"),
    ],
)
def test_shares_that_leave_nothing_to_train_on_are_refused(shares: dict[str, float], total: str) -> None:
    with pytest.raises(ConfigError, match=f"sum to {total}. The shares must sum to 1 and leave something to train on"):
        recipe.from_dict({"data": {"split": shares}})


@pytest.mark.parametrize(
    ("given", "settled"),
    [
        ({"validation": 0}, (0.888888888889, 0, 0.111111111111)),
        ({"test": 0}, (0.888888888889, 0.111111111111, 0)),
        ({"train": 0.6}, (0.6, 0.2, 0.2)),
        ({"train": 1}, (1, 0, 0)),
        ({"train": 0.9, "validation": 0.1}, (0.9, 0.1, 0)),
        ({"validation": 0.2, "test": 0.3}, (0.5, 0.2, 0.3)),
        ({"by": "patient"}, (0.8, 0.1, 0.1)),
    ],
)
def test_shares_left_out_are_what_is_left(given: dict[str, Any], settled: tuple[float, ...]) -> None:
    settings = {f"data.split.{key}": value for key, value in given.items()}
    for found in (recipe.from_dict({"data": {"split": given}}), Recipe().with_settings(settings)):
        split = found.data.split
        assert (split.train, split.validation, split.test) == settled
        assert recipe.from_toml(found.toml()) == found, "recorded, they are settled"


def test_shares_left_out_are_divided_as_they_were_before() -> None:
    before = recipe.from_dict({"data": {"split": {"train": 0.6, "validation": 0.3, "test": 0.1}}})
    assert before.with_settings({"data.split.test": 0.4}).data.split == Split(train=0.4, validation=0.2, test=0.4)
    with pytest.raises(ConfigError, match=r"data\.split\.test should be a valid number, not 'much'"):
        before.with_settings({"data.split.test": "much"})


def test_a_split_may_have_no_test_part() -> None:
    assert recipe.from_dict({"data": {"split": {"train": 0.8, "validation": 0.2, "test": 0}}}).data == DataRecipe(
        split=Split(train=0.8, validation=0.2, test=0.0)
    )


def test_a_family_chosen_later_brings_what_suits_it_where_nothing_was_asked_for() -> None:
    asked = Recipe().with_settings({"train.batch-size": 32, "train.epochs": 3}).with_settings({"data.seed": 1})
    chosen = asked.with_family("tabm")
    suited = recipe.catalogue()["models"]["tabm"]["recipe"]["train"]
    assert (chosen.model.name, chosen.model.options["members"]) == ("tabm", 32)
    assert (chosen.train.batch_size, chosen.train.epochs) == (32, 3)
    assert (chosen.train.optimizer, chosen.train.learning_rate) == (suited["optimizer"], suited["learning_rate"])


def test_what_a_file_says_of_an_open_model_stays() -> None:
    chosen = recipe.from_dict({"train": {"optimizer": "adam"}}).with_family("tabm")
    assert chosen.train.optimizer == "adam"
    assert chosen == recipe.from_dict({"model": {"name": "tabm"}, "train": {"optimizer": "adam"}})


def test_what_was_asked_for_is_in_no_file() -> None:
    asked = recipe.from_dict({"train": {"epochs": 3}})
    assert asked.asked == {"train.epochs"}
    assert list(tomllib.loads(asked.toml())) == ["data", "model", "train", "task"]


def test_what_suits_a_familys_optimizer_is_not_asked_of_another() -> None:
    train = recipe.from_dict({"model": {"name": "tabm"}, "train": {"optimizer": "lbfgs"}}).train
    assert (train.weight_decay, train.learning_rate) == ("auto", "auto")
    assert train.batch_size == recipe.from_dict({"model": {"name": "tabm"}}).train.batch_size
