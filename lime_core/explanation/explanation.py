"""The result: per class coefficients with error bars, and the superpixels they belong to."""

from __future__ import annotations

import json
import math
import os
import zipfile
from dataclasses import asdict, dataclass
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from lime_core.answers.neighborhood import Provenance
from lime_core.answers.stopping import StopReason
from lime_core.codec import decode_array, encode_array
from lime_core.errors import LimeError, SpecError
from lime_core.judge.verdict import ClassTrust
from lime_core.settings.spec import ExplainSpec, Sign

Floats = NDArray[np.float64]

CONFIDENT = 1.959963984540054  # standard errors: the two-sided 95 % interval of a normal distribution
_FORMAT = "limelight-explanation/1"


def excludes_zero(coefficients: Floats, std_errors: Floats) -> NDArray[np.bool_]:
    """Say where the 95 % interval excludes zero, bool ``(S,)``; everywhere that there is no error bar."""
    unknown = np.isnan(std_errors)
    sure: NDArray[np.bool_] = unknown | (np.abs(coefficients) > CONFIDENT * np.where(unknown, 0.0, std_errors))
    return sure


@dataclass(frozen=True, slots=True, eq=False)
class ClassExplanation:
    """Why the model answered as it did for one class.

    Attributes
    ----------
    index : int
        Class index of the model.
    name : str
        Readable class name.
    probability : float
        The model's output for the untouched picture.
    coefficients : ndarray of float64, shape (S,)
        What showing each superpixel adds to the target, in ``spec.unit``; exactly 0 for superpixels left out by a
        selection.
        For a tree: importance, without a sign.
    std_errors : ndarray of float64, shape (S,)
        Standard errors of `coefficients`: infinite where the samples are too few to tell, NaN where there are none
        by construction (superpixels left out by a selection, trees).
    intercept : float
        The surrogate's answer for the fully hidden picture (for a tree: the mean target).
    r2, r2_holdout : float
        Weighted R² in sample, and of samples held out of the fit; NaN where the target does not vary.
    model_output, surrogate_output : float
        Both answers for the untouched picture, in the unit of the target.
    trust : ClassTrust
        How far to believe it, with a verdict in plain words.
    """

    index: int
    name: str
    probability: float
    coefficients: Floats
    std_errors: Floats
    intercept: float
    r2: float
    r2_holdout: float
    model_output: float
    surrogate_output: float
    trust: ClassTrust

    @property
    def sure(self) -> NDArray[np.bool_]:
        """Where the 95 % interval excludes zero, bool ``(S,)``; everything where there are no error bars."""
        return excludes_zero(self.coefficients, self.std_errors)


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


@dataclass(frozen=True, slots=True, eq=False)
class Explanation:
    """A LIME explanation of one picture for some classes of one model.

    Attributes
    ----------
    classes : tuple of ClassExplanation
        By falling probability.
    segments : ndarray of int32, shape (H, W)
        Superpixels ``0..S-1`` of the picture at viewing size.
    covariances : ndarray of float64, shape (C, C, S)
        Covariance between the coefficients of two classes, superpixel by superpixel.
    signed : bool
        False for a regression tree, whose importance does not tell for from against.
    samples : int
        Perturbed pictures behind it.
    stop_reason : str
        Why there are no more, see `Neighborhood`.
    effective_sample_size : float
        Kish's (Σw)²/Σw² of the kernel weights.
    notes : tuple of str
        Plain warnings that a reader should see.
    spec : ExplainSpec
        Every setting.
    provenance : Provenance
        Model, picture, versions and timings.
    """

    classes: tuple[ClassExplanation, ...]
    segments: NDArray[np.int32]
    covariances: Floats
    signed: bool
    samples: int
    stop_reason: StopReason
    effective_sample_size: float
    notes: tuple[str, ...]
    spec: ExplainSpec
    provenance: Provenance

    @property
    def unit(self) -> str:
        """What coefficients are counted in, in words: the unit of the target, or importance for a tree."""
        return self.spec.unit if self.signed else "importance"

    def __getitem__(self, index: int) -> ClassExplanation:
        """Return the explanation of the class with this index; `SpecError` when it was not explained."""
        return self.classes[self._row(index)]

    def top_features(self, index: int, k: int, sign: Sign = "positive") -> tuple[int, ...]:
        """Return the ids of the at most `k` strongest superpixels of a class, strongest first.

        Parameters
        ----------
        index : int
            Class index.
        k : int
            At least 1.
        sign : {"positive", "negative", "both"}
            For the class, against it, or both. Superpixels with a coefficient of 0 are never among them.
        """
        if k < 1:
            raise SpecError(f"k must be at least 1; got {k}.")
        coefficients = self[index].coefficients
        order = np.argsort(-np.abs(coefficients), kind="stable")
        wanted = _of_sign(coefficients, sign)
        return tuple(int(feature) for feature in order if wanted[feature])[:k]

    def heatmap(self, index: int) -> NDArray[np.float32]:
        """Return float32 ``(H, W)``: the coefficient of each pixel's superpixel, as the default view shows it.

        Superpixels that are not among `shown_features` are 0.
        """
        return self.shown_coefficients(index).astype(np.float32)[self.segments]

    def shown_features(self, index: int, k: int | None = None, sign: Sign | None = None) -> tuple[int, ...]:
        """Return the ids of the superpixels that views of a class show, strongest first.

        With ``spec.hide_unsure`` those whose 95 % interval contains zero are not among them.

        Parameters
        ----------
        index : int
            Class index.
        k, sign
            As in `top_features`; ``spec.top_k`` and ``spec.sign`` if left out.
        """
        sure = self[index].sure
        ranked = self.top_features(index, len(sure), sign or self.spec.sign)
        shown = (feature for feature in ranked if sure[feature] or not self.spec.hide_unsure)
        return tuple(shown)[: self.spec.top_k if k is None else k]

    def shown_coefficients(self, index: int) -> Floats:
        """Return the coefficients ``(S,)`` of a class, 0 for those that are not among `shown_features`."""
        shown = list(self.shown_features(index))
        coefficients = np.zeros_like(self[index].coefficients)
        coefficients[shown] = self[index].coefficients[shown]
        return coefficients

    def contrast(self, a: int, b: int) -> Contrast:
        """Return why class `a` and not class `b`: the difference of their coefficients with error bars."""
        if not self.signed:
            raise SpecError("A regression tree's importance has no sign, so two classes cannot be contrasted.")
        row_a, row_b = self._row(a), self._row(b)
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
        for stored, explained in zip(document["classes"], self.classes, strict=True):
            for name in _CLASS_ARRAYS:
                stored[name] = [_to_null(value) for value in getattr(explained, name).tolist()]
        document |= {"segments": encode_array(self.segments), "covariances": encode_array(self.covariances)}
        return json.dumps(document, indent=1, allow_nan=False)

    @classmethod
    def from_json(cls, text: str) -> Explanation:
        """Read what `to_json` wrote.

        Raises
        ------
        LimeError
            When the text is not such a document, or is damaged.
        """
        try:
            document = json.loads(text)
            segments, covariances = decode_array(document["segments"]), decode_array(document["covariances"])
            arrays = {name: [_from_nulls(row[name]) for row in document["classes"]] for name in _CLASS_ARRAYS}
            return cls._from_document(document, segments, covariances, arrays)
        except (KeyError, TypeError, ValueError) as error:
            raise LimeError(f"Not a readable explanation (JSON): {error}") from error

    def save_npz(self, target: str | os.PathLike[str] | BinaryIO) -> None:
        """Write everything to a compressed NPZ file; `load_npz` is its inverse."""
        arrays = {name: np.stack([getattr(row, name) for row in self.classes]) for name in _CLASS_ARRAYS}
        np.savez_compressed(
            target,
            document=np.array(json.dumps(self._document(), allow_nan=False)),
            segments=self.segments,
            covariances=self.covariances,
            allow_pickle=False,
            **arrays,
        )

    @classmethod
    def load_npz(cls, source: str | os.PathLike[str] | BinaryIO) -> Explanation:
        """Read what `save_npz` wrote.

        Raises
        ------
        LimeError
            When the file is not such a file, or is damaged.
        """
        try:
            with np.load(source, allow_pickle=False) as stored:
                arrays = {name: list(stored[name]) for name in _CLASS_ARRAYS}
                document = json.loads(str(stored["document"]))
                return cls._from_document(document, stored["segments"], stored["covariances"], arrays)
        except (OSError, EOFError, KeyError, TypeError, ValueError, zipfile.BadZipFile) as error:
            raise LimeError(f"Not a readable explanation (NPZ): {error}") from error

    def _document(self) -> dict[str, Any]:
        return {
            "format": _FORMAT,
            "signed": self.signed,
            "samples": self.samples,
            "stop_reason": self.stop_reason,
            "effective_sample_size": self.effective_sample_size,
            "notes": list(self.notes),
            "spec": self.spec.to_dict(),
            "provenance": asdict(self.provenance),
            "classes": [
                {name: _to_null(getattr(row, name)) for name in _CLASS_SCALARS} | {"trust": row.trust.to_dict()}
                for row in self.classes
            ],
        }

    @classmethod
    def _from_document(
        cls, document: dict[str, Any], segments: NDArray[Any], covariances: Floats, arrays: dict[str, list[Floats]]
    ) -> Explanation:
        if document["format"] != _FORMAT:
            raise LimeError(f"The document holds {document['format']!r}; expected {_FORMAT!r}.")
        classes = tuple(
            ClassExplanation(
                **{name: _from_null(row[name]) for name in _CLASS_SCALARS},
                coefficients=arrays["coefficients"][place],
                std_errors=arrays["std_errors"][place],
                trust=ClassTrust.from_dict(row["trust"]),
            )
            for place, row in enumerate(document["classes"])
        )
        return cls(
            classes=classes,
            segments=segments,
            covariances=covariances,
            signed=document["signed"],
            samples=document["samples"],
            stop_reason=document["stop_reason"],
            effective_sample_size=document["effective_sample_size"],
            notes=tuple(document["notes"]),
            spec=ExplainSpec.from_dict(document["spec"]),
            provenance=Provenance.from_dict(document["provenance"]),
        )

    def _row(self, index: int) -> int:
        indices = [explained.index for explained in self.classes]
        if index not in indices:
            raise SpecError(f"Class {index} was not explained; explained are {indices}.")
        return indices.index(index)


_CLASS_ARRAYS = ("coefficients", "std_errors")
_CLASS_SCALARS = (
    "index", "name", "probability", "intercept", "r2", "r2_holdout", "model_output", "surrogate_output"
)  # fmt: skip


def _of_sign(coefficients: Floats, sign: Sign) -> NDArray[np.bool_]:
    signs: dict[str, NDArray[np.bool_]] = {
        "positive": coefficients > 0,
        "negative": coefficients < 0,
        "both": coefficients != 0,
    }
    if sign in signs:
        return signs[sign]
    raise SpecError(f"sign must be one of positive, negative, both; got {sign!r}.")


def _to_null(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return None if math.isnan(value) else "infinite"
    return value


def _from_null(value: Any) -> Any:
    return math.nan if value is None else math.inf if value == "infinite" else value


def _from_nulls(values: list[float | None]) -> Floats:
    return np.array([_from_null(value) for value in values], dtype=np.float64)
