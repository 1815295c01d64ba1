"""Small linear algebra on one thread.

The matrices of a fit have about fifty columns. BLAS would use all cores even for those. Its threads spin while they
wait, which slows down each other and the inference engine: on two cores a fit took ten times as long with two threads
as with one.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from threadpoolctl import ThreadpoolController

# The limit applies to the whole process: of two blocks at a time each could restore the other's limit.
_LOCK = threading.RLock()


@contextmanager
def one_thread() -> Iterator[None]:
    """Keep BLAS on one thread inside the block; a second thread waits until the first has left its block."""
    with _LOCK, _controller().limit(limits=1, user_api="blas"):
        yield


@cache
def _controller() -> ThreadpoolController:
    import scipy.linalg  # noqa: F401 - a library can only be limited once it is loaded

    return ThreadpoolController()
