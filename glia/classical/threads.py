"""How many threads the linear algebra of a fit is worth: one for small tables, all that there are for others.

Threads that share a product of some microseconds wait for each other longer than they compute, and as soon as another
program wants one of their cores they wait for that: a soft-max regression of 1,448 digits then takes 15 s, not 0.1 s.
"""

from contextlib import AbstractContextManager
from functools import lru_cache
from typing import Any

from threadpoolctl import ThreadpoolController  # type: ignore[import-untyped]

WORTH_SHARING = 5_000_000  # multiplications of one product with the table


def suited_to(multiplications: int) -> AbstractContextManager[Any]:
    """While inside, linear algebra computes with as many threads as that is worth."""
    limit: AbstractContextManager[Any] = _controller().limit(
        limits=1 if multiplications < WORTH_SHARING else None, user_api="blas"
    )
    return limit


@lru_cache(maxsize=1)
def _controller() -> Any:
    return ThreadpoolController()  # looking for the libraries takes a millisecond
