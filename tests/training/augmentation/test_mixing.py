"""Samples mixed, against the mixture of targets of the paper and scipy's Beta distribution."""

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from torch import Generator, nn

from glia.training.augmentation.mixing import Mixed, Mixup
from glia.training.members import Losses
from tests.training.parts import Separation


def draws(seed: int) -> Generator:
    return Generator().manual_seed(seed)


def test_each_sample_is_itself_and_another() -> None:
    samples, targets = torch.randn(16, 2, 3, 4, generator=draws(0), dtype=torch.float64), torch.arange(16)
    found, mixed = Mixup(alpha=1.0)(samples, targets, draws(1))
    assert torch.equal(mixed.own, targets)
    assert sorted(mixed.others.tolist()) == list(range(16))
    assert 0.5 <= mixed.share < 1
    torch.testing.assert_close(found, mixed.share * samples + (1 - mixed.share) * samples[mixed.others])


@pytest.mark.parametrize("alpha", [0.2, 1.0, 4.0])
def test_shares_are_the_greater_halves_of_a_beta_distribution(alpha: float) -> None:
    samples, targets = torch.zeros(2, 1), torch.zeros(2)
    shares = [Mixup(alpha=alpha)(samples, targets, draws(seed))[1].share for seed in range(1000)]
    beta = stats.beta(alpha, alpha)
    assert stats.kstest(shares, lambda share: beta.cdf(share) - beta.cdf(1 - share)).pvalue > 0.001


@given(st.floats(0.01, 100), st.integers(0, 2**40))
def test_shares_are_shares(alpha: float, seed: int) -> None:
    share = Mixup(alpha=alpha)(torch.zeros(3, 1), torch.zeros(3), draws(seed))[1].share
    assert 0.5 <= share <= 1


def test_the_loss_is_that_of_the_mixed_targets() -> None:
    outputs = torch.randn(8, 2, generator=draws(2), dtype=torch.float64, requires_grad=True)
    own, others = torch.arange(8) % 2, torch.arange(8) // 4
    loss = Losses(nn.Identity(), Separation()).of(outputs, Mixed(own, others, 0.7))
    softened = 0.7 * F.one_hot(own, 2) + 0.3 * F.one_hot(others, 2)
    expected = F.cross_entropy(outputs, softened.double())
    torch.testing.assert_close(loss, expected)
    torch.testing.assert_close(torch.autograd.grad(loss, outputs), torch.autograd.grad(expected, outputs))


def test_of_several_networks_in_one_each_learns_from_the_mixture() -> None:
    outputs = torch.randn(3, 8, 2, generator=draws(3), dtype=torch.float64)
    targets = Mixed(torch.arange(8) % 2, torch.arange(8) // 4, 0.6)
    alone = Losses(nn.Identity(), Separation())

    class Members(nn.Module):
        def members(self, x: torch.Tensor) -> torch.Tensor:
            return x

        def combined(self, outputs: torch.Tensor) -> torch.Tensor:
            return outputs.mean(0)

    together = Losses(Members(), Separation()).of(outputs, targets)
    torch.testing.assert_close(together, torch.stack([alone.of(each, targets) for each in outputs]).mean())
