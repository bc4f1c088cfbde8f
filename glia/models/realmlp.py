"""RealMLP: a multilayer perceptron for tables whose every default was tuned on many of them.

Paper      Holzmüller, Grinsztajn & Steinwart, 2024, *Better by default*, RealMLP-TD; `realmlp/simple` is RealMLP-TD-S.
           https://arxiv.org/abs/2407.04491
We differ  first weights and biases are normal, not fitted to the samples; dropout and weight decay stay the same over
           the training; categories are all one-hot; the rate is that for classes (for numbers the paper has 0.2); the
           best epoch is that of the least validation loss. What learns faster or slower than weights do in the paper is
           here a parameter times that factor: the same under Adam.
Letters    B samples, n numbers among the features, i numbers that the inputs become, H units of a layer, K outputs.
"""

from dataclasses import dataclass
from itertools import pairwise
from math import prod
from typing import Annotated, Any, Literal

import torch
import torch.nn.functional as F
from jaxtyping import Float
from pydantic import Field
from torch import Tensor, nn

from glia.models.options import Share, Width, Widths
from glia.models.samples import Column, Samples
from glia.nn.dropout import WideDropout
from glia.nn.number_embeddings import PhasedEmbedding

SCALE_STEP, SLOW_STEP = 6.0, 0.1  # of the rate: the scaling layer, and biases, activations and embeddings
CLIPPED_AT = 3.0  # greatest absolute value of a number, which it nears smoothly

RECIPE: dict[str, dict[str, Any]] = {
    "train": {
        "epochs": 256,
        "batch_size": 256,
        "optimizer": {"name": "adamw", "betas": [0.9, 0.95]},
        "learning_rate": 0.04,
        "weight_decay": 0.02,
        # Four waves, each over twice the time of the one before: coslog4 in the paper.
        "schedule": {
            "name": "lambda",
            "factor": "0.5 - 0.5 * cos(2 * pi * log(1 + 15 * t / T) / log(2))",
            "per": "step",
        },
    },
    "task": {"loss": {"name": "auto", "label_smoothing": 0.1}},  # of classes
}
SIZES: dict[str, dict[str, Any]] = {"simple": {"embedding": False, "parametric": False, "dropout": 0.0}}


@dataclass(frozen=True, kw_only=True)
class RealMLPConfig:
    """What RealMLP is built from."""

    hidden: Widths = (256, 256, 256)  # H, units of each hidden layer
    activation: Literal["auto", "selu", "mish"] = "auto"  # auto: selu for classes, mish for numbers
    parametric: bool = True  # whether each unit learns how much of its activation it uses
    dropout: Share = 0.15  # share of each hidden layer's units left out while training
    embedding: bool = True  # whether numbers become vectors: cosines mixed, beside the number itself
    frequencies: Width = 16  # cosines of a number
    embedding_width: Annotated[int, Field(ge=2)] = 4  # numbers in that vector
    deviation: Annotated[float, Field(gt=0)] = 0.1  # of these frequencies at first


class RobustScale(nn.Module):
    """Numbers less their median, by the width of their middle half, and clipped smoothly. Section 3.1."""

    center: Tensor
    factor: Tensor

    def __init__(self, features: int) -> None:
        super().__init__()
        self.register_buffer("center", torch.zeros(features))
        self.register_buffer("factor", torch.ones(features))

    def fit(self, x: Float[Tensor, "N n"]) -> None:
        """Take medians and widths; where the middle half is one value the whole range serves, and 0 where all is."""
        low, middle, high = (x.double().sort(0).values[round(share * (len(x) - 1))] for share in (0.25, 0.5, 0.75))
        half = high - low
        whole = (x.amax(0) - x.amin(0)).double() / 2
        width = torch.where(half > 0, half, whole)
        self.center.copy_(middle)
        self.factor.copy_(torch.where(width > 0, 1 / width.clamp(min=1e-30), 0))

    def forward(self, x: Float[Tensor, "B n"]) -> Float[Tensor, "B n"]:
        """Within -3 and 3."""
        x = (x - self.center) * self.factor
        return x * torch.rsqrt(1 + (x / CLIPPED_AT).square())


class Layer(nn.Module):
    """A dense layer whose weights are normal with deviation 1 and act by 1/√inputs: neural tangent parametrisation."""

    def __init__(self, reads: int, width: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(width, reads))
        self.bias = nn.Parameter(torch.randn(width) / SLOW_STEP)

    def forward(self, x: Float[Tensor, "B reads"]) -> Float[Tensor, "B H"]:
        """W x/√i + b."""
        return F.linear(x * x.shape[1] ** -0.5, self.weight, SLOW_STEP * self.bias)


class Active(nn.Module):
    """x + a (activation(x) - x), with an a for each unit, 1 at first. Section 3.3."""

    def __init__(self, width: int, name: str, *, parametric: bool) -> None:
        super().__init__()
        self.function = F.selu if name == "selu" else F.mish
        self.share = nn.Parameter(torch.full((width,), 1 / SLOW_STEP)) if parametric else None

    def forward(self, x: Float[Tensor, "B H"]) -> Float[Tensor, "B H"]:
        """Shape stays."""
        active: Tensor = self.function(x)
        return active if self.share is None else torch.lerp(x, active, SLOW_STEP * self.share)


class RealMLP(nn.Module):
    """Numbers scaled, clipped and embedded, a scale for each input, hidden layers, one linear layer. Figure 1."""

    places: Tensor
    rest: Tensor

    def __init__(
        self, config: RealMLPConfig, *, inputs: tuple[int, ...], outputs: int, columns: tuple[Column, ...] = ()
    ) -> None:
        super().__init__()
        self.config = config
        taken = [column for column in columns if column.kind == "categories"]
        rest = sorted(place for column in taken for place in range(column.first, column.first + column.size))
        numbers = sorted(set(range(prod(inputs))) - set(rest))
        # What they are follows from the columns, so that they are in no file.
        self.register_buffer("places", torch.tensor(numbers, dtype=torch.int64), persistent=False)
        self.register_buffer("rest", torch.tensor(rest, dtype=torch.int64), persistent=False)
        self.scaled = RobustScale(len(numbers))
        self.embedding = (
            PhasedEmbedding(
                len(numbers),
                config.frequencies,
                config.embedding_width,
                deviation=config.deviation,
                step=SLOW_STEP,
            )
            if config.embedding and numbers
            else None
        )
        reads = len(rest) + len(numbers) * (config.embedding_width if self.embedding else 1)
        self.scales = nn.Parameter(torch.full((reads,), 1 / SCALE_STEP))
        name = config.activation if config.activation != "auto" else "selu" if outputs > 1 else "mish"
        layers: list[nn.Module] = []
        for before, width in pairwise((reads, *config.hidden)):
            layers += [Layer(before, width), Active(width, name, parametric=config.parametric)]
            if config.dropout:
                layers.append(WideDropout(config.dropout))
        self.hidden = nn.Sequential(*layers)
        self.output = Layer((reads, *config.hidden)[-1], outputs)

    def adapt(self, samples: Samples) -> None:
        """Take medians and widths from the samples to train on."""
        if len(self.places):
            self.scaled.fit(samples.inputs.flatten(1).to(self.places.device)[:, self.places])

    def forward(self, x: Float[Tensor, "B ..."]) -> Float[Tensor, "B K"]:
        """Raw outputs; a task makes probabilities or units of them."""
        x = x.flatten(1)  # B F
        numbers = self.scaled(x[:, self.places])  # B n
        if self.embedding is not None:
            numbers = self.embedding(numbers).transpose(0, 1).flatten(1)
        x = torch.cat([numbers, x[:, self.rest]], 1) * (SCALE_STEP * self.scales)  # B i
        outputs: Tensor = self.output(self.hidden(x))  # B K
        return outputs
