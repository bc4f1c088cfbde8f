"""Noisy quantile transform: each feature spread as a normal distribution would be, whatever it was before.

Source     Gorishniy et al., 2021, *Revisiting deep learning models for tabular data*, appendix: quantiles of the
           samples, each moved a little first, so that a value that many samples share gets a place of its own size.
           https://arxiv.org/abs/2106.11959
We differ  quantiles that fall together in float32 become one knot with their mean share.
Letters    N samples, B of them, F features, Q knots.
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn

KNOTS = 1000  # at most; one for each 30 samples, 10 at least
NOISE = 1e-5  # standard deviation of what each value is moved by, in standard deviations of the feature
FARTHEST = 5.199  # in standard deviations: where a share of 1e-7 lies


class NormalQuantiles(nn.Module):
    """From values to their share of the samples below, and from there to a standard normal variable.

    Before `fit` its input is taken to be normal, and stays much as it is.

    Args:
        features: F.
    """

    knots: Tensor
    shares: Tensor

    def __init__(self, features: int) -> None:
        super().__init__()
        points = torch.linspace(-FARTHEST, FARTHEST, KNOTS, dtype=torch.float64)
        self.register_buffer("knots", points.float().repeat(features, 1))  # F Q
        self.register_buffer("shares", torch.special.ndtr(points).float().repeat(features, 1))  # F Q

    def fit(self, x: Float[Tensor, "N F"], draw: torch.Generator) -> None:
        """Take the quantiles of samples; `draw` moves them."""
        varies = (x != x[:1]).any(0)  # F
        moved = x.cpu().double()
        moved = moved + NOISE * torch.randn(moved.shape, generator=draw, dtype=moved.dtype)
        ordered = moved.sort(0).values
        count = min(max(min(len(x) // 30, KNOTS), 10), KNOTS)
        shares = torch.linspace(0, 1, count, dtype=torch.float64)
        place = shares * (len(x) - 1)
        below = place.floor().long().clamp(max=max(len(x) - 2, 0))
        above = (below + 1).clamp(max=len(x) - 1)
        quantiles = torch.lerp(ordered[below], ordered[above], (place - below)[:, None]).float()  # Q F
        for feature, column in enumerate(quantiles.T):
            if not varies[feature]:
                self.knots[feature], self.shares[feature] = x[0, feature], 0.5
                continue
            different, of = column.unique(return_inverse=True)
            sums = torch.zeros(len(different), dtype=torch.float64).index_add_(0, of, shares)
            means = (sums / torch.bincount(of)).float()
            self.knots[feature], self.shares[feature] = different[-1], means[-1]
            self.knots[feature, : len(different)], self.shares[feature, : len(different)] = different, means

    def forward(self, x: Float[Tensor, "B F"]) -> Float[Tensor, "B F"]:
        """In standard deviations; what lies beyond all samples is taken for the last of them."""
        values = torch.clamp(x.T, self.knots[:, :1], self.knots[:, -1:]).contiguous()  # F B
        above = torch.searchsorted(self.knots, values, right=True).clamp_(1, KNOTS - 1)
        first, last = self.knots.gather(1, above - 1), self.knots.gather(1, above)
        low, high = self.shares.gather(1, above - 1), self.shares.gather(1, above)
        share = torch.lerp(low, high, (values - first) / (last - first).clamp_(min=1e-12))
        normal: Tensor = torch.special.ndtri(share).clamp(-FARTHEST, FARTHEST)  # F B
        return normal.T
