"""What the parts of a result are drawn from."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from plotly.graph_objects import Figure

import lime_core as lc
from lime_core.show import maps
from lime_core.show.canvas import Canvas
from pages.state.attribution_keys import attribution_key
from pages.state.question import Result
from pages.state.server import server
from pages.state.session import Session
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
    def ids(self) -> NDArray[np.int64]:
        """What people call the superpixels, int64 ``(S,)``: numbers of the user's own where a label map gives them."""
        return self.attribution.superpixel_ids

    def called(self, superpixels: Iterable[int]) -> tuple[int, ...]:
        """Return what people call some superpixels, given by their numbers 0..S-1."""
        return tuple(self.attribution.id_of(superpixel) for superpixel in superpixels)

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

    def canvas(self, width: int | None = None) -> Canvas:
        """Return what the maps are drawn on, at most `width` pixels wide; all of one cut share it."""
        return server().canvas(self.result.question, self.image, self.result.neighborhood.segments, width)

    def map_of(
        self, index: int, attribution: lc.Attribution | None = None, *, width: int | None = None
    ) -> NDArray[np.uint8]:
        """Return the map of one class as the settings ask for it, uint8 ``(h, w, 3)``, at most `width` pixels wide."""
        attribution = attribution or self.attribution
        draw = maps.heatmap if self.view.name == "heatmap" and not self.settings.one_scale else maps.render
        return draw(self.canvas(width), attribution, index, self.view)

    def picture(self, draw: Callable[[], NDArray[np.uint8]], *about: object) -> bytes:
        """Return a picture of the attribution as a JPEG file; `about`, what else it depends on, has a full repr."""
        return server().picture(draw, attribution_key(self.attribution), repr(about))

    def picture_of_the_cut(self, draw: Callable[[], NDArray[np.uint8]], name: str) -> bytes:
        """Return a picture that depends on the superpixels alone as a JPEG file."""
        return server().picture(draw, self.result.question.cut_key, name)

    def figure(self, draw: Callable[[], Figure], *about: object) -> Figure:
        """Return a figure of the attribution; `about` is what else it depends on, and has a full repr."""
        return server().figure(draw, attribution_key(self.attribution), repr(about))

    def picture_of(self, index: int, *, width: int | None = None) -> bytes:
        """Return the map of one class as a JPEG file, at most `width` pixels wide."""
        return self.picture(lambda: self.map_of(index, width=width), "map", *self.drawn_as, index, width)

    @property
    def drawn_as(self) -> tuple[object, ...]:
        """The settings that decide how maps are drawn."""
        return self.settings.spec.digest("view"), self.settings.one_scale
