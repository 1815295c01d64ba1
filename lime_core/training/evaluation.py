"""How good a classifier is on held-out pictures, and what is to be said of the figures."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from lime_core.training.samples import Kind

BINS = 10
_NORMAL = 1.959963984540054  # 97.5 % quantile of the normal distribution
_FEW = 30
_DOMINATES = 0.75


@dataclass(frozen=True, slots=True, eq=False)
class Evaluation:
    """Figures over n pictures; the attributes are those of `lime_core.training.result.Training`."""

    accuracy: float
    interval: tuple[float, float]
    majority: float
    confusion: NDArray[np.int64]
    calibration_error: float


def evaluate(probabilities: NDArray[np.float64], labels: NDArray[np.int64]) -> Evaluation:
    """Compare probabilities ``(n, C)`` with true classes ``(n,)``."""
    n, classes = probabilities.shape
    predicted = probabilities.argmax(axis=1)
    confusion = np.zeros((classes, classes), np.int64)
    np.add.at(confusion, (labels, predicted), 1)
    right = int(np.trace(confusion))
    return Evaluation(
        right / n,
        wilson_interval(right, n),
        float(np.bincount(labels).max() / n),
        confusion,
        calibration_error(probabilities.max(axis=1), predicted == labels),
    )


def wilson_interval(right: int, n: int) -> tuple[float, float]:
    """Return the 95 % interval of a share ``right / n`` (E. B. Wilson, JASA 1927)."""
    share, square = right / n, _NORMAL**2
    centre = (share + square / (2 * n)) / (1 + square / n)
    half = _NORMAL / (1 + square / n) * math.sqrt(share * (1 - share) / n + square / (4 * n**2))
    return max(0.0, centre - half), min(1.0, centre + half)


def calibration_error(confidences: NDArray[np.float64], right: NDArray[np.bool_]) -> float:
    """Return the expected calibration error over ten bins of equal width (Guo et al., ICML 2017).

    Parameters
    ----------
    confidences : ndarray of float64, shape (n,)
        Probabilities of the predicted classes.
    right : ndarray of bool, shape (n,)
        Whether they are the true ones.
    """
    bins = np.minimum((confidences * BINS).astype(int), BINS - 1)
    gaps = np.bincount(bins, right.astype(float) - confidences, BINS)
    return float(np.abs(gaps).sum() / len(confidences))


def notes_on(
    found: Evaluation, classes: tuple[str, ...], labels: NDArray[np.int64], left_out: Mapping[Kind, int]
) -> tuple[str, ...]:
    """Return what a reader of the figures should know, in sentences.

    Parameters
    ----------
    found : Evaluation
        On the held-out pictures.
    classes : tuple of str
        Their names.
    labels : ndarray of int64, shape (n,)
        Classes of all pictures, those trained on as well.
    left_out : mapping of str to int
        How many pictures were left out for each kind of reason.
    """
    notes = []
    counts = np.bincount(labels, minlength=len(classes))
    largest = int(counts.argmax())
    held = int(found.confusion.sum())
    if counts[largest] >= _DOMINATES * len(labels):
        notes.append(
            f"{counts[largest]} of {len(labels)} pictures are {classes[largest]}: the other classes count little in "
            "the accuracy; look at the rows of the confusion matrix."
        )
    if found.interval[0] <= found.majority:
        notes.append(
            f"The accuracy, {found.accuracy:.0%}, cannot be told from the {found.majority:.0%} of always naming the "
            "most frequent class: nothing says that the model has learned to tell the classes apart."
        )
    if held < _FEW:
        notes.append(f"Only {held} pictures were held out, so that accuracy and calibration error are rough.")
    if left_out:
        total = sum(left_out.values())
        listed = ", ".join(f"{n} {'copy' if kind == 'copies' and n == 1 else kind}" for kind, n in left_out.items())
        notes.append(f"{total} {'picture was' if total == 1 else 'pictures were'} left out ({listed}).")
    return tuple(notes)
