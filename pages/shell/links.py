"""A link that restores every setting, and the way back from an opened link.

Streamlit can bind a widget to the address by itself (``bind="query-params"``), but it drops values that a widget
does not accept without a word. Here they go through the same checks as everything else, and the complaint is shown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import get_args
from urllib.parse import urlencode

import lime_core as lc
from lime_core.models import model_card
from lime_core.models.engines.base import Precision
from lime_core.settings.flags import flags_of, spec_from_flags
from pages.state.gallery import EXAMPLES

# Not settings: Streamlit's own, and the tab that is open.
_RESERVED = ("embed", "embed_options", "tab")
_NAMES = ("picture", "model", "precision")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a link asks for; None for what it does not say.

    Attributes
    ----------
    picture : str or None
        Name in the gallery; a picture of the user's own never enters a link.
    model : str or None
        Catalog id.
    precision : {"f32", "bf16"} or None
        Numbers inside the network.
    spec : ExplainSpec or None
        All settings.
    """

    picture: str | None = None
    model: str | None = None
    precision: Precision | None = None
    spec: lc.ExplainSpec | None = None


def query_of(wanted: Wanted) -> dict[str, list[str]]:
    """Return the query parameters of a link."""
    names = {name: getattr(wanted, name) for name in _NAMES}
    flags = flags_of(wanted.spec) if wanted.spec is not None else {}
    given = {name: [value] for name, value in names.items() if value is not None}
    return given | {flag: texts or [""] for flag, texts in flags.items()}


def link(page: str, wanted: Wanted) -> str:
    """Return the address of a page with these settings."""
    return f"{page.split('?')[0]}?{urlencode(query_of(wanted), doseq=True)}"


def follow(query: Mapping[str, Sequence[str]]) -> Wanted:
    """Return what a link asks for.

    Raises
    ------
    LimeError
        When a name is unknown or a value is not allowed.
    """
    left = {name: list(texts) for name, texts in query.items() if name not in _RESERVED}
    picture, model, precision = (left.pop(name, [None])[0] for name in _NAMES)
    if picture is not None and picture not in EXAMPLES:
        raise lc.SpecError(f"picture must be one of {', '.join(EXAMPLES)}; got {picture!r}.")
    if model is not None:
        model_card(model)
    if precision not in (None, *get_args(Precision)):
        raise lc.SpecError(f"precision must be one of {', '.join(get_args(Precision))}; got {precision!r}.")
    spec = spec_from_flags({flag: [] if texts == [""] else texts for flag, texts in left.items()}) if left else None
    return Wanted(picture, model, precision, spec)
