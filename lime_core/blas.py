"""Small linear algebra on one thread.

The matrices of a fit have some fifty columns. BLAS spreads even those over all cores, and there its threads, spinning
while they wait, get in the way of one another and of the inference engine's: on two cores a fit took ten times as
long with two threads as with one.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from threadpoolctl import ThreadpoolController

# The limit holds for the whole process, so two at a time could restore each other's.
_LOCK = threading.RLock()


@contextmanager
def one_thread() -> Iterator[None]:
    """Keep BLAS on one thread inside the block; other threads that enter one wait."""
    with _LOCK, _controller().limit(limits=1, user_api="blas"):
        yield


@cache
def _controller() -> ThreadpoolController:
    import scipy.linalg  # noqa: F401 - a library can be limited once it is loaded

    return ThreadpoolController()
