"""The same question put to several models: how far their explanations agree, and where they differ.

Numbers can be compared because everything but the model is the same: picture, superpixels, masks and fit. Whoever
asks, asks all models with one `ExplainSpec`; `compare` refuses explanations that were made otherwise.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from lime_core.errors import SpecError
from lime_core.explanation.agreement import jaccard, rank_correlation
from lime_core.explanation.explanation import ClassExplanation, Explanation
from lime_core.settings.spec import ExplainSpec
from lime_core.settings.view import Sign

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Difference:
    """What one model sees in each superpixel more than another.

    Attributes
    ----------
    a, b : int
        Positions of the two models in the comparison.
    coefficients : ndarray of float64, shape (S,)
        Coefficient under model `a` less that under model `b`.
    std_errors : ndarray of float64, shape (S,)
        Standard errors of the difference, as if the two models' errors were independent; NaN where one is unknown.
    """

    a: int
    b: int
    coefficients: Floats
    std_errors: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Agreement:
    """How far two models agree on what matters.

    Attributes
    ----------
    a, b : int
        Positions of the two models in the comparison.
    common, union : tuple of int
        Superpixels among the strongest of both models, and of either, in rising order.
    jaccard : float
        ``len(common) / len(union)``, 0..1; 1 when neither model has any.
    rank_correlation : float
        Spearman's rank correlation of all coefficients, −1..1; NaN where one model's are all equal.
    """

    a: int
    b: int
    common: tuple[int, ...]
    union: tuple[int, ...]
    jaccard: float
    rank_correlation: float


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """Explanations of one picture by M models, side by side.

    Attributes
    ----------
    models : tuple of str
        M model ids, in the order given.
    explained : tuple of ClassExplanation
        The class of each model that is compared.
    top : tuple of tuple of int
        Each model's at most K strongest superpixels, strongest first.
    agreements : tuple of Agreement
        Every two models, in the order of `models`.
    """

    models: tuple[str, ...]
    explained: tuple[ClassExplanation, ...]
    top: tuple[tuple[int, ...], ...]
    agreements: tuple[Agreement, ...]

    def difference(self, a: int, b: int) -> Difference:
        """Return what model number `a` sees in each superpixel more than model number `b`.

        Raises
        ------
        SpecError
            When there is no such model.
        """
        for position in (a, b):
            if not 0 <= position < len(self.models):
                raise SpecError(f"There are {len(self.models)} models, numbered from 0; got {position}.")
        first, second = self.explained[a], self.explained[b]
        return Difference(
            a=a,
            b=b,
            coefficients=first.coefficients - second.coefficients,
            std_errors=np.hypot(first.std_errors, second.std_errors),
        )


def compare(
    explanations: Sequence[Explanation],
    class_index: int | None = None,
    *,
    k: int = 5,
    sign: Sign = "positive",
) -> Comparison:
    """Compare explanations of one picture by several models.

    Parameters
    ----------
    explanations : sequence of Explanation
        One a model, all of the same picture with the same settings; only the explained classes may differ.
    class_index : int, optional
        The class to compare; without it each model's most probable explained class, which need not be the same.
    k : int
        How many superpixels count as the strongest.
    sign : {"positive", "negative", "both"}
        Which superpixels may be among the strongest; see `Explanation.top_features`.

    Returns
    -------
    comparison : Comparison

    Raises
    ------
    SpecError
        When there are none, when they are answers to different questions, or when a class was not explained.

    Examples
    --------
    >>> spec = lc.ExplainSpec(classes=(281, 285))  # doctest: +SKIP
    >>> names = ("efficientnet_lite0", "efficientnet_lite1")  # doctest: +SKIP
    >>> made = [lc.explain(image, lc.load_classifier(name), spec) for name in names]  # doctest: +SKIP
    >>> compare(made, 281).agreements[0].jaccard  # doctest: +SKIP
    """
    _check_same_question(explanations)
    explained = [_chosen(explanation, class_index) for explanation in explanations]
    top = [
        explanation.top_features(item.index, k, sign) for explanation, item in zip(explanations, explained, strict=True)
    ]
    return Comparison(
        models=tuple(explanation.provenance.model for explanation in explanations),
        explained=tuple(explained),
        top=tuple(top),
        agreements=tuple(_agreement(a, b, explained, top) for a, b in itertools.combinations(range(len(top)), 2)),
    )


def _agreement(a: int, b: int, explained: list[ClassExplanation], top: list[tuple[int, ...]]) -> Agreement:
    return Agreement(
        a=a,
        b=b,
        common=tuple(sorted(set(top[a]) & set(top[b]))),
        union=tuple(sorted(set(top[a]) | set(top[b]))),
        jaccard=jaccard(top[a], top[b]),
        rank_correlation=rank_correlation(explained[a].coefficients, explained[b].coefficients),
    )


def _chosen(explanation: Explanation, class_index: int | None) -> ClassExplanation:
    if class_index is not None:
        return explanation[class_index]
    return max(explanation.classes, key=lambda explained: explained.probability)


def _check_same_question(explanations: Sequence[Explanation]) -> None:
    if not explanations:
        raise SpecError("There are no explanations to compare.")
    first = explanations[0]
    for other in explanations[1:]:
        if other.provenance.image_sha256 != first.provenance.image_sha256:
            raise SpecError("The explanations are of different pictures; explain one picture with every model.")
        if not np.array_equal(other.segments, first.segments):
            raise SpecError(
                "The explanations have different superpixels; use resolution 'viewing', so that the cut does not "
                "depend on a model's input size."
            )
        if _question(other) != _question(first):
            raise SpecError("The explanations were made with different settings; use one ExplainSpec for all models.")


def _question(explanation: Explanation) -> str:
    """Return a digest of all settings but the explained classes and the view; masks follow from it."""
    alike: ExplainSpec = replace(explanation.spec, classes=None, top_classes=1)
    return alike.digest("segmentation", "query", "fit")
