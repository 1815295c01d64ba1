"""HSIC attribution: how strongly the answers depend on whether a superpixel is shown.

The Hilbert–Schmidt independence criterion [1]_ of a superpixel's column of the masks and of the answers, with the
kernel of [2]_ for masks, 1 + ½ − (z − z')², and a Gaussian one for answers, exp(−(y − y')² / 2w²). In words: how far
the distribution of the answers while the superpixel is shown is from that while it is hidden.

Two things differ from the implementation of [2]_, by measurement: at equal calls balanced masks told the superpixels
that matter from the others better than independent ones and Latin hypercubes; and w is the median distance between two
answers in place of the median answer, which depends on where zero is and log-odds have no zero of their own.

References
----------
.. [1] Gretton, Bousquet, Smola and Schölkopf, "Measuring statistical dependence with Hilbert-Schmidt norms", ALT 2005.
.. [2] Novello, Fel and Vigouroux, "Making sense of dependence: efficient black-box explanations using dependence
   measure", NeurIPS 2022.
"""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from lime_core.answers.classes import chosen_classes
from lime_core.answers.neighborhood import Neighborhood
from lime_core.blas import one_thread
from lime_core.explanation.attribution import Attribution
from lime_core.masks.samplers import Balanced
from lime_core.methods.base import MaskMethod, scored
from lime_core.settings.spec import ExplainSpec

Floats = NDArray[np.float64]

MOST_COMPARED = 5_000  # samples: each is compared with each other one
_ROWS = 1000  # of the matrix of kernels at a time
_FOR_WIDTH = 2000  # samples


class Hsic(MaskMethod):
    """The Hilbert–Schmidt independence criterion of each superpixel and the target.

    Without a sign: a superpixel that raises the target and one that lowers it get the same. No more than 5,000 samples
    are asked for. Scores of superpixels without an effect are not 0 but small, and smaller with more samples.
    """

    name: ClassVar[str] = "hsic"
    title: ClassVar[str] = "HSIC"
    summary: ClassVar[str] = "How strongly the output depends on whether this superpixel is shown, in any way."

    def asked(self, spec: ExplainSpec) -> ExplainSpec:
        """Return `spec` with balanced masks."""
        samples = min(spec.samples, MOST_COMPARED)
        return replace(spec, sampler=Balanced(), samples=samples, include_original=False, early_stop=False)

    @one_thread()
    def from_answers(self, neighborhood: Neighborhood, spec: ExplainSpec) -> Attribution:
        """Return one criterion a superpixel and class."""
        self.check(neighborhood)
        spec = neighborhood.fitted_spec(spec)
        indices = chosen_classes(neighborhood.original_outputs, spec)
        targets = spec.target.values(neighborhood.outputs[:, indices])
        scores = [independence_criteria(neighborhood.masks, column, median_distance(column)) for column in targets.T]
        return scored(self, neighborhood, spec, np.array(scores), signed=False, unit="HSIC, without a unit")


def independence_criteria(masks: NDArray[np.uint8], answers: Floats, width: float) -> Floats:
    """Return tr(KHLH) / (N − 1)² for each superpixel, float64 ``(S,)``.

    Parameters
    ----------
    masks : ndarray of uint8, shape (N, S)
        1 = shown, 0 = hidden.
    answers : ndarray of float64, shape (N,)
        What they are set against.
    width : float
        Of the Gaussian kernel of the answers; at 0 nothing depends on anything.
    """
    samples = len(masks)
    if width == 0 or samples < 2:
        return np.zeros(masks.shape[1])
    # For z in {0, 1} the kernel of masks is 2zz' and terms that the centring H takes away, so that K is of rank one.
    columns = masks - masks.mean(axis=0)
    criteria = np.zeros(masks.shape[1])
    for start in range(0, samples, _ROWS):
        rows = slice(start, start + _ROWS)
        kernel = np.exp(-(((answers[rows, None] - answers) / width) ** 2) / 2)
        criteria += np.einsum("ij,ij->j", columns[rows], kernel @ columns)
    return np.maximum(2 * criteria / (samples - 1) ** 2, 0.0)


def median_distance(answers: Floats) -> float:
    """Return the median distance between two answers; the mean one where most answers are the same."""
    few = answers[:_FOR_WIDTH]
    distances = np.abs(few[:, None] - few)[np.triu_indices(len(few), 1)]
    if not distances.size:
        return 0.0
    return float(np.median(distances) or distances.mean())
