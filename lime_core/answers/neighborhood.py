"""The slow half: ask the model about perturbed pictures, and keep the masks and the answers."""

from __future__ import annotations

import json
import os
import platform
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from importlib import metadata
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from lime_core.answers.scene import BATCH_SIZE, Probe, prepare
from lime_core.answers.stopping import RunningFit, StoppingRule, StopReason
from lime_core.errors import LimeError
from lime_core.masks.kernels import check_target, chosen_classes
from lime_core.masks.samplers import draw_masks, pair_ids
from lime_core.models.protocol import Classifier
from lime_core.picture.image import Image
from lime_core.settings.spec import ExplainSpec

Progress = Callable[[int, int], object]

_LARGEST_IN_MEMORY = 64 * 2**20  # bytes of outputs
_FORMAT = "limelight-neighborhood/1"
_PACKAGES = ("numpy", "scipy", "scikit-image", "scikit-learn", "pillow", "tensorflow", "keras", "openvino")


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
    stop_reason : {"budget", "separated", "precise", "stopped"}
        Why there are no more samples: all were drawn; the strongest superpixels or all error bars are settled (see
        `lime_core.stopping`); or the query was left before its end.
    spec : ExplainSpec
        The settings that made it.
    provenance : Provenance
        Model, picture, versions and timings.
    notes : tuple of str
        What a reader should know of how the model was asked; an explanation repeats it.
    """

    masks: NDArray[np.uint8]
    outputs: NDArray[np.float32]
    original_outputs: NDArray[np.float32]
    pairs: NDArray[np.int32]
    segments: NDArray[np.int32]
    energy: NDArray[np.float64]
    class_names: tuple[str, ...]
    stop_reason: StopReason
    spec: ExplainSpec
    provenance: Provenance
    notes: tuple[str, ...] = ()

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
            "stop_reason": self.stop_reason,
            "spec": self.spec.to_dict(),
            "provenance": asdict(self.provenance),
            "notes": self.notes,
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
                stop_reason=document["stop_reason"],
                spec=ExplainSpec.from_dict(document["spec"]),
                provenance=Provenance.from_dict(document["provenance"]),
                notes=tuple(document.get("notes", ())),
            )
        except (OSError, EOFError, KeyError, TypeError, ValueError, zipfile.BadZipFile) as error:
            raise LimeError(f"Not a readable neighborhood file (NPZ): {error}") from error


_ARRAYS = ("masks", "outputs", "original_outputs", "pairs", "segments", "energy")


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
        Settings; its segmentation and query fields are used, and classes and target are checked.
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
        When the number of superpixels or a class index is out of range, or `spec` wants log-odds of outputs outside
        0..1.
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
        check_target(probe.original[self._chosen], spec)  # before more is asked that could not be fitted afterwards
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
            keep_probability=spec.keep_probability,
            max_hide_rate=spec.max_hide_rate,
            include_original=spec.include_original,
        )
        self._pairs = pair_ids(spec.sampler, spec.samples, include_original=spec.include_original)
        self._outputs = _buffer(spec.samples, len(probe.original))
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
            self._look()

    def grow(self, batch_size: int) -> None:
        """Ask the model about the next batch."""
        batch = self._masks[self.done : self.done + batch_size]
        outputs = self._probe.ask(batch, batch_size)
        check_target(outputs[:, self._chosen], self._spec)
        self._outputs[self.done : self.done + len(batch)] = outputs
        self.done += len(batch)
        self._look()

    def snapshot(self) -> Neighborhood:
        """Return what there is as a neighborhood; its arrays are views of the buffers."""
        count = self.done
        timings = {**self._provenance.timings, "query": time.perf_counter() - self._started}
        return Neighborhood(
            masks=self._masks[:count],
            outputs=self._outputs[:count],
            original_outputs=self._probe.original,
            pairs=self._pairs[:count],
            segments=self._probe.scene.segments,
            energy=self._energy,
            class_names=tuple(self._probe.classifier.class_names),
            stop_reason=self.stop_reason or "stopped",
            spec=replace(self._spec, samples=max(count, 2)),
            provenance=replace(self._provenance, timings=timings),
            notes=self._notes,
        )

    def _look(self) -> None:
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
        names = ("model", "weights_sha256", "engine", "image_sha256")
        same_origin = all(getattr(known.provenance, name) == getattr(self._provenance, name) for name in names)
        if not same_spec or not same_origin:
            raise LimeError("The known answers belong to another picture, model or setting; query without them.")


def _buffer(samples: int, classes: int) -> NDArray[np.float32]:
    """Return room for the outputs: in memory, or in a file without a name when there are very many."""
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
    )
