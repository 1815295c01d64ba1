"""The choice of a preset, of the method that explains, and of methods to compare."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

import lime_core as lc
from lime_core.methods import mask_methods
from pages.state import widget_state
from pages.state.session import session
from pages.state.settings import FIRST_LOOK
from pages.widgets import labels

_PRESET = "preset"
_LAST = ""  # what the choice of a layer holds for the last one
# Compared until others are chosen, where the model allows them: the usual ones, of every kind.
_USUALLY_COMPARED = ("lime", "banzhaf", "kernel_shap", "leave_one_out", "rise", "grad_cam")


def preset() -> None:
    """Draw the choice of named settings, which sets everything at once."""
    st.selectbox(
        "Preset",
        list(lc.PRESETS),
        index=None,
        placeholder="choose settings",
        format_func=lambda name: labels.PRESETS.get(name, name),
        key=_PRESET,
        help="Sets everything at once, as the named package, paper or blog has it.",
        on_change=_apply_preset,
        width=200,
    )


def method() -> str:
    """Draw the choice of the method and return its name."""
    return st.selectbox(
        "Method",
        list(mask_methods()),
        format_func=labels.method,
        key=widget_state.METHOD,
        help="\n".join(f"* **{each.title}**: {each.summary}" for each in mask_methods().values()),
        width=150,
        persist_state="session",
    )


def compared_methods(offered: Sequence[str]) -> tuple[str, ...]:
    """Draw the choice of methods that are compared, among those that the model allows, and return their names."""
    state = session()
    chosen = state.settings.compared_methods
    # What this model does not allow stays chosen for another one.
    shown = [name for name in offered if name in (_USUALLY_COMPARED if chosen is None else chosen)]
    state.display(compared_methods=shown)
    st.pills(
        "Methods",
        list(offered),
        selection_mode="multi",
        format_func=labels.method,
        key=widget_state.COMPARED_METHODS,
        on_change=_change_compared_methods,
        args=(tuple(offered),),
        help="Each explains the same picture and class on the same superpixels, and may ask the model about as many "
        "pictures.",
    )
    return tuple(shown)


def _change_compared_methods(offered: tuple[str, ...]) -> None:
    before = session().settings.compared_methods
    kept = {name for name in (_USUALLY_COMPARED if before is None else before) if name not in offered}
    chosen = kept.union(widget_state.read(widget_state.COMPARED_METHODS))
    session().change(compared_methods=tuple(name for name in lc.METHODS if name in chosen))


def layer(names: Sequence[str]) -> str | None:
    """Draw the choice of the layer that Grad-CAM looks at, None for the last one.

    A layer that a link asks for stays chosen as long as the layers are not known.
    """
    state = session()
    if not names:
        return state.settings.layer
    chosen = state.settings.layer if state.settings.layer in names else None
    state.display(layer=chosen or _LAST)
    st.selectbox(
        "Layer of Grad-CAM",
        [_LAST, *reversed(names)],
        format_func=lambda name: name or "the last one",
        key=widget_state.LAYER,
        on_change=_change_layer,
        help="Earlier layers have finer maps of simpler features.",
    )
    return chosen


def _change_layer() -> None:
    session().change(layer=widget_state.read(widget_state.LAYER) or None)


def _apply_preset() -> None:
    name = widget_state.read(_PRESET)
    session().change(spec=lc.preset(name) if name else FIRST_LOOK, report=True)
    # Widgets that still showed what was set before would set it again at the next click, wherever that is.
    st.rerun()
