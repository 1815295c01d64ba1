"""What the two ways to train have in common."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class Fitted:
    """A trained network.

    Attributes
    ----------
    model : keras.Model
        Maps RGB pixels 0..255 `(B, h, w, 3)` to probabilities `(B, C)`.
    probabilities : callable
        Maps what the way keeps of pictures, ``(n, ...)``, to the same probabilities ``(n, C)``.
    settings : dict
        What was chosen in training, JSON-ready.
    """

    model: Any
    probabilities: Callable[[NDArray[Any]], NDArray[np.float64]]
    settings: dict[str, Any]


class Way(Protocol):
    """A way to train a classifier."""

    name: str
    input_size: tuple[int, int]

    def values(self, pictures: NDArray[np.uint8]) -> NDArray[Any]:
        """Return what is kept of pictures uint8 ``(B, h, w, 3)`` at `input_size`, ``(B, ...)``, to train on."""

    def fit(
        self,
        values: NDArray[Any],
        labels: NDArray[np.int64],
        classes: int,
        seed: int,
        on_progress: Callable[[int, int], object],
    ) -> Fitted:
        """Train on what `values` has kept of pictures, and on their classes int64 ``(n,)``, 0..classes-1."""
