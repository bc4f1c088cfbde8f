"""TabM: many networks for tables in one, which share their weights and vote.

Paper      Gorishniy, Kotelnikov & Babenko, 2025, *TabM: advancing tabular deep learning with parameter-efficient
           ensembling*, ICLR. https://arxiv.org/abs/2410.24210
We differ  the network is narrower by default, as small sets need no more; `tabm/paper` has the authors' width.
Letters    B samples, M members, i numbers that the inputs become, H units of a layer, K outputs.

Each member learns for itself: `members` gives the outputs of each, of whose losses the mean is minimised. In use they
are one network: the mean of their probabilities, or of their numbers. Outputs are read by a softmax.
"""

from dataclasses import dataclass
from math import log
from typing import Any

from jaxtyping import Float
from torch import Tensor, nn

from glia.models.options import Activation, Share, Width
from glia.models.samples import Column, Samples
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
        "batch_size": 256,
        "gradient_clip": 1.0,
        "early_stopping": 16,
    },
}
SIZES: dict[str, dict[str, Any]] = {
    "paper": {"width": 512},
    "mini": {"mini": True},  # the paper's TabM-mini
}


@dataclass(frozen=True, kw_only=True)
class TabMConfig(TableConfig):
    """What TabM is built from."""

    members: Width = 32  # M, networks in one
    mini: bool = False  # whether members differ before the first layer and in the last only
    width: Width = 256  # H, units of each hidden layer
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

    def __init__(
        self, config: TabMConfig, *, inputs: tuple[int, ...], outputs: int, columns: tuple[Column, ...] = ()
    ) -> None:
        super().__init__()
        self.config, self.classifies = config, outputs > 1
        self.inputs = TableInputs(config, inputs=inputs, columns=columns)
        parts, start = self.inputs.parts, "signs" if config.embedding == "none" else "normal"
        self.hidden = nn.Sequential(*_hidden(config, parts, start))
        self.output = ApartLinear(config.members, config.width, outputs)

    def adapt(self, samples: Samples) -> None:
        """Take quantiles and bins from the samples to train on."""
        self.inputs.adapt(samples)

    def members(self, x: Float[Tensor, "B ..."]) -> Float[Tensor, "M B K"]:
        """The outputs of each member."""
        x = self.inputs(x)[None]  # 1 B i
        x = self.hidden(x)  # M B H
        outputs: Tensor = self.output(x)  # M B K
        return outputs

    def combined(self, outputs: Float[Tensor, "M B K"]) -> Float[Tensor, "B K"]:
        """The log of the mean of the members' probabilities, or the mean of their numbers."""
        if not self.classifies:
            return outputs.mean(0)
        return outputs.log_softmax(2).logsumexp(0) - log(len(outputs))

    def forward(self, x: Float[Tensor, "B ..."]) -> Float[Tensor, "B K"]:
        """What the members say together."""
        return self.combined(self.members(x))


def _hidden(config: TabMConfig, parts: tuple[int, ...], start: Start) -> list[nn.Module]:
    layers: list[nn.Module] = [MemberScale(config.members, parts, start)] if config.mini else []
    for number in range(config.depth):
        reads = (config.width,) if number else parts
        if config.mini:
            layers.append(nn.Linear(sum(reads), config.width))
        else:
            layers.append(MemberLinear(config.members, reads, config.width, start="ones" if number else start))
        layers.append(activation(config.activation))
        if config.dropout:
            layers.append(WideDropout(config.dropout))
    return layers
