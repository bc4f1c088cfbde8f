"""Cost-complexity pruning: how many leaves a tree should have, chosen on folds of the training samples.

A leaf is given a price α; the tree kept is the smallest of those with the least impurity + α · leaves. Every α that
makes a difference to the whole tree is tried on all folds at once: a fold's tree is grown once, and for each α it is
reckoned where a sample would have stopped.

Source     Breiman, Friedman, Olshen & Stone, 1984, *Classification and regression trees*, chapters 3 and 8.
Letters    N samples, A prices, M nodes.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone, is_classifier

from glia.classical.choosing import chosen, classified

MOST_PRICES = 40
LEAF = -1

Numbers = NDArray[np.float64]


def chosen_price(
    tree: Any, x: Numbers, y: NDArray[Any], weights: Numbers, *, seed: int, simplest: bool = False
) -> float:
    """The price of a leaf with the least error (of classes, or squared) on folds.

    Args:
        tree: not yet fitted.
        x: (N, F).
        y: (N,).
        weights: (N,).
        seed: of the folds.
        simplest: the highest price within one standard error of the best.
    """
    tried = prices(tree.cost_complexity_pruning_path(x, y, sample_weight=weights).ccp_alphas)
    classifies = is_classifier(tree)

    def judge(learned: NDArray[np.int64], judged: NDArray[np.int64]) -> Numbers:
        fitted = clone(tree).fit(x[learned], y[learned], sample_weight=weights[learned])
        ends = stops(fitted.tree_, tried)[fitted.apply(x[judged])]  # rows A
        said = fitted.tree_.value[:, 0]
        if not classifies:
            return np.asarray((said[ends, 0] - y[judged, None]) ** 2)
        errors = [classified(said[end], y[judged], fitted.classes_) for end in ends.T]
        return np.stack(errors, axis=1)

    return float(tried[chosen(judge, y, weights, classifies=classifies, seed=seed, simplest=simplest)])


def prices(alphas: Numbers) -> Numbers:
    """Between those at which the tree loses leaves, highest first; of very many some, evenly.

    Args:
        alphas: at which the whole tree loses leaves, ascending, 0 first.

    Example:
        >>> prices(np.array([0.0, 0.01, 0.04])).round(4).tolist()
        [0.0404, 0.02, 0.0]
    """
    gained = np.unique(alphas[alphas > 0])
    found = np.concatenate([[0.0], np.sqrt(gained[:-1] * gained[1:]), gained[-1:] * 1.01])  # the last: the root alone
    if len(found) > MOST_PRICES:
        found = found[np.unique(np.linspace(0, len(found) - 1, MOST_PRICES).round().astype(int))]
    return found[::-1].copy()


def stops(tree: Any, tried: Numbers) -> NDArray[np.int64]:
    """(M, A) the node at which a sample that reaches a node of the whole tree stopped, if the tree were pruned."""
    left, right = tree.children_left, tree.children_right
    cost = _impurity(tree)[:, None] + tried  # as a leaf
    least, pruned = cost.copy(), np.ones(cost.shape, bool)
    for node in reversed(range(tree.node_count)):  # children stand after their parent
        if left[node] != LEAF:
            below = least[left[node]] + least[right[node]]
            pruned[node] = cost[node] <= below
            least[node] = np.minimum(cost[node], below)
    ends = np.tile(np.arange(tree.node_count)[:, None], len(tried))
    for node in np.flatnonzero(left != LEAF).tolist():
        stopped = pruned[node] | (ends[node] != node)
        for child in (left[node], right[node]):
            ends[child] = np.where(stopped, ends[node], child)
    return ends


def _impurity(tree: Any) -> Numbers:
    """(M,) the share of the whole impurity that a node would have as a leaf."""
    share: Numbers = tree.weighted_n_node_samples / tree.weighted_n_node_samples[0] * tree.impurity
    return share
