"""Where to cut a feature into bins: at its quantiles, or where a small tree would cut it to tell the targets apart.

Paper      Gorishniy, Rubachev & Babenko, 2022, *On embeddings for numerical features in tabular deep learning*,
           section 3.2. https://arxiv.org/abs/2203.05556
Letters    N samples, F features, T bins; a feature has up to T + 1 edges, ascending, of which the outer two are its
           least and its greatest value.
"""

import numpy as np
import torch
from jaxtyping import Float, Shaped
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor
from torch import Tensor

LEAST_LEAF = 64  # samples in a bin, as in the paper's tuned trees; fewer of few samples
LEAST_GAIN = 1e-4  # of impurity that a cut must bring


def quantile_edges(x: Float[Tensor, "N F"], bins: int) -> list[Float[Tensor, "_"]]:
    """The edges of each feature at its quantiles; equal ones count once.

    Example:
        >>> quantile_edges(torch.tensor([[0.0], [1.0], [1.0], [1.0], [2.0]]), 4)
        [tensor([0., 1., 2.])]
    """
    ordered = x.sort(0).values.double()
    place = torch.linspace(0, 1, bins + 1, dtype=torch.float64, device=x.device) * (len(x) - 1)
    below = place.floor().long()
    above = (below + 1).clamp(max=len(x) - 1)
    edges = torch.lerp(ordered[below], ordered[above], (place - below)[:, None])
    return [column.to(x.dtype).unique() for column in edges.T]


def target_edges(x: Float[Tensor, "N F"], targets: Shaped[Tensor, "N"], bins: int) -> list[Float[Tensor, "_"]]:
    """The edges of each feature where a tree of that feature alone cuts it; integer targets are classes."""
    kind = DecisionTreeRegressor if targets.is_floating_point() else DecisionTreeClassifier
    leaf = max(1, min(LEAST_LEAF, len(x) // 20))
    wanted = targets.cpu().numpy()
    found = []
    for column in x.cpu().numpy().T:
        tree = kind(
            max_leaf_nodes=max(2, bins), min_samples_leaf=leaf, min_impurity_decrease=LEAST_GAIN, random_state=0
        )
        grown = tree.fit(column[:, None], wanted).tree_
        cuts = grown.threshold[grown.children_left >= 0]
        edges = np.unique(np.concatenate([[column.min()], cuts, [column.max()]]).astype(column.dtype))
        found.append(torch.from_numpy(edges).to(x.device))
    return found
