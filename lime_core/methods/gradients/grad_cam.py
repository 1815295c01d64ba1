"""Grad-CAM and Grad-CAM++: where the features of a late layer speak for a class.

References
----------
.. [1] Selvaraju et al., "Grad-CAM: Visual Explanations from Deep Networks via Gradient-based Localization", ICCV 2017.
.. [2] Chattopadhay et al., "Grad-CAM++: Generalized Gradient-based Visual Explanations for Deep Convolutional
   Networks", WACV 2018.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from lime_core.errors import ModelError
from lime_core.methods.gradients.base import Floats, GradientMethod, Question
from lime_core.methods.gradients.maps import interpolated
from lime_core.settings.spec import ExplainSpec


@dataclass(frozen=True, slots=True)
class LayerMethod(GradientMethod):
    """A weighted sum of a layer's maps, without what is below 0, interpolated to viewing size.

    The network is differentiated once, whatever `samples` says.

    Parameters
    ----------
    layer : str, optional
        Name of the layer, one of `lime_core.feature_layers`. The last one if left out.
    """

    layer: str | None = None

    def planned_calls(self, spec: ExplainSpec, superpixels: int) -> int:  # noqa: ARG002 - one signature
        """Return 2: the classifier and the network that is differentiated are asked about the unmodified picture."""
        return 2

    def unit(self, target: str) -> str:
        """Return the unit of the target with what it is multiplied by."""
        return f"{target} × activation"

    @abstractmethod
    def weights(self, maps: Floats, gradients: Floats) -> Floats:
        """Return the weight of each map.

        Parameters
        ----------
        maps : ndarray of float64, shape (h, w, channels)
            The layer's maps.
        gradients : ndarray of float64, shape (K, h, w, channels)
            Derivatives of the K classes.

        Returns
        -------
        ndarray of float64, shape (K, channels)
        """

    def scores(self, question: Question, spec: ExplainSpec) -> tuple[Floats, NDArray[np.float32], tuple[str, ...]]:  # noqa: ARG002 - one signature
        """Return the sums at viewing size, as `GradientMethod.scores` describes."""
        layers = {item.name: item for item in question.network.feature_layers()}
        name = next(reversed(layers)) if self.layer is None else self.layer
        result = question.ask(question.scene.pixels[None], name)
        if result.maps is None:
            raise ModelError(f"The classifier returned no maps of its layer {name!r}.")
        maps, gradients = result.maps[0].astype(np.float64), result.gradients[0].astype(np.float64)
        sums = np.einsum("kc,hwc->khw", self.weights(maps, gradients), maps)
        height, width, channels = layers[name].shape
        note = f"The map is that of the layer {name!r}: {height}×{width}, {channels} channels."
        size = question.scene.segments.shape
        return interpolated(np.maximum(sums, 0.0), (size[0], size[1])), result.outputs[0], (note,)


@dataclass(frozen=True, slots=True)
class GradCam(LayerMethod):
    """Grad-CAM [1]_: each map is weighted by the mean of its derivatives.

    Scores are those of the paper, max(0, Σ αA), so evidence against a class is not shown. Where global average pooling
    and one dense layer follow the layer, its weights over the size of the map are those of class activation mapping.
    """

    name: ClassVar[str] = "grad_cam"
    title: ClassVar[str] = "Grad-CAM"
    summary: ClassVar[str] = (
        "Where features of the network's last maps speak for the class, at their coarse resolution."
    )

    def weights(self, maps: Floats, gradients: Floats) -> Floats:  # noqa: ARG002 - one signature
        """Return the mean derivative of each map."""
        means: Floats = gradients.mean(axis=(1, 2))
        return means


@dataclass(frozen=True, slots=True)
class GradCamPlusPlus(LayerMethod):
    """Grad-CAM++ [2]_: positive derivatives alone, those of places that stand alone weighted more.

    The weights are those of the paper for its exp(S), where S is the target here, but for the factor exp(S) that all
    of them have in common. As there, derivatives of S of higher order count as 0.
    """

    name: ClassVar[str] = "grad_cam_plus_plus"
    title: ClassVar[str] = "Grad-CAM++"
    summary: ClassVar[str] = (
        "As Grad-CAM, with more weight on the single places where a feature would raise the output."
    )

    def weights(self, maps: Floats, gradients: Floats) -> Floats:
        """Return Σ α max(0, g) with α = g²/(2g² + g³ΣA), over the places of each map."""
        squares = gradients**2
        below = 2 * squares + maps.sum(axis=(0, 1)) * gradients**3
        alpha = np.divide(squares, below, out=np.zeros_like(below), where=below != 0)
        weights: Floats = np.einsum("khwc,khwc->kc", alpha, np.maximum(gradients, 0.0))
        return weights
