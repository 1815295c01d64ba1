"""What the parts of a comparison of methods are drawn from."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

import lime_core as lc
from lime_core.show import maps
from lime_core.show.canvas import Canvas
from lime_core.trials.method_measures import MethodMeasures
from pages.state.methods_job import MethodsOrder
from pages.state.server import server
from pages.state.settings import Settings


@dataclass(frozen=True, slots=True)
class MethodsView:
    """A comparison of methods on screen.

    Attributes
    ----------
    settings : Settings
        The user's settings.
    order : MethodsOrder
        What was compared.
    comparison : MethodComparison
        At least one method.
    running : bool
        Whether more methods are on their way.
    """

    settings: Settings
    order: MethodsOrder
    comparison: lc.MethodComparison
    running: bool

    @property
    def methods(self) -> tuple[MethodMeasures, ...]:
        """The methods that are done."""
        return self.comparison.methods

    @property
    def item(self) -> lc.ClassAttribution:
        """What the first method says of the compared class; index, name and output are the same for all."""
        return self.methods[0].attribution.classes[0]

    @property
    def index(self) -> int:
        """The compared class."""
        return self.item.index

    @property
    def view(self) -> lc.View:
        """How maps are drawn."""
        return self.settings.spec.view

    @property
    def top_k(self) -> int:
        """How many superpixels counted as the strongest: K, or all there are."""
        return min(self.comparison.top_k, self.methods[0].attribution.superpixels)

    def called(self, superpixels: Iterable[int]) -> tuple[int, ...]:
        """Return what people call some superpixels, given by their numbers 0..S-1; it is the same for all methods."""
        return tuple(self.methods[0].attribution.id_of(superpixel) for superpixel in superpixels)

    def canvas(self, width: int | None = None) -> Canvas:
        """Return what the maps are drawn on, at most `width` pixels wide."""
        question = self.order.question
        return server().canvas(question, lc.frame(question.image, question.spec), self.comparison.segments, width)

    def picture(self, draw: Callable[[], NDArray[np.uint8]], *about: object) -> bytes:
        """Return a picture of the comparison as a JPEG file; `about`, what else it depends on, has a full repr."""
        return server().picture(draw, self.order.key, repr(about))

    def map_of(self, method: MethodMeasures, *, width: int | None = None) -> NDArray[np.uint8]:
        """Return the map of one method, uint8 ``(h, w, 3)``.

        Methods count in different units, so each heat map ends at its method's own strongest score.
        """
        return maps.render(self.canvas(width), method.attribution, self.index, self.view)

    def picture_of(self, method: MethodMeasures, *, width: int) -> bytes:
        """Return the map of one method as a JPEG file, at most `width` pixels wide."""
        view = self.settings.spec.digest("view")
        return self.picture(lambda: self.map_of(method, width=width), "map", method.method, view, width)
