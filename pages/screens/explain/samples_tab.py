"""The perturbed pictures with the model's answers, to leaf through."""

from __future__ import annotations

import numpy as np
import streamlit as st

from pages.state.server import server
from pages.widgets.result_view import ResultView
from pages.widgets.sample_choice import order_of_samples, page_of_samples
from pages.widgets.text import output, plain

_A_PAGE = 12


def show(shown: ResultView) -> None:
    """Draw the tab."""
    neighborhood, focus = shown.result.neighborhood, shown.focus
    values = neighborhood.outputs[:, focus.index]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        order = order_of_samples(f"Perturbed pictures, {plain(focus.name)}")
        page = page_of_samples(-(-len(values) // _A_PAGE))
    ranked = {"highest": np.argsort(-values, kind="stable"), "lowest": np.argsort(values, kind="stable")}
    chosen = ranked.get(order, np.arange(len(values)))[(page - 1) * _A_PAGE : page * _A_PAGE]
    scene = server().scene(shown.result.question.image, neighborhood.provenance.input_size, neighborhood.spec)
    scene = scene.masked_by(neighborhood.spec)
    pictures = scene.perturbed(neighborhood.masks[chosen])
    counts = [f" · {int(mask.sum())} shown" if scene.cover is None else "" for mask in neighborhood.masks[chosen]]
    captions = [
        f"{output(values[row], neighborhood.provenance)}{count}" for row, count in zip(chosen, counts, strict=True)
    ]
    with st.container(horizontal=True, gap="small"):
        for row, pixels, caption in zip(chosen, pictures, captions, strict=True):
            st.image(pixels, caption=caption, alt=f"Sample {row}: {caption}", width=150, output_format="JPEG")
