import numpy as np
import pytest
import torch
from sklearn.preprocessing import PolynomialFeatures

from glia.errors import ConfigError
from glia.nn.monomials import Monomials, monomials


@pytest.mark.parametrize("degree", [1, 2, 3])
def test_the_terms_are_those_of_scikit_learn(degree: int) -> None:
    x = torch.randn(5, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    expected = PolynomialFeatures(degree, include_bias=False).fit_transform(x.numpy())
    np.testing.assert_allclose(Monomials(4, degree)(x).numpy(), expected, rtol=1e-12)


def test_powers_alone() -> None:
    x = torch.tensor([[2.0, 3.0]])
    assert Monomials(2, 3, interactions=False)(x).tolist() == [[2.0, 3.0, 4.0, 9.0, 8.0, 27.0]]


def test_a_gradient_passes_where_features_are_zero() -> None:
    x = torch.zeros(1, 2, requires_grad=True)
    Monomials(2, 2)(x).sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [[1.0, 1.0]]


def test_too_many_terms_are_refused() -> None:
    with pytest.raises(ConfigError, match="degree 4 in 100 features has more than 10000 terms"):
        monomials(100, 4)
