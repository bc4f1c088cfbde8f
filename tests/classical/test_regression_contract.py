from typing import ClassVar

from glia.classical.regression import Regression
from glia.models.building import MODELS, family
from glia.testing.classical import ClassicalContract


class RegressionContract(ClassicalContract):
    outputs: ClassVar[int] = 1
    better: ClassVar[float] = 0.24


class TestLinearRegression(RegressionContract):
    name = "linear-regression"


class TestPolynomialRegression(RegressionContract):
    name, options = "polynomial-regression", {"degree": 2, "interactions": False}


class TestPolynomialRegressionWithRidge(RegressionContract):
    name, options = "polynomial-regression", {"degree": 2, "penalty": "ridge", "strength": 0.1}


class TestStepwiseRegression(RegressionContract):
    name, options = "stepwise-regression", {"direction": "forward", "criterion": "p-value"}


class TestRidge(RegressionContract):
    name = "ridge"


class TestLasso(RegressionContract):
    name, options = "lasso", {"strength": 0.05}


class TestElasticNet(RegressionContract):
    name, options = "elastic-net", {"mix": 0.5}


def test_every_regression_is_under_contract() -> None:
    covered = {suite.name for suite in RegressionContract.__subclasses__()}
    assert covered == {name for name in MODELS if issubclass(family(name).model, Regression)}
