"""The rows of an audit's data sets about one picture."""

from __future__ import annotations

import io
import math
from typing import TYPE_CHECKING, Any

import numpy as np
import PIL.Image
import pyarrow as pa
from scipy.ndimage import find_objects

from lime_core.audits.storage.tables import EXPLANATIONS, SCHEMAS, SUPERPIXELS, THUMBNAILS
from lime_core.superpixels import resize_pixels

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from lime_core.collections import CollectedPicture
    from lime_core.explanation.explanation import ClassExplanation, Explanation
    from lime_core.models.features import FeatureClassifier

STRONGEST = 6  # superpixels of a picture and class of which the network's features are kept
_THUMBNAIL_SIDE = 256
_LARGEST = float(np.finfo(np.float16).max)  # features are kept in half precision


def rows_of(
    picture: CollectedPicture,
    sha256: str,
    pixels: NDArray[np.uint8],
    explanation: Explanation,
    roles: Mapping[int, str],
    true_class: int | None,
    network: FeatureClassifier,
) -> dict[str, pa.Table]:
    """Return what is kept of a picture and its explanation, by data set.

    Parameters
    ----------
    picture : CollectedPicture
    sha256 : str
        Of the decoded picture.
    pixels : uint8 array (H, W, 3)
        The picture as explained.
    explanation : Explanation
        Of the classes in `roles`.
    roles : mapping of int to str
        ``"predicted"`` or ``"true"``, by class index, the predicted class first.
    true_class : int or None
    network : FeatureClassifier
        Describes the boxes of the strongest superpixels.
    """
    predicted = next(iter(roles))
    segments = explanation.segments
    regions = _regions(segments)
    shared = {
        "picture": picture.path,
        "label": picture.label,
        "correct": None if true_class is None else predicted == true_class,
        "superpixels": len(regions),
        "calls": explanation.calls,
        "seed": explanation.spec.seed,
        "height": segments.shape[0],
        "width": segments.shape[1],
        "sha256": sha256,
    }
    items = [explanation[index] for index in roles]
    features = _features(pixels, regions, items, network)
    superpixels = [
        {
            "picture": picture.path,
            "class_index": item.index,
            "superpixel": number,
            "coefficient": float(item.coefficients[number]),
            "std_error": _finite(item.std_errors[number]),
            "degrees": _finite(item.degrees_of_freedom[number]),
            **region,
            "features": features.get(number) if number in _strongest(item) else None,
        }
        for item in items
        for number, region in enumerate(regions)
    ]
    return {
        THUMBNAILS: _table(THUMBNAILS, [{"picture": picture.path, **_pictures(pixels, segments)}]),
        SUPERPIXELS: _table(SUPERPIXELS, superpixels),
        EXPLANATIONS: _table(EXPLANATIONS, [{**shared, **_class(item), "role": roles[item.index]} for item in items]),
    }


def _table(kind: str, rows: list[dict[str, Any]]) -> pa.Table:
    return pa.Table.from_pylist(rows, schema=SCHEMAS[kind])


def _class(item: ClassExplanation) -> dict[str, Any]:
    return {
        "class_index": item.index,
        "class_name": item.name,
        "probability": item.output,
        "r2": _finite(item.r2),
        "r2_holdout": _finite(item.r2_holdout),
        "intercept": _finite(item.intercept),
        "level": item.trust.level,
        "findings": list(item.trust.reasons),
    }


def _finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def _regions(segments: NDArray[np.int32]) -> list[dict[str, int]]:
    """Return the bounding box and the area of each superpixel."""
    areas = np.bincount(segments.ravel())
    return [
        {"top": rows.start, "left": columns.start, "bottom": rows.stop, "right": columns.stop, "area": int(area)}
        for (rows, columns), area in zip(find_objects(segments + 1), areas, strict=True)
    ]


def _strongest(item: ClassExplanation) -> list[int]:
    """Return the strongest superpixels that speak for a class, strongest first."""
    order = np.argsort(-item.coefficients, kind="stable")[:STRONGEST]
    return [int(number) for number in order if item.coefficients[number] > 0]


def _features(
    pixels: NDArray[np.uint8], regions: list[dict[str, int]], items: list[ClassExplanation], network: FeatureClassifier
) -> dict[int, NDArray[np.float16]]:
    """Return what the network makes of the boxes of the strongest superpixels, by their numbers."""
    numbers = sorted({number for item in items for number in _strongest(item)})
    if not numbers:
        return {}
    boxes = (regions[number] for number in numbers)
    patches = [
        resize_pixels(pixels[box["top"] : box["bottom"], box["left"] : box["right"]], network.input_size)
        for box in boxes
    ]
    found = np.clip(np.nan_to_num(network.features(np.stack(patches))), -_LARGEST, _LARGEST).astype(np.float16)
    return dict(zip(numbers, found, strict=True))


def _pictures(pixels: NDArray[np.uint8], segments: NDArray[np.int32]) -> dict[str, bytes]:
    thumbnail = PIL.Image.fromarray(pixels)
    thumbnail.thumbnail((_THUMBNAIL_SIDE, _THUMBNAIL_SIDE))
    small, labels = io.BytesIO(), io.BytesIO()
    thumbnail.save(small, "JPEG", quality=85)
    PIL.Image.fromarray(segments.astype(np.uint16)).save(labels, "PNG", compress_level=3)
    return {"thumbnail": small.getvalue(), "segments": labels.getvalue()}
