"""A link that restores every setting, and the way back from an opened link.

Streamlit can bind a widget to the address by itself (``bind="query-params"``), but it drops values that a widget
does not accept without a word. Here they go through the same checks as everything else, and the complaint is shown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from urllib.parse import urlencode

import lime_core as lc
from lime_core.flags import flags_of, spec_from_flags
from lime_core.models import model_card
from pages.parts.gallery import EXAMPLES

# Not settings: Streamlit's own, and the tab that is open.
_RESERVED = ("embed", "embed_options", "tab")


def query_of(example: str | None, model: str, spec: lc.ExplainSpec) -> dict[str, list[str]]:
    """Return the query parameters of a link; a picture of the user's own is left out."""
    picture = {} if example is None else {"picture": [example]}
    flags = {flag: texts or [""] for flag, texts in flags_of(spec).items()}
    return {**picture, "model": [model], **flags}


def link(page: str, example: str | None, model: str, spec: lc.ExplainSpec) -> str:
    """Return the address of a page with these settings."""
    return f"{page.split('?')[0]}?{urlencode(query_of(example, model, spec), doseq=True)}"


def follow(query: Mapping[str, Sequence[str]]) -> tuple[str | None, str | None, lc.ExplainSpec | None]:
    """Return the gallery picture, the model and the settings of a link; None for what it does not say.

    Raises
    ------
    LimeError
        When a name is unknown or a value is not allowed.
    """
    left = {name: list(texts) for name, texts in query.items() if name not in _RESERVED}
    picture, model = (left.pop(name, [None])[0] for name in ("picture", "model"))
    if picture is not None and picture not in EXAMPLES:
        raise lc.SpecError(f"picture must be one of {', '.join(EXAMPLES)}; got {picture!r}.")
    if model is not None:
        model_card(model)
    spec = spec_from_flags({flag: [] if texts == [""] else texts for flag, texts in left.items()}) if left else None
    return picture, model, spec
