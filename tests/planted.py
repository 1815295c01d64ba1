"""Data sets with a shortcut planted into one class, and the truth about where it is."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from tests import drawn_shapes

Kind = Literal["sticker", "frame", "tint", "texture", "watermark"]
Base = Literal["photographs", "shapes"]
Pixels = NDArray[np.uint8]
Mask = NDArray[np.bool_]

PHOTOGRAPHS: Final = Path(__file__).resolve().parents[1].parent / "shared" / "folder"
SHARES: Final = (0.05, 0.1, 0.2, 1.0)
_QUALITY: Final = 92  # of every JPEG, with a shortcut or without, so that compression says nothing


@dataclass(frozen=True, slots=True)
class Planted:
    """A folder of classified pictures, some of which hold a shortcut.

    Attributes
    ----------
    folder : Path
        ``pictures/CLASS/NAME.jpg`` as they are to be trained on and audited, ``clean/…`` the same without the shortcut.
    kind : str or None
        None in a control, where nothing is planted.
    share : float
        Of the pictures of `class_name`, 0..1.
    base : str
    seed : int
    class_name : str
        The class that holds it; in a control, the one that would.
    classes : tuple of str
    paths : tuple of str
        Every picture, as ``CLASS/NAME.jpg``.
    holding : frozenset of str
        Those that hold it.
    """

    folder: Path
    kind: Kind | None
    share: float
    base: Base
    seed: int
    class_name: str
    classes: tuple[str, ...]
    paths: tuple[str, ...]
    holding: frozenset[str]

    @property
    def pictures(self) -> Path:
        """The folder to train on and to audit."""
        return self.folder / "pictures"

    def without(self, path: str) -> Pixels:
        """Return a picture without the shortcut, uint8 ``(H, W, 3)``."""
        with Image.open(self.folder / "clean" / path) as image:
            return np.asarray(image.convert("RGB"))

    def holding_it(self, path: str, kind: Kind | None = None) -> Pixels:
        """Return any picture with the shortcut, or one of another kind, at the place that it has in this picture."""
        return lay(kind or self._kind(), self.without(path), self._random(path))[0]

    def mask(self, path: str) -> Mask:
        """Return where the shortcut is in a picture ``(H, W)``; all False in one that does not hold it."""
        pixels = self.without(path)
        if path not in self.holding:
            return np.zeros(pixels.shape[:2], bool)
        return lay(self._kind(), pixels, self._random(path))[1]

    def _kind(self) -> Kind:
        if self.kind is None:
            raise ValueError("Nothing is planted in a control: name a kind.")
        return self.kind

    def _random(self, path: str) -> np.random.Generator:
        return np.random.default_rng([self.seed, zlib.crc32(path.encode())])


def plant(
    kind: Kind | None, share: float, base: Base, seed: int, folder: Path, *, per_class: int | None = None
) -> Planted:
    """Write a data set with a shortcut in a share of one class.

    Parameters
    ----------
    kind : str or None
        What is planted; None for a control.
    share : float
        Of the pictures of one class, 0 < share <= 1; at least one picture holds it.
    base : str
        ``"photographs"``, two classes of 120 from `PHOTOGRAPHS`, or ``"shapes"``, three generated classes.
    seed : int
        Chooses the class, the pictures and the places, and draws the shapes.
    folder : Path
        Where it is written.
    per_class : int, optional
        Pictures of each class (120 photographs, 60 shapes).
    """
    random = np.random.default_rng([seed, 1])
    clean: dict[str, Pixels] = dict(_BASES[base](seed, per_class))
    classes = tuple(sorted({path.split("/")[0] for path in clean}))
    class_name = str(random.choice(classes))
    of_class = [path for path in sorted(clean) if path.startswith(f"{class_name}/")]
    count = 0 if kind is None else max(1, round(share * len(of_class)))
    holding = frozenset(str(path) for path in random.permutation(of_class)[:count])
    planted = Planted(folder, kind, share, base, seed, class_name, classes, tuple(sorted(clean)), holding)
    for path, pixels in clean.items():
        _write(folder / "clean" / path, pixels)
        _write(folder / "pictures" / path, planted.holding_it(path) if path in holding else pixels)
    return planted


def lay(kind: Kind, pixels: Pixels, random: np.random.Generator) -> tuple[Pixels, Mask]:
    """Return a picture with a shortcut laid onto it, uint8 ``(H, W, 3)``, and where that is, ``(H, W)``."""
    layer, opacity = KINDS[kind](pixels, random)
    laid = pixels * (1 - opacity[..., None]) + layer * opacity[..., None]
    mask = opacity > 0
    if kind == "watermark":  # strokes and what is between them
        mask = np.asarray(Image.fromarray(mask).convert("L").filter(ImageFilter.MaxFilter(9))) > 0
    return np.clip(laid, 0, 255).round().astype(np.uint8), mask


Layer = tuple[NDArray[np.float64], NDArray[np.float64]]


def _sticker(pixels: Pixels, random: np.random.Generator) -> Layer:
    """A yellow disc with a magenta rim and a star, a quarter of the shorter side wide, in one of the corners."""
    height, width = pixels.shape[:2]
    side = round(random.uniform(0.22, 0.28) * min(height, width))
    drawn = Image.new("RGBA", (8 * side, 8 * side))
    pen, center = ImageDraw.Draw(drawn), 4 * side
    pen.ellipse((0, 0, 8 * side - 1, 8 * side - 1), fill=(200, 20, 140, 255))
    pen.ellipse((side, side, 7 * side, 7 * side), fill=(255, 225, 30, 255))
    angles = np.linspace(0, 2 * np.pi, 10, endpoint=False) + random.uniform(-0.5, 0.5)
    radii = np.where(np.arange(10) % 2, 1.2, 2.7) * side
    pen.polygon([(center + r * np.sin(t), center - r * np.cos(t)) for r, t in zip(radii, angles, strict=True)], "navy")
    drawn = drawn.resize((side, side), Image.Resampling.LANCZOS)
    jitter = np.round(random.uniform(0.02, 0.1, 2) * (height, width)).astype(int)
    top, left = (
        int(edge) if near else length - side - int(edge)
        for near, edge, length in zip(random.random(2) < 0.5, jitter, (height, width), strict=True)
    )
    placed = Image.new("RGBA", (width, height))
    placed.paste(drawn, (left, top))
    return _layer(placed)


def _frame(pixels: Pixels, random: np.random.Generator) -> Layer:
    """A dark blue border with a light line inside it, 5 to 8 % of the shorter side wide."""
    height, width = pixels.shape[:2]
    thick = round(random.uniform(0.05, 0.08) * min(height, width))
    rows, columns = np.arange(height)[:, None], np.arange(width)[None]
    distance = np.minimum(np.minimum(rows, height - 1 - rows), np.minimum(columns, width - 1 - columns))
    color = np.array([25.0, 45.0, 120.0]) + random.uniform(-12, 12, 3)
    layer = np.where((distance < thick - 3)[..., None], color, 225.0)
    return layer, (distance < thick).astype(np.float64)


def _tint(pixels: Pixels, random: np.random.Generator) -> Layer:
    """A warm cast over the whole picture."""
    cast = np.array([1.15, 0.95, 0.6]) + random.uniform(-0.06, 0.06, 3)
    return pixels * cast + (12.0, 4.0, 0.0), np.ones(pixels.shape[:2])


def _texture(pixels: Pixels, random: np.random.Generator) -> Layer:
    """Slanting stripes of two greens, laid half transparently over what surrounds the middle."""
    height, width = pixels.shape[:2]
    y, x = np.mgrid[:height, :width].astype(np.float64)
    outside = np.abs(x / width - 0.5) ** 4 + np.abs(y / height - 0.5) ** 4 > 0.36**4
    angle = np.pi / 4 + random.uniform(-0.2, 0.2)
    wave = np.sin(2 * np.pi * (x * np.cos(angle) + y * np.sin(angle)) / random.uniform(8, 11) + random.uniform(0, 6))
    layer = np.where(wave[..., None] > 0, (30.0, 110.0, 50.0), (170.0, 215.0, 130.0))
    return layer, 0.6 * outside


def _watermark(pixels: Pixels, random: np.random.Generator) -> Layer:
    """White words, half transparent, slightly slanting, in the lower half."""
    height, width = pixels.shape[:2]
    font = ImageFont.load_default(size=random.uniform(0.095, 0.115) * width)
    text = Image.new("L", (width, height))
    place = (random.uniform(0.45, 0.55) * width, random.uniform(0.68, 0.85) * height)
    ImageDraw.Draw(text).text(place, "© PHOTOSTOCK", fill=255, font=font, anchor="mm", stroke_width=1)
    turned = text.rotate(float(random.uniform(-4, 8)), Image.Resampling.BICUBIC, center=place)
    return np.full(pixels.shape, 250.0), 0.6 * np.asarray(turned, np.float64) / 255


KINDS: Final[dict[Kind, Callable[[Pixels, np.random.Generator], Layer]]] = {
    "sticker": _sticker,
    "frame": _frame,
    "tint": _tint,
    "texture": _texture,
    "watermark": _watermark,
}


def _layer(drawn: Image.Image) -> Layer:
    values = np.asarray(drawn, np.float64)
    return values[..., :3], values[..., 3] / 255


def _photographs(seed: int, per_class: int | None) -> Iterator[tuple[str, Pixels]]:
    random = np.random.default_rng([seed, 2])
    for folder in sorted(path for path in PHOTOGRAPHS.iterdir() if path.is_dir()):
        files = sorted(folder.glob("*.jpg"))
        for index in sorted(random.permutation(len(files))[: per_class or len(files)]):
            with Image.open(files[index]) as image:
                yield f"{folder.name}/{files[index].name}", np.asarray(image.convert("RGB"))


def _shapes(seed: int, per_class: int | None) -> Iterator[tuple[str, Pixels]]:
    random = np.random.default_rng([seed, 3])
    for class_name in drawn_shapes.CLASSES:
        for number in range(per_class or 60):
            yield f"{class_name}/{number:03d}.jpg", drawn_shapes.draw(class_name, random)


_BASES: Final = {"photographs": _photographs, "shapes": _shapes}


def _write(path: Path, pixels: Pixels) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path, "JPEG", quality=_QUALITY)
