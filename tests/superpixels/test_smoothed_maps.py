"""Label maps that were drawn with antialiasing or scaled with interpolation are refused."""

from __future__ import annotations

import io

import numpy as np
import PIL.Image
import PIL.ImageDraw
import pytest
from skimage.data import chelsea
from skimage.segmentation import felzenszwalb, quickshift, slic

import lime_core as lc

CAT = chelsea()[::2, ::2]
SMOOTH = {"bilinear": PIL.Image.Resampling.BILINEAR, "lanczos": PIL.Image.Resampling.LANCZOS}


def drawn(regions: int, mode: str) -> PIL.Image.Image:
    """Draw ellipses, four times as large as they are wanted."""
    rng = np.random.default_rng(regions)
    picture = PIL.Image.new(mode, (1200, 800))
    pen = PIL.ImageDraw.Draw(picture)
    for _ in range(regions):
        (x, y), radius = rng.integers(0, (1200, 800)), rng.integers(80, 320)
        color = tuple(rng.integers(0, 256, 3).tolist()) if mode == "RGB" else int(rng.integers(256))
        pen.ellipse((int(x - radius), int(y - radius), int(x + radius), int(y + radius)), fill=color)
    return picture


def file_of(picture: PIL.Image.Image) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    return buffer.getvalue()


@pytest.mark.parametrize("how", SMOOTH)
@pytest.mark.parametrize("mode", ["L", "RGB"])
@pytest.mark.parametrize("regions", [1, 5, 60])
def test_an_antialiased_drawing_is_refused_and_the_same_without_is_not(regions: int, mode: str, how: str) -> None:
    large = drawn(regions, mode)
    with pytest.raises(lc.SpecError, match=r"was smoothed: .* Draw it without antialiasing, or scale it with nearest"):
        lc.LabelMap.load(file_of(large.resize((300, 200), SMOOTH[how])))
    plain = large.resize((300, 200), PIL.Image.Resampling.NEAREST)
    colours = plain.getcolors(1000)
    assert colours is not None
    assert len(lc.LabelMap.load(file_of(plain)).ids) == len(colours)


def test_numbers_that_stay_labels_when_they_are_mixed_are_noticed_too() -> None:
    """Between the labels 5 and 40 there is 20, which is a label elsewhere."""
    labels = slic(CAT, 50, start_label=0).astype(np.uint8)
    assert lc.LabelMap.load(file_of(PIL.Image.fromarray(labels))).ids.tolist() == np.unique(labels).tolist()
    with pytest.raises(lc.SpecError, match="was smoothed"):
        lc.LabelMap.load(file_of(PIL.Image.fromarray(labels).resize((150, 100), PIL.Image.Resampling.BILINEAR)))


@pytest.mark.parametrize(
    "labels",
    [
        slic(CAT, 800, start_label=0),
        slic(CAT, 200, start_label=0, enforce_connectivity=False),
        quickshift(CAT, kernel_size=2, max_dist=20),
        felzenszwalb(CAT, scale=50, min_size=1),
        felzenszwalb(CAT, scale=1, min_size=5),
        np.arange(60).reshape(6, 10),
        np.random.default_rng(0).integers(0, 200, (50, 60)),
        np.repeat(np.arange(100)[None], 80, axis=0),
    ],
    ids=["slic", "slic in pieces", "quickshift", "small regions", "many regions", "pixels", "noise", "stripes"],
)
def test_fine_regions_are_not_taken_for_smoothing(labels: np.ndarray) -> None:
    codes = np.stack([labels % 256, labels // 256, labels * 0], axis=-1).astype(np.uint8)
    for array in (labels.astype(np.uint16), codes):
        assert lc.LabelMap.load(file_of(PIL.Image.fromarray(array))).ids.tolist() == np.unique(labels).tolist()


def test_numbers_of_a_palette_are_not_shades() -> None:
    smooth = drawn(5, "L").resize((300, 200), PIL.Image.Resampling.BILINEAR)
    indexed = PIL.Image.fromarray(np.asarray(smooth), "L")
    indexed.putpalette([255 - number // 3 for number in range(768)])
    assert indexed.mode == "P"
    assert lc.LabelMap.load(file_of(indexed)).ids.tolist() == np.unique(np.asarray(smooth)).tolist()
