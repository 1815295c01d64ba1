"""What the widgets show of the settings."""

from __future__ import annotations

from typing import Any

from pages.state import widget_state
from pages.state.settings import Settings

# The widget of each setting outside `ExplainSpec`; a picture of the user's own has none that could be set.
WIDGETS = {
    "model": widget_state.MODEL,
    "precision": widget_state.PRECISION,
    "method": widget_state.METHOD,
    "focus": widget_state.FOCUS,
    "one_scale": widget_state.ONE_SCALE,
    "step": widget_state.STEP,
    "sample": widget_state.SAMPLE,
    "superpixel": widget_state.SUPERPIXEL,
    "others": widget_state.OTHERS,
    "compared_class": widget_state.COMPARED_CLASS,
    "compared_methods": widget_state.COMPARED_METHODS,
    "layer": widget_state.LAYER,
}


def widget_values_of(settings: Settings, changes: dict[str, Any]) -> dict[str, Any]:
    """Return what the widgets of the changed settings have to show."""
    if "spec" in changes:
        values = widget_state.widget_values(settings.spec)
    else:
        values = widget_state.widget_values(settings.spec, changes.keys() - Settings.__dataclass_fields__.keys())
    for name in changes.keys() & WIDGETS.keys():
        value = getattr(settings, name)
        if value is not None:
            values[WIDGETS[name]] = list(value) if isinstance(value, tuple) else value
    picture = changes.get("picture")
    if picture is not None and picture.example is not None:
        values |= {widget_state.SOURCE: widget_state.PICTURE_SOURCES[0], widget_state.PICTURE: picture.example}
    elif picture is not None and picture.from_audit:
        values |= {widget_state.SOURCE: widget_state.AUDIT_SOURCE}
    return values
