"""Is bf16 good enough for this picture? Asked of the picture itself, before its explanation rests on it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from lime_core.answers.neighborhood import Neighborhood
from lime_core.answers.query import query
from lime_core.answers.scene import prepare
from lime_core.answers.stopping import block_length
from lime_core.errors import ModelError
from lime_core.explanation.agreement import jaccard
from lime_core.methods.lime.fit import fit_surrogate
from lime_core.models.protocol import Classifier
from lime_core.picture.image import Image
from lime_core.settings.spec import ExplainSpec
from lime_core.surrogates.families import Ridge
from lime_core.surrogates.selection import All

# Of one perturbed picture; an explanation averages over hundreds of them.
PROBABILITY_TOLERANCE = 0.1
# Of five superpixels one exchanged for another leaves 4/6: on average no more than that.
JACCARD_TOLERANCE = 2 / 3
_TOP = 5


@dataclass(frozen=True, slots=True)
class PrecisionReport:
    """How far reduced precision moves one explanation.

    Attributes
    ----------
    max_probability_difference : float
        Largest change of a shown class's probability over all perturbed pictures of the first block.
    top5_jaccard : float
        Overlap (0..1) of the five strongest superpixels, averaged over the shown classes.
    accepted : bool
        Whether the former is at most `PROBABILITY_TOLERANCE` and the latter at least `JACCARD_TOLERANCE`.
    reference, reduced : Neighborhood
        The answers in f32 and in reduced precision; a query goes on from either of them when it is given as `known`.
    """

    max_probability_difference: float
    top5_jaccard: float
    accepted: bool
    reference: Neighborhood
    reduced: Neighborhood

    def describe(self) -> str:
        """Return a sentence for the result: what ran, and what the check found."""
        found = (
            f"on the first {self.reference.samples} perturbed pictures probabilities moved by up to "
            f"{self.max_probability_difference:.3f} and the top {_TOP} superpixels overlap by {self.top5_jaccard:.0%}"
        )
        if self.accepted:
            return f"Asked in reduced precision ({self.reduced.provenance.engine}): {found}."
        return f"Asked in f32, as reduced precision was not close enough: {found}."


def settle_precision(
    image: Image, classifier_f32: Classifier, classifier_reduced: Classifier, spec: ExplainSpec | None = None
) -> tuple[Classifier, Neighborhood]:
    """Return the classifier to go on with, and its answers to the first block.

    The reduced one if it passes `check_precision`. The answers carry a note that says so, or why not, and a query to
    which they are given as `known` carries it on to the explanation.

    Parameters and errors are those of `check_precision`.
    """
    report = check_precision(image, classifier_f32, classifier_reduced, spec)
    classifier, answers = (
        (classifier_reduced, report.reduced) if report.accepted else (classifier_f32, report.reference)
    )
    return classifier, replace(answers, notes=(report.describe(),))


def check_precision(
    image: Image, classifier_f32: Classifier, classifier_reduced: Classifier, spec: ExplainSpec | None = None
) -> PrecisionReport:
    """Ask both classifiers about the first block of perturbed pictures, and compare what comes of it.

    Parameters
    ----------
    image : Image
        The picture to be explained.
    classifier_f32, classifier_reduced : Classifier
        The same model in f32 and, say, in bf16.
    spec : ExplainSpec, optional
        Settings of the explanation.

    Returns
    -------
    report : PrecisionReport

    Raises
    ------
    ModelError
        If the classifiers are not the same model.
    LimeError
        See `query` and `fit`.
    """
    if classifier_f32.weights_sha256 != classifier_reduced.weights_sha256:
        raise ModelError(f"{classifier_f32.id} and {classifier_reduced.id} have different weights; compare one model.")
    spec = spec or ExplainSpec()
    block = block_length(prepare(image, classifier_f32.input_size, spec).superpixels)
    # Whatever is explained in the end, answers are compared by what a plain fit makes of them.
    short = replace(spec, samples=min(spec.samples, block), early_stop=False, surrogate=Ridge(), selection=All())
    reference, reduced = (query(image, each, short) for each in (classifier_f32, classifier_reduced))

    expected, _ = fit_surrogate(reference, short)
    # The classes that f32 shows, also where the other would show different ones.
    shown = [item.index for item in expected.classes]
    reduced_result, _ = fit_surrogate(reduced, replace(short, classes=tuple(shown)))
    difference = float(np.abs(reference.outputs[:, shown] - reduced.outputs[:, shown]).max())
    tops = (
        [explanation.top_features(index, _TOP, "both") for index in shown] for explanation in (expected, reduced_result)
    )
    alike = float(np.mean([jaccard(first, second) for first, second in zip(*tops, strict=True)]))
    accepted = difference <= PROBABILITY_TOLERANCE and alike >= JACCARD_TOLERANCE
    return PrecisionReport(difference, alike, accepted, reference, reduced)
