"""Asking in f32 or in reduced precision, and when reduced precision is good enough.

In reduced precision some samples are asked in f32 as well, see `asked_twice`. They are kept in f32, and their
differences say how far the rest may have moved the coefficients (`lime_core.methods.lime.moved`); that is part of the
error bars. ``auto`` asks in reduced precision as long as these standard deviations stay small beside the standard
errors that the samples alone give (the root mean square of each class's): under a third in the root mean square over
all superpixels of all explained classes, which widens the error bars by 5 %, and for no single coefficient over the
whole. Both sides are taken as they will be at the end of the run.

The test is made when the first block of masks is complete, each time the samples have doubled since, at the end, and
when a run is gone on from. Noise shrinks with the standard errors as the run grows and a shift does not, so a longer
run can need f32 where a shorter one does not. It then begins anew in f32, with the samples that were asked in f32
first.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, replace

import numpy as np

from lime_core.answers.classes import chosen_classes
from lime_core.answers.growing import asked_twice
from lime_core.answers.neighborhood import SETTLED, Neighborhood, first_samples, merged_notes
from lime_core.answers.query import stream
from lime_core.answers.scene import Scene, prepare
from lime_core.answers.stopping import block_length
from lime_core.blas import one_thread
from lime_core.errors import ModelError
from lime_core.methods.lime.moved import root_mean_square
from lime_core.methods.lime.workings import solve
from lime_core.models.engines.base import Precision, PrecisionChoice, precision_of
from lime_core.models.engines.openvino_runtime import bf16_available
from lime_core.models.protocol import Classifier
from lime_core.picture.image import Image
from lime_core.settings.spec import ExplainSpec

MOST_ON_AVERAGE, MOST_ALONE = 1 / 3, 1.0  # of the standard errors
# With fewer samples those that are asked twice, and the block that is lost when f32 is needed, cost what bf16 saves.
LEAST_SAMPLES = 256
_REDUCED: Precision = "bf16"
_UNKNOWN = f"Asked in {_REDUCED} and not compared with f32: how far it has moved the scores is not known."

Load = Callable[[Precision], Classifier]


@dataclass(frozen=True, slots=True)
class Admission:
    """Whether reduced precision is good enough for a run.

    Attributes
    ----------
    average : float
        Root mean square, over all coefficients, of how far they may have moved over their standard errors; infinite
        where that cannot be told.
    largest : float
        The same for the coefficient where it is largest.
    samples : int
        Of the whole run.
    """

    average: float
    largest: float
    samples: int

    @property
    def granted(self) -> bool:
        """Whether what moves is small enough."""
        return self.average < MOST_ON_AVERAGE and self.largest < MOST_ALONE

    def refusal(self) -> str:
        """Return a sentence for the result of a run that is asked in f32 for this reason."""
        if np.isinf(self.average):
            return f"Asked in f32: how far {_REDUCED} moves the coefficients could not be told."
        return (
            f"Asked in f32: in {_REDUCED} the coefficients of {self.samples:,} samples might move by "
            f"{self.average:.0%} of their standard errors on average and {self.largest:.0%} at most, where a third "
            "and the whole is allowed."
        )


def stream_in(
    precision: PrecisionChoice,
    image: Image,
    load: Load,
    spec: ExplainSpec,
    *,
    fitted: bool,
    known: Neighborhood | None = None,
    scene: Scene | None = None,
) -> Iterator[Neighborhood]:
    """Ask as `stream` does, in the precision that is wanted or good enough; deterministic for a seed and a machine.

    Parameters
    ----------
    precision : {"auto", "f32", "bf16"}
        ``bf16`` asks in it however far it moves the coefficients; the result says how far.
    image : Image
        The picture.
    load : callable
        Returns the model in a precision; called for those that are needed only.
    spec : ExplainSpec
        Settings of the query and of the fit.
    fitted : bool
        Whether a surrogate is fitted to the answers. Only its coefficients have the standard errors that what moves is
        compared with, so ``auto`` is f32 for other methods, for trees and where the samples select superpixels.
    known : Neighborhood, optional
        Answers to go on from, in any precision.
    scene : Scene, optional
        As in `stream`.

    Yields
    ------
    neighborhood : Neighborhood
        Its engine says in which precision it was asked. When ``auto`` turns to f32, the samples become fewer.

    Raises
    ------
    ModelError
        When the two classifiers are not the same model.
    LimeError
        See `query`.
    """
    exact = load("f32")
    if scene is None:
        scene = prepare(image, exact.input_size, spec)
    samples = spec.sampler.size(spec.samples, scene.superpixels)
    begun = None if known is None else precision_of(known.provenance.engine)
    barred = fitted and spec.surrogate.linear
    refused = None
    if precision == "bf16" or (
        precision == "auto"
        and begun != "f32"
        and barred
        and spec.intervals_hold
        and samples >= max(LEAST_SAMPLES, 2 * block_length(scene.superpixels))
        and exact.engine == "openvino"
        and bf16_available()
    ):
        reduced = load(_REDUCED)
        if reduced.weights_sha256 != exact.weights_sha256:
            raise ModelError(f"{exact.id} and {reduced.id} have different weights; compare one model.")
        if begun == "f32":
            known = None
        grown = stream(image, reduced, spec, known=known, scene=scene, exact=exact if barred else None)
        if precision == "bf16":
            yield from grown if barred else (_with_note(answers, _UNKNOWN) for answers in grown)
            return
        refused, known = yield from _while_granted(grown, known, spec, samples)
        if refused is None:
            return
    note = None if refused is None else refused.refusal()
    for answers in stream(image, exact, spec, known=_exact_part(known, exact), scene=scene):
        yield answers if note is None else _with_note(answers, note)


def _with_note(answers: Neighborhood, note: str) -> Neighborhood:
    return replace(answers, notes=merged_notes(answers.notes, (note,)))


def _while_granted(
    grown: Iterator[Neighborhood], known: Neighborhood | None, spec: ExplainSpec, samples: int
) -> Generator[Neighborhood, None, tuple[Admission | None, Neighborhood | None]]:
    """Yield answers while reduced precision is good enough; return why it no longer is, and all answers there are."""
    looked = 0
    if known is not None:
        refused, looked = _refused(known, spec, samples), known.samples
        if refused is not None:
            return refused, known
    for known in grown:
        whole = known.samples if known.stop_reason in SETTLED else samples
        if known.samples >= min(max(2 * looked, block_length(known.superpixels)), whole):
            refused, looked = _refused(known, spec, whole), known.samples
            if refused is not None:
                return refused, known
        yield known
    return None, known


def admission(answers: Neighborhood, spec: ExplainSpec, samples: int) -> Admission | None:
    """Say whether reduced precision is good enough for a run of `samples`, from the answers so far.

    None where they cannot tell: none were compared, or they are too few for standard errors.
    """
    if answers.compared is None or answers.compared_outputs is None:
        return None
    spec = answers.fitted_spec(spec)
    classes = chosen_classes(answers.original_outputs, spec)
    twice = int(asked_twice(np.arange(samples)).sum())
    with one_thread():
        workings = solve(answers, spec, classes)
        ahead = {"whole": True, "uncertainty": len(answers.compared) / max(twice, len(answers.compared))}
        found = workings.moved(answers, spec, classes, **ahead)
        if found is None or not workings.enough.all():
            return None
        variances = np.diagonal(workings.covariances).T
    growth, left = answers.samples / samples, 1 - twice / samples
    ratios = found.ratios(variances * growth, noise=growth * left, shift=left**2)
    return Admission(root_mean_square(ratios), float(ratios.max()), samples)


def _refused(answers: Neighborhood, spec: ExplainSpec, samples: int) -> Admission | None:
    found = admission(answers, spec, samples)
    if found is None and answers.samples >= samples:
        found = Admission(math.inf, math.inf, samples)
    return None if found is None or found.granted else found


def _exact_part(answers: Neighborhood | None, exact: Classifier) -> Neighborhood | None:
    """Return the answers in f32 with which a run begins; None where there are none."""
    if answers is None or precision_of(answers.provenance.engine) == "f32":
        return answers
    if answers.compared is None:
        return None
    same = answers.compared == np.arange(len(answers.compared))
    count = len(same) if same.all() else int(same.argmin())
    if count < 2:
        return None
    return replace(
        first_samples(answers, count),
        provenance=replace(answers.provenance, engine=exact.engine),
        notes=(),
        compared=None,
        compared_outputs=None,
        stop_reason="stopped",
    )
