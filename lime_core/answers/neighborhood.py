"""The model's answers around one picture, and where they came from."""

from __future__ import annotations

import json
import os
import zipfile
from dataclasses import asdict, dataclass, replace
from typing import Any, BinaryIO, Literal

import numpy as np
from numpy.typing import NDArray

from lime_core.errors import LimeError
from lime_core.settings.spec import ExplainSpec

StopReason = Literal["budget", "separated", "precise", "stopped"]

_FORMAT = "limelight-neighborhood/2"


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
        The model's outputs for the unmodified picture.
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
        `lime_core.answers.stopping`); or the query was left before its end.
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


def first_samples(neighborhood: Neighborhood, samples: int) -> Neighborhood:
    """Return the first `samples` answers, or as many as there are: what a shorter query would have given."""
    if neighborhood.samples <= samples:
        return neighborhood
    cut = {name: getattr(neighborhood, name)[:samples] for name in ("masks", "outputs", "pairs")}
    return replace(neighborhood, **cut, spec=replace(neighborhood.spec, samples=samples))
