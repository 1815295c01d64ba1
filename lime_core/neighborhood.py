"""The slow half: ask the model about perturbed pictures, and keep the masks and the answers."""

from __future__ import annotations

import json
import os
import platform
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from importlib import metadata
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from lime_core.errors import LimeError, ModelError
from lime_core.fills import FillOptions, hidden_energy, hide, paint_fill
from lime_core.image import Image
from lime_core.models.base import Classifier, MaskedClassifier
from lime_core.sampling import draw_masks, pair_ids
from lime_core.segmentation import carry_labels, resize_pixels, segment
from lime_core.spec import QUERY_STAGES, ExplainSpec

Progress = Callable[[int, int], object]
Predictor = Callable[[NDArray[np.uint8]], NDArray[Any]]

BATCH_SIZE = 32
_FORMAT = "limelight-neighborhood/1"
_PACKAGES = ("numpy", "scipy", "scikit-image", "scikit-learn", "pillow", "tensorflow", "keras")


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where an answer came from, in enough detail to ask for it again.

    Attributes
    ----------
    model : str
        Catalog id, or the name its owner gave it.
    weights_sha256 : str or None
        Digest of the weights, where it is known.
    engine : str
        What ran the model.
    input_size : tuple of int
        Height and width of the model's input.
    image_sha256 : str
        Digest of the picture's pixels, before `framing`.
    versions : dict of str
        Python and the packages that take part.
    timings : dict of float
        Seconds a stage took.
    """

    model: str
    weights_sha256: str | None
    engine: str
    input_size: tuple[int, int]
    image_sha256: str
    versions: dict[str, str]
    timings: dict[str, float]

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Provenance:
        """Build from the result of `dataclasses.asdict` after a trip through JSON."""
        height, width = values["input_size"]
        return cls(**{**values, "input_size": (int(height), int(width))})


@dataclass(frozen=True, slots=True)
class Scene:
    """What stays fixed while a picture is perturbed.

    Attributes
    ----------
    image : Image
        The picture as it is viewed, after `framing`.
    segments : ndarray of int32, shape (H, W)
        Superpixels of `image`.
    pixels, fill : ndarray of uint8, shape (h, w, 3)
        The picture and what replaces it where hidden, at the model's input size.
    labels : ndarray of int32, shape (h, w)
        The same superpixels at the model's input size.
    """

    image: Image
    segments: NDArray[np.int32]
    pixels: NDArray[np.uint8]
    fill: NDArray[np.uint8]
    labels: NDArray[np.int32]

    @property
    def superpixels(self) -> int:
        """The number S of superpixels."""
        return int(self.segments.max()) + 1

    def perturbed(self, masks: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return the perturbed pictures as the model sees them: uint8 ``(B, h, w, 3)`` for masks ``(B, S)``."""
        return hide(self.pixels, self.fill, self.labels, masks)


@dataclass(frozen=True, slots=True)
class Neighborhood:
    """The model's answers around one picture; everything `fit` needs, and no pictures.

    Attributes
    ----------
    masks : ndarray of uint8, shape (N, S)
        1 = shown, 0 = hidden.
    outputs : ndarray of float32, shape (N, C)
        The model's outputs for each perturbed picture.
    original_outputs : ndarray of float32, shape (C,)
        The model's outputs for the untouched picture.
    pairs : ndarray of int32, shape (N,)
        Equal for samples that were drawn together; error bars treat them as one observation.
    segments : ndarray of int32, shape (H, W)
        Superpixels ``0..S-1`` at viewing size.
    energy : ndarray of float64, shape (S,)
        What hiding each superpixel adds to the mean squared pixel difference (RGB in 0..1).
    class_names : tuple of str
        C names.
    spec : ExplainSpec
        The settings that made it.
    provenance : Provenance
        Model, picture, versions and timings.
    """

    masks: NDArray[np.uint8]
    outputs: NDArray[np.float32]
    original_outputs: NDArray[np.float32]
    pairs: NDArray[np.int32]
    segments: NDArray[np.int32]
    energy: NDArray[np.float64]
    class_names: tuple[str, ...]
    spec: ExplainSpec
    provenance: Provenance

    @property
    def samples(self) -> int:
        """The number N of perturbed pictures."""
        return len(self.masks)

    @property
    def superpixels(self) -> int:
        """The number S of superpixels."""
        return int(self.masks.shape[1])

    def save_npz(self, target: str | os.PathLike[str] | BinaryIO) -> None:
        """Write everything to a compressed NPZ file; `load_npz` is its inverse."""
        document = {
            "format": _FORMAT,
            "class_names": self.class_names,
            "spec": self.spec.to_dict(),
            "provenance": asdict(self.provenance),
        }
        arrays = {name: getattr(self, name) for name in _ARRAYS}
        np.savez_compressed(target, document=np.array(json.dumps(document)), allow_pickle=False, **arrays)

    @classmethod
    def load_npz(cls, source: str | os.PathLike[str] | BinaryIO) -> Neighborhood:
        """Read what `save_npz` wrote.

        Raises
        ------
        LimeError
            When the file is not such a file, or is damaged.
        """
        try:
            with np.load(source, allow_pickle=False) as stored:
                document = json.loads(str(stored["document"]))
                arrays = {name: stored[name] for name in _ARRAYS}
            if document["format"] != _FORMAT:
                raise LimeError(f"The file holds {document['format']!r}; expected {_FORMAT!r}.")
            return cls(
                **arrays,
                class_names=tuple(document["class_names"]),
                spec=ExplainSpec.from_dict(document["spec"]),
                provenance=Provenance.from_dict(document["provenance"]),
            )
        except (OSError, EOFError, KeyError, TypeError, ValueError, zipfile.BadZipFile) as error:
            raise LimeError(f"Not a readable neighborhood file (NPZ): {error}") from error


_ARRAYS = ("masks", "outputs", "original_outputs", "pairs", "segments", "energy")


def frame(image: Image, spec: ExplainSpec) -> Image:
    """Return the part of the picture that the model sees: all of it, or the centred square."""
    return image.center_crop() if spec.framing == "center_crop" else image


def prepare(image: Image, input_size: tuple[int, int], spec: ExplainSpec) -> Scene:
    """Frame and cut the picture and paint its fill; no model is asked.

    Parameters
    ----------
    image : Image
        The picture.
    input_size : tuple of int
        Height and width of the model's input.
    spec : ExplainSpec
        Its segmentation and fill settings are used.

    Raises
    ------
    SpecError
        When the number of superpixels is out of range.
    """
    framed = frame(image, spec)
    segments = segment(framed.pixels, spec.segmentation, resolution=spec.resolution, input_size=input_size)
    labels = carry_labels(segments, input_size)
    pixels = resize_pixels(framed.pixels, input_size)
    options = FillOptions(spec.fill_color, spec.fill_blur_sigma, spec.seed)
    return Scene(framed, segments, pixels, paint_fill(spec.fill, pixels, labels, options), labels)


def query(
    image: Image,
    classifier: Classifier,
    spec: ExplainSpec | None = None,
    *,
    on_progress: Progress | None = None,
    batch_size: int = BATCH_SIZE,
    known: Neighborhood | None = None,
) -> Neighborhood:
    """Ask the model about N perturbed pictures (slow: N forward passes).

    Parameters
    ----------
    image : Image
        The picture to explain.
    classifier : Classifier
        Any classifier; one that hides superpixels in its own graph is sent masks instead of pictures.
    spec : ExplainSpec, optional
        Settings; its segmentation and query fields are used.
    on_progress : callable, optional
        Called as ``on_progress(done, total)`` after each batch. When it raises, the query stops there and the
        exception passes through; nothing half-done is kept.
    batch_size : int
        Perturbed pictures per model call; results do not depend on it.
    known : Neighborhood, optional
        Answers to keep: an earlier, shorter query of the same model and picture with the same settings.

    Returns
    -------
    neighborhood : Neighborhood

    Raises
    ------
    ModelError
        When outputs are not finite, have the wrong shape, or change their number of classes.
    SpecError
        When the number of superpixels is out of range.
    """
    spec = spec or ExplainSpec()
    for neighborhood in stream(image, classifier, spec, batch_size=batch_size, known=known):
        if on_progress is not None:
            on_progress(neighborhood.samples, spec.samples)
    return neighborhood


def stream(
    image: Image,
    classifier: Classifier,
    spec: ExplainSpec,
    *,
    batch_size: int = BATCH_SIZE,
    known: Neighborhood | None = None,
) -> Iterator[Neighborhood]:
    """Yield the growing neighborhood after each batch; each one is valid, with fewer samples than the last.

    The way to show intermediate results or to stop early and keep what there is: leave the loop. Arguments and
    errors are those of `query`.
    """
    started = time.perf_counter()
    scene = prepare(image, classifier.input_size, spec)
    predictor = _predictor(scene, classifier)
    timings = {"prepare": time.perf_counter() - started}

    masks = draw_masks(
        spec.sampler,
        spec.samples,
        scene.superpixels,
        seed=spec.seed,
        keep_probability=spec.keep_probability,
        max_hide_rate=spec.max_hide_rate,
        include_original=spec.include_original,
    )
    whole = np.ones((1, scene.superpixels), np.uint8)
    original = _ask(predictor, whole, len(classifier.class_names) or None)[0]
    outputs = np.empty((len(masks), len(original)), np.float32)
    provenance = _provenance(image, classifier, timings)
    done = _take_known(known, outputs, spec, provenance)
    pairs = pair_ids(spec.sampler, len(masks), include_original=spec.include_original)
    energy = hidden_energy(scene.pixels, scene.fill, scene.labels)

    def snapshot(count: int) -> Neighborhood:
        timed = {**timings, "query": time.perf_counter() - started - timings["prepare"]}
        return Neighborhood(
            masks=masks[:count],
            outputs=outputs[:count],
            original_outputs=original,
            pairs=pairs[:count],
            segments=scene.segments,
            energy=energy,
            class_names=tuple(classifier.class_names),
            spec=replace(spec, samples=max(count, 2)),
            provenance=replace(provenance, timings=timed),
        )

    if done == len(masks):
        yield snapshot(done)
    while done < len(masks):
        batch = masks[done : done + batch_size]
        outputs[done : done + len(batch)] = _ask(predictor, batch, len(original))
        done += len(batch)
        yield snapshot(done)


def _predictor(scene: Scene, classifier: Classifier) -> Predictor:
    if isinstance(classifier, MaskedClassifier):
        return classifier.masked_predictor(scene.pixels, scene.fill, scene.labels)
    return lambda masks: classifier.predict(scene.perturbed(masks))


def _ask(predictor: Predictor, masks: NDArray[np.uint8], classes: int | None) -> NDArray[np.float32]:
    """Return the model's outputs float32 ``(B, C)`` for masks ``(B, S)``, checked."""
    outputs = np.asarray(predictor(masks))
    if outputs.ndim != 2 or len(outputs) != len(masks) or outputs.shape[1] == 0:
        raise ModelError(
            f"The model must return one row of class outputs a picture, shape ({len(masks)}, C); got {outputs.shape}."
        )
    if classes is not None and outputs.shape[1] != classes:
        raise ModelError(f"The model returned {outputs.shape[1]} outputs a picture where it has {classes} classes.")
    if outputs.dtype.kind not in "fiub" or not np.isfinite(outputs).all():
        raise ModelError("The model returned outputs that are not finite numbers; check its weights and preprocessing.")
    return outputs.astype(np.float32)


def _take_known(
    known: Neighborhood | None, outputs: NDArray[np.float32], spec: ExplainSpec, provenance: Provenance
) -> int:
    """Copy the answers of an earlier query into `outputs`; return how many rows they fill."""
    if known is None:
        return 0
    # A longer run begins with the masks of a shorter one, so equal settings mean equal questions.
    same_question = replace(known.spec, samples=spec.samples).digest(*QUERY_STAGES) == spec.digest(*QUERY_STAGES)
    before = known.provenance
    same_model = (before.model, before.weights_sha256) == (provenance.model, provenance.weights_sha256)
    if not same_question or not same_model or before.image_sha256 != provenance.image_sha256:
        raise LimeError("The known answers belong to another picture, model or setting; query without them.")
    count = min(known.samples, len(outputs))
    outputs[:count] = known.outputs[:count]
    return count


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
    )
