"""How an explanation is drawn: settings that no fit and no verdict looks at, except for K."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from lime_core.errors import SpecError
from lime_core.parameters import check_parameters, parameter, parameters_of

ViewName = Literal["overlay", "outline", "hide_rest", "heatmap", "jet"]
Sign = Literal["positive", "negative", "both"]


@dataclass(frozen=True, slots=True)
class View:
    """What of an explanation is shown, and how.

    Attributes
    ----------
    name : {"overlay", "outline", "hide_rest", "heatmap", "jet"}
        The kind of picture.
    top_k : int
        At most so many superpixels are shown, the strongest first.
    sign : {"positive", "negative", "both"}
        Evidence for the class, against it, or both.
    hide_unsure : bool
        Leave out superpixels that may have no effect, corrected for looking at all of them.
    opacity : float
        Of what is laid over the picture, 0..1.
    smoothing : float
        Width of the Gaussian of the "jet" view, in pixels of the picture.

    Raises
    ------
    SpecError
        When a value is outside its range.
    """

    name: ViewName = parameter(
        "overlay", "The picture that is shown first.", choices=get_args(ViewName), stage="view", flat="view"
    )
    top_k: int = parameter(
        5,
        "Superpixels that count as the strongest: a view shows so many.",
        low=1,
        high=1023,
        stage="view",
        flat="top_k",
    )
    sign: Sign = parameter(
        "both",
        "Evidence for the class (positive), against it (negative), or both.",
        choices=get_args(Sign),
        stage="view",
        flat="sign",
    )
    hide_unsure: bool = parameter(
        True, "Leave out superpixels that may have no effect.", stage="view", flat="hide_unsure"
    )
    opacity: float = parameter(
        0.5, "Opacity of what is laid over the picture.", low=0, high=1, stage="view", flat="opacity"
    )
    smoothing: float = parameter(
        8.0, "Width of the Gaussian of the jet view, px.", low=0, high=100, stage="view", flat="smoothing"
    )

    def __post_init__(self) -> None:
        check_parameters(self)

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON-ready values; `make` is the inverse."""
        return {name: getattr(self, name) for name in parameters_of(self)}

    @classmethod
    def make(cls, value: Any) -> View:
        """Return the view that `value` stands for: a view, a kind's name, or what `to_dict` gave.

        Raises
        ------
        SpecError
            When it is none of these.
        """
        if isinstance(value, cls):
            return value
        if isinstance(value, str):
            return cls(name=value)  # type: ignore[arg-type]  # checked in __post_init__
        if isinstance(value, Mapping) and set(value) <= set(parameters_of(cls)):
            return cls(**value)
        raise SpecError(f"view must be a View, or one of {', '.join(get_args(ViewName))}; got {value!r}.")
