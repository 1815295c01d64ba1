"""What a network makes of a picture before its last layer turns it into classes: its own description of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, cast, runtime_checkable

from lime_core.models.catalog import DEFAULT_MODEL
from lime_core.models.from_catalog import classifier_named

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from lime_core.models.protocol import Classifier


@runtime_checkable
class FeatureClassifier(Protocol):
    """A network that shows what enters its last layer."""

    @property
    def id(self) -> str:
        """Catalog id, or the name a user gave the model."""

    @property
    def input_size(self) -> tuple[int, int]:
        """Height and width of the pictures that `features` takes, in pixels."""

    @property
    def gives_features(self) -> bool:
        """Whether `features` works."""

    def features(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Map RGB pictures uint8 `(B, h, w, 3)` at `input_size` to features float32 `(B, F)`."""


def as_feature_classifier(classifier: Classifier) -> tuple[FeatureClassifier, str | None]:
    """Return what gives features of pictures: the classifier itself, else the built-in network.

    Parameters
    ----------
    classifier : Classifier
        Networks of the catalog, Keras models and model files that run on OpenVINO have features of their own, unless
        they do not end in a layer that multiplies 8 to 8,192 features by weights.

    Returns
    -------
    network : FeatureClassifier
    note : str or None
        Why another network is used, in a sentence; None where it is the classifier itself.

    Raises
    ------
    WeightsError
        When the built-in network is needed, and is not installed.
    """
    if isinstance(classifier, FeatureClassifier) and classifier.gives_features:
        return cast("FeatureClassifier", classifier), None
    network = classifier_named(DEFAULT_MODEL)
    return network, f"{classifier.id} gives no features of its own: those of {network.id} are used in their place."
