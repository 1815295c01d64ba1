"""Where the answers of a model came from."""

from __future__ import annotations

import contextlib
import platform
from dataclasses import dataclass, field
from functools import cache
from importlib import metadata
from typing import Any

from lime_core.models.outputs import Meaning
from lime_core.models.protocol import Classifier, identity_of, outputs_of
from lime_core.picture.image import Image

_PACKAGES = ("numpy", "scipy", "scikit-image", "scikit-learn", "pillow", "tensorflow", "keras", "openvino")


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where answers came from, in enough detail to ask for them again.

    Attributes
    ----------
    model : str
        Catalog id, or the name that the user gave the model.
    weights_sha256 : str or None
        Digest of the weights, where it is known.
    engine : str
        What ran the model.
    input_size : tuple of int
        Height and width of the model's input.
    image_sha256 : str
        Digest of the picture's pixels, before `framing`.
    versions : dict of str
        Python and the packages that take part.
    timings : dict of float
        Seconds that each stage took; ignored when two are compared.
    identity : str or None
        Distinguishes the classifier from others with the same name and weights, for example its preprocessing; None
        where name and weights are enough, and in older files.
    outputs_are : {"probabilities", "values"}
        Whether the model's outputs are probabilities or values in its own unit, as of a regression.
    """

    model: str
    weights_sha256: str | None
    engine: str
    input_size: tuple[int, int]
    image_sha256: str
    versions: dict[str, str]
    timings: dict[str, float] = field(compare=False)
    identity: str | None = None
    outputs_are: Meaning = "probabilities"

    def is_origin_of(self, other: Provenance) -> bool:
        """Return whether the same model was asked about the same picture."""
        names = ("model", "weights_sha256", "engine", "input_size", "image_sha256")
        if any(getattr(self, name) != getattr(other, name) for name in names):
            return False
        # Older files have no identity: for them the same weights are enough.
        older = self.weights_sha256 is not None and None in (self.identity, other.identity)
        return older or self.identity == other.identity

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Provenance:
        """Build from the result of `dataclasses.asdict` after a trip through JSON."""
        height, width = values["input_size"]
        return cls(**{**values, "input_size": (int(height), int(width))})


def provenance_of(
    image: Image, classifier: Classifier, timings: dict[str, float], *, engine: str | None = None
) -> Provenance:
    """Return model, picture and versions of now, with the seconds that each stage took.

    The engine is that of the classifier, or the one that is given where another ran the model.
    """
    height, width = classifier.input_size
    return Provenance(
        model=classifier.id,
        weights_sha256=classifier.weights_sha256,
        engine=engine or classifier.engine,
        input_size=(int(height), int(width)),
        image_sha256=image.sha256,
        versions=dict(_versions()),
        timings=timings,
        identity=identity_of(classifier),
        outputs_are=outputs_of(classifier),
    )


@cache
def _versions() -> tuple[tuple[str, str], ...]:
    """Return the version of Python and of each package that is installed; looking them up takes 20 ms."""
    versions = [("python", platform.python_version())]
    for package in _PACKAGES:
        with contextlib.suppress(metadata.PackageNotFoundError):
            versions.append((package, metadata.version(package)))
    return tuple(versions)
