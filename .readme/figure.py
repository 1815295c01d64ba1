"""Draw the README's figure "How it works" from real intermediate data: ``python .readme/figure.py``."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import PIL.Image
import PIL.ImageDraw
import PIL.ImageFont
from skimage import data

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

import lime_core as lc  # noqa: E402
from lime_core import show  # noqa: E402

SIDE, GAP, CAPTION = 300, 44, 66
INK, PAPER = (38, 39, 48), (255, 255, 255)


def main() -> None:
    """Write how-it-works.png beside this script."""
    image = lc.load_image(_png(data.chelsea()))
    classifier = lc.load_classifier()
    spec = lc.ExplainSpec(samples=1024)
    neighborhood = lc.query(image, classifier, spec)
    explanation = lc.fit(neighborhood, spec)
    cat = explanation.classes[0]
    fill = spec.fill.paint(image.pixels, explanation.segments)
    samples = [
        (show.perturbed(image, fill, explanation.segments, neighborhood.masks[row]), neighborhood.outputs[row])
        for row in range(4)
    ]
    panels = [
        (image.pixels, f"1  picture\n{cat.name} {cat.probability:.2f}"),
        (show.boundaries(image, explanation.segments), f"2  superpixels\nS = {neighborhood.superpixels}"),
        (_mosaic(samples, cat.index), f"3  perturbed pictures\nN = {neighborhood.samples} model outputs"),
        (
            show.heatmap(image, explanation, cat.index),
            f"4  weighted linear fit\nheld-out R-squared {cat.r2_holdout:.2f}",
        ),
        (show.overlay(image, explanation, cat.index), "5  explanation\nthe five strongest that are sure"),
    ]
    _strip(panels).save(HERE / "how-it-works.png", optimize=True)


def _png(pixels: np.ndarray) -> bytes:
    return show.to_png(pixels)


def _mosaic(samples: list, index: int) -> np.ndarray:
    font = PIL.ImageFont.load_default(size=34)
    tiles = []
    for pixels, outputs in samples:
        tile = PIL.Image.fromarray(pixels)
        draw = PIL.ImageDraw.Draw(tile)
        draw.text((12, 8), f"{outputs[index]:.2f}", font=font, fill=PAPER, stroke_width=3, stroke_fill=INK)
        tiles.append(np.asarray(tile))
    return np.concatenate([np.concatenate(tiles[:2], axis=1), np.concatenate(tiles[2:], axis=1)])


def _strip(panels: list) -> PIL.Image.Image:
    height = SIDE * 300 // 451
    strip = PIL.Image.new("RGB", (len(panels) * SIDE + (len(panels) - 1) * GAP, height + CAPTION), PAPER)
    draw = PIL.ImageDraw.Draw(strip)
    font = PIL.ImageFont.load_default(size=20)
    for index, (pixels, caption) in enumerate(panels):
        left = index * (SIDE + GAP)
        strip.paste(PIL.Image.fromarray(pixels).resize((SIDE, height), PIL.Image.Resampling.LANCZOS), (left, 0))
        draw.multiline_text((left, height + 8), caption, font=font, fill=INK, spacing=6)
        if index:
            middle, start = height // 2, left - GAP + 10
            draw.line([(start, middle), (left - 12, middle)], fill=INK, width=3)
            draw.polygon([(left - 8, middle), (left - 18, middle - 7), (left - 18, middle + 7)], fill=INK)
    return strip


if __name__ == "__main__":
    main()
