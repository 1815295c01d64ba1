"""Designs whose masks hide other parts of the picture than superpixels; only certain methods use them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from lime_core.masks.covers import SmoothGrid, Windows
from lime_core.masks.samplers import SAMPLERS, EachHidden, Iid, Masks, Sampler
from lime_core.parameters import parameter

MOST_WINDOWS = 31  # along each axis; at 224 px a stride is then 7 px


@SAMPLERS.register
@dataclass(frozen=True, slots=True)
class SlidingWindow(EachHidden):
    """Each position of a sliding window hidden alone, once: the design of occlusion."""

    name: ClassVar[str] = "sliding_window"
    offered: ClassVar[bool] = False

    side: int = parameter(15, "Positions of the window along each axis.", low=1, high=MOST_WINDOWS)

    def size(self, samples: int, superpixels: int) -> int:  # noqa: ARG002 - always one mask a position
        """Return the number of positions."""
        return self.side**2

    def cover(self, seed: int) -> Windows:  # noqa: ARG002 - nothing is random
        """Return the positions."""
        return Windows(self.side)


@SAMPLERS.register
@dataclass(frozen=True, slots=True)
class SmoothRandom(Sampler):
    """Smooth random masks: a coarse grid of which each point is shown with one half, enlarged and shifted by chance."""

    name: ClassVar[str] = "smooth_random"
    offered: ClassVar[bool] = False

    keep_probability: ClassVar[float] = 0.5
    side: ClassVar[int] = 7

    def draw(self, samples: int, superpixels: int, seed: int) -> Masks:
        """Return independent masks, one column a point of the grid."""
        return Iid(self.keep_probability).draw(samples, superpixels, seed)

    def cover(self, seed: int) -> SmoothGrid:
        """Return the grid."""
        return SmoothGrid(self.side, seed)
