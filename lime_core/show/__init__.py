"""Drawing: maps of an attribution, pictures of superpixels, the report."""

from lime_core.show.captions import legend
from lime_core.show.differences import difference_attribution
from lime_core.show.encoding import to_png
from lime_core.show.maps import heatmap, hide_rest, jet, outline, overlay, render, shared_limit
from lime_core.show.report import html_report
from lime_core.show.superpixel_pictures import boundaries, numbered, perturbed

__all__ = [
    "boundaries",
    "difference_attribution",
    "heatmap",
    "hide_rest",
    "html_report",
    "jet",
    "legend",
    "numbered",
    "outline",
    "overlay",
    "perturbed",
    "render",
    "shared_limit",
    "to_png",
]
