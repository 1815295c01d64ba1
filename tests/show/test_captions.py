"""What a map shows, in words."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from known_attributions import COEFFICIENTS, HEIGHT, WIDTH, explain, of_pixels

import lime_core as lc
from lime_core.show import legend

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
