import numpy as np
import pytest
import torch
from scipy.stats import norm
from sklearn.preprocessing import QuantileTransformer

from glia.nn.quantiles import FARTHEST, NormalQuantiles
from glia.nn.random import generator


def fitted(x: torch.Tensor) -> NormalQuantiles:
    quantiles = NormalQuantiles(x.shape[1])
    quantiles.fit(x, generator(0, "samples"))
    return quantiles


def drawn(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(shape, generator=generator(seed, "samples"))


def test_equals_scikit_learn():
    x, unseen = drawn(2000, 3).exp(), drawn(300, 3, seed=1).exp()
    reference = QuantileTransformer(n_quantiles=66, output_distribution="normal", subsample=10**9).fit(x.double())
    wanted = torch.tensor(reference.transform(unseen.double())).float()
    torch.testing.assert_close(fitted(x)(unseen), wanted, atol=2e-3, rtol=1e-3)


def test_a_value_that_many_share_stands_in_the_middle_of_them():
    x = torch.tensor([0.0] * 600 + [1.0] * 300 + [2.0] * 100)[:, None]
    found = fitted(x)(torch.tensor([[0.0], [1.0], [2.0]])).squeeze(1)
    torch.testing.assert_close(found, torch.tensor(norm.ppf([0.3, 0.75, 0.95])).float(), atol=0.1, rtol=0)


def test_what_lies_beyond_all_samples_is_taken_for_the_last():
    found = fitted(drawn(100, 1))(torch.tensor([[-1e30], [1e30]]))
    torch.testing.assert_close(found, torch.tensor([[-FARTHEST], [FARTHEST]]))


def test_a_constant_feature_is_zero():
    x = torch.cat([torch.full((50, 1), 0.7), drawn(50, 1)], 1)
    found = fitted(x)(torch.tensor([[0.7, 0.0], [-3.0, 0.0], [9.0, 0.0]]))
    assert found[:, 0].tolist() == [0.0, 0.0, 0.0]


@pytest.mark.parametrize("count", [1, 2, 3])
def test_few_samples(count: int):
    assert fitted(drawn(count, 2))(drawn(5, 2, seed=1)).isfinite().all()


def test_normal_samples_stay_before_it_is_fitted():
    x = drawn(200, 2)
    torch.testing.assert_close(NormalQuantiles(2)(x), x, atol=1e-3, rtol=1e-3)


def test_gradients_pass():
    x = drawn(8, 2).requires_grad_()
    fitted(drawn(300, 2, seed=2))(x).sum().backward()
    assert x.grad is not None
    assert (x.grad > 0).all()


def test_the_noise_is_drawn_from_the_generator():
    x = torch.tensor([0.0] * 50 + [1.0] * 50)[:, None]
    assert torch.equal(fitted(x).knots, fitted(x).knots)
    assert np.isfinite(fitted(x).knots.numpy()).all()
