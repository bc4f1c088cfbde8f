"""An option chosen on folds of the training samples: how deep to prune, how many neighbours, how strong a penalty.

Letters    N samples, C candidates, from the simplest model to the most complex.
"""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

FOLDS = 5

Numbers = NDArray[np.float64]
Judge = Callable[[NDArray[np.int64], NDArray[np.int64]], Numbers]
"""From the rows to learn from and those to judge by to the error of each candidate in each row judged, (rows, C)."""


def folds(targets: NDArray[Any], *, classifies: bool, seed: int, count: int = FOLDS) -> NDArray[np.int64]:
    """(N,) the number of the fold of each sample, dealt in turn within each class, so that sizes differ by one.

    Example:
        >>> folds(np.array([0.0, 0, 1, 1]), classifies=True, seed=0, count=2)[2:].sum()
        np.int64(1)
    """
    order = np.random.default_rng(seed).permutation(len(targets))
    if classifies:
        order = order[np.argsort(targets[order], kind="stable")]
    dealt = np.empty(len(targets), np.int64)
    dealt[order] = np.arange(len(targets)) % count
    return dealt


def parts(dealt: NDArray[np.int64]) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """For each fold the rows outside of it and its own; folds without either are left out."""
    for fold in range(int(dealt.max()) + 1):
        learned, judged = np.flatnonzero(dealt != fold), np.flatnonzero(dealt == fold)
        if len(learned) and len(judged):
            yield learned, judged


def chosen(
    judge: Judge, targets: NDArray[Any], weights: Numbers, *, classifies: bool, seed: int, simplest: bool = False
) -> int:
    """The number of the candidate with the least error on folds.

    Args:
        judge: learns from some rows, all candidates at once, and says how wrong each is about others.
        targets: (N,).
        weights: (N,) what an error in each sample costs.
        classifies: whether targets are classes.
        seed: of the division into folds.
        simplest: take the first candidate within one standard error of the best (Breiman et al., 1984, section
            3.4.3); otherwise the best, the first of equals.

    Example:
        >>> def judge(learned, judged):
        ...     return np.stack([np.ones(len(judged)), np.zeros(len(judged))], axis=1)
        >>> chosen(judge, np.arange(10.0), np.ones(10), classifies=False, seed=0)
        1
    """
    dealt = folds(targets, classifies=classifies, seed=seed)
    rows = [(judged, judge(learned, judged)) for learned, judged in parts(dealt)]
    if not rows:
        return 0
    cost = weights[np.concatenate([judged for judged, _ in rows]), None]
    errors = np.concatenate([error for _, error in rows])
    mean = (cost * errors).sum(0) / cost.sum()
    best = int(mean.argmin())
    if not simplest:
        return best
    spread = np.sqrt((cost**2 * (errors[:, best] - mean[best])[:, None] ** 2).sum()) / cost.sum()
    return int(np.flatnonzero(mean <= mean[best] + spread)[0])


def classified(probabilities: Numbers, targets: NDArray[Any], classes: NDArray[np.int64]) -> Numbers:
    """(N,) 1 where the likeliest class is not the true one, else 0.

    Args:
        probabilities: (N, K).
        targets: (N,) true classes.
        classes: (K,) what the columns stand for.
    """
    wrong: Numbers = (classes[probabilities.argmax(1)] != targets).astype(np.float64)
    return wrong
