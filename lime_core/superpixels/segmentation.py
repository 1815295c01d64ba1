"""Cut a picture into superpixels: always int32 ``(H, W)``, labels ``0..S-1`` without gaps.

Each method is a small frozen class that holds its own parameters; `SEGMENTATIONS` maps its name to it.
"""

from __future__ import annotations

import hashlib
import io
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal, Protocol

import numpy as np
import PIL.Image
from numpy.typing import ArrayLike, NDArray
from skimage import color, filters, segmentation
from skimage.transform import resize

from lime_core.errors import SpecError
from lime_core.parameters import check_parameters, parameter

MIN_SUPERPIXELS = 2
MAX_SUPERPIXELS = 1023

Labels = NDArray[np.int32]


class Segmentation(Protocol):
    """What every method offers: a name, advice for when its result is out of range, and the cut itself."""

    method: ClassVar[str]
    coarser: ClassVar[str]
    finer: ClassVar[str]

    def cut(self, pixels: NDArray[np.uint8]) -> NDArray[np.int64]:
        """Return integer labels ``(H, W)``, any numbering, for RGB ``pixels`` uint8 ``(H, W, 3)``."""
        ...


@dataclass(frozen=True, slots=True)
class Slic:
    """SLIC: k-means in colour and position [1]_.

    References
    ----------
    .. [1] Achanta et al., "SLIC Superpixels Compared to State-of-the-art Superpixel Methods", TPAMI 2012.
    """

    method: ClassVar[str] = "slic"
    coarser: ClassVar[str] = "lower n_segments"
    finer: ClassVar[str] = "raise n_segments or lower compactness"

    n_segments: int = parameter(50, "About how many superpixels.", low=2, high=1023, stage="segmentation")
    compactness: float = parameter(
        20.0,
        "Square superpixels (high) or ones that follow colour (low).",
        low=0.001,
        high=1000,
        stage="segmentation",
    )
    sigma: float = parameter(1.0, "Smoothing before the cut, px.", low=0, high=20, stage="segmentation")

    def __post_init__(self) -> None:
        check_parameters(self)

    def cut(self, pixels: NDArray[np.uint8]) -> NDArray[np.int64]:
        """Return SLIC labels ``(H, W)``."""
        labels: NDArray[np.int64] = segmentation.slic(
            pixels, n_segments=self.n_segments, compactness=self.compactness, sigma=self.sigma, start_label=0
        )
        return labels


@dataclass(frozen=True, slots=True)
class Quickshift:
    """Quickshift: mode seeking in colour and position [1]_; what the `lime` package uses.

    References
    ----------
    .. [1] Vedaldi and Soatto, "Quick Shift and Kernel Methods for Mode Seeking", ECCV 2008.
    """

    method: ClassVar[str] = "quickshift"
    coarser: ClassVar[str] = "raise max_dist or kernel_size"
    finer: ClassVar[str] = "lower max_dist or kernel_size"

    kernel_size: float = parameter(4.0, "Width of the density kernel, px.", low=1, high=20, stage="segmentation")
    max_dist: float = parameter(
        200.0, "Farthest link, px: higher gives fewer superpixels.", low=1, high=1000, stage="segmentation"
    )
    ratio: float = parameter(0.2, "Colour (1) against position (0).", low=0, high=1, stage="segmentation")
    random_seed: int = parameter(
        42, "Breaks ties between equal densities.", low=0, high=2**31 - 1, stage="segmentation"
    )

    def __post_init__(self) -> None:
        check_parameters(self)

    def cut(self, pixels: NDArray[np.uint8]) -> NDArray[np.int64]:
        """Return quickshift labels ``(H, W)``."""
        labels: NDArray[np.int64] = segmentation.quickshift(
            pixels,
            kernel_size=self.kernel_size,
            max_dist=self.max_dist,
            ratio=self.ratio,
            rng=self.random_seed,
            channel_axis=-1,
        )
        return labels


@dataclass(frozen=True, slots=True)
class Felzenszwalb:
    """Graph-based cut [1]_: superpixels of very different sizes that follow edges.

    References
    ----------
    .. [1] Felzenszwalb and Huttenlocher, "Efficient Graph-Based Image Segmentation", IJCV 2004.
    """

    method: ClassVar[str] = "felzenszwalb"
    coarser: ClassVar[str] = "raise scale or min_size"
    finer: ClassVar[str] = "lower scale or min_size"

    scale: float = parameter(300.0, "Higher gives larger superpixels.", low=1, high=10_000, stage="segmentation")
    sigma: float = parameter(0.8, "Smoothing before the cut, px.", low=0, high=20, stage="segmentation")
    min_size: int = parameter(400, "Smallest superpixel, px.", low=1, high=100_000, stage="segmentation")

    def __post_init__(self) -> None:
        check_parameters(self)

    def cut(self, pixels: NDArray[np.uint8]) -> NDArray[np.int64]:
        """Return Felzenszwalb labels ``(H, W)``."""
        labels: NDArray[np.int64] = segmentation.felzenszwalb(
            pixels, scale=self.scale, sigma=self.sigma, min_size=self.min_size
        )
        return labels


@dataclass(frozen=True, slots=True)
class Watershed:
    """Compact watershed [1]_ on the gradient, from evenly spaced markers.

    References
    ----------
    .. [1] Neubert and Protzel, "Compact Watershed and Preemptive SLIC", ICPR 2014.
    """

    method: ClassVar[str] = "watershed"
    coarser: ClassVar[str] = "lower markers"
    finer: ClassVar[str] = "raise markers"

    markers: int = parameter(50, "About how many superpixels.", low=2, high=1023, stage="segmentation")
    compactness: float = parameter(
        0.001,
        "Square superpixels (high) or ones that follow edges (0).",
        low=0,
        high=10,
        stage="segmentation",
    )

    def __post_init__(self) -> None:
        check_parameters(self)

    def cut(self, pixels: NDArray[np.uint8]) -> NDArray[np.int64]:
        """Return watershed labels ``(H, W)``."""
        gradient = filters.sobel(color.rgb2gray(pixels))
        labels: NDArray[np.int64] = segmentation.watershed(gradient, markers=self.markers, compactness=self.compactness)
        return labels


@dataclass(frozen=True, slots=True)
class Grid:
    """A regular grid of rectangles: blind to the picture, and so a fair baseline."""

    method: ClassVar[str] = "grid"
    coarser: ClassVar[str] = "lower rows or columns"
    finer: ClassVar[str] = "raise rows or columns"

    rows: int = parameter(7, "Rectangles from top to bottom.", low=1, high=1023, stage="segmentation")
    columns: int = parameter(7, "Rectangles from left to right.", low=1, high=1023, stage="segmentation")

    def __post_init__(self) -> None:
        check_parameters(self)

    def cut(self, pixels: NDArray[np.uint8]) -> NDArray[np.int64]:
        """Return the grid's labels ``(H, W)``, row by row."""
        height, width = pixels.shape[:2]
        row = np.arange(height) * self.rows // height
        column = np.arange(width) * self.columns // width
        labels: NDArray[np.int64] = row[:, None] * self.columns + column[None, :]
        return labels


@dataclass(frozen=True, slots=True, eq=False)
class LabelMap:
    """A label map of the user's own: every distinct value is one superpixel.

    Attributes
    ----------
    labels : ndarray of int32, shape (H, W)
        Renumbered ``0..S-1``, read-only. A map of another size than the picture is stretched onto it when its
        proportions are the same to 2 %.
    """

    method: ClassVar[str] = "label_map"
    coarser: ClassVar[str] = "give a label map with fewer labels"
    finer: ClassVar[str] = "give a label map with more labels"

    labels: Labels = parameter(None, "Label map (PNG or array).", kind="other", stage="segmentation")

    def __post_init__(self) -> None:
        given = np.asarray(self.labels)
        if given.ndim != 2 or given.size == 0 or given.dtype.kind not in "iub":
            raise SpecError(
                f"A label map must be a whole-number array (H, W); got shape {given.shape}, dtype {given.dtype}."
            )
        labels = _without_gaps(given)
        labels.flags.writeable = False
        object.__setattr__(self, "labels", labels)

    @classmethod
    def load(cls, source: str | os.PathLike[str] | bytes) -> LabelMap:
        """Read a label map from a PNG (path or bytes): each grey level, index or colour is one superpixel.

        Raises
        ------
        SpecError
            When the file is not a PNG that can be read, or has more than 50 million pixels.
        """
        try:
            data = source if isinstance(source, bytes) else Path(source).read_bytes()
            with PIL.Image.open(io.BytesIO(data), formats=["PNG"]) as png:
                if png.width * png.height > 50_000_000:
                    raise SpecError(f"The label map has {png.width}×{png.height} pixels; allowed are 50 million.")
                values = np.asarray(png)
        except (OSError, SyntaxError, ValueError, PIL.Image.DecompressionBombError) as error:
            if isinstance(error, SpecError):
                raise
            raise SpecError(f"The label map must be a readable PNG file: {error}") from error
        if values.ndim == 3:
            place = 256 ** np.arange(values.shape[2], dtype=np.int64)
            values = values.astype(np.int64) @ place
        return cls(values)

    def cut(self, pixels: NDArray[np.uint8]) -> NDArray[np.int64]:
        """Return the labels at the size of `pixels`."""
        height, width = pixels.shape[:2]
        own_height, own_width = self.labels.shape
        if abs(own_width * height - own_height * width) > 0.02 * own_height * width:
            raise SpecError(
                f"The label map is {own_width}×{own_height} but the picture is {width}×{height}; "
                "give a map with the picture's proportions."
            )
        return carry_labels(self.labels, (height, width)).astype(np.int64)

    @property
    def sha256(self) -> str:
        """Hex digest of shape and labels."""
        return hashlib.sha256(repr(self.labels.shape).encode() + self.labels.tobytes()).hexdigest()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, LabelMap) and np.array_equal(self.labels, other.labels)

    def __hash__(self) -> int:
        return hash(self.sha256)


AnySegmentation = Slic | Quickshift | Felzenszwalb | Watershed | Grid | LabelMap

SEGMENTATIONS: dict[str, type[AnySegmentation]] = {
    method.method: method for method in (Slic, Quickshift, Felzenszwalb, Watershed, Grid, LabelMap)
}

Resolution = Literal["viewing", "model"]


def segment(
    pixels: NDArray[np.uint8],
    method: Segmentation,
    *,
    resolution: Resolution = "viewing",
    input_size: tuple[int, int] | None = None,
) -> Labels:
    """Cut a picture into superpixels.

    Parameters
    ----------
    pixels : ndarray of uint8, shape (H, W, 3)
        RGB picture.
    method : Segmentation
        One of the classes of this module with its parameters.
    resolution : {"viewing", "model"}
        Cut the picture as it is, or shrunk to `input_size` first and carry the labels back.
    input_size : tuple of int, optional
        Height and width of the model's input; needed for "model" only.

    Returns
    -------
    labels : ndarray of int32, shape (H, W)
        Labels ``0..S-1`` without gaps, ``2 <= S <= 1023``.

    Raises
    ------
    SpecError
        When S is out of range; the message names the parameter to change.
    """
    if resolution == "model" and not isinstance(method, LabelMap):
        if input_size is None:
            raise SpecError("Segmenting at the model's resolution needs input_size.")
        labels = carry_labels(_checked(method.cut(resize_pixels(pixels, input_size)), method), pixels.shape[:2])
    else:
        labels = method.cut(pixels).astype(np.int32)
    return _checked(labels, method)


def _checked(labels: NDArray[Any], method: Segmentation) -> Labels:
    labels = _without_gaps(labels)
    count = int(labels.max()) + 1
    if count < MIN_SUPERPIXELS:
        raise SpecError(f"{method.method} made {count} superpixel; at least 2 are needed: {method.finer}.")
    if count > MAX_SUPERPIXELS:
        raise SpecError(
            f"{method.method} made {count} superpixels; at most {MAX_SUPERPIXELS} are allowed: {method.coarser}."
        )
    return labels


def _without_gaps(labels: ArrayLike) -> Labels:
    array = np.asarray(labels)
    _, dense = np.unique(array, return_inverse=True)
    return dense.reshape(array.shape).astype(np.int32)


def resize_pixels(pixels: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
    """Squash an RGB picture to ``size = (height, width)`` (bilinear with antialiasing); uint8 in and out."""
    if pixels.shape[:2] == tuple(size):
        return pixels
    height, width = size
    picture = PIL.Image.fromarray(pixels).resize((width, height), PIL.Image.Resampling.BILINEAR)
    return np.asarray(picture, dtype=np.uint8)


def carry_labels(labels: Labels, size: tuple[int, int]) -> Labels:
    """Carry a label map to another size without losing a superpixel.

    Nearest neighbour first; a superpixel too small to be hit takes the pixel nearest to its centre whose
    present owner has another one.

    Parameters
    ----------
    labels : ndarray of int32, shape (H, W)
        Labels ``0..S-1`` without gaps.
    size : tuple of int
        New height and width, with ``height * width >= S``.

    Returns
    -------
    carried : ndarray of int32, shape size
        Holds every label of `labels`.

    Raises
    ------
    SpecError
        When `size` has fewer pixels than there are superpixels.
    """
    count = int(labels.max()) + 1
    height, width = size
    if labels.shape == tuple(size):
        return labels.astype(np.int32)
    if height * width < count:
        raise SpecError(
            f"{count} superpixels do not fit into the model's input of {width}×{height} pixels; ask for fewer."
        )
    carried: Labels = resize(labels, size, order=0, preserve_range=True, anti_aliasing=False).astype(np.int32)
    sizes = np.bincount(carried.ravel(), minlength=count)
    for lost in np.flatnonzero(sizes == 0):
        rows, columns = np.nonzero(labels == lost)
        row = (rows.mean() + 0.5) * height / labels.shape[0] - 0.5
        column = (columns.mean() + 0.5) * width / labels.shape[1] - 0.5
        far = (np.arange(height)[:, None] - row) ** 2 + (np.arange(width)[None, :] - column) ** 2
        far[sizes[carried] < 2] = np.inf
        place = np.unravel_index(np.argmin(far), far.shape)
        sizes[carried[place]] -= 1
        sizes[lost] += 1
        carried[place] = lost
    return carried
