"""Mixup: each sample laid over another one, and their targets as well.

Paper      Zhang et al., 2018. https://arxiv.org/abs/1710.09412
We differ  two losses are mixed in place of two targets, as in the authors' own program; where the loss is linear in
           the target, as cross-entropy is, it is the same, and it is defined for every loss. The greater share is
           always the sample's own, which the metrics of the training phase are of.
Letters    B samples, λ the share of a sample's own.
"""

from dataclasses import dataclass
from typing import Annotated, final

import numpy as np
import torch
from pydantic import Field
from torch import Generator, Tensor


@final
@dataclass(frozen=True)
class Mixed:
    """The targets of samples that are two in one.

    Attributes:
        own: (B, ...) of the samples with the greater share.
        others: (B, ...) of those laid over them.
        share: λ, from 0.5 to 1.
    """

    own: Tensor
    others: Tensor
    share: float


@final
@dataclass(frozen=True, kw_only=True)
class Mixup:
    """Each sample λ times itself and 1 - λ times another of its batch, λ drawn from Beta(alpha, alpha) for each batch.

    The greater alpha, the more is mixed; 1 draws all shares alike.
    """

    alpha: Annotated[float, Field(ge=0.01, le=100)] = 0.2

    def __call__(self, samples: Tensor, targets: Tensor, draws: Generator) -> tuple[Tensor, Mixed]:
        """(B, ...) samples and targets → those mixed."""
        seed = int(torch.randint(2**62, (), generator=draws))
        share = np.random.default_rng(seed).beta(self.alpha, self.alpha)  # torch has no such draw of a generator's own
        share = max(share, 1 - share)
        others = torch.randperm(len(samples), generator=draws).to(samples.device)
        return torch.lerp(samples[others], samples, share), Mixed(targets, targets[others], share)
