"""What a training has come to, and its form as JSON."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

FORMAT = "limelight training 1"


@dataclass(frozen=True, slots=True)
class HeldOutPicture:
    """What the model says of a picture that it was not trained on.

    Attributes
    ----------
    path : str
        In the collection.
    label : str
        Its true class.
    predicted : str
        The class that the model takes it for.
    probability : float
        The model's output for `predicted`, 0..1.
    """

    path: str
    label: str
    predicted: str
    probability: float


@dataclass(frozen=True, slots=True)
class Training:
    """A trained classifier, and how good it is on pictures that it was not trained on.

    Attributes
    ----------
    model : Path
        The ``.keras`` file: RGB pixels 0..255 in, one probability a class out, the names of the classes inside.
    sha256 : str
        Digest of that file, by which its figures are known to be its own.
    classes : tuple of str
        Names in the order of the model's outputs.
    accuracy : float
        Share of the held-out pictures whose predicted class is the true one, 0..1.
    interval : (float, float)
        95 % interval of `accuracy` (Wilson's).
    majority : float
        Accuracy of always naming the class that is most frequent among the held-out pictures.
    confusion : tuple of tuple of int
        How many held-out pictures of each true class (rows) were taken for each class (columns), in the order of
        `classes`.
    calibration_error : float
        Expected calibration error on the held-out pictures, 0..1: how far their probabilities are from how often they
        are right, over ten bins.
    held_out : tuple of HeldOutPicture
        By path.
    training : tuple of str
        Paths of the pictures that the model was trained on.
    skipped : tuple of (str, str)
        Paths of the pictures that were left out, and why.
    settings : dict
        What the model was made from and how: JSON-ready.
    notes : tuple of str
        What a reader should know of the figures.
    """

    model: Path
    sha256: str
    classes: tuple[str, ...]
    accuracy: float
    interval: tuple[float, float]
    majority: float
    confusion: tuple[tuple[int, ...], ...]
    calibration_error: float
    held_out: tuple[HeldOutPicture, ...]
    training: tuple[str, ...]
    skipped: tuple[tuple[str, str], ...]
    settings: dict[str, Any]
    notes: tuple[str, ...]

    def to_json(self) -> str:
        """Return all of it as JSON; the model is named by the last part of its path."""
        values: dict[str, Any] = {"format": FORMAT, **asdict(self), "model": self.model.name}
        values["skipped"] = [{"path": path, "reason": reason} for path, reason in self.skipped]
        return json.dumps(values, indent=1, ensure_ascii=False) + "\n"
