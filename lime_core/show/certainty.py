"""What a map draws firmly, and what it draws faintly: how certain it is that a superpixel is among the K strongest."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lime_core.explanation.attribution import Attribution
from lime_core.settings.view import View

BySign = tuple[NDArray[np.intp], NDArray[np.intp]]


def by_certainty_and_sign(attribution: Attribution, class_index: int, view: View) -> list[BySign]:
    """Return three groups of superpixels, each as those for and those against the class.

    Those that a view shows and that are among the K strongest for sure, the others that it shows, and those that may be
    among the K strongest instead. With `hide_unsure` superpixels that may have no effect are in none of these. Where
    the order is not known, all that are shown are in the first group.
    """
    top = attribution.certain_top(class_index, view.top_k, view.sign)
    scores, shown = attribution.scores(class_index), attribution.shown_features(class_index, view)
    groups: list[tuple[int, ...]] = [shown, (), ()]
    if top is not None:
        sure, strongest = set(top.sure), set(shown)
        groups = [
            tuple(each for each in shown if each in sure),
            tuple(each for each in shown if each not in sure),
            tuple(each for each in top.possible if each not in strongest and _is_shown(scores[each], view)),
        ]
        if view.hide_unsure:
            scores = np.where(attribution[class_index].sure, scores, 0.0)
    arrays = (np.array(group, np.intp) for group in groups)
    return [(group[scores[group] > 0], group[scores[group] < 0]) for group in arrays]


def _is_shown(score: float, view: View) -> bool:
    """Whether a view shows evidence of this sign; of one that is not sure, that of the estimate counts."""
    return view.sign == "both" or (score > 0) == (view.sign == "positive")
