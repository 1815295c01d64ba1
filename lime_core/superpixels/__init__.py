"""Superpixels: the patches of a picture that are shown or hidden as a whole."""

from lime_core.superpixels.base import MAX_SUPERPIXELS, MIN_SUPERPIXELS, Labels, Pixels, Segmentation
from lime_core.superpixels.carrying import carry_labels, resize_pixels
from lime_core.superpixels.clustering import Quickshift, Slic
from lime_core.superpixels.cutting import SEGMENTATIONS, Resolution, segment
from lime_core.superpixels.grid import Grid
from lime_core.superpixels.label_map import LabelMap
from lime_core.superpixels.regions import Felzenszwalb, Watershed

__all__ = [
    "MAX_SUPERPIXELS",
    "MIN_SUPERPIXELS",
    "SEGMENTATIONS",
    "Felzenszwalb",
    "Grid",
    "LabelMap",
    "Labels",
    "Pixels",
    "Quickshift",
    "Resolution",
    "Segmentation",
    "Slic",
    "Watershed",
    "carry_labels",
    "resize_pixels",
    "segment",
]
