"""What a map shows, in words."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from known_attributions import COEFFICIENTS, HEIGHT, WIDTH, explain, of_pixels

import lime_core as lc
from lime_core.show import legend
from lime_core.show.captions import order_sentence
from lime_core.surrogates.order import Estimates

EVERYTHING = {"top_k": 6, "hide_unsure": False}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("overlay", "Blue: evidence for the class. Orange, hatched: evidence against it."),
        ("heatmap", "Blue: evidence for the class. Orange: evidence against it."),
        ("outline", "Outlined: the strongest superpixels."),
        ("hide_rest", "Left in the picture: the strongest superpixels."),
        ("jet", "Red: strong evidence for the class. Dark blue: none. Evidence against the class is left out."),
    ],
)
def test_a_legend_says_what_the_colours_mean(name: Any, expected: str) -> None:
    assert legend(explain(), lc.View(name, **EVERYTHING)) == expected


@pytest.mark.parametrize("name", ["overlay", "heatmap", "jet"])
def test_importance_without_a_sign_is_not_called_evidence(name: Any) -> None:
    importance = explain(np.abs(COEFFICIENTS), signed=False)
    for sign in ("positive", "negative", "both"):
        text = legend(importance, lc.View(name, sign=sign, **EVERYTHING))
        assert "importan" in text
        assert "vidence" not in text


def test_a_legend_says_what_is_left_out() -> None:
    explanation = explain()
    assert "At most 3 superpixels are shown." in legend(explanation, lc.View(top_k=3))
    assert "may have no effect are left out." in legend(explanation, lc.View())
    assert "Evidence against the class is left out." in legend(explanation, lc.View(sign="positive"))
    assert "Evidence for the class is left out." in legend(explanation, lc.View(sign="negative"))
    assert "Red: strong evidence against the class." in legend(explanation, lc.View("jet", sign="negative"))


def test_scores_of_pixels_are_not_counted_in_superpixels() -> None:
    text = legend(of_pixels(np.ones((HEIGHT, WIDTH))), lc.View("heatmap", top_k=1))
    assert text == "Blue: evidence for the class. Orange: evidence against it."


OPEN = "not for sure. Faint dashes: perhaps instead of these."


def with_order() -> lc.Explanation:
    """All but the sixth score, of 0.3 ± 0.5, can be told apart; 0.4 and -0.4 are alike by size."""
    explanation = explain()
    (item,) = explanation.classes
    order = Estimates(item.scores, np.diag(item.std_errors**2), item.degrees_of_freedom).order()
    return replace(explanation, classes=(replace(item, order=order),))


@pytest.mark.parametrize(
    ("name", "said"),
    [
        (
            "overlay",
            "Full colour: among the 2 strongest for sure (95 %). Pale: " + OPEN,
        ),
        (
            "outline",
            "Whole line: among the 2 strongest for sure (95 %). Dashed: " + OPEN,
        ),
        (
            "hide_rest",
            "Full colour: among the 2 strongest for sure (95 %). Pale: " + OPEN,
        ),
        ("heatmap", "At most 2 superpixels are shown."),
        ("jet", "At most 2 superpixels are shown."),
    ],
)
def test_a_legend_says_how_sure_and_possible_superpixels_are_drawn(name: Any, said: str) -> None:
    text = legend(with_order(), lc.View(name, top_k=2, hide_unsure=False))
    assert said in text
    assert ("At most" in text) == (name in ("heatmap", "jet"))


def test_which_superpixels_are_among_the_strongest_is_said_in_a_sentence() -> None:
    view = lc.View(top_k=2)
    assert order_sentence(with_order(), 7, view) == "Among the 2 strongest for sure: none; perhaps: 0, 1, 5 (95 %)."
    one = replace(view, top_k=1, sign="negative")
    assert order_sentence(with_order(), 7, one) == (
        "Among the 1 strongest against the class for sure: none; perhaps: 1, 5 (95 %)."
    )
    assert order_sentence(explain(), 7, view) == ""
