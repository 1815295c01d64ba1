"""Training a classifier for one's own classes: from a folder of pictures to a Keras model that everything accepts."""

from lime_core.training.result import HeldOutPicture, Training
from lime_core.training.trainer import train

__all__ = ["HeldOutPicture", "Training", "train"]
