"""The slow step: ask the model about perturbed pictures, and keep the masks and the answers."""

from __future__ import annotations

import platform
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from importlib import metadata
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lime_core.answers.classes import chosen_classes
from lime_core.answers.neighborhood import Neighborhood, Provenance, StopReason
from lime_core.answers.probe import BATCH_SIZE, Probe
from lime_core.answers.scene import Scene, prepare
from lime_core.answers.stopping import RunningFit, StoppingRule
from lime_core.errors import LimeError, SpecError
from lime_core.masks.samplers import draw_masks, pair_ids
from lime_core.models.loading import as_classifier
from lime_core.models.protocol import Classifier, identity_of
from lime_core.picture.image import Image, PictureSource, as_image
from lime_core.settings.presets import as_spec
from lime_core.settings.spec import ExplainSpec

Progress = Callable[[int, int], object]

MOST_ENTRIES = 20_000_000  # of the masks: a fit holds a few float64 arrays of that size
_LARGEST_IN_MEMORY = 64 * 2**20  # bytes of outputs
_PACKAGES = ("numpy", "scipy", "scikit-image", "scikit-learn", "pillow", "tensorflow", "keras", "openvino")


def query(
    image: Image | PictureSource,
    classifier: Classifier | str,
    spec: ExplainSpec | str | Mapping[str, Any] | None = None,
    *,
    on_progress: Progress | None = None,
    batch_size: int = BATCH_SIZE,
    known: Neighborhood | None = None,
) -> Neighborhood:
    """Ask the model about N perturbed pictures (slow: N forward passes).

    Parameters
    ----------
    image : Image or what `load_image` takes
        The picture to explain.
    classifier : Classifier or str
        Any classifier, or the name of one in the catalog; one that hides superpixels in its own graph is sent masks
        instead of pictures.
    spec : ExplainSpec, str or mapping, optional
        Settings, the name of a preset, or settings by name; its segmentation and query fields are used, and classes
        and target are checked.
    on_progress : callable, optional
        Called as ``on_progress(done, total)`` after each batch. When it raises, the query stops there and the
        exception passes through; no partial result is kept.
    batch_size : int
        Perturbed pictures per model call; results do not depend on it.
    known : Neighborhood, optional
        Answers to keep: an earlier, shorter query of the same model and picture with the same settings. A
        `CallableClassifier` without an id of its own is the same model only as the same object.

    Returns
    -------
    neighborhood : Neighborhood

    Raises
    ------
    ModelError
        When outputs are not finite, have the wrong shape, or change their number of classes.
    SpecError
        When the number of superpixels or a class index is out of range, `spec` wants log-odds of outputs outside
        0..1, or there are more masks than a fit has memory for; the last is checked before the model is asked.
    """
    spec = as_spec(spec)
    for neighborhood in stream(image, classifier, spec, batch_size=batch_size, known=known):
        if on_progress is not None:
            on_progress(neighborhood.samples, spec.sampler.size(spec.samples, neighborhood.superpixels))
    return neighborhood


def stream(
    image: Image | PictureSource,
    classifier: Classifier | str,
    spec: ExplainSpec | str | Mapping[str, Any] | None = None,
    *,
    batch_size: int = BATCH_SIZE,
    known: Neighborhood | None = None,
    scene: Scene | None = None,
) -> Iterator[Neighborhood]:
    """Yield a neighborhood of all samples so far after each batch.

    Every one is valid, so a caller can show intermediate results, or leave the loop early and keep the last one. Other
    arguments and errors are those of `query`.

    Parameters
    ----------
    scene : Scene, optional
        What `prepare` gives for this picture, the classifier's input size and `spec`, where it is there already:
        cutting and inpainting take seconds.
    """
    image, classifier, spec = as_image(image), as_classifier(classifier), as_spec(spec)
    started = time.perf_counter()
    if scene is None:
        scene = prepare(image, classifier.input_size, spec)
    _check_size(spec, scene.superpixels)
    prepared = time.perf_counter()
    growing = _Growing(Probe(scene, classifier), image, spec, {"prepare": prepared - started})
    growing.take(known)
    if growing.done:
        yield growing.snapshot()
    while growing.stop_reason is None:
        growing.grow(batch_size)
        yield growing.snapshot()


class _Growing:
    """The buffers of a query and how far they are filled; `snapshot` shows the filled part."""

    def __init__(self, probe: Probe, image: Image, spec: ExplainSpec, timings: dict[str, float]) -> None:
        scene = probe.scene
        self._chosen = chosen_classes(probe.original, spec)
        spec.target.check(probe.original[self._chosen])  # refused before any perturbed picture is asked
        self.done = 0
        self._notes: tuple[str, ...] = ()
        self.stop_reason: StopReason | None = None
        self._started = time.perf_counter()
        self._probe, self._spec = probe, spec
        self._masks = draw_masks(
            spec.sampler,
            spec.samples,
            scene.superpixels,
            seed=spec.seed,
            include_original=spec.include_original,
        )
        self._pairs = pair_ids(spec.sampler, len(self._masks), include_original=spec.include_original)
        self._outputs = _buffer(len(self._masks), len(probe.original))
        self._energy = scene.energy
        self._provenance = _provenance(image, probe.classifier, timings)
        self._rule = None
        if spec.early_stop:
            self._rule = StoppingRule(RunningFit(spec, self._energy, self._chosen))

    def take(self, known: Neighborhood | None) -> None:
        """Copy the answers of an earlier query of the same question."""
        if known is not None:
            self._check_same_question(known)
            self._notes = known.notes
            self.done = min(known.samples, len(self._masks))
            self._outputs[: self.done] = known.outputs[: self.done]
            self._check_stop()

    def grow(self, batch_size: int) -> None:
        """Ask the model about the next batch."""
        batch = self._masks[self.done : self.done + batch_size]
        outputs = self._probe.ask(batch, batch_size)
        self._spec.target.check(outputs[:, self._chosen])
        self._outputs[self.done : self.done + len(batch)] = outputs
        self.done += len(batch)
        self._check_stop()

    def snapshot(self) -> Neighborhood:
        """Return the samples so far as a neighborhood; its arrays are views of the buffers."""
        count = self.done
        timings = {**self._provenance.timings, "query": time.perf_counter() - self._started}
        return Neighborhood(
            masks=self._masks[:count],
            outputs=self._outputs[:count],
            original_outputs=self._probe.original,
            pairs=self._pairs[:count],
            segments=self._probe.scene.segments,
            energy=self._energy,
            class_names=self._probe.class_names,
            stop_reason=self.stop_reason or "stopped",
            spec=replace(self._spec, samples=max(count, 2)),
            provenance=replace(self._provenance, timings=timings),
            notes=self._notes,
        )

    def _check_stop(self) -> None:
        if self._rule is not None:
            count = self.done
            stop = self._rule.look(self._masks[:count], self._outputs[:count], self._pairs[:count])
            if stop is not None:
                self.done, self.stop_reason = stop
                return
        if self.done == len(self._masks):
            self.stop_reason = "budget"

    def _check_same_question(self, known: Neighborhood) -> None:
        same_spec = known.spec.begins_like(self._spec)
        if not same_spec or not known.provenance.is_origin_of(self._provenance):
            raise LimeError("The known answers belong to another picture, model or setting; query without them.")


def _check_size(spec: ExplainSpec, superpixels: int) -> None:
    """Raise `SpecError` for more samples than a fit has memory for, before the model is asked."""
    samples = spec.sampler.size(spec.samples, superpixels)
    if samples * superpixels > MOST_ENTRIES:
        most = MOST_ENTRIES // superpixels
        # A sampler may round up, such as to whole pairs.
        while spec.sampler.size(most, superpixels) * superpixels > MOST_ENTRIES:
            most -= 1
        raise SpecError(
            f"{samples:,} samples of {superpixels:,} superpixels are too many to fit; with so many superpixels at most "
            f"{most:,} samples are allowed."
        )


def _buffer(samples: int, classes: int) -> NDArray[np.float32]:
    """Return an array for the outputs: in memory, or in an unnamed temporary file when it is large."""
    shape = (samples, classes)
    if samples * classes * 4 <= _LARGEST_IN_MEMORY:
        return np.empty(shape, np.float32)
    with tempfile.TemporaryFile() as file:
        return np.memmap(file, np.float32, "w+", shape=shape)


def _provenance(image: Image, classifier: Classifier, timings: dict[str, float]) -> Provenance:
    versions = {"python": platform.python_version()}
    for package in _PACKAGES:
        try:
            versions[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    height, width = classifier.input_size
    return Provenance(
        model=classifier.id,
        weights_sha256=classifier.weights_sha256,
        engine=classifier.engine,
        input_size=(int(height), int(width)),
        image_sha256=image.sha256,
        versions=versions,
        timings=timings,
        identity=identity_of(classifier),
    )
