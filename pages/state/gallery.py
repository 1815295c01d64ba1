"""Example pictures that need no network: they lie in the wheels of scikit-image and scikit-learn."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np

import lime_core as lc
from lime_core.superpixels import resize_pixels
from pages.state.cache import digest
from pages.state.server import server

_COLLAGE_SIDE = (400, 400)


@dataclass(frozen=True, slots=True)
class Example:
    """A picture of the gallery.

    Attributes
    ----------
    title : str
        Name for people, also its alternative text.
    package, files
        Where it lies; two files are put side by side.
    """

    title: str
    package: str
    files: tuple[str, ...]


_SKIMAGE, _SKLEARN = "skimage", "sklearn"
EXAMPLES: dict[str, Example] = {
    "cat": Example("Cat", _SKIMAGE, ("data/chelsea.png",)),
    "cat-and-coffee": Example("Cat beside coffee", _SKIMAGE, ("data/chelsea.png", "data/coffee.png")),
    "coffee": Example("Coffee", _SKIMAGE, ("data/coffee.png",)),
    "astronaut": Example("Astronaut", _SKIMAGE, ("data/astronaut.png",)),
    "motorcycle": Example("Motorcycle", _SKIMAGE, ("data/motorcycle_left.png",)),
    "rocket": Example("Rocket", _SKIMAGE, ("data/rocket.jpg",)),
    "pagoda": Example("Pagoda", _SKLEARN, ("datasets/images/china.jpg",)),
    "flower": Example("Flower", _SKLEARN, ("datasets/images/flower.jpg",)),
    "horse": Example("Horse silhouette", _SKIMAGE, ("data/horse.png",)),
}
FIRST = "cat"


def example(name: str) -> lc.Image:
    """Return a picture of the gallery."""
    return server().cached(digest("example", name), lambda: _load(EXAMPLES[name]))


def _load(entry: Example) -> lc.Image:
    pictures = [lc.load_image(_folder(entry.package) / file) for file in entry.files]
    if len(pictures) == 1:
        return pictures[0]
    # Two classes compete when each has half of the picture.
    return lc.Image(np.concatenate([resize_pixels(picture.pixels, _COLLAGE_SIDE) for picture in pictures], axis=1))


def _folder(package: str) -> Path:
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise lc.ImageError(f"The example pictures of {package} are not installed.")
    return Path(spec.submodule_search_locations[0])
