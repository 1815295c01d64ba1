"""The model's answers around one picture, and where they came from."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, BinaryIO, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from lime_core.answers.classes import explainable
from lime_core.answers.origin import Provenance
from lime_core.codec import opened_npz
from lime_core.errors import LimeError, SpecError, in_words
from lime_core.masks.covers import Cover
from lime_core.models.names import as_class_names
from lime_core.settings.spec import QUERY_STAGES, ExplainSpec

StopReason = Literal["budget", "separated", "tied", "precise", "stopped"]
SETTLED: tuple[StopReason, ...] = ("separated", "tied", "precise")

_FORMAT = "limelight-neighborhood/2"


@dataclass(frozen=True, slots=True, eq=False)
class Neighborhood:
    """The model's answers around one picture; everything `fit` needs, and no pictures.

    Two are equal when all their contents are, except the timings. They cannot be hashed, as their arrays are large.

    Attributes
    ----------
    masks : ndarray of uint8, shape (N, S)
        1 = shown, 0 = hidden; with a `cover`, one column for each of its parts.
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
    stop_reason : {"budget", "separated", "tied", "precise", "stopped"}
        Why there are no more samples: all were drawn; the strongest superpixels are certain, or certain but for ties
        (see `lime_core.answers.stopping`); all error bars are small, in files of older versions; or the caller ended
        the query early.
    spec : ExplainSpec
        The settings that made it.
    provenance : Provenance
        Model, picture, versions and timings.
    notes : tuple of str
        Remarks on how the model was asked; they are repeated in the explanation.
    compared : ndarray of int32, shape (M,), or None
        Samples that were asked in reduced precision and in f32, rising; `outputs` holds the answers in f32 there. None
        where one precision was asked.
    compared_outputs : ndarray of float32, shape (M, C), or None
        The answers to these in reduced precision; see `lime_core.methods.lime.moved`.
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
    compared: NDArray[np.int32] | None = None
    compared_outputs: NDArray[np.float32] | None = None

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Neighborhood):
            return NotImplemented
        plain = ("class_names", "stop_reason", "spec", "provenance", "notes")
        return all(getattr(self, name) == getattr(other, name) for name in plain) and all(
            _same_array(getattr(self, name), getattr(other, name)) for name in (*ARRAYS, *COMPARED)
        )

    __hash__ = None  # type: ignore[assignment]

    @property
    def samples(self) -> int:
        """The number N of perturbed pictures."""
        return len(self.masks)

    @property
    def superpixels(self) -> int:
        """The number S of superpixels."""
        return len(self.energy)

    @property
    def cover(self) -> Cover | None:
        """What the columns of the masks hide; None where these are the superpixels."""
        return self.spec.sampler.cover(self.spec.seed)

    def of_another_design(self, method: str) -> SpecError:
        """Return the error to raise where a method, given by its title, cannot make use of these masks."""
        return SpecError(
            f"{method} needs masks of its own; these answers are to masks of the sampler {self.spec.sampler.name!r}."
        )

    def fitted_spec(self, spec: ExplainSpec) -> ExplainSpec:
        """Return `spec` with the segmentation and query fields that made these answers, and a target they have."""
        return explainable(spec.with_stages_of(self.spec, *QUERY_STAGES), self.provenance.outputs_are)

    def unit(self, spec: ExplainSpec) -> str:
        """Return what the target of a fit is counted in, in words."""
        return "output" if self.provenance.outputs_are == "values" else spec.unit

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
        arrays = {name: getattr(self, name) for name in _present(self)}
        np.savez_compressed(target, document=np.array(json.dumps(document)), allow_pickle=False, **arrays)

    @classmethod
    def load_npz(cls, source: str | os.PathLike[str] | BinaryIO) -> Neighborhood:
        """Read what `save_npz` wrote.

        Raises
        ------
        LimeError
            When the file is not such a file, is damaged, or its arrays do not fit together.
        """
        try:
            with opened_npz(source) as stored:
                document = json.loads(str(stored["document"]))
                arrays = {name: stored[name] for name in (*ARRAYS, *COMPARED) if name in stored or name in ARRAYS}
            _check_format(document["format"])
            loaded = cls(
                **arrays,
                class_names=as_class_names(document["class_names"]),
                stop_reason=document["stop_reason"],
                spec=ExplainSpec.from_dict(document["spec"]),
                provenance=Provenance.from_dict(document["provenance"]),
                notes=tuple(document.get("notes", ())),
            )
            check_neighborhood(loaded)
        except LimeError as error:
            raise LimeError(f"Not a readable neighborhood file (NPZ): {error}") from error
        except Exception as error:
            # Reading a damaged file can raise any exception.
            raise LimeError(f"Not a readable neighborhood file (NPZ): {in_words(error)}") from error
        return loaded


def merged_notes(*several: tuple[str, ...]) -> tuple[str, ...]:
    """Return all notes in their order, each once."""
    return tuple(dict.fromkeys(note for notes in several for note in notes))


ARRAYS: Mapping[str, tuple[str, str]] = {
    "masks": ("uint8", "NS"),
    "outputs": ("float32", "NC"),
    "original_outputs": ("float32", "C"),
    "pairs": ("int32", "N"),
    "segments": ("int32", "HW"),
    "energy": ("float64", "S"),
}
# Only where reduced precision was compared with f32.
COMPARED: Mapping[str, tuple[str, str]] = {"compared": ("int32", "M"), "compared_outputs": ("float32", "MC")}


def _present(neighborhood: Neighborhood) -> dict[str, tuple[str, str]]:
    """Return type and axes of the arrays that a neighborhood has."""
    if (neighborhood.compared is None) != (neighborhood.compared_outputs is None):
        raise LimeError(f"{' and '.join(COMPARED)} belong together; one of them is missing")
    masks = {} if neighborhood.cover is None else {"masks": ("uint8", "NK")}
    return {**ARRAYS, **masks, **({} if neighborhood.compared is None else COMPARED)}


def _check_format(given: object) -> None:
    if given != _FORMAT:
        raise LimeError(f"The file holds {given!r}; expected {_FORMAT!r}.")


def check_neighborhood(neighborhood: Neighborhood) -> None:
    """Raise `LimeError` where arrays of a neighborhood have the wrong type, or do not fit together."""
    cover = neighborhood.cover
    sizes: dict[str, int] = {} if cover is None else {"K": cover.columns}
    for name, (dtype, axes) in _present(neighborhood).items():
        array = getattr(neighborhood, name)
        if array.dtype != dtype or array.ndim != len(axes):
            raise LimeError(
                f"{name} must be {dtype} of shape ({', '.join(axes)}); got {array.dtype} of shape {array.shape}"
            )
        for axis, side in zip(axes, array.shape, strict=True):
            if sizes.setdefault(axis, side) != side or side == 0:
                raise LimeError(f"{name} has the shape {array.shape} where {axis} = {sizes[axis] or 'at least 1'}")
    if len(neighborhood.class_names) != sizes["C"]:
        raise LimeError(f"there are {len(neighborhood.class_names)} class names for {sizes['C']} outputs")
    if neighborhood.stop_reason not in get_args(StopReason):
        raise LimeError(f"stop_reason is {neighborhood.stop_reason!r}")
    _check_values(neighborhood, sizes["S"])


def _check_values(neighborhood: Neighborhood, superpixels: int) -> None:
    if neighborhood.masks.max() > 1:
        raise LimeError("masks must be 0 or 1")
    if not np.array_equal(np.unique(neighborhood.segments), np.arange(superpixels)):
        raise LimeError(f"segments must hold each of 0..{superpixels - 1}, one for each column of the masks")
    for name in _present(neighborhood).keys() & {"outputs", "original_outputs", "energy", "compared_outputs"}:
        if not np.isfinite(getattr(neighborhood, name)).all():
            raise LimeError(f"{name} must be finite")
    rows = neighborhood.compared
    if rows is not None and not (rows[0] >= 0 and rows[-1] < neighborhood.samples and (np.diff(rows) > 0).all()):
        raise LimeError(f"compared must hold rising numbers of samples, 0..{neighborhood.samples - 1}")


def _same_array(first: NDArray[Any] | None, second: NDArray[Any] | None) -> bool:
    if first is None or second is None:
        return first is second
    return first.dtype == second.dtype and np.array_equal(first, second, equal_nan=first.dtype.kind == "f")


def first_samples(neighborhood: Neighborhood, samples: int) -> Neighborhood:
    """Return the first `samples` answers, or all if there are fewer: the result of a shorter query."""
    if neighborhood.samples <= samples:
        return neighborhood
    cut = {name: getattr(neighborhood, name)[:samples] for name in ("masks", "outputs", "pairs")}
    if neighborhood.compared is not None:
        kept = int(np.searchsorted(neighborhood.compared, samples))
        cut |= {name: getattr(neighborhood, name)[:kept] if kept else None for name in COMPARED}
    return replace(neighborhood, **cut, spec=replace(neighborhood.spec, samples=samples))
