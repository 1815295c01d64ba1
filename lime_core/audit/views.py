"""Pictures of an audit as the model sees them, and what experiments do to them."""

from __future__ import annotations

import io
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import PIL.Image
from scipy import ndimage

from lime_core.answers.scene import frame
from lime_core.audit.tables import THUMBNAILS
from lime_core.errors import LimeError
from lime_core.picture.image import load_image
from lime_core.superpixels import carry_labels, resize_pixels

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from lime_core.audit.audit_folder import AuditFolder
    from lime_core.collections.base import Collection
    from lime_core.settings.spec import ExplainSpec

    Pixels = NDArray[np.uint8]
    Region = NDArray[np.bool_]

_KEPT: Final = 64  # pictures in memory
_SIGMAS: Final = (12.0, 48.0)  # of the blur that continues what is around a region, pixels of the model's input
_MARGIN: Final = 3  # a superpixel's edge is rarely exactly that of the thing


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """A picture of an audit.

    Attributes
    ----------
    path : str
        In the collection.
    whole : ndarray of uint8, shape (H, W, 3)
        As explained.
    segments : ndarray of int32, shape (H, W)
        Its superpixels.
    pixels : ndarray of uint8, shape (h, w, 3)
        At the model's input size.
    labels : ndarray of int32, shape (h, w)
        The same superpixels at that size.
    """

    path: str
    whole: Pixels
    segments: NDArray[np.int32]
    pixels: Pixels
    labels: NDArray[np.int32]

    @property
    def superpixels(self) -> int:
        """The number S of superpixels."""
        return int(self.labels.max()) + 1

    def region(self, superpixels: Iterable[int]) -> Region:
        """Return where some superpixels are, and a margin around them, bool ``(h, w)``."""
        inside = np.isin(self.labels, list(superpixels))
        grown: Region = ndimage.binary_dilation(inside, iterations=_MARGIN)
        return grown

    def neighbours(self) -> NDArray[np.bool_]:
        """Return which superpixels touch, bool ``(S, S)``."""
        touching = np.zeros((self.superpixels, self.superpixels), bool)
        for one, other in ((self.labels[1:], self.labels[:-1]), (self.labels[:, 1:], self.labels[:, :-1])):
            touching[one.ravel(), other.ravel()] = True
        touching |= touching.T
        np.fill_diagonal(touching, False)
        return touching


class Views:
    """Reads pictures of an audit; the last few are kept."""

    def __init__(
        self, folder: AuditFolder, collection: Collection, input_size: tuple[int, int], spec: ExplainSpec
    ) -> None:
        self._folder, self._collection, self._size, self._spec = folder, collection, input_size, spec
        self._kept: OrderedDict[str, View | None] = OrderedDict()

    def get(self, path: str) -> View | None:
        """Return a picture; None where it cannot be read any more, or is not the picture that was explained."""
        if path not in self._kept:
            self._kept[path] = self._read(path)
            if len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        self._kept.move_to_end(path)
        return self._kept[path]

    def _read(self, path: str) -> View | None:
        rows = self._folder.table(THUMBNAILS, ["segments"], pictures=[path])
        try:
            whole = frame(load_image(self._collection.read(path)), self._spec).pixels
        except (LimeError, OSError):
            return None
        if len(rows) == 0:
            return None
        with PIL.Image.open(io.BytesIO(rows["segments"][0].as_py())) as image:
            segments = np.asarray(image).astype(np.int32)
        if segments.shape != whole.shape[:2]:
            return None
        return View(path, whole, segments, resize_pixels(whole, self._size), carry_labels(segments, self._size))


def painted_over(pixels: Pixels, region: Region) -> Pixels:
    """Return a fill that knows nothing of a region: a blur of the picture in which its pixels do not count.

    The usual blur would show the colour of what it hides. It is the normalized convolution of [1]_; where a narrow
    Gaussian reaches nothing outside the region, a wider one is used, and then the mean.

    Parameters
    ----------
    pixels : ndarray of uint8, shape (h, w, 3)
    region : ndarray of bool, shape (h, w)

    Returns
    -------
    fill : ndarray of uint8, shape (h, w, 3)

    References
    ----------
    .. [1] H. Knutsson, C.-F. Westin. Normalized and differential convolution. CVPR 1993.
    """
    known = (~region).astype(np.float32)
    if not known.any():
        known[:] = 1
    visible = pixels * known[..., None]
    fill = np.broadcast_to(visible.sum(axis=(0, 1)) / known.sum(), pixels.shape)
    for sigma in reversed(_SIGMAS):
        weight = ndimage.gaussian_filter(known, sigma, mode="nearest")[..., None]
        blurred = ndimage.gaussian_filter(visible, (sigma, sigma, 0), mode="nearest")
        fill = np.where(weight > 0.02, blurred / np.maximum(weight, 1e-6), fill)
    result: Pixels = np.rint(fill).clip(0, 255).astype(np.uint8)
    return result


def random_region(view: View, like: Region, forbidden: Region, rng: np.random.Generator) -> Region | None:
    """Return neighbouring superpixels at a random place that cover about as much as a region, and nothing forbidden.

    Returns
    -------
    region : ndarray of bool, shape (h, w), or None
        None where there is no room for half of it.
    """
    touching = view.neighbours()
    sizes = np.bincount(view.labels.ravel(), minlength=view.superpixels)
    taken = np.bincount(view.labels[forbidden], minlength=view.superpixels) > sizes / 2
    free = np.flatnonzero(~taken)
    if len(free) == 0:
        return None
    chosen = [int(rng.choice(free))]
    while view.region(chosen).sum() < like.sum() and len(chosen) < len(free):
        beside = np.flatnonzero(touching[chosen].any(axis=0) & ~taken & ~np.isin(np.arange(len(taken)), chosen))
        rest = beside if len(beside) else np.setdiff1d(free, chosen)
        chosen.append(int(rng.choice(rest)))
    region = view.region(chosen) & ~forbidden
    return region if region.sum() >= like.sum() / 2 else None
