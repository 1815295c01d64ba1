"""Anchors behind the seam for methods: one search a class, over one pool of samples."""

from __future__ import annotations

import time
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from lime_core.answers.classes import chosen_classes, explainable
from lime_core.answers.neighborhood import Neighborhood, merged_notes
from lime_core.answers.origin import provenance_of
from lime_core.answers.probe import Probe
from lime_core.answers.query import Progress
from lime_core.answers.scene import prepare
from lime_core.errors import ModelError
from lime_core.explanation.anchors import AnchorAttribution, ClassAnchor
from lime_core.explanation.attribution import without_view
from lime_core.methods.anchors.pool import Pool
from lime_core.methods.anchors.search import PRECISION, Found, find_anchor
from lime_core.models.protocol import Classifier, outputs_of, result_notes_of
from lime_core.picture.image import Image
from lime_core.settings.spec import ExplainSpec

_LEAST_SCORE = 0.01
_SHARED = 1 / 3  # of the budget: drawn first, without an anchor, for all classes and candidates


class Anchors:
    """The smallest set of superpixels that fixes the answer, whatever else is hidden [1]_.

    The answer about the most probable class is that it stays the most probable one; about the r-th class, that it stays
    among the first r. A set is an anchor when the answer is kept in at least 95 % of the perturbed pictures that show
    all of it, and show each other superpixel with one half. The search is the paper's: a beam of sets that grow by one
    superpixel at a time, between which KL-LUCB decides. As all sets of one size are shown equally often, the first
    size at which one holds has the largest coverage.

    All classes share `samples` pictures, and the samples of one search serve the next. Precision has bounds from the
    Kullback-Leibler divergence. The sampler and the target do not matter.

    References
    ----------
    .. [1] Ribeiro, Singh and Guestrin, "Anchors: High-Precision Model-Agnostic Explanations", AAAI 2018.
    """

    name: ClassVar[str] = "anchors"
    title: ClassVar[str] = "Anchors"
    summary: ClassVar[str] = "The smallest set of superpixels that fixes the answer, whatever else is hidden."

    def obstacle(self, classifier: Classifier) -> str | None:
        """Return why this model has no answer that could be fixed; None where it has, or does not know yet."""
        return _ONE_OUTPUT if len(classifier.class_names) == 1 else None

    def planned_calls(self, spec: ExplainSpec, superpixels: int) -> int:  # noqa: ARG002 - whatever the cut
        """Return the most pictures that the model is asked about; a search that ends early asks about fewer."""
        return spec.samples + 1

    def draws_at_random(self, spec: ExplainSpec) -> bool:  # noqa: ARG002 - whatever is asked
        """Return True: the perturbed pictures are drawn."""
        return True

    def attribute(
        self,
        image: Image,
        classifier: Classifier,
        spec: ExplainSpec,
        *,
        known: Neighborhood | None = None,  # noqa: ARG002 - it asks about masks of its own
        on_progress: Progress | None = None,
    ) -> AnchorAttribution:
        """Search for the anchor of each class, as `Method.attribute` describes."""
        started = time.perf_counter()
        scene = prepare(image, classifier.input_size, spec)
        timings = {"prepare": time.perf_counter() - started}
        probe = Probe(scene, classifier)
        if len(probe.original) == 1:
            raise ModelError(_ONE_OUTPUT)
        indices = chosen_classes(probe.original, spec)
        ranks = [int((probe.original > probe.original[index]).sum()) + 1 for index in indices]
        progress = _Counter(on_progress, spec.samples)
        pool = Pool(probe, lambda outputs: _kept(outputs, indices, ranks), spec.samples, spec.seed, progress)
        pool.draw([()], max(int(spec.samples * _SHARED), 1), pool.left)
        found = [find_anchor(pool, row, pool.left // (len(indices) - row)) for row in range(len(indices))]
        progress(spec.samples)
        timings["query"] = time.perf_counter() - started - timings["prepare"]
        spec = explainable(without_view(spec), outputs_of(classifier))
        ids = spec.segmentation.superpixel_ids(scene.superpixels)
        classes = tuple(
            ClassAnchor(
                index=index,
                name=probe.class_names[index],
                output=float(probe.original[index]),
                scores=_scores(pool, row, found[row]),
                anchor=found[row].anchor,
                rank=ranks[row],
                precision=found[row].precision,
                precision_low=found[row].low,
                precision_high=found[row].high,
                samples=found[row].samples,
                holds=found[row].holds,
            )
            for row, index in enumerate(indices)
        )
        return AnchorAttribution(
            classes=classes,
            segments=scene.segments,
            signed=False,
            unit="loss of precision without it",
            calls=pool.calls + 1,
            method=self.name,
            provenance=provenance_of(image, classifier, timings),
            spec=spec,
            notes=merged_notes(
                tuple(_in_words(item, ids, pool.calls) for item in classes), image.notes, result_notes_of(classifier)
            ),
        )


_ONE_OUTPUT = (
    "Anchors fix which class comes first, and this model has a single output; name its two classes, or choose another "
    "method."
)


class _Counter:
    """Passes on how many pictures were asked about, up to a total, each number once."""

    def __init__(self, on_progress: Progress | None, total: int) -> None:
        self._on_progress, self._total, self._done = on_progress, total, 0

    def __call__(self, done: int) -> None:
        if self._on_progress is not None and done > self._done:
            self._done = done
            self._on_progress(done, self._total)


def _kept(outputs: NDArray[np.float32], indices: list[int], ranks: list[int]) -> NDArray[np.bool_]:
    """Return whether each class is among as many first ones as for the unmodified picture, bool ``(B, K)``."""
    ahead = np.stack([(outputs > outputs[:, [index]]).sum(axis=1) for index in indices], axis=1)
    kept: NDArray[np.bool_] = ahead < np.array(ranks)
    return kept


def _scores(pool: Pool, column: int, found: Found) -> NDArray[np.float64]:
    """Return by how much the precision falls without each superpixel of an anchor, by the samples that are there."""
    scores = np.zeros(pool.superpixels)
    for superpixel in found.anchor:
        kept, samples = pool.counts(tuple(each for each in found.anchor if each != superpixel), column)
        # Half a sample of either kind, as there may be none.
        scores[superpixel] = max(found.precision - (kept + 0.5) / (samples + 1), _LEAST_SCORE)
    return scores


def _in_words(item: ClassAnchor, ids: NDArray[np.int64], calls: int) -> str:
    """Say what an anchor means for its class."""
    shown = ", ".join(str(ids[superpixel]) for superpixel in item.anchor)
    answer = "stays the first class" if item.rank == 1 else f"stays among the first {item.rank} classes"
    share = f"{item.precision:.1%} of the perturbed pictures"
    bounds = f"(95 % bounds {item.precision_low:.1%} to {item.precision_high:.1%})"
    if not item.holds:
        best = f"superpixels {shown}" if shown else "the empty one"
        return (
            f"{item.name}: no set of superpixels was shown to fix the answer to {PRECISION:.0%} with {calls:,} "
            f"pictures. The best found is {best}: it {answer} in {share} {bounds}. More samples may find one."
        )
    if not shown:
        return f"{item.name}: {answer} in {share} {bounds}, whatever is hidden, so its anchor is empty."
    return (
        f"{item.name}: where superpixels {shown} are shown, it {answer} in {share} {bounds}. This covers "
        f"{item.coverage:.2%} of all perturbed pictures, which show each superpixel with one half."
    )
