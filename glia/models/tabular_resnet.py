"""Residual network for tables: blocks of two dense layers, each added to what came in.

Paper      Gorishniy, Rubachev, Khrulkov & Babenko, 2021, *Revisiting deep learning models for tabular data*, section
           3.2. https://arxiv.org/abs/2106.11959
We differ  numbers are embedded before the first layer, as the same authors do since 2022; `embedding = "none"` leaves
           that out.
Letters    B samples, i numbers that the inputs become, D width, H hidden units of a block, K outputs.
"""

from dataclasses import dataclass
from typing import Any

from jaxtyping import Float
from torch import Tensor, nn

from glia.models.options import Share, Width
from glia.models.samples import Column, Samples
from glia.models.table_inputs import TableConfig, TableInputs

RECIPE: dict[str, dict[str, Any]] = {
    "train": {"optimizer": "adamw", "weight_decay": 1e-5, "batch_size": 256, "early_stopping": 16},
}
SIZES: dict[str, dict[str, Any]] = {"paper": {"embedding": "none"}}


@dataclass(frozen=True, kw_only=True)
class TabularResNetConfig(TableConfig):
    """What a residual network for tables is built from."""

    width: Width = 192  # D, of what passes from block to block
    depth: Width = 4  # blocks
    hidden: Width = 384  # H, units of each block's first layer
    dropout: Share = 0.3  # share of these left out while training
    residual_dropout: Share = 0.0  # share of what a block adds left out while training


class Block(nn.Module):
    """x + layers(x), normalised before. Section 3.2."""

    def __init__(self, config: TabularResNetConfig) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.BatchNorm1d(config.width),
            nn.Linear(config.width, config.hidden),
            nn.ReLU(),
            nn.Dropout(config.dropout),
            nn.Linear(config.hidden, config.width),
            nn.Dropout(config.residual_dropout),
        )

    def forward(self, x: Float[Tensor, "B D"]) -> Float[Tensor, "B D"]:
        """Shape stays."""
        passed_on: Tensor = x + self.layers(x)
        return passed_on


class TabularResNet(nn.Module):
    """What is made of the features, one dense layer to the width, blocks, one linear layer."""

    def __init__(
        self, config: TabularResNetConfig, *, inputs: tuple[int, ...], outputs: int, columns: tuple[Column, ...] = ()
    ) -> None:
        super().__init__()
        self.config = config
        self.inputs = TableInputs(config, inputs=inputs, columns=columns)
        self.first = nn.Linear(sum(self.inputs.parts), config.width)
        self.blocks = nn.Sequential(*(Block(config) for _ in range(config.depth)))
        self.output = nn.Sequential(nn.BatchNorm1d(config.width), nn.ReLU(), nn.Linear(config.width, outputs))

    def adapt(self, samples: Samples) -> None:
        """Take quantiles and bins from the samples to train on."""
        self.inputs.adapt(samples)

    def forward(self, x: Float[Tensor, "B ..."]) -> Float[Tensor, "B K"]:
        """Raw outputs; a task makes probabilities or units of them."""
        x = self.inputs(x)  # B i
        x = self.blocks(self.first(x))  # B D
        outputs: Tensor = self.output(x)  # B K
        return outputs
