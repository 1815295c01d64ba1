"""Distances of samples from the original picture, and kernels, which turn distances into weights."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from lime_core.parameters import Option, Registry, parameter

Floats = NDArray[np.float64]
Distance = Literal["cosine", "hidden_fraction", "l2_pixels"]

_WIDTH_HELP = "Width w of the kernel, in the distance's own unit (0..1)."


class Kernel(Option, ABC):
    """Turns the distance of a sample into its weight.

    Attributes
    ----------
    local : bool
        Whether samples near the original count more than distant ones.
    """

    __slots__ = ()

    local: ClassVar[bool] = True

    @abstractmethod
    def weights(self, distance: Floats) -> Floats:
        """Turn distances into weights, both float64 ``(N,)``, weights in 0..1."""


@dataclass(frozen=True, slots=True)
class LimeKernel(Kernel):
    """√exp(−D²/w²), as in the `lime` package."""

    name: ClassVar[str] = "lime"

    width: float = parameter(0.25, _WIDTH_HELP, low=0.001, high=100, stage="fit", flat="kernel_width")

    def weights(self, distance: Floats) -> Floats:
        """Return √exp(−D²/w²)."""
        result: Floats = np.exp(-((distance / self.width) ** 2) / 2)
        return result


@dataclass(frozen=True, slots=True)
class Gaussian(Kernel):
    """exp(−D²/w²), as in the LIME paper."""

    name: ClassVar[str] = "gaussian"

    width: float = parameter(0.25, _WIDTH_HELP, low=0.001, high=100, stage="fit", flat="kernel_width")

    def weights(self, distance: Floats) -> Floats:
        """Return exp(−D²/w²)."""
        result: Floats = np.exp(-((distance / self.width) ** 2))
        return result


@dataclass(frozen=True, slots=True)
class Flat(Kernel):
    """Weight 1 for every sample."""

    name: ClassVar[str] = "none"
    local: ClassVar[bool] = False

    def weights(self, distance: Floats) -> Floats:
        """Return ones."""
        return np.ones_like(distance)


KERNELS: Registry[Kernel] = Registry("kernel", LimeKernel, Gaussian, Flat)


def distances(masks: NDArray[np.uint8], energy: Floats, distance: Distance) -> Floats:
    """Return each sample's distance from the original picture, float64 ``(N,)`` in 0..1.

    Parameters
    ----------
    masks : ndarray of uint8, shape (N, S)
        1 = shown, 0 = hidden.
    energy : ndarray of float64, shape (S,)
        See `lime_core.masks.fills.hidden_energy`; used by "l2_pixels".
    distance : {"cosine", "hidden_fraction", "l2_pixels"}
        cosine: 1 − √(k/S) with k superpixels shown, the cosine distance between the mask and all ones;
        hidden_fraction: 1 − k/S; l2_pixels: root mean square difference over RGB in 0..1.
    """
    if distance == "l2_pixels":
        root: Floats = np.sqrt(np.maximum((1.0 - masks) @ energy, 0.0))
        return root
    share_shown = masks.mean(axis=1, dtype=np.float64)
    result: Floats = 1.0 - (np.sqrt(share_shown) if distance == "cosine" else share_shown)
    return result


def effective_sample_size(weights: Floats) -> float:
    """Return Kish's effective sample size (Σw)²/Σw²: how many samples of equal weight are worth as much.

    0 without any weight.
    """
    largest = float(weights.max(initial=0.0))
    if largest == 0:
        return 0.0
    # Squares of the weights that a narrow kernel leaves are smaller than any float64.
    shares = weights / largest
    return float(shares.sum() ** 2 / (shares**2).sum())
