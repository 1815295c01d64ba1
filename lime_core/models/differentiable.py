"""What methods need that look inside a network: gradients of its outputs, and the maps of its layers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol, runtime_checkable

from lime_core.errors import ModelError
from lime_core.models.protocol import Classifier

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

Objective = Literal["log_odds", "output"]


@dataclass(frozen=True, slots=True)
class FeatureLayer:
    """A layer whose output for a picture is a map of features.

    Attributes
    ----------
    name : str
        The layer's own name; of a layer inside others their names come first, as in ``"base/conv5"``.
    shape : (int, int, int)
        Height, width and channels of its maps.
    """

    name: str
    shape: tuple[int, int, int]


@dataclass(frozen=True, slots=True, eq=False)
class Gradients:
    """The gradients of some class outputs for a batch of pictures.

    Attributes
    ----------
    outputs : ndarray of float32, shape (B, C)
        The class outputs, as `predict` gives them.
    values : ndarray of float64, shape (B, K)
        What was differentiated: log-odds, or outputs, of each of the K classes.
    gradients : ndarray of float32, shape (B, K, h, w, 3), or (B, K, h', w', channels) for a layer
        Derivative of each value by each number of the picture, or of the layer's maps.
    maps : ndarray of float32, shape (B, h', w', channels), or None
        The layer's maps; None where the pictures themselves were the variables.
    """

    outputs: NDArray[np.float32]
    values: NDArray[np.float64]
    gradients: NDArray[np.float32]
    maps: NDArray[np.float32] | None


@runtime_checkable
class DifferentiableClassifier(Classifier, Protocol):
    """A classifier that may be able to give gradients; its `gradients_obstacle` says whether it is."""

    @property
    def gradients_obstacle(self) -> str | None:
        """Why there are no gradients, in a sentence; None where there are. Nothing is loaded to find out."""

    def feature_layers(self) -> tuple[FeatureLayer, ...]:
        """Return the layers whose maps the outputs depend on, in the order in which they are computed.

        Raises
        ------
        ModelError
            If there are no gradients, or no such layers.
        """

    def gradients(
        self,
        images: NDArray[np.float32],
        classes: Sequence[int],
        objective: Objective,
        *,
        layer: str | None = None,
    ) -> Gradients:
        """Differentiate class outputs; the whole batch is in memory at once.

        Parameters
        ----------
        images : ndarray of float32, shape (B, h, w, 3)
            RGB pictures in 0..255 at `input_size`, as `predict` takes them but for their type: the model's own
            preprocessing is a part of what is differentiated.
        classes : sequence of int
            Indices of K classes.
        objective : {"log_odds", "output"}
            Whether the logarithm of the odds p/(1 − p) of a class is differentiated, not cut off however sure the
            model is, or its output as it is.
        layer : str, optional
            Name of one of `feature_layers`, whose maps are the variables instead of the pictures.

        Raises
        ------
        ModelError
            If there are no gradients, or no such layer, or the outputs do not depend on the pictures in a
            differentiable way.
        """


_BLACK_BOX = (
    "This method needs gradients, which servers and functions do not give: bring the network as a .keras file or a "
    "Keras model (`lc.KerasClassifier(model, id=…)`), or take a method that asks about masks."
)


def gradients_obstacle(classifier: Classifier) -> str | None:
    """Return why a classifier gives no gradients, in a sentence; None where it does."""
    return classifier.gradients_obstacle if isinstance(classifier, DifferentiableClassifier) else _BLACK_BOX


def as_differentiable(classifier: Classifier) -> DifferentiableClassifier:
    """Return a classifier that gives gradients; `ModelError` with the reason where it does not."""
    obstacle = gradients_obstacle(classifier)
    if obstacle is not None or not isinstance(classifier, DifferentiableClassifier):
        raise ModelError(obstacle or _BLACK_BOX)
    return classifier


def feature_layers(classifier: Classifier) -> tuple[FeatureLayer, ...]:
    """Return the layers of a classifier that Grad-CAM can take, in the order in which they are computed.

    The last one is taken where none is chosen. A network of the catalog, or of a ``.keras`` file, is
    built for it, which takes seconds.

    Raises
    ------
    ModelError
        If the classifier gives no gradients, or its network has no such layers.
    """
    return as_differentiable(classifier).feature_layers()
