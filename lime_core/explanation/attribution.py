"""What every method gives: scores for each class, and the superpixels or pixels they belong to."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from lime_core.answers.origin import Provenance
from lime_core.codec import decode_array, encode_array, from_null, to_null
from lime_core.errors import LimeError, SpecError
from lime_core.explanation.class_attribution import ClassAttribution
from lime_core.explanation.documents import (
    check_format,
    judged_document,
    judged_from_document,
    shared_document,
    shared_from_document,
)
from lime_core.explanation.notebook import STRONGEST, Row, table
from lime_core.explanation.top_k import TopK, certain_top
from lime_core.settings.spec import ExplainSpec
from lime_core.settings.view import Sign, View, ViewName

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Attribution:
    """What a method says of one picture, for some classes of one model.

    Attributes
    ----------
    classes : tuple of ClassAttribution
        By falling output.
    segments : ndarray of int32, shape (H, W), or None
        Superpixels ``0..S-1`` of the picture at viewing size; None for a method that knows only pixels.
    signed : bool
        Whether scores tell evidence for a class from evidence against it.
    unit : str
        What scores are counted in, in words.
    calls : int
        Pictures the model was asked about.
    method : str
        Name of the method.
    provenance : Provenance
        Model, picture, versions and timings.
    spec : ExplainSpec
        The settings behind it. Its view is always the default one: a result does not know how it is drawn.
    notes : tuple of str
        Plain warnings that a reader should see.
    """

    classes: tuple[ClassAttribution, ...]
    segments: NDArray[np.int32] | None
    signed: bool
    unit: str
    calls: int
    method: str
    provenance: Provenance
    spec: ExplainSpec
    notes: tuple[str, ...] = ()

    _format: ClassVar[str] = "limelight-attribution/1"
    _class_type: ClassVar[type[ClassAttribution]] = ClassAttribution

    def __getitem__(self, index: int) -> ClassAttribution:
        """Return what is said of the class with this index; `SpecError` when it was not explained."""
        return self.classes[self.row(index)]

    def row(self, index: int) -> int:
        """Return where in `classes` the class with this index is; `SpecError` when it was not explained."""
        indices = [item.index for item in self.classes]
        if index not in indices:
            raise SpecError(f"Class {index} was not explained; explained are {indices}.")
        return indices.index(index)

    @property
    def interval_label(self) -> str:
        """What the intervals are called: "95 %", or "nominal" where the same samples selected the superpixels."""
        return "95 %" if self.spec.intervals_hold else "nominal"

    @property
    def superpixels(self) -> int:
        """The number S of superpixels; `SpecError` where there are none."""
        labels, own = self._labels, self.classes[0].scores
        return len(own) if own.ndim == 1 else int(labels.max()) + 1

    @property
    def superpixel_ids(self) -> NDArray[np.int64]:
        """What people call the superpixels, int64 ``(S,)``: the values of the user's own label map, else ``0..S-1``."""
        return self.spec.segmentation.superpixel_ids(self.superpixels)

    def id_of(self, feature: int) -> int:
        """Return what people call a superpixel that `top_features` or a row of `scores` names by its number 0..S-1."""
        if not 0 <= feature < self.superpixels:
            raise SpecError(f"Superpixels are numbered 0..{self.superpixels - 1}; got {feature}.")
        return int(self.superpixel_ids[feature])

    @property
    def _labels(self) -> NDArray[np.int32]:
        if self.segments is None:
            raise SpecError(f"The method {self.method!r} gives scores of pixels and has no superpixels.")
        return self.segments

    def scores(self, index: int) -> Floats:
        """Return one score a superpixel, float64 ``(S,)``; scores of pixels are averaged over each superpixel."""
        own = self[index].scores
        if own.ndim == 1:
            return own
        labels = self._labels.ravel()
        return np.bincount(labels, weights=own.ravel()) / np.bincount(labels)

    def sure(self, index: int) -> NDArray[np.bool_]:
        """Return which superpixels' scores differ from zero, bool ``(S,)``; all where pixels have the scores."""
        own = self[index]
        return own.sure if own.scores.ndim == 1 else np.ones(self.superpixels, bool)

    def top_features(self, index: int, k: int, sign: Sign = "positive") -> tuple[int, ...]:
        """Return the numbers 0..S-1 of the at most `k` strongest superpixels of a class, strongest first.

        They count the columns of the masks and of `scores`; `id_of` gives what people call them.

        Parameters
        ----------
        index : int
            Class index.
        k : int
            At least 1.
        sign : {"positive", "negative", "both"}
            Evidence for the class, against it, or both. Superpixels with a score of 0 are never among them.
        """
        if k < 1:
            raise SpecError(f"k must be at least 1; got {k}.")
        scores = self.scores(index)
        wanted = _of_sign(scores, sign)
        order = np.argsort(-np.abs(scores), kind="stable")
        return tuple(order[wanted[order]][:k].tolist())

    def certain_top(self, index: int, k: int, sign: Sign = "positive") -> TopK | None:
        """Return which superpixels are among the `k` strongest of a class for sure, and which may be.

        All that it says for one `k` and `sign` is right with a chance of 95 %; see `lime_core.surrogates.order`. None
        where the method gives no joint error bars. Parameters as for `top_features`.
        """
        item = self[index]
        return None if item.order is None else certain_top(item.order, item.scores, k, sign)

    def shown_features(self, index: int, view: View | ViewName) -> tuple[int, ...]:
        """Return the numbers 0..S-1 of the superpixels that a view of a class shows, strongest first.

        With ``view.hide_unsure`` those that are not `sure` to differ from zero are not among them. Scores without a
        sign are shown whatever sign the view asks for.
        """
        view = View.make(view)
        ranked = self.top_features(index, self.superpixels, view.sign if self.signed else "both")
        if view.hide_unsure:
            sure = self.sure(index)
            ranked = tuple(feature for feature in ranked if sure[feature])
        return ranked[: view.top_k]

    def shown_scores(self, index: int, view: View | ViewName) -> Floats:
        """Return the scores ``(S,)`` of a class, 0 for the superpixels that `view` does not show."""
        features = list(self.shown_features(index, view))
        scores = self.scores(index)
        result = np.zeros_like(scores)
        result[features] = scores[features]
        return result

    def heatmap(self, index: int, view: View | ViewName | None = None) -> NDArray[np.float32]:
        """Return the score of each pixel, float32 ``(H, W)``.

        Parameters
        ----------
        index : int
            Class index.
        view : View or str, optional
            Show only the superpixels that this view shows, and 0 elsewhere; without it every score.
        """
        own = self[index].scores
        if view is None and own.ndim == 2:
            return own.astype(np.float32)
        scores = self.scores(index) if view is None else self.shown_scores(index, view)
        return scores.astype(np.float32)[self._labels]

    def to_json(self) -> str:
        """Return a JSON text that `from_json` turns back into an equal attribution; NaN is written as null."""
        document = self._document()
        for row, item in zip(document["classes"], self.classes, strict=True):
            row["scores"] = encode_array(item.scores)
            for name in ("std_errors", "degrees_of_freedom"):
                values = getattr(item, name)
                row[name] = None if values is None else encode_array(values)
        document["segments"] = None if self.segments is None else encode_array(self.segments)
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
            check_format(document, cls._format)
            classes = tuple(cls._class_type(**cls._class_fields(row)) for row in document["classes"])
            return cls(classes=classes, segments=_decoded(document["segments"]), **shared_from_document(document))
        except (KeyError, TypeError, ValueError) as error:
            raise LimeError(f"Not a readable attribution (JSON): {error}") from error

    @classmethod
    def _class_fields(cls, row: dict[str, Any]) -> dict[str, Any]:
        """Return the fields of a class from its part of the document."""
        return {
            "index": row["index"],
            "name": row["name"],
            "output": from_null(row["output"]),
            "scores": decode_array(row["scores"]),
            "std_errors": _decoded(row["std_errors"]),
            "degrees_of_freedom": _decoded(row["degrees_of_freedom"]),
            **judged_from_document(row, row["scores"]["shape"][0]),
        }

    def _document(self) -> dict[str, Any]:
        return {
            "format": self._format,
            **self.shared_document(),
            "classes": [
                {
                    "index": item.index,
                    "name": item.name,
                    "output": to_null(item.output),
                    **judged_document(item),
                }
                for item in self.classes
            ],
        }

    def shared_document(self) -> dict[str, Any]:
        """Return what the JSON of every kind of result holds, as plain values."""
        names = ("method", "signed", "unit", "calls", "notes", "spec", "provenance")
        ids = None if self.segments is None else self.superpixel_ids.tolist()
        return shared_document({name: getattr(self, name) for name in names}) | {"superpixel_ids": ids}

    def _repr_html_(self) -> str:
        """Show the classes with their strongest superpixels in a notebook."""
        heading = f"{self.provenance.model}, method {self.method}, {self.calls:,} model calls"
        return table(heading, self.unit, [self._row_of(item) for item in self.classes], signed=self.signed)

    def _row_of(self, item: ClassAttribution) -> Row:
        verdict = "not judged" if item.verdict is None else item.verdict.level
        if self.segments is None:
            return Row(item.name, item.output, verdict, ())
        scores = self.scores(item.index)
        features = self.top_features(item.index, STRONGEST, "both")
        return Row(
            item.name, item.output, verdict, [(self.id_of(feature), float(scores[feature])) for feature in features]
        )


def without_view(spec: ExplainSpec) -> ExplainSpec:
    """Return the settings that a result remembers: all but how it is drawn."""
    return replace(spec, view=View())


def _decoded(encoded: Any) -> NDArray[Any] | None:
    return None if encoded is None else decode_array(encoded)


def _of_sign(scores: Floats, sign: Sign) -> NDArray[np.bool_]:
    signs: dict[str, NDArray[np.bool_]] = {"positive": scores > 0, "negative": scores < 0, "both": scores != 0}
    if sign in signs:
        return signs[sign]
    raise SpecError(f"sign must be one of positive, negative, both; got {sign!r}.")
