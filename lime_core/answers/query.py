"""The slow step: ask the model about perturbed pictures, and keep the masks and the answers."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from lime_core.answers.growing import Growing
from lime_core.answers.neighborhood import Neighborhood
from lime_core.answers.probe import BATCH_SIZE, Probe
from lime_core.answers.scene import Scene, prepare
from lime_core.errors import SpecError
from lime_core.models.loading import as_classifier
from lime_core.models.protocol import Classifier
from lime_core.picture.image import Image, PictureSource, as_image
from lime_core.settings.presets import as_spec
from lime_core.settings.spec import ExplainSpec

Progress = Callable[[int, int], object]

MOST_ENTRIES = 20_000_000  # of the masks: a fit holds a few float64 arrays of that size


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
    exact: Classifier | None = None,
) -> Iterator[Neighborhood]:
    """Yield a neighborhood of all samples so far after each batch.

    Every one is valid, so a caller can show intermediate results, or leave the loop early and keep the last one. Other
    arguments and errors are those of `query`.

    Parameters
    ----------
    scene : Scene, optional
        What `prepare` gives for this picture, the classifier's input size and `spec`, where it is there already:
        cutting and inpainting take seconds.
    exact : Classifier, optional
        The same model in f32, where `classifier` computes in reduced precision. It alone is asked about the unmodified
        picture. Both are asked about the samples of `asked_twice` (`lime_core.answers.growing`), and its answers to
        these are kept as outputs.
    """
    image, classifier, spec = as_image(image), as_classifier(classifier), as_spec(spec)
    started = time.perf_counter()
    if scene is None:
        scene = prepare(image, classifier.input_size, spec)
    scene = scene.masked_by(spec)
    spec.sampler.check(spec.samples, scene.columns)
    _check_size(spec, scene.columns)
    prepared = time.perf_counter()
    both = None if exact is None else Probe(scene, exact)
    growing = Growing(Probe(scene, classifier, both), image, spec, {"prepare": prepared - started}, both)
    growing.take(known)
    if growing.done:
        yield growing.snapshot()
    while growing.stop_reason is None:
        growing.grow(batch_size)
        yield growing.snapshot()


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
