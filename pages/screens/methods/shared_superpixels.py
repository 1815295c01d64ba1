"""What the methods have in common, as one picture."""

from __future__ import annotations

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from lime_core.colormaps import colorize
from lime_core.show.canvas import Canvas
from lime_core.trials.method_comparison import Shared
from pages.screens.methods.methods_view import MethodsView
from pages.widgets.text import listed

_OPACITY = 0.72
_WIDTH = 720


def show(shown: MethodsView) -> None:
    """Draw the picture and say which superpixels all methods name."""
    st.markdown("##### What they share")
    shared, count = shown.comparison.shared(shown.index), len(shown.methods)
    common = listed(shown.called(shared.common))
    about = ("shared", shared.counts.tolist(), count, _WIDTH)
    st.image(
        shown.picture(lambda: draw(shown.canvas(_WIDTH), shared, count), *about),
        alt=f"How many methods name each superpixel; all {count} name: {common}",
        width="stretch",
    )
    st.caption(
        f"Among the {shown.top_k} strongest of all {count} methods (outlined): **{common}**. The darker the violet, "
        "the more methods name it."
    )


def draw(canvas: Canvas, shared: Shared, methods: int) -> NDArray[np.uint8]:
    """Lay the share of the methods that name each superpixel over the picture, and outline what all of them name."""
    colors = colorize(shared.counts.astype(np.float64), "sequential", float(methods))
    drawing = canvas.covered(canvas.grey, colors, _OPACITY).copy()
    canvas.stroke(drawing, shared.common)
    return drawing
