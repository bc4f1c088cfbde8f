"""TabM: many networks for tables in one, which share their weights and vote.

Paper      Gorishniy, Kotelnikov & Babenko, 2025, *TabM: advancing tabular deep learning with parameter-efficient
           ensembling*, ICLR. https://arxiv.org/abs/2410.24210
We differ  a member scales the embedding of a column as a whole: then the first layer's products are the same for all
           members, who only add them up, and it costs less than the second. The network is narrower and its batches
           have 64 samples, not 256, which small sets want. `tabm/paper` is the authors' own, but for the batches.
Letters    B samples, n numbers, d width of their embeddings, M members, H units of a layer, K outputs.

Each member learns for itself: `members` gives the outputs of each, of whose losses the mean is minimised. In use they
are one network: the mean of their probabilities, or of their numbers. Outputs are read by a softmax.
"""

from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from glia.models.averaged import mean_of
from glia.models.options import Activation, Share, Width
from glia.models.samples import Column, Few, Samples
from glia.models.table_inputs import TableConfig, TableInputs
from glia.nn.activations import activation
from glia.nn.batch_ensemble import ApartLinear, MemberLinear, MemberScale, Start
from glia.nn.dropout import WideDropout

RECIPE: dict[str, dict[str, Any]] = {
    "train": {
        "optimizer": "adamw",
        "learning_rate": 2e-3,
        "weight_decay": 3e-4,
        "penalised": "all",
        "batch_size": 64,
        "gradient_clip": 1.0,
        "early_stopping": 16,
    },
}
SIZES: dict[str, dict[str, Any]] = {
    "paper": {"width": 512, "tied": False},
    "mini": {"mini": True},  # the paper's TabM-mini
}


@dataclass(frozen=True, kw_only=True)
class TabMConfig(TableConfig):
    """What TabM is built from."""

    members: Width = 32  # M, networks in one
    mini: bool = False  # whether members differ before the first layer and in the last only
    tied: bool = True  # whether a member scales a column as a whole, or each number of its embedding
    width: Width = 128  # H, units of each hidden layer
    depth: Width = 2  # hidden layers
    activation: Activation = "relu"  # after each hidden layer; a name, or a table with parameters
    dropout: Share = 0.1  # share of each hidden layer's units left out while training

    def __post_init__(self) -> None:
        activation(self.activation)


class TabM(nn.Module):
    """What is made of the features, hidden layers that the members share, one last layer for each. Figure 1.

    Only before the first layer do members begin with different scales, one a column: whatever differs later comes
    from there, and from the last layers.
    """

    few = Few(samples=1000, epochs=100)  # too few to hold some back and to see by them when to stop

    def __init__(
        self, config: TabMConfig, *, inputs: tuple[int, ...], outputs: int, columns: tuple[Column, ...] = ()
    ) -> None:
        super().__init__()
        self.config, self.classifies = config, outputs > 1
        self.inputs = TableInputs(config, inputs=inputs, columns=columns)
        start: Start = "signs" if config.embedding == "none" else "normal"
        tied = config.tied and config.embedding != "none" and len(self.inputs.places) > 0
        self.first = TiedLinear(config, self.inputs, start) if tied else _first(config, self.inputs.parts, start)
        self.hidden = nn.Sequential(*_hidden(config))
        self.output = ApartLinear(config.members, config.width, outputs)

    def adapt(self, samples: Samples) -> None:
        """Take quantiles and bins from the samples to train on."""
        self.inputs.adapt(samples)

    def members(self, x: Float[Tensor, "B ..."]) -> Float[Tensor, "M B K"]:
        """The outputs of each member."""
        x = x.flatten(1)  # B F
        if isinstance(self.first, TiedLinear):
            x = self.first(self.inputs.numbers(x), self.inputs.categories(x))  # M B H
        else:
            x = self.first(self.inputs(x)[None])  # M B H
        x = self.hidden(x)  # M B H
        outputs: Tensor = self.output(x)  # M B K
        return outputs

    def combined(self, outputs: Float[Tensor, "M B K"]) -> Float[Tensor, "B K"]:
        """The log of the mean of the members' probabilities, or the mean of their numbers."""
        return mean_of(outputs, classifies=self.classifies)

    def forward(self, x: Float[Tensor, "B ..."]) -> Float[Tensor, "B K"]:
        """What the members say together."""
        return self.combined(self.members(x))


class TiedLinear(nn.Module):
    """The first layer where a member scales each number's embedding as a whole: Σ r (e W), e W being everyone's.

    Args:
        config: of the network.
        inputs: what embeds the features, before this layer.
        start: what the scales r are at first.
    """

    def __init__(self, config: TabMConfig, inputs: TableInputs, start: Start) -> None:
        super().__init__()
        count, parts, width = len(inputs.places), inputs.parts, config.width
        bound = sum(parts) ** -0.5
        self.weight = nn.Parameter(torch.empty(count, parts[0], width).uniform_(-bound, bound))
        self.scales = MemberScale(config.members, (1,) * count, start)
        self.rest = MemberScale(config.members, parts[count:], start) if len(inputs.rest) else None
        self.rest_weight = (
            nn.Parameter(torch.empty(sum(parts[count:]), width).uniform_(-bound, bound)) if self.rest else None
        )
        members = 1 if config.mini else config.members
        self.outputs = None if config.mini else nn.Parameter(torch.ones(members, 1, width))
        self.bias = nn.Parameter(torch.empty(width).uniform_(-bound, bound).repeat(members, 1, 1))  # alike at first

    def forward(self, numbers: Float[Tensor, "n B d"], categories: Float[Tensor, "B rest"]) -> Float[Tensor, "M B H"]:
        """The first hidden layer, before its activation."""
        products = torch.bmm(numbers, self.weight)  # n B H
        summed = self.scales.factors.squeeze(1) @ products.flatten(1)  # M BH
        summed = summed.view(-1, *products.shape[1:])  # M B H
        if self.rest is not None:
            summed = summed + self.rest(categories[None]) @ self.rest_weight
        return summed + self.bias if self.outputs is None else torch.addcmul(self.bias, summed, self.outputs)


def _first(config: TabMConfig, parts: tuple[int, ...], start: Start) -> nn.Module:
    if config.mini:
        return nn.Sequential(MemberScale(config.members, parts, start), nn.Linear(sum(parts), config.width))
    return MemberLinear(config.members, parts, config.width, start=start)


def _hidden(config: TabMConfig) -> list[nn.Module]:
    layers: list[nn.Module] = []
    for number in range(config.depth):
        if number:
            layers.append(
                nn.Linear(config.width, config.width)
                if config.mini
                else MemberLinear(config.members, (config.width,), config.width)
            )
        layers.append(activation(config.activation))
        if config.dropout:
            layers.append(WideDropout(config.dropout))
    return layers
