"""Numbers as vectors: each feature has an embedding of its own, all features are computed at once.

What comes out has the features first, as matrices are multiplied.

Paper      Gorishniy, Rubachev & Babenko, 2022, *On embeddings for numerical features in tabular deep learning*.
           https://arxiv.org/abs/2203.05556
Letters    B samples, F features, T bins, K frequencies, d width of an embedding.
"""

import math

import torch
from jaxtyping import Float
from torch import Tensor, nn


class LinearEmbedding(nn.Module):
    """w x + b, w and b of the embedding's width: x as one direction."""

    def __init__(self, features: int, width: int) -> None:
        super().__init__()
        bound = width**-0.5
        self.weight = nn.Parameter(torch.empty(features, 1, width).uniform_(-bound, bound))
        self.bias = nn.Parameter(torch.empty(features, 1, width).uniform_(-bound, bound))

    def forward(self, x: Float[Tensor, "B F"]) -> Float[Tensor, "F B d"]:
        """One vector a feature."""
        return torch.addcmul(self.bias, x.T[:, :, None], self.weight)


class LinearEach(nn.Module):
    """A linear layer for each feature, none of which sees another."""

    def __init__(self, features: int, reads: int, width: int, *, bias: bool = True, zeros: bool = False) -> None:
        super().__init__()
        bound = 0.0 if zeros else reads**-0.5
        self.weight = nn.Parameter(torch.empty(features, reads, width).uniform_(-bound, bound))
        self.bias = nn.Parameter(torch.empty(features, 1, width).uniform_(-bound, bound)) if bias else None

    def forward(self, x: Float[Tensor, "F B reads"]) -> Float[Tensor, "F B d"]:
        """One vector a feature."""
        return torch.bmm(x, self.weight) if self.bias is None else torch.baddbmm(self.bias, x, self.weight)


class PiecewiseLinear(nn.Module):
    """How far a number has come through each bin: 1 in those below it, 0 in those above. Equation 1.

    The first and the last bin have no outer end, so that numbers beyond all samples are told apart, too. A feature may
    have fewer bins than there is room for; the rest stays 0. Before `fit` there is one bin from 0 to 1.

    Args:
        features: F.
        bins: T.
    """

    scale: Tensor
    shift: Tensor
    least: Tensor
    most: Tensor

    def __init__(self, features: int, bins: int) -> None:
        super().__init__()
        for name in ("scale", "shift", "least", "most"):
            self.register_buffer(name, torch.zeros(features, 1, bins))
        self.fit([torch.tensor([0.0, 1.0])] * features)

    def fit(self, edges: list[Float[Tensor, "_"]]) -> None:
        """Take the edges of each feature's bins, ascending. A feature that is constant has one edge, and stays 0."""
        for buffer in self.buffers():
            buffer.zero_()
        for feature, of in enumerate(edges):
            count = len(of) - 1
            if count < 1:
                continue
            widths = of.double().diff()
            self.scale[feature, 0, :count] = 1 / widths
            self.shift[feature, 0, :count] = -of[:-1] / widths
            self.most[feature, 0, :count] = 1
            self.least[feature, 0, 0] = -math.inf
            self.most[feature, 0, count - 1] = math.inf

    def forward(self, x: Float[Tensor, "B F"]) -> Float[Tensor, "F B T"]:
        """One vector a feature."""
        return torch.addcmul(self.shift, x.T[:, :, None], self.scale).clamp(self.least, self.most)


class PiecewiseLinearEmbedding(nn.Module):
    """A linear embedding, and what each bin adds to it: nothing at first. Version B of the authors' package.

    Args:
        features: F.
        bins: T.
        width: d.
    """

    def __init__(self, features: int, bins: int, width: int) -> None:
        super().__init__()
        self.whole = LinearEmbedding(features, width)
        self.bins = PiecewiseLinear(features, bins)
        self.pieces = LinearEach(features, bins, width, bias=False, zeros=True)

    def forward(self, x: Float[Tensor, "B F"]) -> Float[Tensor, "F B d"]:
        """One vector a feature."""
        embedded: Tensor = self.pieces(self.bins(x)) + self.whole(x)
        return embedded


class PeriodicEmbedding(nn.Module):
    """Waves of learned frequencies, then a linear layer and rectifiers. Equation 3.

    Args:
        features: F.
        frequencies: K.
        width: d.
        deviation: of the frequencies drawn at first, the paper's sigma; the one thing to tune.
    """

    def __init__(self, features: int, frequencies: int, width: int, *, deviation: float = 0.01) -> None:
        super().__init__()
        drawn = nn.init.trunc_normal_(
            torch.empty(features, 1, frequencies), 0, deviation, -3 * deviation, 3 * deviation
        )
        self.frequencies = nn.Parameter(drawn)
        self.mixed = LinearEach(features, 2 * frequencies, width)

    def forward(self, x: Float[Tensor, "B F"]) -> Float[Tensor, "F B d"]:
        """One vector a feature."""
        angles = 2 * math.pi * self.frequencies * x.T[:, :, None]  # F B K
        waves = torch.cat([angles.cos(), angles.sin()], -1)  # F B 2K
        embedded: Tensor = self.mixed(waves).relu()
        return embedded


class PhasedEmbedding(nn.Module):
    """One cosine a frequency, with a phase learned, mixed linearly, beside the number itself: PBLD.

    Paper      Holzmüller, Grinsztajn & Steinwart, 2024, *Better by default*, section 3.2.
               https://arxiv.org/abs/2407.04491

    Args:
        features: F.
        frequencies: K.
        width: d, the number itself included.
        deviation: of the frequencies drawn at first.
        step: by how much faster than other weights frequencies, phases and mixing learn under Adam.
    """

    def __init__(
        self, features: int, frequencies: int, width: int, *, deviation: float = 0.1, step: float = 1.0
    ) -> None:
        super().__init__()
        self.step = step
        drawn = torch.randn(features, 1, frequencies) * deviation
        self.frequencies = nn.Parameter(drawn / step)
        self.phases = nn.Parameter(torch.empty(features, 1, frequencies).uniform_(-math.pi, math.pi) / step)
        self.mixed = LinearEach(features, frequencies, width - 1)
        with torch.no_grad():
            for parameter in self.mixed.parameters():
                parameter.div_(step)

    def forward(self, x: Float[Tensor, "B F"]) -> Float[Tensor, "F B d"]:
        """One vector a feature."""
        values = x.T[:, :, None]  # F B 1
        waves = torch.cos(2 * math.pi * self.step * self.frequencies * values + self.step * self.phases)  # F B K
        return torch.cat([values, self.step * self.mixed(waves)], -1)
