from typing import ClassVar

import pytest

from glia.models.building import MODELS, family
from glia.models.samples import AtOnce
from glia.testing.models import ModelContract


class TestMLP(ModelContract):
    name, inputs = "mlp", (5,)


class TestMLPOfPictures(ModelContract):
    name, inputs, outputs = "mlp", (3, 4, 5), 10
    options: ClassVar = {
        "hidden": [16, 8],
        "activation": {"name": "leaky-relu", "slope": 0.2},
        "dropout": 0.2,
        "bias": False,
    }


class TestMLPWithoutHiddenLayers(ModelContract):
    name, inputs = "mlp", (12,)
    options: ClassVar = {"hidden": []}
    learning_rate = 0.1


class TestCNN(ModelContract):
    name, inputs = "cnn", (1, 8, 8)


class TestCNNWithOptions(ModelContract):
    name, inputs = "cnn", (3, 13, 9)
    options: ClassVar = {
        "channels": [6],
        "kernel": 4,
        "padding": 0,
        "hidden": [10, 7],
        "activation": "tanh",
        "dropout": 0.3,
    }
    learning_rate = 0.01


class TestCNNGuide(ModelContract):
    name, inputs = "cnn/guide", (1, 8, 8)


class TestCNNGuidePooled(ModelContract):
    name, inputs = "cnn/guide-pooled", (1, 8, 8)


class TestLayers(ModelContract):
    name, inputs = "layers", (6,)


class TestLayersWithOptions(ModelContract):
    name, inputs = "layers", (3, 12, 9)
    options: ClassVar = {
        "layers": [
            {"conv": 6, "kernel": 4, "padding": 0},
            {"prelu": 0.1},
            {"separable_conv": 8, "stride": 2},
            "layer-norm",
            {"activation": "convex"},
            {"dense": 20, "dropped": 0.2},
            "tanh",
        ]
    }


class TestLayersGuideSixLayers(ModelContract):
    name, inputs = "layers/guide-six-layers", (3, 12, 12)


class TestLayersGuideSmallKernels(ModelContract):
    name, inputs = "layers/guide-small-kernels", (3, 12, 12)


class TestMLPGuideLinear(ModelContract):
    name, inputs = "mlp/guide-linear", (12,)


class TestLinear(ModelContract):
    name, inputs = "linear", (12,)
    options: ClassVar = {"initialisation": "uniform"}
    learning_rate = 0.1


class TestLinearOfAPolynomial(ModelContract):
    name, inputs = "linear", (2, 3)
    options: ClassVar = {"degree": 3, "interactions": False, "initialisation": "uniform"}
    learning_rate = 0.1


class TestPerceptron(ModelContract):
    name, inputs = "perceptron", (12,)
    options: ClassVar = {"initialisation": "uniform"}
    learning_rate = 0.1


class TestResidualMLP(ModelContract):
    name, inputs = "residual-mlp", (7,)


class TestResidualMLPWithOptions(ModelContract):
    name, inputs = "residual-mlp", (2, 3)
    options: ClassVar = {"width": 24, "depth": 7, "span": 3, "norm": False, "dropout": 0.1, "activation": "elu"}


class TestTabM(ModelContract):
    name, inputs = "tabm", (5,)
    options: ClassVar = {"members": 4, "bins": 8}


class TestTabMPaper(ModelContract):
    name, inputs = "tabm/paper", (5,)
    options: ClassVar = {"width": 16, "members": 4, "bins": 8, "embedding": "periodic"}


class TestTabMMini(ModelContract):
    name, inputs = "tabm/mini", (2, 3)
    options: ClassVar = {"width": 16, "members": 4, "embedding": "none", "quantiles": False}


class TestTabularResNet(ModelContract):
    name, inputs = "tabular-resnet", (5,)
    options: ClassVar = {"width": 16, "hidden": 24, "depth": 2, "bins": 8, "residual_dropout": 0.1}


class TestTabularResNetPaper(ModelContract):
    name, inputs = "tabular-resnet/paper", (2, 3)
    options: ClassVar = {"width": 16, "hidden": 24, "depth": 2}


class TestRealMLP(ModelContract):
    name, inputs = "realmlp", (5,)
    options: ClassVar = {"hidden": [24, 16]}


class TestRealMLPSimple(ModelContract):
    name, inputs = "realmlp/simple", (5,)
    options: ClassVar = {"hidden": [24, 16]}


class TestOwn(ModelContract):
    name, inputs = "tests.models.own:Net", (6,)
    options: ClassVar = {"dropout": 0.1}
    learning_rate = 0.01


class Dead(ModelContract):
    name, inputs = "tests.models.own:Dead", (6,)


def test_every_family_and_size_is_under_contract():
    covered = {suite.name for suite in ModelContract.__subclasses__()}
    assert covered >= {
        name
        for model in MODELS
        if not issubclass(family(model).model, AtOnce)  # these are under a contract of their own: tests/classical
        for name in (model, *(f"{model}/{size}" for size in family(model).sizes))
    }


def test_a_suite_finds_what_is_wrong():
    with pytest.raises(AssertionError, match="no gradient reaches unused"):
        Dead().test_gradient_reaches_every_parameter()
    with pytest.raises(AssertionError, match="Tensor-likes are not close"):
        Dead().test_samples_do_not_see_each_other()
