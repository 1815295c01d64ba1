"""Which superpixels would have to go for the answer to change."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from lime_core.answers.probe import Probe
from lime_core.answers.scene import prepare
from lime_core.audits.storage.findings import Flip
from lime_core.errors import LimeError
from lime_core.picture.image import load_image

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from lime_core.collections.base import Collection
    from lime_core.models.protocol import Classifier
    from lime_core.settings.spec import ExplainSpec

    Masks = NDArray[np.uint8]

MOST_HIDDEN: Final = 128  # superpixels of one picture, so that its questions stay few


@dataclass(frozen=True, slots=True)
class Suspect:
    """A prediction to be turned.

    Attributes
    ----------
    picture : str
        Path in the collection.
    class_index : int
        The predicted class.
    class_name : str
    seed : int
        That its explanation was made with.
    coefficients : ndarray of float, shape (S,)
        Its evidence for the class.
    """

    picture: str
    class_index: int
    class_name: str
    seed: int
    coefficients: NDArray[np.float64]


def flip(suspect: Suspect, collection: Collection, classifier: Classifier, spec: ExplainSpec) -> Flip | None:
    """Hide the superpixels that speak for a class, the strongest first, until the answer changes.

    All prefixes are asked about at once; from the first that changes the answer, superpixels are put back one by one,
    the weakest first, as long as the answer stays changed. So each superpixel of the result is needed, but a smaller
    set of others may exist.

    Parameters
    ----------
    suspect : Suspect
    collection : Collection
        From which the picture is read.
    classifier : Classifier
    spec : ExplainSpec
        That the picture was explained with; hidden superpixels show its fill.

    Returns
    -------
    flip : Flip or None
        None where the picture cannot be read any more, or is not cut or answered as it was.
    """
    try:
        image = load_image(collection.read(suspect.picture))
        scene = prepare(image, classifier.input_size, replace(spec, seed=suspect.seed))
    except LimeError:
        return None
    if scene.superpixels != len(suspect.coefficients):
        return None
    probe = Probe(scene, classifier)
    if int(np.argmax(probe.original)) != suspect.class_index:
        return None
    order = _strongest(suspect.coefficients)
    hidden, after = _turned(probe, order, suspect.class_index)
    return Flip(suspect.picture, tuple(hidden), suspect.class_name, probe.class_names[after])


def _strongest(coefficients: NDArray[np.float64]) -> list[int]:
    """Return the superpixels that speak for the class, by falling coefficient."""
    order = np.argsort(-coefficients, kind="stable")
    return [int(superpixel) for superpixel in order if coefficients[superpixel] > 0][:MOST_HIDDEN]


def _turned(probe: Probe, order: Sequence[int], class_index: int) -> tuple[list[int], int]:
    """Return the superpixels without which the answer changes, strongest first, and the class that it changes to."""
    if not order:
        return [], class_index
    answers = _answers(probe, [order[: count + 1] for count in range(len(order))])
    turned = np.flatnonzero(answers != class_index)
    if not len(turned):
        return [], class_index
    hidden, after = list(order[: turned[0] + 1]), int(answers[turned[0]])
    while True:
        smaller = [hidden[:index] + hidden[index + 1 :] for index in reversed(range(len(hidden)))]
        answers = _answers(probe, smaller)
        turned = np.flatnonzero(answers != class_index)
        if not len(turned):
            return hidden, after
        hidden, after = smaller[turned[0]], int(answers[turned[0]])


def _answers(probe: Probe, hidden: Sequence[Sequence[int]]) -> NDArray[np.intp]:
    """Return the predicted class with each of some sets of superpixels hidden."""
    masks = np.ones((len(hidden), probe.scene.columns), np.uint8)
    for row, superpixels in zip(masks, hidden, strict=True):
        row[list(superpixels)] = 0
    predicted: NDArray[np.intp] = np.argmax(probe.ask(masks), axis=1)
    return predicted
