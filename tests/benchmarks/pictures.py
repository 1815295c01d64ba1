"""The pictures of the benchmarks: a folder beside the project, or the few that scikit-image ships."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from skimage import data

import lime_core as lc
from lime_core.superpixels import resize_pixels

DEFAULT_FOLDER = Path(__file__).resolve().parents[2].parent / "shared" / "images"
# Shipped in scikit-image's wheel, with the ImageNet class the built-in model rightly gives each.
SHIPPED = {"chelsea": 285, "coffee": 967, "camera": 872}


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture and the classes that are to be explained on it."""

    name: str
    image: lc.Image
    classes: tuple[int, ...]


def load(folder: Path, limit: int | None = None) -> list[Picture]:
    """Return the labelled pictures of a folder (``labels.json`` gives each file's class index), at most `limit`.

    A limited choice is spread over the whole list, whose neighbours are often animals of one kind.
    """
    labels = json.loads((folder / "labels.json").read_text(encoding="utf-8"))
    names = sorted(labels)
    if limit is not None and limit < len(names):
        names = [names[place] for place in np.linspace(0, len(names) - 1, limit).round().astype(int)]
    return [Picture(Path(name).stem, lc.load_image(folder / name), (int(labels[name]["index"]),)) for name in names]


def shipped(limit: int | None = None) -> list[Picture]:
    """Return the pictures that need no folder."""
    return [Picture(name, lc.Image(_rgb(getattr(data, name)())), (index,)) for name, index in SHIPPED.items()][:limit]


def exist(folder: Path) -> bool:
    """Say whether the folder of pictures is there."""
    return (folder / "labels.json").is_file()


def with_top_class(picture: Picture, classifier: lc.Classifier) -> Picture:
    """Return the picture with the class that the model itself sees in the whole of it."""
    return replace(picture, classes=(int(outputs(picture.image, classifier).argmax()),))


def outputs(image: lc.Image, classifier: lc.Classifier) -> np.ndarray:
    """Return the model's outputs ``(C,)`` for the whole picture."""
    return classifier.predict(resize_pixels(image.pixels, classifier.input_size)[None])[0]


def _rgb(pixels: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(pixels if pixels.ndim == 3 else np.stack([pixels] * 3, axis=-1))
