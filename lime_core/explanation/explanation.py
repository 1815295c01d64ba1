"""LIME's result: per class coefficients with error bars, and how well the surrogate fits."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from typing import Any, BinaryIO, Self

import numpy as np
from numpy.typing import NDArray

from lime_core.answers.neighborhood import StopReason
from lime_core.codec import (
    decode_array,
    encode_array,
    from_null,
    numbers_from_list,
    numbers_to_list,
    opened_npz,
    to_null,
)
from lime_core.errors import LimeError, SpecError, in_words
from lime_core.explanation.attribution import Attribution
from lime_core.explanation.class_attribution import ClassAttribution
from lime_core.explanation.documents import check_format, judged_document, judged_from_document, shared_from_document

Floats = NDArray[np.float64]

_FORMAT = "limelight-explanation/2"


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class ClassExplanation(ClassAttribution):
    """Why the model answered as it did for one class.

    Attributes
    ----------
    scores : ndarray of float64, shape (S,)
        The coefficients: what showing each superpixel adds to the target; exactly 0 for superpixels left out by a
        selection. For a tree: importance, without a sign.
    std_errors : ndarray of float64, shape (S,)
        Standard errors of the coefficients: infinite where the samples are too few to tell, NaN where there are none by
        construction (superpixels left out by a selection, trees).
    degrees_of_freedom : ndarray of float64, shape (S,)
        Of the standard errors; NaN where there are none.
    intercept : float
        The surrogate's answer for the fully hidden picture (for a tree: the mean target).
    r2, r2_holdout : float
        Weighted R² in sample, and of samples held out of the fit; NaN where the target does not vary.
    r2_holdout_error : float
        Standard error of `r2_holdout`.
    model_output, surrogate_output : float
        Both answers for the unmodified picture, in the unit of the target.
    """

    std_errors: Floats
    degrees_of_freedom: Floats
    intercept: float
    r2: float
    r2_holdout: float
    r2_holdout_error: float
    model_output: float
    surrogate_output: float

    @property
    def probability(self) -> float:
        """The model's output for the unmodified picture."""
        return self.output

    @property
    def coefficients(self) -> Floats:
        """The surrogate's coefficients, float64 ``(S,)``."""
        return self.scores


@dataclass(frozen=True, slots=True, eq=False)
class Contrast:
    """Why class `a` and not class `b`.

    Attributes
    ----------
    a, b : int
        Class indices.
    coefficients : ndarray of float64, shape (S,)
        Coefficient of `a` less that of `b`.
    std_errors : ndarray of float64, shape (S,)
        Standard errors of the difference, from the same samples.
    """

    a: int
    b: int
    coefficients: Floats
    std_errors: Floats


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Explanation(Attribution):
    """A LIME explanation of one picture for some classes of one model.

    Attributes
    ----------
    classes : tuple of ClassExplanation
        By falling probability.
    covariances : ndarray of float64, shape (C, C, S)
        Covariance between the coefficients of two classes, superpixel by superpixel.
    samples : int
        Perturbed pictures behind it.
    stop_reason : str
        Why there are no more, see `Neighborhood`.
    effective_sample_size : float
        Kish's (Σw)²/Σw² of the kernel weights.
    """

    classes: tuple[ClassExplanation, ...]
    segments: NDArray[np.int32]
    covariances: Floats
    samples: int
    stop_reason: StopReason
    effective_sample_size: float

    def __getitem__(self, index: int) -> ClassExplanation:
        """Return the explanation of the class with this index; `SpecError` when it was not explained."""
        return self.classes[self.row(index)]

    def surrogate_outputs(self, index: int, masks: NDArray[np.uint8]) -> Floats:
        """Return what the surrogate answers to masks uint8 ``(B, S)`` for a class, float64 ``(B,)``, as model outputs.

        Raises
        ------
        SpecError
            When the class was not explained, or the surrogate is no sum of superpixels.
        """
        if not self.signed:
            raise SpecError("Importance without a sign does not add up to an answer.")
        item = self[index]
        return self.spec.target.outputs(item.intercept + masks @ item.coefficients)

    def contrast(self, a: int, b: int) -> Contrast:
        """Return why class `a` and not class `b`: the difference of their coefficients with error bars."""
        if not self.signed:
            raise SpecError("Importance has no sign, so two classes cannot be contrasted.")
        row_a, row_b = self.row(a), self.row(b)
        cov = self.covariances
        variance = cov[row_a, row_a] + cov[row_b, row_b] - 2 * cov[row_a, row_b]
        return Contrast(
            a=a,
            b=b,
            coefficients=self.classes[row_a].coefficients - self.classes[row_b].coefficients,
            std_errors=np.sqrt(np.maximum(variance, 0.0)),
        )

    def to_json(self) -> str:
        """Return a JSON text that `from_json` turns back into an equal explanation; NaN is written as null."""
        document = self._document()
        for row, item in zip(document["classes"], self.classes, strict=True):
            row["coefficients"] = numbers_to_list(item.coefficients)
            row["std_errors"] = numbers_to_list(item.std_errors)
            row["degrees_of_freedom"] = numbers_to_list(item.degrees_of_freedom)
        document |= {"segments": encode_array(self.segments), "covariances": encode_array(self.covariances)}
        return json.dumps(document, indent=1, allow_nan=False)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read what `to_json` wrote.

        Raises
        ------
        LimeError
            When the text is not such a document, or is damaged.
        """
        try:
            document = json.loads(text)
            check_format(document, _FORMAT)
            segments, covariances = decode_array(document["segments"]), decode_array(document["covariances"])
            arrays = {name: [numbers_from_list(row[name]) for row in document["classes"]] for name in _CLASS_ARRAYS}
            return cls._from_document(document, segments, covariances, arrays)
        except (KeyError, TypeError, ValueError) as error:
            raise LimeError(f"Not a readable explanation (JSON): {error}") from error

    def save_npz(self, target: str | os.PathLike[str] | BinaryIO) -> None:
        """Write everything to a compressed NPZ file; `load_npz` is its inverse."""
        np.savez_compressed(
            target,
            document=np.array(json.dumps(self._document(), allow_nan=False)),
            segments=self.segments,
            covariances=self.covariances,
            coefficients=np.stack([item.coefficients for item in self.classes]),
            std_errors=np.stack([item.std_errors for item in self.classes]),
            degrees_of_freedom=np.stack([item.degrees_of_freedom for item in self.classes]),
            allow_pickle=False,
        )

    @classmethod
    def load_npz(cls, source: str | os.PathLike[str] | BinaryIO) -> Self:
        """Read what `save_npz` wrote.

        Raises
        ------
        LimeError
            When the file is not such a file, or is damaged.
        """
        try:
            with opened_npz(source) as stored:
                document = json.loads(str(stored["document"]))
                check_format(document, _FORMAT)
                arrays = {name: list(stored[name]) for name in _CLASS_ARRAYS}
                return cls._from_document(document, stored["segments"], stored["covariances"], arrays)
        except Exception as error:
            # A damaged file can fail in any way it likes; all of them mean the same thing here.
            raise LimeError(f"Not a readable explanation (NPZ): {in_words(error)}") from error

    def _document(self) -> dict[str, Any]:
        return {
            "format": _FORMAT,
            **self.shared_document(),
            "samples": self.samples,
            "stop_reason": self.stop_reason,
            "effective_sample_size": self.effective_sample_size,
            "classes": [
                {name: to_null(getattr(item, name)) for name in _CLASS_SCALARS} | judged_document(item)
                for item in self.classes
            ],
        }

    @classmethod
    def _from_document(
        cls, document: dict[str, Any], segments: NDArray[Any], covariances: Floats, arrays: dict[str, list[Floats]]
    ) -> Self:
        _check_arrays(len(document["classes"]), segments, covariances, arrays)
        classes = tuple(
            ClassExplanation(
                **{_FIELDS.get(name, name): from_null(row[name]) for name in _CLASS_SCALARS},
                scores=arrays["coefficients"][position],
                std_errors=arrays["std_errors"][position],
                degrees_of_freedom=arrays["degrees_of_freedom"][position],
                **judged_from_document(row, len(arrays["coefficients"][position])),
            )
            for position, row in enumerate(document["classes"])
        )
        return cls(
            classes=classes,
            segments=segments,
            covariances=covariances,
            samples=document["samples"],
            stop_reason=document["stop_reason"],
            effective_sample_size=document["effective_sample_size"],
            **shared_from_document(document),
        )


def _check_arrays(
    classes: int, segments: NDArray[Any], covariances: NDArray[Any], arrays: dict[str, list[Floats]]
) -> None:
    """Raise `LimeError` where stored arrays have the wrong type, or do not fit together."""
    if segments.dtype != np.int32 or segments.ndim != 2 or segments.size == 0:
        raise LimeError(f"segments must be int32 of shape (H, W); got {segments.dtype} of shape {segments.shape}")
    present = np.unique(segments)
    if not np.array_equal(present, np.arange(len(present))):
        raise LimeError("segments must hold superpixels 0..S-1 without gaps")
    # An explanation that was cut down to some of its classes may keep the covariances of all.
    width = max(classes, len(covariances)) if covariances.ndim else classes
    if covariances.dtype != np.float64 or covariances.shape != (width, width, len(present)):
        raise LimeError(
            f"covariances must be float64 of shape {(classes, classes, len(present))}; got {covariances.dtype} of "
            f"shape {covariances.shape}"
        )
    for name, rows in arrays.items():
        if len(rows) != classes or any(row.dtype != np.float64 or row.shape != present.shape for row in rows):
            raise LimeError(f"{name} must hold {len(present)} numbers (float64) for each of {classes} classes")


_CLASS_ARRAYS = ("coefficients", "std_errors", "degrees_of_freedom")
_CLASS_SCALARS = (
    "index", "name", "probability", "intercept", "r2", "r2_holdout", "r2_holdout_error", "model_output",
    "surrogate_output",
)  # fmt: skip
_FIELDS = {"probability": "output"}  # what a document calls by its older name
