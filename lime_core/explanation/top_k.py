"""Which superpixels are among the K strongest for sure, which may be, and how an order is stored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lime_core.errors import LimeError, SpecError
from lime_core.settings.view import Sign
from lime_core.surrogates.order import Order

_MOST_NAMED = 12
_BOUNDS = ("best_by_value", "worst_by_value", "best_by_size", "worst_by_size")
_OF_SIGN = {"positive": "strongest for the class", "negative": "strongest against the class", "both": "strongest"}


@dataclass(frozen=True, slots=True)
class TopK:
    """What is certain about the K strongest superpixels of a class; for this K 95 %, for all superpixels together.

    Attributes
    ----------
    k : int
        K.
    sign : {"positive", "negative", "both"}
        Evidence for the class, against it, or both.
    sure : tuple of int
        Numbers 0..S-1 of those that are among the K strongest for sure, strongest first; at most K.
    possible : tuple of int
        Of those that may be, strongest first. All others are not, for sure.
    """

    k: int
    sign: Sign
    sure: tuple[int, ...]
    possible: tuple[int, ...]

    @property
    def strongest(self) -> str:
        """The group in words, such as "5 strongest for the class"."""
        return strongest_in_words(self.k, self.sign)

    def members(self, ids: Sequence[int] | NDArray[np.int64]) -> str:
        """Return the superpixels in words, such as "for sure: 12, 7, 33; perhaps: 4, 18".

        Parameters
        ----------
        ids : sequence of int
            What people call the superpixels 0..S-1.
        """
        perhaps = f"; perhaps: {_listed(self.possible, ids)}" if self.possible else ""
        return f"for sure: {_listed(self.sure, ids)}{perhaps}"


def strongest_in_words(k: int, sign: Sign) -> str:
    """Return what the `k` strongest superpixels of a sign are called, such as "5 strongest for the class"."""
    return f"{k} {_OF_SIGN[sign]}"


def certain_top(order: Order, scores: NDArray[np.float64], k: int, sign: Sign) -> TopK:
    """Return what is certain about the `k` strongest of scores (S,); see `Attribution.certain_top`."""
    if k < 1:
        raise SpecError(f"k must be at least 1; got {k}.")
    count = len(scores)
    signed: dict[str, tuple[Any, ...]] = {
        "positive": (order.best_by_value, order.worst_by_value, order.signs > 0, order.signs < 0),
        "negative": (
            count + 1 - order.worst_by_value,
            count + 1 - order.best_by_value,
            order.signs < 0,
            order.signs > 0,
        ),
        "both": (order.best_by_size, order.worst_by_size, order.signs != 0, np.zeros(count, bool)),
    }
    if sign not in signed:
        raise SpecError(f"sign must be one of {', '.join(signed)}; got {sign!r}.")
    best, worst, of_sign, of_other = signed[sign]
    sure = (worst <= k) & of_sign
    possible = (best <= k) & ~of_other & ~sure
    strength = {"positive": scores, "negative": -scores, "both": np.abs(scores)}[sign]
    ranked = np.argsort(-strength, kind="stable")
    return TopK(k, sign, tuple(ranked[sure[ranked]].tolist()), tuple(ranked[possible[ranked]].tolist()))


def order_to_dict(order: Order | None) -> dict[str, list[int]] | None:
    """Return an order as plain lists for JSON; `order_from_dict` is the inverse."""
    return None if order is None else {name: getattr(order, name).tolist() for name in (*_BOUNDS, "signs")}


def order_from_dict(values: dict[str, list[int]] | None, superpixels: int) -> Order | None:
    """Build from the result of `order_to_dict`; `LimeError` where it is no order of so many superpixels."""
    if values is None:
        return None
    arrays = {name: np.array(values[name]) for name in (*_BOUNDS, "signs")}
    for name, array in arrays.items():
        low, high = (-1, 1) if name == "signs" else (1, superpixels)
        whole = array.shape == (superpixels,) and array.dtype.kind == "i"
        if not whole or not (low <= array.min() and array.max() <= high):
            raise LimeError(f"{name} of an order must hold {superpixels} whole numbers {low}..{high}")
    return Order(**{name: array.astype(np.int32) for name, array in arrays.items()})


def _listed(superpixels: tuple[int, ...], ids: Sequence[int] | NDArray[np.int64]) -> str:
    named = ", ".join(str(int(ids[superpixel])) for superpixel in superpixels[:_MOST_NAMED]) or "none"
    left = len(superpixels) - _MOST_NAMED
    return f"{named} and {left} more" if left > 0 else named
