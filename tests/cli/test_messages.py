"""What the commands say when they are used wrongly, and when they show only a part."""

import json
import subprocess
import sys

import pytest
from typer.testing import CliRunner

import glia
from glia.cli.main import app
from glia.errors import ConfigError, NotFoundError, StoreError

runner = CliRunner()


def test_a_folder_is_no_recipe_file(tmp_path) -> None:
    with pytest.raises(ConfigError, match=rf"The recipe file '{tmp_path}' cannot be read: Is a directory"):
        runner.invoke(app, ["train", "--recipe", str(tmp_path)], catch_exceptions=False)


@pytest.mark.parametrize("port", ["99999", "-1"])
def test_a_port_out_of_range_is_refused(port) -> None:
    with pytest.raises(ConfigError, match=rf"port={port} is no port: they go from 1 to 65535"):
        runner.invoke(app, ["serve", "--port", port], catch_exceptions=False)


@pytest.mark.skipif(sys.platform == "win32", reason="a folder somebody stands in cannot be deleted there")
@pytest.mark.parametrize("command", [["runs", "list"], ["train", "iris"], ["models", "list"]])
def test_a_deleted_working_folder_is_said(tmp_path, monkeypatch, command) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    with pytest.raises(StoreError, match=r"The folder you stand in was deleted\. Change to one that is there"):
        runner.invoke(app, command, catch_exceptions=False)


@pytest.mark.skipif(sys.platform == "win32", reason="a folder somebody stands in cannot be deleted there")
def test_a_deleted_working_folder_gives_no_traceback(tmp_path) -> None:
    code = "import os; os.rmdir(os.getcwd()); from glia.cli.main import main; main()"
    gone = tmp_path / "gone"
    gone.mkdir()
    done = subprocess.run([sys.executable, "-c", code, "train", "iris"], cwd=gone, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr == "Error: The folder you stand in was deleted. Change to one that is there: cd ~\n"


def test_a_list_of_words_is_a_list() -> None:
    arguments = ["train", "iris", "--epochs", "1", "--set", "model.hidden=[4]", "--set", "task.metrics=[accuracy]"]
    runner.invoke(app, arguments, catch_exceptions=False)
    assert glia.runs()[0].params["task.metrics"] == ["accuracy"]


def test_a_list_that_is_cut_says_so() -> None:
    for _ in range(3):
        with glia.start(project="many"):
            pass
    cut = runner.invoke(app, ["runs", "list", "--limit", "2"])
    assert cut.stderr == "2 of 3 runs; --limit N shows more, --where and --project narrow.\n"
    assert len(json.loads(runner.invoke(app, ["runs", "list", "--limit", "2", "--json"]).stdout)) == 2
    assert runner.invoke(app, ["runs", "list", "--limit", "3"]).stderr == ""
    assert runner.invoke(app, ["runs", "list", "--limit", "0"]).exit_code == 2


def test_a_size_is_shown_with_the_options_it_sets() -> None:
    shown = json.loads(runner.invoke(app, ["models", "show", "cnn/guide", "--json"]).stdout)
    family = json.loads(runner.invoke(app, ["models", "show", "cnn", "--json"]).stdout)
    defaults = {key: option["default"] for key, option in family["options"].items()}
    sized = {key: option["default"] for key, option in shown["options"].items()}
    assert sized == defaults | family["sizes"]["guide"]
    assert "[64, 32]" in runner.invoke(app, ["models", "show", "cnn/guide"]).stdout


def test_a_size_that_is_not_there_is_refused() -> None:
    with pytest.raises(NotFoundError, match=r"Model 'cnn' has no size 'guied'\. Did you mean 'guide'\?"):
        runner.invoke(app, ["models", "show", "cnn/guied"], catch_exceptions=False)
