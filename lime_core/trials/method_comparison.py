"""What comes of comparing methods: numbers a method and class, the best of each, and how far the methods agree."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from lime_core.codec import encode_array
from lime_core.errors import SpecError
from lime_core.explanation.agreement import jaccard, rank_correlation
from lime_core.settings.spec import ExplainSpec
from lime_core.trials.measured import Better, Measured, best_of
from lime_core.trials.method_measures import MethodMeasures, RandomOrders
from lime_core.trials.shared import to_json_ready

Floats = NDArray[np.float64]

Column = Literal[
    "top_alone", "without_top", "deletion_area", "insertion_area", "agreement_between_seeds", "seconds", "calls"
]
COLUMNS: tuple[Column, ...] = get_args(Column)

_BETTER: Mapping[Column, Better] = {
    "top_alone": "highest",
    "without_top": "lowest",
    "deletion_area": "lowest",
    "insertion_area": "highest",
    "agreement_between_seeds": "highest",
    "seconds": "lowest",
    "calls": "lowest",
}
_FORMAT = "limelight-methods/1"
_SAME_TIME = 1.1  # times within a tenth of the least are tied: as much as a machine's own noise


@dataclass(frozen=True, slots=True, eq=False)
class MethodAgreement:
    """How far M methods agree about one class, every two of them: symmetric float64 ``(M, M)``.

    Attributes
    ----------
    rank_correlation : ndarray
        Spearman's rank correlation of the scores, −1..1; of their strengths where one of the two has no sign. NaN
        where one's scores are all equal.
    jaccard : ndarray
        Jaccard index of the K strongest superpixels, 0..1.
    sign : ndarray
        Share of superpixels with the same sign among those to which both give a score other than 0 and that are among
        the K strongest, of either sign, of one of the two; NaN where there are none, or one has no sign.
    """

    rank_correlation: Floats
    jaccard: Floats
    sign: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Shared:
    """What all methods name.

    Attributes
    ----------
    common : tuple of int
        Superpixels among the K strongest of every method, in rising order.
    counts : ndarray of int64, shape (S,)
        How many methods name each superpixel among their K strongest.
    """

    common: tuple[int, ...]
    counts: NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class MethodComparison:
    """Methods side by side: one picture and model, the same superpixels, the same budget, the same questions after.

    Attributes
    ----------
    methods : tuple of MethodMeasures
        In the order asked for.
    failed : mapping of str to str
        Methods without a result, and why in a sentence.
    segments : ndarray of int32, shape (H, W)
        The superpixels that all methods are judged on.
    spec : ExplainSpec
        The settings; `spec.samples` is the most pictures a method may ask about, and `spec.classes` are the classes.
    top_k : int
        K: how many superpixels count as the strongest.
    seeds : tuple of int
        Those of methods that draw something at random. Values are means over them; attributions are of the first.
    random : tuple of RandomOrders
        One a class, by falling output.
    """

    methods: tuple[MethodMeasures, ...]
    failed: Mapping[str, str]
    segments: NDArray[np.int32]
    spec: ExplainSpec
    top_k: int
    seeds: tuple[int, ...]
    random: tuple[RandomOrders, ...]

    def __getitem__(self, method: str) -> MethodMeasures:
        """Return the measures of a method; `SpecError` when it has none."""
        for item in self.methods:
            if item.method == method:
                return item
        raise SpecError(f"There is no result of the method {method!r}; there are {[m.method for m in self.methods]}.")

    def random_orders(self, index: int) -> RandomOrders:
        """Return what chance gives for a class; `SpecError` when it was not explained."""
        for orders in self.random:
            if orders.index == index:
                return orders
        raise SpecError(f"Class {index} was not explained; explained are {[orders.index for orders in self.random]}.")

    def best(self, index: int, column: Column) -> tuple[str, ...]:
        """Return the method that is best in a column for a class, and behind it those tied with it.

        The rule for ties is that of `lime_core.trials.measured.best_of`; times within a tenth of the least are tied.
        Empty where no method has a value.

        Raises
        ------
        SpecError
            When there is no such column, or the class was not explained.
        """
        if column not in _BETTER:
            raise SpecError(f"column must be one of {', '.join(COLUMNS)}; got {column!r}.")
        self.random_orders(index)  # refuses a class that was not explained
        if column == "seconds":
            times = {item.method: item.seconds for item in self.methods if item.seconds == item.seconds}
            order = sorted(times, key=times.__getitem__)
            return tuple(name for name in order if times[name] <= _SAME_TIME * times[order[0]])
        return best_of({item.method: _cell(item, index, column) for item in self.methods}, _BETTER[column])

    def agreement(self, index: int) -> MethodAgreement:
        """Return how far every two methods agree about a class; rows and columns are those of `methods`."""
        sides = [_Side.of(item, index, self.top_k) for item in self.methods]
        return MethodAgreement(
            rank_correlation=_matrix(sides, _rank_correlation),
            jaccard=_matrix(sides, lambda one, other: jaccard(one.top, other.top)),
            sign=_matrix(sides, _same_sign),
        )

    def shared(self, index: int) -> Shared:
        """Return which superpixels all methods name among the K strongest for a class, and how many name each."""
        counts = np.zeros(int(self.segments.max()) + 1, np.int64)
        for item in self.methods:
            counts[list(item[index].top)] += 1
        common = np.flatnonzero((counts == len(self.methods)) & (counts > 0))
        return Shared(tuple(common.tolist()), counts)

    def document(self) -> dict[str, Any]:
        """Return everything as plain values for JSON; NaN as None.

        ``methods`` holds for each method ``method``, ``calls``, ``seconds`` and ``classes``, and for each class
        ``index``, ``name``, ``scores`` (one a superpixel), the measures by their names, and their standard errors in
        ``errors``. ``classes`` holds for each class what concerns all methods. Superpixels are called as in
        ``superpixel_ids``.
        """
        ids = self.spec.segmentation.superpixel_ids(int(self.segments.max()) + 1)
        settings = {name: value for name, value in self.spec.to_dict().items() if name != "view"}
        document = {
            "format": _FORMAT,
            "top_k": self.top_k,
            "samples": self.spec.samples,
            "seeds": self.seeds,
            "methods": [item.document(ids) for item in self.methods],
            "failed": self.failed,
            "classes": [self._class_document(orders, ids) for orders in self.random],
            "superpixel_ids": ids,
            "spec": settings,
            "provenance": self.methods[0].attribution.provenance if self.methods else None,
        }
        plain: dict[str, Any] = to_json_ready(document)
        return plain | {"segments": encode_array(self.segments)}

    def to_json(self) -> str:
        """Return `document` as a JSON text."""
        return json.dumps(self.document(), indent=1, allow_nan=False)

    def _class_document(self, orders: RandomOrders, ids: NDArray[np.int64]) -> dict[str, Any]:
        agreement, shared = self.agreement(orders.index), self.shared(orders.index)
        return {
            "index": orders.index,
            "random": {"area": orders.area, "top_alone": orders.top_alone, "without_top": orders.without_top},
            "best": {column: self.best(orders.index, column) for column in COLUMNS},
            "agreement": agreement,
            "shared": {"common": ids[list(shared.common)], "counts": shared.counts},
        }


def _cell(item: MethodMeasures, index: int, column: Column) -> Measured:
    if column == "calls":
        return Measured.over_seeds([float(item.calls)], random=False)
    measured: Measured = getattr(item[index], column)
    return measured


@dataclass(frozen=True, slots=True, eq=False)
class _Side:
    """What is compared of one method: scores (S,), the K strongest for the class, and those of either sign."""

    scores: Floats
    signed: bool
    top: tuple[int, ...]
    strongest: tuple[int, ...]

    @classmethod
    def of(cls, item: MethodMeasures, index: int, k: int) -> _Side:
        attribution = item.attribution
        strongest = attribution.top_features(index, k, "both")
        return cls(attribution.scores(index), attribution.signed, item[index].top, strongest)


def _matrix(sides: Sequence[_Side], value: Callable[[_Side, _Side], float]) -> Floats:
    """Return what a symmetric function says of every two methods, float64 ``(M, M)``."""
    result = np.empty((len(sides), len(sides)))
    for row, one in enumerate(sides):
        for column, other in enumerate(sides[: row + 1]):
            result[row, column] = result[column, row] = value(one, other)
    return result


def _rank_correlation(one: _Side, other: _Side) -> float:
    if one.signed and other.signed:
        return rank_correlation(one.scores, other.scores)
    return rank_correlation(np.abs(one.scores), np.abs(other.scores))


def _same_sign(one: _Side, other: _Side) -> float:
    if not (one.signed and other.signed):
        return float("nan")
    first, second = np.sign(one.scores), np.sign(other.scores)
    both = [feature for feature in {*one.strongest, *other.strongest} if first[feature] and second[feature]]
    return float(np.mean(first[both] == second[both])) if both else float("nan")
