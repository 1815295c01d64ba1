"""Widgets of settings, generated from the core's declarations: range, help and choices come from there.

A setting that holds an option, such as the fill, draws the choice of its name and then the chosen option's own
parameters, so an option that is registered in the core appears here without any other code.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

import lime_core as lc
from lime_core.parameters import Parameter, parameters_of
from lime_core.superpixels import LabelMap
from pages.state.session import session
from pages.state.uploads import MOST_MEGABYTES, decoded_label_map
from pages.state.widget_state import SPEC_RULES, from_widget, prime, read, show_at_most, spec_key, to_widget
from pages.widgets import fragments, labels

# Where the declared range is far wider than what people turn: ends and step of the slider.
_SLIDERS: dict[str, tuple[float, float, float]] = {
    "kernel_width": (0.01, 1.0, 0.01),
    "opacity": (0.0, 1.0, 0.05),
    "smoothing": (0.0, 40.0, 1.0),
    "keep_probability": (0.05, 0.95, 0.05),
    "max_hide_rate": (0.1, 1.0, 0.05),
    "quickshift.ratio": (0.0, 1.0, 0.05),
}
_LARGEST_INT, _LARGEST_FLOAT = 2**31 - 1, 1e9


def setting(name: str) -> Any:
    """Draw the widget of a setting that is one value, and return it.

    Parameters
    ----------
    name : str
        A field of `ExplainSpec` that is neither an option nor the view.
    """
    rule = SPEC_RULES[name]
    return _widget(name, rule, spec_key(name), getattr(session().settings.spec, name))


def view_setting(
    name: str, *, high: int | None = None, choices: Sequence[str] | None = None, redraws: Sequence[str] = ()
) -> Any:
    """Draw the widget of one field of the view, and return its value.

    Parameters
    ----------
    name : str
        A field of `lime_core.View`.
    high : int, optional
        The largest number that makes sense here; a slider ends there.
    choices : sequence of str, optional
        Those of the declared choices that make sense here.
    redraws : sequence of str
        Keys of the fragments that show what it changes: they alone are drawn anew when it is turned. Without them
        the fragment is drawn anew that the widget stands in.
    """
    view = session().settings.spec.view
    rule = parameters_of(view)[name]
    key = spec_key("view", None, name, rule)
    if choices is not None and read(key, getattr(view, name)) not in choices:
        possible: dict[str, Any] = {rule.flat or name: choices[0]}
        session().change(**possible)
        view = session().settings.spec.view
    return _widget(rule.flat or name, rule, key, getattr(view, name), high=high, choices=choices, redraws=redraws)


def option(
    name: str, *, columns: int = 1, parameters_in: DeltaGenerator | None = None, redraws: Sequence[str] = ()
) -> Any:
    """Draw the choice of an option and then its own parameters, and return the option with these parameters.

    Parameters
    ----------
    name : str
        A field of `ExplainSpec` that holds an option, such as ``fill``.
    columns : int
        How many parameters stand side by side.
    parameters_in : DeltaGenerator, optional
        Where the parameters are drawn, if not below the choice.
    redraws : sequence of str
        As for `view_setting`, when a parameter with a flat name is turned.

    Raises
    ------
    SpecError
        When the option's own checks refuse the values.
    """
    rule, current = SPEC_RULES[name], getattr(session().settings.spec, name)
    registry = rule.registry
    if registry is None:
        raise lc.SpecError(f"{name} is not a choice with parameters.")
    key = spec_key(name)
    prime(key, current.name)
    names = registry.offered if current.name in registry.offered else (*registry.offered, current.name)
    chosen = st.selectbox(
        labels.label(name), names, format_func=labels.choice, key=key, help=rule.help, persist_state="session"
    )
    with parameters_in or contextlib.nullcontext():
        if chosen == LabelMap.name:
            return _label_map(current)
        return registry[chosen](**_parameters(name, registry[chosen], current, columns, redraws))


def option_parameters(name: str, *, redraws: Sequence[str] = ()) -> Any:
    """Draw the parameters of a chosen option without the choice, and return the option with them; else as `option`."""
    current = getattr(session().settings.spec, name)
    return type(current)(**_parameters(name, type(current), current, 1, redraws))


def _parameters(name: str, cls: Any, current: Any, columns: int, redraws: Sequence[str]) -> dict[str, Any]:
    rules = parameters_of(cls)
    if not rules:
        return {}
    start = current if isinstance(current, cls) else cls()
    cells = st.columns(columns) if columns > 1 else [st.container()]
    values = {}
    for index, (field, rule) in enumerate(rules.items()):
        with cells[index % len(cells)]:
            key = spec_key(name, cls.name, field, rule)
            shown_as, value = labels.parameter_name(cls.name, field, rule), getattr(start, field)
            values[field] = _widget(shown_as, rule, key, value, redraws=redraws if rule.flat else ())
    return values


def _label_map(current: Any) -> LabelMap:
    file = st.file_uploader(
        "Label map (PNG)",
        key="label_map",
        max_upload_size=MOST_MEGABYTES,
        help="Every grey level or colour is one superpixel.",
    )
    if file is not None:
        return decoded_label_map(file)
    if isinstance(current, LabelMap):
        return current
    raise lc.SpecError("Choose a PNG file with the label map.")


def _widget(
    name: str,
    rule: Parameter,
    key: str,
    current: Any,
    *,
    high: int | None = None,
    choices: Sequence[str] | None = None,
    redraws: Sequence[str] = (),
) -> Any:
    prime(key, to_widget(rule, current))
    label = labels.label(name)
    shared: dict[str, Any] = {"key": key, "help": rule.help, "persist_state": "session"}
    if redraws:
        shared |= {"on_change": _turned, "args": (rule.flat or name, rule, key, redraws)}
    if rule.kind == "choice":
        return st.selectbox(label, choices or rule.choices, format_func=labels.choice, **shared)
    if rule.kind == "bool":
        return st.toggle(label, **shared)
    if rule.kind == "color":
        return from_widget(rule, st.color_picker(label, **shared))
    if high is not None:
        return _up_to(high, label, rule, current, shared)
    return _number(label, rule, key, name, shared)


def _turned(name: str, rule: Parameter, key: str, redraws: Sequence[str]) -> None:
    try:
        session().change(**{name: from_widget(rule, read(key))})
    except lc.LimeError:
        # Whoever draws the widget says why its value is refused.
        return
    fragments.redraw(redraws)


def _number(label: str, rule: Parameter, key: str, name: str, shared: dict[str, Any]) -> Any:
    low = rule.low or 0
    if name in _SLIDERS:
        start, end, step = _SLIDERS[name]
        value = read(key)
        # A link or preset may lie outside what people usually turn.
        return st.slider(label, min(start, value), max(end, value), step=step, **shared)
    if rule.kind == "int":
        return st.number_input(label, int(low), int(rule.high or _LARGEST_INT), step=1, **shared)
    return st.number_input(label, float(low), float(rule.high or _LARGEST_FLOAT), format="%.4g", **shared)


def _up_to(high: int, label: str, rule: Parameter, current: int, shared: dict[str, Any]) -> int:
    """Draw a slider that ends at `high`; a larger setting stays as it is until somebody moves the slider."""
    low, value = int(rule.low or 0), show_at_most(shared["key"], current, high)
    if high > low:
        st.slider(label, low, high, **shared)
    return value
