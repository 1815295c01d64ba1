"""Where the answers of a model came from."""

from __future__ import annotations

import platform
from importlib import metadata

from lime_core.answers.neighborhood import Provenance
from lime_core.models.protocol import Classifier, identity_of, outputs_of
from lime_core.picture.image import Image

_PACKAGES = ("numpy", "scipy", "scikit-image", "scikit-learn", "pillow", "tensorflow", "keras", "openvino")


def provenance_of(image: Image, classifier: Classifier, timings: dict[str, float]) -> Provenance:
    """Return model, picture and versions of now, with the seconds that each stage took."""
    versions = {"python": platform.python_version()}
    for package in _PACKAGES:
        try:
            versions[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    height, width = classifier.input_size
    return Provenance(
        model=classifier.id,
        weights_sha256=classifier.weights_sha256,
        engine=classifier.engine,
        input_size=(int(height), int(width)),
        image_sha256=image.sha256,
        versions=versions,
        timings=timings,
        identity=identity_of(classifier),
        outputs_are=outputs_of(classifier),
    )
