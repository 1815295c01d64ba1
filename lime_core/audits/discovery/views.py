"""Pictures of an audit as the model sees them, and what experiments do to them."""

from __future__ import annotations

import io
from collections import OrderedDict
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final

import numpy as np
import PIL.Image
import PIL.ImageFilter
from scipy import ndimage

from lime_core.answers.scene import frame
from lime_core.audits.storage.tables import THUMBNAILS
from lime_core.errors import LimeError
from lime_core.picture.image import load_image
from lime_core.superpixels import carry_labels, resize_pixels

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from lime_core.audits.storage.audit_folder import AuditFolder
    from lime_core.collections.base import Collection
    from lime_core.settings.spec import ExplainSpec

    Floats = NDArray[np.float64]
    Pixels = NDArray[np.uint8]
    Region = NDArray[np.bool_]

_MOST_BYTES: Final = 256 * 1024 * 1024  # of the pictures that are kept
_SIGMA: Final = 12.0  # of the blur, pixels of the model's input
_MARGIN: Final = 3  # a superpixel's edge is rarely exactly that of the thing


@dataclass(frozen=True, eq=False)
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
    touching : ndarray of bool, shape (S, S)
        Which of them touch.
    """

    path: str
    whole: Pixels
    segments: NDArray[np.int32]
    pixels: Pixels
    labels: NDArray[np.int32]
    touching: NDArray[np.bool_]

    @property
    def superpixels(self) -> int:
        """The number S of superpixels."""
        return int(self.labels.max()) + 1

    def region(self, superpixels: Iterable[int]) -> Region:
        """Return where some superpixels are, and a margin around them, bool ``(h, w)``."""
        region = np.zeros(self.labels.shape, bool)
        for superpixel in superpixels:
            self.grow(region, superpixel)
        return region

    def grow(self, region: Region, superpixel: int) -> None:
        """Add a superpixel and its margin to a region."""
        found = self._boxes[superpixel]
        if found is None:  # none of its pixels is left at the model's input size
            return
        around = tuple(slice(max(side.start - _MARGIN, 0), side.stop + _MARGIN) for side in found)
        region[around] |= ndimage.binary_dilation(self.labels[around] == superpixel, iterations=_MARGIN)

    @cached_property
    def _boxes(self) -> list[tuple[slice, slice] | None]:
        boxes: list[tuple[slice, slice] | None] = ndimage.find_objects(self.labels + 1)
        return boxes


class Views:
    """Reads pictures of an audit; those used last are kept."""

    def __init__(
        self, folder: AuditFolder, collection: Collection, input_size: tuple[int, int], spec: ExplainSpec
    ) -> None:
        self._folder, self._collection, self._size, self._spec = folder, collection, input_size, spec
        self._kept: OrderedDict[str, View | None] = OrderedDict()

    def get(self, path: str) -> View | None:
        """Return a picture; None where it cannot be read any more, or is not the picture that was explained."""
        if path not in self._kept:
            self._kept[path] = self._read(path)
            while len(self._kept) > 1 and sum(map(_bytes, self._kept.values())) > _MOST_BYTES:
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
        labels = carry_labels(segments, self._size)
        return View(path, whole, segments, resize_pixels(whole, self._size), labels, touching(labels))


def _bytes(view: View | None) -> int:
    if view is None:
        return 0
    return view.whole.nbytes + view.segments.nbytes + view.pixels.nbytes + view.labels.nbytes


def painted_over(pixels: Pixels, region: Region) -> Pixels:
    """Return a fill that knows nothing of a region: what is around it goes on into it, and then all is blurred.

    The usual blur would show the colour of what it hides.

    Parameters
    ----------
    pixels : ndarray of uint8, shape (h, w, 3)
    region : ndarray of bool, shape (h, w)

    Returns
    -------
    fill : ndarray of uint8, shape (h, w, 3)
    """
    if region.all():
        return np.broadcast_to(np.rint(pixels.mean(axis=(0, 1))).astype(np.uint8), pixels.shape)
    nearest = ndimage.distance_transform_edt(region, return_distances=False, return_indices=True)
    continued = PIL.Image.fromarray(pixels[tuple(nearest)])
    return np.asarray(continued.filter(PIL.ImageFilter.GaussianBlur(_SIGMA)))


def recoloured(pixels: NDArray[np.uint8], cast: Floats) -> NDArray[np.uint8]:
    """Return a picture under a cast, given as the logarithms of the factors of red, green and blue."""
    changed: NDArray[np.uint8] = np.rint(pixels * np.exp(cast)).clip(0, 255).astype(np.uint8)
    return changed


def turned(cast: Floats, rng: np.random.Generator) -> Floats:
    """Return another cast of the same strength: the hue turned by 60 to 300 degrees."""
    angle = rng.uniform(np.pi / 3, 5 * np.pi / 3)
    axis = np.ones(3) / np.sqrt(3)
    # Rodrigues' rotation about the axis of greys, to which every cast is perpendicular.
    other: Floats = cast * np.cos(angle) + np.cross(axis, cast) * np.sin(angle)
    return other


def random_region(view: View, like: Region, rng: np.random.Generator, apart: Region | None = None) -> Region:
    """Return neighbouring superpixels at a random place that cover about as much as a region.

    They lie beside the region where half of it has room there, and anywhere else. One superpixel after another is
    added; the number is taken that comes nearest to the region's size.

    Parameters
    ----------
    view : View
    like : ndarray of bool, shape (h, w)
    rng : numpy.random.Generator
    apart : ndarray of bool, shape (h, w), optional
        More that they stay away from.
    """
    occupied = like if apart is None else like | apart
    sizes = np.bincount(view.labels.ravel(), minlength=view.superpixels)
    taken = np.bincount(view.labels[occupied], minlength=view.superpixels) > sizes / 2
    if sizes[~taken].sum() < like.sum() / 2:
        occupied = np.zeros_like(like) if apart is None else apart
        taken = np.bincount(view.labels[occupied], minlength=view.superpixels) > sizes / 2
    if taken.all():
        taken[:], occupied = False, np.zeros_like(like)
    free = np.flatnonzero(~taken)
    chosen = [int(rng.choice(free))]
    grown, wanted = view.region(chosen), like.sum()
    region = grown & ~occupied
    while region.sum() < wanted and len(chosen) < len(free):
        beside = np.setdiff1d(np.flatnonzero(view.touching[chosen].any(axis=0) & ~taken), chosen)
        chosen.append(int(rng.choice(beside if len(beside) else np.setdiff1d(free, chosen))))
        view.grow(grown, chosen[-1])
        smaller, region = region, grown & ~occupied
        if region.sum() - wanted > wanted - smaller.sum():
            return smaller
    return region


def touching(labels: NDArray[np.int32]) -> NDArray[np.bool_]:
    """Return which superpixels touch, bool ``(S, S)``."""
    count = int(labels.max()) + 1
    found = np.zeros((count, count), bool)
    for one, other in ((labels[1:], labels[:-1]), (labels[:, 1:], labels[:, :-1])):
        found[one.ravel(), other.ravel()] = True
    found |= found.T
    np.fill_diagonal(found, False)
    return found
