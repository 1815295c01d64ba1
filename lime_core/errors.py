"""The errors that a user of the library can meet; each message says what was given and what is allowed."""

from __future__ import annotations

import re


class LimeError(Exception):
    """Base of every error that `lime_core` raises on purpose."""


class ImageError(LimeError):
    """The picture cannot be used: not an image, damaged, too large, or of the wrong shape."""


class SpecError(LimeError, ValueError):
    """A setting is outside its range, or two settings contradict each other."""


class ModelError(LimeError):
    """The classifier cannot be built, or its outputs cannot be used."""


class WeightsError(ModelError):
    """A model's weights are missing, damaged, or could not be fetched.

    Attributes
    ----------
    brief : str
        The message without the advice, which names folders of the machine that the model runs on.
    """

    def __init__(self, message: str, brief: str = "") -> None:
        super().__init__(message)
        self.brief = brief or message


def in_words(error: Exception) -> str:
    """Return the message of an exception without memory addresses, or the name of its type if the message is empty."""
    # Pillow and NumPy call a file in memory "<_io.BytesIO object at 0x7f…>".
    text = re.sub(r"<[^<>]* object at 0x[0-9A-Fa-f]+>", "the file", str(error)).strip().rstrip(".")
    return text or type(error).__name__
