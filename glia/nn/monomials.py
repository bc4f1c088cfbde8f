"""Powers of features and their products: what makes a linear layer a polynomial.

Letters    B samples, F features, T terms, D degree.
"""

from itertools import combinations_with_replacement

import torch
from jaxtyping import Float
from torch import Tensor, nn

from glia.errors import ConfigError

MOST_TERMS = 10_000


def monomials(features: int, degree: int, *, interactions: bool = True) -> tuple[tuple[int, ...], ...]:
    """The features that each term multiplies, lowest degree first; the constant is left to a bias.

    Args:
        features: how many there are.
        degree: the greatest of a term.
        interactions: products of different features, too; else powers alone.

    Raises:
        ConfigError: there would be more than `MOST_TERMS`.

    Example:
        >>> monomials(2, 2)
        ((0,), (1,), (0, 0), (0, 1), (1, 1))
        >>> monomials(2, 3, interactions=False)
        ((0,), (1,), (0, 0), (1, 1), (0, 0, 0), (1, 1, 1))
    """
    found: list[tuple[int, ...]] = []
    for power in range(1, degree + 1):
        for term in combinations_with_replacement(range(features), power) if interactions else _powers(features, power):
            found.append(term)
            if len(found) > MOST_TERMS:
                raise ConfigError(
                    f"A polynomial of degree {degree} in {features} features has more than {MOST_TERMS} terms. Use a "
                    "lower degree, or interactions=false."
                )
    return tuple(found)


class Monomials(nn.Module):
    """From features to all terms of a polynomial, the constant left out.

    Example:
        >>> Monomials(2, 2)(torch.tensor([[2.0, 3.0]]))
        tensor([[2., 3., 4., 6., 9.]])
    """

    factors: Tensor

    def __init__(self, features: int, degree: int, *, interactions: bool = True) -> None:
        super().__init__()
        self.degree = degree
        terms = monomials(features, degree, interactions=interactions)
        # A column of ones stands after the features, for terms of a lower degree.
        padded = [[*term, *[features] * (degree - len(term))] for term in terms]
        self.register_buffer("factors", torch.tensor(padded).T.contiguous(), persistent=False)  # D T

    def forward(self, x: Float[Tensor, "B F"]) -> Float[Tensor, "B T"]:
        """One column a term."""
        x = torch.cat([x, torch.ones_like(x[:, :1])], 1)
        product = x[:, self.factors[0]]
        for factor in self.factors[1:]:
            product = product * x[:, factor]
        return product

    def extra_repr(self) -> str:
        """The size, where a model is printed."""
        return f"degree={self.degree}, terms={self.factors.shape[1]}"


def _powers(features: int, power: int) -> tuple[tuple[int, ...], ...]:
    return tuple((feature,) * power for feature in range(features))
