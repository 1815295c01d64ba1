"""Masks: which superpixels are hidden, what stands in their place, and how far that is from the picture."""

from lime_core.masks import pixel_designs  # noqa: F401 - registers its samplers, so that stored settings can name them
