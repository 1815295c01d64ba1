"""Where a concept is in a picture: its superpixels, and the parts of the same thing beside them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from scipy.ndimage import find_objects

from lime_core.audits.discovery.proof import Held
from lime_core.superpixels import resize_pixels

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from lime_core.audits.discovery.patches import Components
    from lime_core.audits.discovery.views import View
    from lime_core.models.features import FeatureClassifier

_BATCH: Final = 64
_ALIKE: Final = 0.4  # cosine to the mean of a part
_TYPICAL: Final = 0.1  # quantile of the members' own cosines, from which on something looks like a member


class Finder:
    """Finds the parts of the same thing by the network's features of their boxes.

    Parameters
    ----------
    network : FeatureClassifier
    components : Components
        What turns its features into descriptions.
    means : ndarray of float32, shape (parts, D)
        Mean description of each part, of unit length.
    """

    def __init__(self, network: FeatureClassifier, components: Components, means: NDArray[np.float32]) -> None:
        self._network, self._components, self._means = network, components, means
        self._known: dict[str, NDArray[np.float32]] = {}

    def least(self, descriptions: NDArray[np.float32], own: NDArray[np.intp]) -> float:
        """Return how alike a superpixel must be to look like a concept: as nine in ten of its members are.

        Parameters
        ----------
        descriptions : ndarray of float32, shape (n, D)
            Of its members.
        own : ndarray of int
            The concept's parts.
        """
        return max(_ALIKE, float(np.quantile((descriptions @ self._means[own].T).max(axis=1), _TYPICAL)))

    def seen(self, view: View, own: NDArray[np.intp], least: float = _ALIKE) -> list[int]:
        """Return the superpixels that look like a concept, whatever their evidence: like none of the other parts more.

        Parameters
        ----------
        view : View
        own : ndarray of int
            The concept's parts.
        least : float
            Cosine to the mean of one of them, see `least`.
        """
        likeness = self._descriptions(view) @ self._means.T
        alike = np.isin(likeness.argmax(axis=1), own) & (likeness.max(axis=1) >= least)
        found: list[int] = np.flatnonzero(alike).tolist()
        return found

    def held(self, view: View, superpixels: Iterable[int], own: NDArray[np.intp]) -> Held:
        """Return where a concept is.

        Neighbours of its superpixels belong to it if the network sees them as more like one of its parts than like any
        other, and as like that as `_ALIKE`; then their neighbours.

        Parameters
        ----------
        view : View
        superpixels : iterable of int
            Those that are it for sure.
        own : ndarray of int
            The concept's parts.
        """
        belongs = np.zeros(view.superpixels, bool)
        belongs[self.seen(view, own)] = True
        parts = set(superpixels)
        while True:
            beside = set(np.flatnonzero(view.touching[list(parts)].any(axis=0) & belongs).tolist())
            if beside <= parts:
                return Held(view, view.region(parts))
            parts |= beside

    def _descriptions(self, view: View) -> NDArray[np.float32]:
        """Return descriptions of all superpixels; those of each picture are made once, as many groups ask for them."""
        if view.path not in self._known:
            boxes = find_objects(view.segments + 1)
            patches = [resize_pixels(view.whole[box], self._network.input_size) for box in boxes]
            found = [
                self._components.describe(self._network.features(np.stack(patches[start : start + _BATCH])))
                for start in range(0, len(patches), _BATCH)
            ]
            self._known[view.path] = np.concatenate(found)
        return self._known[view.path]
