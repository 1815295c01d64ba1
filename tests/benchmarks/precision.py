"""Do coefficients stay as close to those in f32 as a result in reduced precision says?

bf16 is emulated, so that the answer is the same on every processor. Nothing is timed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

import lime_core as lc
from lime_core.answers.classes import chosen_classes
from lime_core.answers.query import stream
from lime_core.blas import one_thread
from lime_core.methods.lime.precision import admission
from lime_core.methods.lime.workings import solve
from tests.benchmarks.pictures import Picture

HEADER = ("picture", "within the stated 95 % bars", "stated / std error", "moved / std error", "auto uses")
_TWO_SIDED_95 = 1.96


@dataclass(frozen=True, slots=True)
class PictureRow:
    """What was found for one picture.

    Attributes
    ----------
    picture : str
        Its name.
    inside : int
        Coefficients of all samples in f32 that lie within 1.96 of the stated standard deviations from those in reduced
        precision.
    coefficients : int
        Of how many.
    stated, moved : float
        Root mean square of the stated standard deviation, and of what coefficients have moved by, over the standard
        error.
    admitted : bool
        Whether ``auto`` would have used reduced precision.
    """

    picture: str
    inside: int
    coefficients: int
    stated: float
    moved: float
    admitted: bool


def measure(
    pictures: Iterable[Picture], exact: lc.Classifier, reduced: lc.Classifier, samples: int
) -> Iterator[PictureRow]:
    """Yield what is found for each picture: both classifiers are asked about the same masks."""
    spec = lc.ExplainSpec(samples=samples, early_stop=False)
    for picture in pictures:
        *_, answers = stream(picture.image, reduced, spec, exact=exact)
        reference = lc.query(picture.image, exact, spec)
        yield picture_row(picture.name, answers, reference, spec)


def picture_row(name: str, answers: lc.Neighborhood, reference: lc.Neighborhood, spec: lc.ExplainSpec) -> PictureRow:
    """Hold answers in reduced precision, some of them compared, against those in f32 to the same masks."""
    classes = chosen_classes(reference.original_outputs, spec)
    with one_thread():
        workings, expected = solve(answers, spec, classes), solve(reference, spec, classes)
        found = workings.moved(answers, spec, classes)
        admitted = admission(answers, spec, answers.samples)
    if found is None or admitted is None:
        raise lc.LimeError(f"{name}: too few samples to say how far coefficients have moved; ask for more.")
    errors = np.sqrt(np.diagonal(workings.covariances).T)
    distances = np.abs(workings.fitted.coefficients - expected.fitted.coefficients)
    scale = np.sqrt(np.mean(errors**2, axis=1, keepdims=True))
    return PictureRow(
        name,
        int((distances <= _TWO_SIDED_95 * found.std).sum()),
        distances.size,
        float(np.sqrt(np.mean((found.std / scale) ** 2))),
        float(np.sqrt(np.mean((distances / scale) ** 2))),
        admitted.granted,
    )


def share_inside(rows: Iterable[PictureRow]) -> float:
    """Return the share of all coefficients that lie within the stated bars."""
    rows = list(rows)
    return sum(row.inside for row in rows) / sum(row.coefficients for row in rows)


def cells(row: PictureRow) -> list[str]:
    """Return the row under `HEADER`."""
    inside = f"{row.inside / row.coefficients:.1%} of {row.coefficients}"
    return [row.picture, inside, f"{row.stated:.2f}", f"{row.moved:.2f}", "bf16" if row.admitted else "f32"]
