"""The command that trains what was compared."""

import shlex

from glia.cli.train import settings_of
from glia.record.repeating import training_command


def test_what_was_shared_is_in_it_as_a_shell_takes_it() -> None:
    params = {
        "folds": 5,
        "metric": "rmse",
        "data.name": "my houses.csv",
        "task.target": "it's",
        "data.without": ["a b", "c"],
        "data.skip_bad": True,
        "data.split.by": "who",
        "train.optimizer": {"name": "sgd"},
        "train.augment": "none",
    }
    command = training_command(params, data="houses.csv", model="sklearn.svm:SVR")
    words = shlex.split(command)
    assert words[:7] == ["glia", "train", "my houses.csv", "--target", "it's", "--model", "sklearn.svm:SVR"]
    assert words[7:11] == ["--without", "a b", "--without", "c"]
    given = [words[place + 1] for place, word in enumerate(words) if word == "--set"]
    assert settings_of(given, None) == {key: params[key] for key in list(params)[6:]}
    assert words[-1] == "--skip-bad"


def test_without_a_name_the_data_s_own_is_taken() -> None:
    assert training_command({"task.target": "y"}, data="a.csv", model="ridge") == (
        "glia train a.csv --target y --model ridge"
    )


def test_columns_named_in_both_ways_are_left_out() -> None:
    assert settings_of(["data.without=[a]", "train.seed=1"], ["b"]) == {"data.without": ["a", "b"], "train.seed": 1}
    assert settings_of(["data.without=a"], ["b"]) == {"data.without": ["a", "b"]}
    assert settings_of(None, None) == {}
