"""A question to a model: which picture, which model, which settings."""

from __future__ import annotations

from dataclasses import dataclass, replace

import lime_core as lc
from lime_core.masks.samplers import Iid, Paired
from lime_core.methods import mask_method_named
from lime_core.models.engines.base import PrecisionChoice
from lime_core.settings.spec import QUERY_STAGES
from lime_core.superpixels import Segmentation
from pages.state.cache import digest
from pages.state.known_models import known_model


def draws_samples(method: str, spec: lc.ExplainSpec) -> bool:
    """Return whether the number of samples decides what a method asks; some have a design of their own length."""
    return _asks_otherwise(method, replace(spec, samples=100), replace(spec, samples=1000))


def draws_with_sampler(method: str, spec: lc.ExplainSpec) -> bool:
    """Return whether a method draws its masks with the sampler of the settings; some have masks of their own."""
    return _asks_otherwise(method, replace(spec, sampler=Iid()), replace(spec, sampler=Paired()))


def _asks_otherwise(method: str, first: lc.ExplainSpec, second: lc.ExplainSpec) -> bool:
    asked = mask_method_named(method).asked
    return asked(first).digest(*QUERY_STAGES) != asked(second).digest(*QUERY_STAGES)


def cuts_slowly(segmentation: Segmentation) -> bool:
    """Return whether cutting a picture may take longer than asking the built-in model about it: minutes."""
    # Its time grows with the square of the kernel.
    return isinstance(segmentation, lc.Quickshift) and segmentation.kernel_size > lc.Quickshift().kernel_size


def cut_key(image: lc.Image, input_size: tuple[int, int], spec: lc.ExplainSpec) -> str:
    """Return a digest of all that superpixels depend on: not on the model, unless they are cut at its size."""
    size = str(input_size) if spec.resolution == "model" else ""
    return digest("cut", image.sha256, size, spec.digest("segmentation"))


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of which model about which picture.

    Attributes
    ----------
    image : Image
        The picture, before framing.
    title : str
        What people call it.
    model : str
        Key of `known_model`.
    spec : ExplainSpec
        All settings.
    precision : {"auto", "f32", "bf16"}
        Numbers inside the network; auto is bf16 where what it moves is small beside the error bars.
    method : str
        Name of the method that explains, a key of `lime_core.METHODS`.
    """

    image: lc.Image
    title: str
    model: str
    spec: lc.ExplainSpec
    precision: PrecisionChoice = "f32"
    method: str = "lime"

    @property
    def asked(self) -> lc.ExplainSpec:
        """The settings of the query, as the method needs it."""
        return mask_method_named(self.method).asked(self.spec)

    def size(self, superpixels: int) -> int:
        """Return how many pictures the model is asked about; some designs of masks have a length of their own."""
        return self.asked.sampler.size(self.asked.samples, superpixels)

    @property
    def key(self) -> str:
        """Equal for questions whose answers can be added together: the number of samples does not count.

        Methods that ask the model the same share their answers.
        """
        asked = replace(self.asked, samples=2).digest(*QUERY_STAGES)
        return digest("question", self.image.sha256, self.model, self.precision, asked)

    @property
    def shown_as(self) -> tuple[str, str]:
        """Equal for questions whose answers are explained alike on screen."""
        return self.key, self.method

    @property
    def cut_key(self) -> str:
        """Equal for questions with the same superpixels."""
        return cut_key(self.image, known_model(self.model).input_size, self.asked)


@dataclass(frozen=True, slots=True)
class Result:
    """What is on screen: answers, and the question they belong to."""

    question: Question
    neighborhood: lc.Neighborhood


@dataclass(frozen=True, slots=True)
class Drawn:
    """What was drawn last, and from which answers."""

    result: Result
    attribution: lc.Attribution
