"""What the parts of a result are drawn from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

import lime_core as lc
from lime_core.show import maps
from pages.state.session import Result, Session
from pages.state.settings import Settings


@dataclass(frozen=True, slots=True)
class ResultView:
    """An attribution on screen.

    Attributes
    ----------
    state : Session
        Whose screen it is.
    result : Result
        The answers and their question.
    attribution : Attribution
        What the method makes of them with the present settings.
    """

    state: Session
    result: Result
    attribution: lc.Attribution

    @property
    def settings(self) -> Settings:
        """The user's settings."""
        return self.state.settings

    @property
    def view(self) -> lc.View:
        """How it is drawn."""
        return self.state.settings.spec.view

    @property
    def top_k(self) -> int:
        """How many superpixels count as the strongest: the K of the view, or all there are."""
        return min(self.view.top_k, self.attribution.superpixels)

    @property
    def explanation(self) -> lc.Explanation | None:
        """The attribution when it is LIME's, which has a surrogate, R² and a kernel; None for other methods."""
        return self.attribution if isinstance(self.attribution, lc.Explanation) else None

    @property
    def segments(self) -> NDArray[np.int32]:
        """The superpixels, int32 ``(H, W)``."""
        segments = self.attribution.segments
        if segments is None:
            raise lc.LimeError("This method gives scores per pixel, not per superpixel.")
        return segments

    @property
    def image(self) -> lc.Image:
        """The picture as the model sees it framed, at viewing size."""
        return lc.frame(self.result.question.image, self.attribution.spec)

    @property
    def focus(self) -> lc.ClassAttribution:
        """The class that is shown large."""
        indices = [item.index for item in self.attribution.classes]
        focus = self.settings.focus
        return self.attribution[focus] if focus in indices else self.attribution.classes[0]

    def map_of(self, index: int, attribution: lc.Attribution | None = None) -> NDArray[np.uint8]:
        """Return the map of one class as the settings ask for it, uint8 ``(H, W, 3)``."""
        attribution = attribution or self.attribution
        if self.view.name == "heatmap" and not self.settings.one_scale:
            return maps.heatmap(self.image, attribution, index, self.view)
        return maps.render(self.image, attribution, index, self.view)
