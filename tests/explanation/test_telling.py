import pytest
from typer.testing import CliRunner

import glia
from glia.cli.main import app
from glia.errors import ConfigError


@pytest.fixture(scope="module")
def tree_run(tmp_path_factory: pytest.TempPathFactory, _clean_environment: None) -> str:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GLIA_HOME", str(tmp_path_factory.mktemp("telling") / ".glia"))
        run = glia.train("iris", model="decision-tree", settings={"model.depth": 2})
        return str(run.folder)


def test_the_rules_of_a_tree_are_told_in_the_units_of_the_data(tree_run: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GLIA_HOME", str(tree_run).rpartition("/runs/")[0])
    run = glia.runs()[0]
    text = glia.explain(run).text
    assert "if petal length ≤ 2.45 then setosa (37 samples, 100%)" in text or "if petal width ≤ 0.8 then setosa" in text
    shown = CliRunner().invoke(app, ["explain", run.id[:6]])
    assert shown.exit_code == 0
    assert "then setosa" in shown.stdout


def test_a_model_with_nothing_to_read_says_so() -> None:
    run = glia.train("iris", model="gradient-boosting", settings={"model.trees": 2})
    with pytest.raises(ConfigError, match="nothing to read of a gradient-boosting"):
        glia.explain(run)
