"""A link that restores every setting, and the way back from an opened link.

Streamlit can bind a widget to the address by itself (``bind="query-params"``), but it drops values that a widget
does not accept without a word. Here they go through the same checks as everything else, and the complaint is shown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, get_args
from urllib.parse import urlencode

import lime_core as lc
from lime_core.methods import METHODS, mask_methods, method_named
from lime_core.models import CATALOG, model_card
from lime_core.models.engines.base import PrecisionChoice
from lime_core.settings.flags import DEFAULT_METHOD, DEFAULT_PRECISION, flags_of, spec_from_flags
from pages.state.gallery import EXAMPLES
from pages.state.question import Question

# Not settings: Streamlit's own, and the tab that is open.
_RESERVED = ("embed", "embed_options", "tab")
_NAMES = ("picture", "model", "precision", "method", "layer")


@dataclass(frozen=True, slots=True)
class LinkedSettings:
    """What a link asks for; None for what it does not say.

    Attributes
    ----------
    picture : str or None
        Name in the gallery; a picture of the user's own never enters a link.
    model : str or None
        Catalog id.
    precision : {"auto", "f32", "bf16"} or None
        Numbers inside the network.
    spec : ExplainSpec or None
        All settings.
    method : str or None
        Name of the method that explains.
    methods : tuple of str or None
        Names of the methods that are compared.
    layer : str or None
        The layer that Grad-CAM looks at.
    """

    picture: str | None = None
    model: str | None = None
    precision: PrecisionChoice | None = None
    spec: lc.ExplainSpec | None = None
    method: str | None = None
    methods: tuple[str, ...] | None = None
    layer: str | None = None

    @classmethod
    def of(cls, question: Question, spec: lc.ExplainSpec, picture: str | None) -> LinkedSettings:
        """Return what a link to the answers of a question says: nothing usual, and no model of the visitor's own."""
        precision = None if question.precision == DEFAULT_PRECISION else question.precision
        method = None if question.method == DEFAULT_METHOD else question.method
        model = question.model if question.model in CATALOG else None
        return cls(picture, model, precision, spec, method)


def query_of(wanted: LinkedSettings) -> dict[str, list[str]]:
    """Return the query parameters of a link."""
    names = {name: getattr(wanted, name) for name in _NAMES}
    flags = flags_of(wanted.spec) if wanted.spec is not None else {}
    given = {name: [value] for name, value in names.items() if value is not None}
    if wanted.methods is not None:
        given["methods"] = list(wanted.methods)
    return given | {flag: texts or [""] for flag, texts in flags.items()}


def link(page: str, wanted: LinkedSettings) -> str:
    """Return the address of a page with these settings."""
    return f"{page.split('?')[0]}?{urlencode(query_of(wanted), doseq=True)}"


def settings_in(query: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    """Return the parameters of an address that are settings; the others are Streamlit's own and the page's."""
    return {name: list(texts) for name, texts in query.items() if name not in _RESERVED}


def follow(query: Mapping[str, Sequence[str]]) -> LinkedSettings:
    """Return what a link asks for.

    Raises
    ------
    LimeError
        When a name is unknown or a value is not allowed.
    """
    flags = settings_in(query)
    named: dict[str, Any] = {name: flags.pop(name)[0] for name in _NAMES if name in flags}
    if "methods" in flags:
        # Each once, in the order of the list, however often and in whatever order a link names them.
        named["methods"] = tuple(
            sorted({method_named(name).name for name in flags.pop("methods")}, key=list(METHODS).index)
        )
    for name, allowed in (("picture", EXAMPLES), ("precision", get_args(PrecisionChoice)), ("method", mask_methods())):
        if name in named and named[name] not in allowed:
            raise lc.SpecError(f"{name} must be one of {', '.join(allowed)}; got {named[name]!r}.")
    if "model" in named:
        model_card(named["model"])
    spec = spec_from_flags({flag: [] if texts == [""] else texts for flag, texts in flags.items()}) if flags else None
    return replace(LinkedSettings(spec=spec), **named)
