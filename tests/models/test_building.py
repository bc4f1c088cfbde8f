import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import nn

from glia.errors import ConfigError
from glia.models import MODELS, build, building, default_model
from glia.models.building import family
from tests.models import own


def made(name, options=None, inputs=(6,), outputs=3):
    return build(name, options, inputs=inputs, outputs=outputs, seed=0)


def test_a_size_is_laid_under_the_options():
    guide = made("cnn/guide", {"channels": [4, 3]}, inputs=(1, 8, 8))
    assert guide.config.channels == (4, 3)
    assert guide.config.padding == 0
    assert made("cnn/guide", inputs=(1, 8, 8)).config.channels == (64, 32)


def test_registered_families_are_there():
    for name in MODELS:
        assert issubclass(family(name).model, nn.Module)


@pytest.mark.parametrize(
    ("shape", "name"),
    [
        ((13,), "tabm"),
        ((1,), "tabm"),
        ((501,), "mlp"),
        ((1, 28, 28), "cnn"),
        ((3, 8, 8), "cnn"),
        ((3, 7, 64), "mlp"),
        ((30, 4), "mlp"),
    ],
)
def test_each_shape_gets_what_suits_it(shape, name):
    assert default_model(shape) == name
    assert made(default_model(shape), inputs=shape)(torch.zeros(2, *shape)).shape == (2, 3)


def test_a_class_of_ones_own_takes_its_options():
    net = made("tests.models.own:Net", {"width": 5})
    assert net.layers[1].out_features == 5


def test_a_module_in_the_folder_one_stands_in_is_found(tmp_path):
    (tmp_path / "nearby.py").write_text(
        "from torch import nn\n"
        "class Net(nn.Linear):\n"
        "    def __init__(self, inputs, outputs): super().__init__(inputs[0], outputs)\n"
    )
    code = "from glia.models import build\nprint(build('nearby:Net', inputs=(2,), outputs=3, seed=0))"
    script = tmp_path / "elsewhere" / "script.py"
    script.parent.mkdir()
    script.write_text(code)
    here = {**os.environ, "PYTHONPATH": str(Path(building.__file__).parents[2])}
    ran = subprocess.run([sys.executable, str(script)], cwd=tmp_path, env=here, capture_output=True, text=True)
    assert "Net(in_features=2, out_features=3" in ran.stdout, ran.stderr


@pytest.mark.parametrize(
    ("code", "missing"),
    [
        ("import a_package_that_is_not_there", "No module named 'a_package_that_is_not_there'"),
        ("from torch import a_name_that_is_not_there", "cannot import name 'a_name_that_is_not_there' from 'torch'"),
    ],
)
def test_an_import_that_fails_inside_a_module_is_told(tmp_path, monkeypatch, code, missing):
    (tmp_path / "broken_net.py").write_text(code)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ConfigError) as caught:
        made("broken_net:Net")
    assert "your module 'broken_net' is there, but one of its own imports fails: " in str(caught.value)
    assert missing in str(caught.value)


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("mpl", {}, "Unknown model 'mpl'. Did you mean 'mlp'?"),
        ("cnn/guied", {}, "Model 'cnn' has no size 'guied'. Did you mean 'guide'?"),
        ("mlp/guide", {}, "Model 'mlp' has no size 'guide'."),
        ("mlp", {"hiden": [3]}, "Unknown setting 'model.hiden'. Did you mean 'hidden'?"),
        ("mlp", {"dropout": 1.5}, "model.dropout"),
        ("mlp", {"hidden": [0]}, "model.hidden"),
        ("mlp", {"activation": "rleu"}, "Unknown activation 'rleu'. Did you mean 'relu'?"),
        ("mlp", {"initialisation": "xaver"}, "Unknown initialisation 'xaver'. Did you mean 'xavier'?"),
        ("tests.models.missing:Net", {}, "there is no module 'tests.models.missing' installed or in"),
        ("nets/mine.py:Net", {}, "Write package.module:Class, with dots and without .py."),
        ("tests.models.own:Nett", {}, "Module 'tests.models.own' has no class 'Nett'. Did you mean 'Net'?"),
        (
            "tests.models.own:factory",
            {},
            "'tests.models.own:factory' is no model: a class derived from torch.nn.Module is",
        ),
        ("subprocess:Popen", {"args": "true"}, "'subprocess:Popen' is no model"),
        ("tests.models.own:NeedsDepth", {"width": 3}, "cannot be called with (inputs=(6,), outputs=3, width=3)"),
        ("tests.models.own:NeedsDepth", {}, "missing a required argument: 'depth'"),
        (
            "tests.models.own:TakesNothing",
            {},
            "A model takes the keywords inputs (the shape of one sample) and outputs",
        ),
    ],
)
def test_what_cannot_be_built_is_refused(name, options, message):
    with pytest.raises(ConfigError) as caught:
        made(name, options)
    assert message in str(caught.value)


def test_samples_without_features_are_refused():
    with pytest.raises(ConfigError, match=r"The samples have the shape \(0,\): there is nothing to learn from"):
        made("mlp", inputs=(0,))


def test_one_number_is_one_layer():
    assert made("mlp", {"hidden": 7}).config.hidden == (7,)


def test_a_module_is_imported_once_and_its_classes_are_the_users():
    assert type(made("tests.models.own:Net")) is own.Net
