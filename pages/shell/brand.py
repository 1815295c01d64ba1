"""The project's own marks: the logo above the page and the icon in the browser's tab."""

from __future__ import annotations

from functools import cache

import PIL.Image
import PIL.ImageDraw

# A lamp and its beam; colours that hold on light and on dark.
_LAMP, _BEAM = "#7fb800", "#f2b705"
LOGO = f"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 172 36">
<path d="M13 18 34 5v26z" fill="{_BEAM}" opacity=".55"/><circle cx="10" cy="18" r="8" fill="{_LAMP}"/>
<text x="42" y="26" font-family="system-ui,sans-serif" font-size="24" font-weight="700" fill="#1b86cf">Limelight</text>
</svg>"""
_SIDE, _SHARPER = 64, 4  # drawn larger and shrunk, for smooth edges


@cache
def icon() -> PIL.Image.Image:
    """Return the lamp and its beam alone, RGBA 64 × 64."""
    side = _SIDE * _SHARPER
    drawing = PIL.Image.new("RGBA", (side, side))
    canvas = PIL.ImageDraw.Draw(drawing)
    canvas.polygon([(0.3 * side, 0.5 * side), (0.98 * side, 0.08 * side), (0.98 * side, 0.92 * side)], fill=_BEAM)
    canvas.ellipse((0.02 * side, 0.27 * side, 0.48 * side, 0.73 * side), fill=_LAMP)
    return drawing.resize((_SIDE, _SIDE), PIL.Image.Resampling.LANCZOS)
