"""What the parts of a result are drawn from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

import lime_core as lc
from lime_core.show import render
from pages.state.session import Result, Session


@dataclass(frozen=True, slots=True)
class Shown:
    """An explanation on screen.

    Attributes
    ----------
    state : Session
        Whose screen it is.
    result : Result
        The answers and their question.
    explanation : Explanation
        Their fit with the present settings.
    """

    state: Session
    result: Result
    explanation: lc.Explanation

    @property
    def image(self) -> lc.Image:
        """The picture as the model sees it framed, at viewing size."""
        return lc.frame(self.result.question.image, self.explanation.spec)

    @property
    def focus(self) -> lc.ClassExplanation:
        """The class that is shown large."""
        indices = [explained.index for explained in self.explanation.classes]
        return self.explanation[self.state.focus] if self.state.focus in indices else self.explanation.classes[0]

    def map_of(self, index: int, explanation: lc.Explanation | None = None) -> np.ndarray:
        """Return the map of one class as the settings ask for it, uint8 (H, W, 3)."""
        explanation = explanation or self.explanation
        if explanation.spec.view == "heatmap" and not self.state.one_scale:
            return render.heatmap(self.image, explanation, index, opacity=explanation.spec.opacity)
        return render.render(self.image, explanation, index)
