"""What a map on screen shows, in words."""

from __future__ import annotations

from lime_core.show import captions, maps
from pages.widgets.result_view import ResultView


def legend(shown: ResultView) -> str:
    """Return what the colours mean, what is left out, and where the scale ends."""
    attribution, view = shown.attribution, shown.view
    text = captions.legend(attribution, view)
    if view.name != "heatmap":
        return text
    if not shown.settings.one_scale:
        return f"{text} Each class has a scale of its own."
    return f"{text} One scale for all classes, to ±{maps.shared_limit(attribution, view):.3g} {attribution.unit}."
