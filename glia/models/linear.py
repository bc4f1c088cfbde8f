"""Linear: one layer over the features, or over their powers and products; the regressions as networks.

Its recipe trains it to the end, by L-BFGS on all samples at once: linear regression, logistic regression for two
classes, soft-max regression for more; with `train.l2` ridge; with a degree above 1 polynomial regression. With
`train.l1` it is the lasso, with both the elastic net; these have no slope at 0, so give `train.optimizer = "adam"`.

Papers     Legendre, 1805 (least squares); Cox, 1958 (logistic); Hoerl & Kennard, 1970 (ridge); Tibshirani, 1996
           (lasso).
Letters    B samples, F features, T terms, K outputs.
"""

from dataclasses import dataclass
from math import prod
from typing import Any

from jaxtyping import Float
from torch import Tensor, nn

from glia.models.options import Initialisation, Width
from glia.nn.initialisation import initialisation, initialise
from glia.nn.monomials import Monomials

RECIPE: dict[str, dict[str, Any]] = {
    "train": {"optimizer": "lbfgs", "batch_size": "all", "schedule": "constant"},
}
SIZES: dict[str, dict[str, Any]] = {}


@dataclass(frozen=True, kw_only=True)
class LinearConfig:
    """What a linear network is built from."""

    degree: Width = 1  # of the polynomial; 1: the features themselves
    interactions: bool = True  # of a polynomial: products of different features beside their powers
    bias: bool = True  # whether there is a constant term
    initialisation: Initialisation = "zeros"  # of the weights; what they end at does not depend on it

    def __post_init__(self) -> None:
        initialisation(self.initialisation)


class Linear(nn.Module):
    """Terms of the features, then one linear layer. A sample of any shape is read as a row of numbers."""

    def __init__(self, config: LinearConfig, *, inputs: tuple[int, ...], outputs: int) -> None:
        super().__init__()
        self.config = config
        width = prod(inputs)
        self.terms: nn.Module = nn.Identity()
        if config.degree > 1:
            terms = Monomials(width, config.degree, interactions=config.interactions)
            self.terms, width = terms, terms.factors.shape[1]
        self.output = nn.Linear(width, outputs, bias=config.bias)
        initialise(self.output, config.initialisation)

    def forward(self, x: Float[Tensor, "B ..."]) -> Float[Tensor, "B K"]:
        """Raw outputs; a task makes probabilities or units of them."""
        x = self.terms(x.flatten(1))  # B T
        outputs: Tensor = self.output(x)  # B K
        return outputs
