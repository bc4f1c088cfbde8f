"""None of these: a sample so unlike the known classes that none of them is likely enough.

How likely is enough is chosen on samples of known classes that were not trained on, so that a given share of further
ones is taken for one of the classes, whichever, and the rest refused. What a network says of samples unlike all it has
seen is not bound by that; it is often, not always, less sure of them.

Source     the rule: Chow, 1970, *On optimum recognition error and reject tradeoff*; the share holds for further samples
           of the same kind (order statistics, as in split conformal prediction: Vovk et al., 2005).
"""

from math import ceil, floor

import numpy as np
from numpy.typing import NDArray

from glia.errors import DataError

ROUNDING = 1e-9


def threshold(likeliest: NDArray[np.float64], accept: float) -> float:
    """How likely the likeliest class must be, so that at least the share `accept` of such samples is accepted.

    Args:
        likeliest: (N,) the greatest probability of each sample of known class.
        accept: in (0, 1].

    Raises:
        DataError: too few samples to tell.

    Example:
        >>> threshold(np.array([0.5, 0.6, 0.7, 0.8, 0.9, 0.9, 0.9, 0.9, 0.9]), accept=0.8)
        0.6
    """
    rank = floor((1 - accept) * (len(likeliest) + 1) + ROUNDING)  # so many of N + 1 fall below it on average
    if accept < 1 and not rank:
        need = ceil(1 / (1 - accept) - ROUNDING) - 1
        raise DataError(
            f"task.accept={accept:g} takes at least {need} validation samples to tell what is none of the classes, and "
            f"there are {len(likeliest)}. Give more samples, or a smaller share."
        )
    return float(np.sort(likeliest)[rank - 1]) if rank else 0.0
