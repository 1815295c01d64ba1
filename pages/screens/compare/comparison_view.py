"""What the parts of a comparison are drawn from."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

import lime_core as lc
from lime_core.show import maps
from pages.state.attribution_keys import attribution_key
from pages.state.server import server
from pages.state.settings import Settings
from pages.widgets import labels
from pages.widgets.text import plain


@dataclass(frozen=True, slots=True)
class ComparisonView:
    """A comparison on screen.

    Attributes
    ----------
    settings : Settings
        The user's settings.
    image : Image
        The framed picture.
    explanations : tuple of Explanation
        One a model, all of the same classes and masks.
    comparison : Comparison
        Their comparison for the chosen class.
    running : bool
        Whether answers are on their way.
    """

    settings: Settings
    image: lc.Image
    explanations: tuple[lc.Explanation, ...]
    comparison: lc.Comparison
    running: bool

    def title(self, index: int) -> str:
        """Return the name of a model for people."""
        return labels.model_title(self.comparison.models[index])

    def called(self, superpixels: Iterable[int]) -> tuple[int, ...]:
        """Return what people call some superpixels, given by their numbers 0..S-1; it is the same for all models."""
        return tuple(self.explanations[0].id_of(superpixel) for superpixel in superpixels)

    @property
    def same_classes(self) -> bool:
        """Whether the models were explained in the same classes."""
        first, *others = ([(item.index, item.name) for item in each.classes] for each in self.explanations)
        return all(sorted(other) == sorted(first) for other in others)

    @property
    def same_class(self) -> bool:
        """Whether all models are compared on one class."""
        return self.same_classes and len({item.index for item in self.comparison.explained}) == 1

    def title_with_class(self, index: int) -> str:
        """Return the name of a model, with its class where that differs between models."""
        name = plain(self.comparison.explained[index].name)
        return self.title(index) if self.same_class else f"{self.title(index)} ({name})"

    @property
    def limit(self) -> float:
        """The end of the colour scale that all models' heat maps share."""
        shown = zip(self.explanations, self.comparison.explained, strict=True)
        only_compared = (replace(explanation, classes=(explanation[item.index],)) for explanation, item in shown)
        return max(maps.shared_limit(explanation, self.settings.spec.view) for explanation in only_compared)

    def picture(self, draw: Callable[[], NDArray[np.uint8]], *about: object) -> bytes:
        """Return a picture of the comparison as a JPEG file; `about`, what else it depends on, has a full repr."""
        return server().picture(draw, *map(attribution_key, self.explanations), repr(about))

    def picture_of(self, index: int) -> bytes:
        """Return the map of a model's compared class as a JPEG file."""
        compared = [item.index for item in self.comparison.explained]
        view = self.settings.spec.digest("view")
        return self.picture(lambda: self._map_of(index), "map", index, compared, view, self.settings.one_scale)

    def _map_of(self, index: int) -> NDArray[np.uint8]:
        explanation, class_index = self.explanations[index], self.comparison.explained[index].index
        view = self.settings.spec.view
        if view.name == "heatmap":
            limit = self.limit if self.settings.one_scale else None
            return maps.heatmap(self.image, explanation, class_index, view, limit=limit)
        return maps.render(self.image, explanation, class_index, view)
