"""The columns of an audit's Parquet data sets."""

from __future__ import annotations

from typing import Final

import pyarrow as pa

EXPLANATIONS: Final = "explanations"
SUPERPIXELS: Final = "superpixels"
THUMBNAILS: Final = "thumbnails"
SKIPPED: Final = "skipped"
MEMBERS: Final = "members"

# Whoever wants a few thumbnails skips the groups of rows that hold none of them: Parquet notes the first and the last
# path of each. Rows of other data sets are so small that this saves nothing.
ROWS_A_GROUP: Final = {THUMBNAILS: 16}

_names = pa.string()
_names_list = pa.list_(pa.string())

SCHEMAS: Final = {
    # One row a picture and class: the predicted class, and the true one where that is another.
    EXPLANATIONS: pa.schema(
        [
            pa.field("picture", _names, nullable=False),  # its path in the collection
            pa.field("label", _names),  # its true class; null if not known
            pa.field("class_index", pa.int32(), nullable=False),
            pa.field("class_name", _names, nullable=False),
            pa.field("role", _names, nullable=False),  # "predicted" or "true"
            pa.field("correct", pa.bool_()),  # whether the predicted class is the true one; null if not known
            pa.field("probability", pa.float32(), nullable=False),  # the model's output for this class
            pa.field("r2", pa.float32()),
            pa.field("r2_holdout", pa.float32()),
            pa.field("intercept", pa.float32()),
            pa.field("level", _names, nullable=False),  # of the verdict: "solid", "usable", ...
            pa.field("findings", _names_list, nullable=False),  # sentences of the verdict
            pa.field("superpixels", pa.int32(), nullable=False),  # how many the picture has
            pa.field("calls", pa.int32(), nullable=False),
            pa.field("seed", pa.int64(), nullable=False),
            pa.field("height", pa.int32(), nullable=False),  # of the picture as explained, in pixels
            pa.field("width", pa.int32(), nullable=False),
            pa.field("sha256", _names, nullable=False),  # of the decoded picture
        ]
    ),
    # One row a picture, class and superpixel.
    SUPERPIXELS: pa.schema(
        [
            pa.field("picture", _names, nullable=False),
            pa.field("class_index", pa.int32(), nullable=False),
            pa.field("superpixel", pa.int32(), nullable=False),  # 0..S-1
            pa.field("coefficient", pa.float32(), nullable=False),
            pa.field("std_error", pa.float32()),
            pa.field("degrees", pa.float32()),  # of freedom of the error bar; null where they are not known
            pa.field("top", pa.int32(), nullable=False),  # bounding box in pixels of the picture; bottom and right
            pa.field("left", pa.int32(), nullable=False),  # are exclusive
            pa.field("bottom", pa.int32(), nullable=False),
            pa.field("right", pa.int32(), nullable=False),
            pa.field("area", pa.int32(), nullable=False),  # pixels
            # What the network makes of the box; null for superpixels that are not among the strongest.
            pa.field("features", pa.list_(pa.float16())),
        ]
    ),
    # One row a picture.
    THUMBNAILS: pa.schema(
        [
            pa.field("picture", _names, nullable=False),
            pa.field("thumbnail", pa.binary(), nullable=False),  # JPEG, at most 256 pixels a side
            pa.field("segments", pa.binary(), nullable=False),  # 16-bit PNG: the superpixel of each pixel
        ]
    ),
    # One row a picture that could not be explained.
    SKIPPED: pa.schema([pa.field("picture", _names, nullable=False), pa.field("reason", _names, nullable=False)]),
    # One row a superpixel that belongs to a concept.
    MEMBERS: pa.schema(
        [
            pa.field("picture", _names, nullable=False),
            pa.field("class_index", pa.int32(), nullable=False),
            pa.field("superpixel", pa.int32(), nullable=False),
            pa.field("concept", pa.int32(), nullable=False),  # `Concept.number`
        ]
    ),
}
