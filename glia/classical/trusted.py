"""Objects read from a skops file, looked through before they are used.

skops builds objects of types that it trusts, and trees are not among them: they hold numbers of nodes and features
that scikit-learn follows without looking, so that a forged file could crash the process or read foreign memory. A
tree is taken here once its numbers have been compared with its size; whatever cannot be looked into is refused.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn._loss.loss import BaseLoss
from sklearn.ensemble._hist_gradient_boosting.predictor import TreePredictor
from sklearn.tree._tree import Tree

from glia.errors import DataError

OWN = "glia.classical."  # modules whose types a file may hold, beside those that skops knows
CHECKED = tuple(f"{kind.__module__}.{kind.__qualname__}" for kind in (Tree, TreePredictor))
"""Types that skops does not trust and that `check` looks through."""

PLAIN = (bool, int, float, str, bytes, type(None), np.generic, np.dtype, type, BaseLoss)
CHANCE = (np.random.RandomState, np.random.Generator)
LEAF = -1


def may_be_loaded(type_name: str) -> bool:
    """Whether `check` knows what to make of a type that skops does not trust.

    Example:
        >>> may_be_loaded("glia.classical.naive_bayes.NaiveBayes"), may_be_loaded("os.system")
        (True, False)
    """
    return type_name.startswith(OWN) or type_name in CHECKED


def check(loaded: Any, features: int) -> None:
    """Look through an object and all that it holds.

    Args:
        loaded: what skops built.
        features: how many the samples have that it will be given.

    Raises:
        DataError: a tree that leads out of itself, or an object that cannot be looked into.
    """
    seen: set[int] = set()
    left = [loaded]
    while left:
        found = left.pop()
        if id(found) in seen:
            continue
        seen.add(id(found))
        if isinstance(found, Tree):
            _check_tree(found, features)
        elif isinstance(found, TreePredictor):
            _check_boosted(found.nodes, len(found.raw_left_cat_bitsets), features)
        else:
            left += _inside(found)


def _inside(found: Any) -> Iterator[Any]:
    if isinstance(found, (*PLAIN, *CHANCE)):
        return
    if isinstance(found, np.ndarray):
        if found.dtype.hasobject:
            yield from found.ravel().tolist()
    elif isinstance(found, dict):
        yield from found.keys()
        yield from found.values()
    elif isinstance(found, list | tuple | set):
        yield from found
    elif type(found).__module__.startswith(("sklearn.", OWN)) and hasattr(found, "__dict__"):
        yield from vars(found).values()
    else:
        kind = f"{type(found).__module__}.{type(found).__qualname__}"
        raise DataError(f"The file holds an object of {kind}, which cannot be looked into, and is not loaded.")


def _check_tree(tree: Tree, features: int) -> None:
    if tree.node_count > tree.capacity or not tree.node_count:
        raise DataError(f"The file holds a tree of {tree.node_count} nodes in room for {tree.capacity}: it is damaged.")
    leaf = tree.children_left == LEAF
    _check_nodes(tree.children_left, tree.children_right, tree.feature, leaf, features)


def _check_boosted(nodes: NDArray[Any], bitsets: int, features: int) -> None:
    leaf = nodes["is_leaf"].astype(bool)
    _check_nodes(nodes["left"].astype(np.int64), nodes["right"].astype(np.int64), nodes["feature_idx"], leaf, features)
    if (nodes["is_categorical"].astype(bool) & (nodes["bitset_idx"] >= bitsets)).any():
        raise DataError("The file holds a tree that looks for categories where there are none: it is damaged.")


def _check_nodes(
    left: NDArray[np.int64], right: NDArray[np.int64], feature: NDArray[Any], leaf: NDArray[np.bool_], features: int
) -> None:
    """Children come after their parent, so that every way ends, and features are those of the samples."""
    nodes = np.arange(len(leaf))
    ends = [(child > nodes) & (child < len(leaf)) for child in (left, right)]
    if not (leaf | (ends[0] & ends[1])).all():
        raise DataError("The file holds a tree whose nodes lead out of it: it is damaged.")
    if not (leaf | ((feature >= 0) & (feature < features))).all():
        raise DataError(f"The file holds a tree that asks for more than the {features} features: it is damaged.")
