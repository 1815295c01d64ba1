"""Everything that one user has chosen, in one frozen object; `pages.state.session.Session.change` replaces it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import get_args

import lime_core as lc
from lime_core.methods import method_named
from lime_core.models import DEFAULT_MODEL
from lime_core.models.engines.base import PrecisionChoice
from lime_core.settings.flags import DEFAULT_PRECISION
from pages.state.known_models import known_model
from pages.state.question import Question

# The first picture has to be there in seconds; "More samples" goes on from it.
FIRST_LOOK = replace(lc.ExplainSpec(), samples=512)


@dataclass(frozen=True, slots=True)
class Picture:
    """The chosen picture.

    Attributes
    ----------
    image : Image
        Its pixels.
    title : str
        Name for people; may come from an uploaded file, so escape it.
    example : str or None
        Its name in the gallery; None for a picture of the user's own, which never enters a link.
    from_audit : bool
        Whether it was opened from an audit.
    """

    image: lc.Image
    title: str
    example: str | None = None
    from_audit: bool = False


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that the user has chosen.

    Attributes
    ----------
    picture : Picture or None
        The chosen picture.
    model : str
        Key of `known_model`.
    precision : {"auto", "f32", "bf16"}
        Numbers inside the network, as asked for.
    method : str
        Name of the method that explains, a key of `lime_core.METHODS`.
    spec : ExplainSpec
        All settings of the explanation.
    focus : int or None
        The class shown large; None for the most probable one.
    superpixel : int or None
        The superpixel that was selected last, on whatever screen; None for none.
    hidden : frozenset of int
        Superpixels hidden by hand.
    one_scale : bool
        Whether heat maps of all classes share one scale.
    step : int
        The step of the walkthrough, from 0.
    sample : int
        The sample that the walkthrough looks at, from 0.
    others : tuple of str or None
        Models compared with the first one; None until they were chosen.
    compared_class : int or None
        The class that models are compared on; None for each model's own first class.
    compared_methods : tuple of str or None
        The methods that are compared with one another, keys of `lime_core.METHODS`; None until they were chosen.
    layer : str or None
        The layer that Grad-CAM and Grad-CAM++ look at, among the compared methods; None for the last one.

    Raises
    ------
    LimeError
        When there is no such model, precision or method.
    """

    picture: Picture | None = None
    model: str = DEFAULT_MODEL
    precision: PrecisionChoice = DEFAULT_PRECISION
    method: str = "lime"
    spec: lc.ExplainSpec = FIRST_LOOK
    focus: int | None = None
    superpixel: int | None = None
    hidden: frozenset[int] = frozenset()
    one_scale: bool = True
    step: int = 0
    sample: int = 0
    others: tuple[str, ...] | None = None
    compared_class: int | None = None
    compared_methods: tuple[str, ...] | None = None
    layer: str | None = None

    def __post_init__(self) -> None:
        for model in (self.model, *(self.others or ())):
            known_model(model)
        for method in (self.method, *(self.compared_methods or ())):
            method_named(method)
        if self.precision not in get_args(PrecisionChoice):
            raise lc.SpecError(
                f"precision must be one of {', '.join(get_args(PrecisionChoice))}; got {self.precision!r}."
            )

    @property
    def question(self) -> Question | None:
        """The question that these settings pose."""
        if self.picture is None:
            return None
        precision: PrecisionChoice = self.precision if known_model(self.model).has_precisions else "f32"
        return Question(self.picture.image, self.picture.title, self.model, self.spec, precision, self.method)
