"""The errors that a user of the library can meet; each message says what was given and what is allowed."""

from __future__ import annotations


class LimeError(Exception):
    """Base of every error that `lime_core` raises on purpose."""


class ImageError(LimeError):
    """The picture cannot be used: not an image, damaged, too large, or of the wrong shape."""


class SpecError(LimeError, ValueError):
    """A setting is outside its range, or two settings contradict each other."""


class ModelError(LimeError):
    """The classifier cannot be built, or its outputs cannot be used."""


class WeightsError(ModelError):
    """A model's weights are missing, damaged, or could not be fetched."""
