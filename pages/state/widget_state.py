"""The values of widgets in Streamlit's state: the one module that writes them, for the session and nobody else.

Screens and widgets read here; what they want to write they tell `Session.change` or `Session.display`. Only the widgets
that are generated from declarations, `pages.widgets.setting_widgets`, give their own keys a first value and an end.
Every widget of a setting has a key that follows from the setting's declaration, so what a preset, a link or an advice
changes can be put into the widgets before they are drawn.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from typing import Any

import streamlit as st

import lime_core as lc
from lime_core.parameters import Parameter, parameters_of
from lime_core.superpixels import LabelMap

PICTURE_SOURCES = ("Gallery", "Upload", "Camera")
AUDIT_SOURCE = "Folder"  # a picture that was opened from an audit; offered while there is one
# Widgets of settings that do not belong to `ExplainSpec`.
SOURCE, PICTURE, MODEL, PRECISION, METHOD = "source", "picture", "model", "precision", "method"
FOCUS, ONE_SCALE, OTHERS, COMPARED_CLASS = "focus.class", "one_scale", "compare.models", "compare.class"
COMPARED_METHODS, LAYER = "methods.chosen", "methods.layer"
STEP, SAMPLE, SUPERPIXEL = "walk.step", "walk.sample", "walk.superpixel"
NO_CLASS = -1  # what the choice of the compared class holds when there is none; no class has this index

SPEC_RULES = parameters_of(lc.ExplainSpec)


def spec_key(setting: str, option: str | None = None, field: str | None = None, rule: Parameter | None = None) -> str:
    """Return the key of the widget of a setting, or of one parameter of an option or group that the setting holds.

    A parameter with a flat name has the same widget under every option, so that a kernel's width outlives a change of
    the kernel.
    """
    if field is None:
        return f"spec.{setting}"
    if rule is not None and rule.flat:
        return f"spec.{rule.flat}"
    return f"spec.{field}" if option is None else f"spec.{setting}.{option}.{field}"


def to_widget(rule: Parameter, value: Any) -> Any:
    """Return a setting's value as its widget holds it."""
    if rule.kind == "color":
        return "#{:02x}{:02x}{:02x}".format(*value)
    return list(value or ()) if rule.kind == "other" else value


def from_widget(rule: Parameter, value: Any) -> Any:
    """Return a widget's value as the setting takes it; the inverse of `to_widget`."""
    if rule.kind == "color":
        return tuple(int(value[start : start + 2], 16) for start in (1, 3, 5))
    return tuple(value) or None if rule.kind == "other" else value


def widget_values(spec: lc.ExplainSpec, settings: Iterable[str] | None = None) -> dict[str, Any]:
    """Return what the widgets have to show, by their keys.

    Parameters
    ----------
    spec : ExplainSpec
        The settings.
    settings : iterable of str, optional
        Names of fields of `ExplainSpec`, or flat names of what they hold. Without them every widget is set, those of
        options that are not chosen to their defaults.
    """
    if settings is None:
        return {
            key: value
            for name, rule in SPEC_RULES.items()
            for key, value in (_option_defaults(name, rule) | _values(name, rule, getattr(spec, name))).items()
        }
    owners = {owner: SPEC_RULES[owner] for name in settings if (owner := _owner_of(name)) is not None}
    return {
        key: value
        for owner, rule in owners.items()
        for key, value in _values(owner, rule, getattr(spec, owner)).items()
    }


def write(values: dict[str, Any]) -> None:
    """Set widgets that do not show these values already; to be called before they are drawn, or in a callback."""
    for key, value in _within_limits(values).items():
        if key not in st.session_state or st.session_state[key] != value:
            st.session_state[key] = value


def write_anew(values: dict[str, Any]) -> None:
    """Set widgets that are about to be drawn on another page, whatever they showed on the one before."""
    for key, value in _within_limits(values).items():
        st.session_state[key] = value


def show_at_most(key: str, setting: int, most: int) -> int:
    """Let the widget of a number end at `most`, and return the setting: what it shows, or more if nobody has moved it.

    Such a widget shows the largest number that makes sense here where the setting is larger; the setting stays as it
    is, for another picture.

    Parameters
    ----------
    key : str
        Of a widget that is about to be drawn.
    setting : int
        The setting as it stands.
    most : int
        The largest number that makes sense here.
    """
    most_before = read(_limit_of(key))
    shown_before = setting if most_before is None else min(setting, most_before)
    if read(key, shown_before) != shown_before:
        setting = int(read(key))
    st.session_state[_limit_of(key)] = most
    # A slider with another end is another widget to Streamlit, and would begin anew.
    (write if most == most_before else write_anew)({key: setting})
    return setting


def prime(key: str, value: Any) -> None:
    """Give a widget its first value through Streamlit's state: a later preset or link can then change it."""
    if key not in st.session_state:
        st.session_state[key] = value


def read(key: str, default: Any = None) -> Any:
    """Return what a widget shows, or `default` before it was drawn."""
    return st.session_state.get(key, default)


def _limit_of(key: str) -> str:
    return f"{key}.most"


def _within_limits(values: dict[str, Any]) -> dict[str, Any]:
    limits = {key: read(_limit_of(key)) for key in values}
    return {key: value if limits[key] is None else min(value, limits[key]) for key, value in values.items()}


def _values(setting: str, rule: Parameter, value: Any) -> dict[str, Any]:
    if rule.kind == "option":
        return {spec_key(setting): value.name} | _parameter_values(setting, value, value.name)
    if rule.kind == "group":
        return _parameter_values(setting, value, None)
    return {spec_key(setting): to_widget(rule, value)}


def _parameter_values(setting: str, owner: Any, option: str | None) -> dict[str, Any]:
    return {
        spec_key(setting, option, field, rule): to_widget(rule, getattr(owner, field))
        for field, rule in parameters_of(owner).items()
        if rule.kind != "other"
    }


def _option_defaults(setting: str, rule: Parameter) -> dict[str, Any]:
    """Return the defaults of all options' parameters that a setting may hold."""
    if rule.registry is None:
        return {}
    return {
        spec_key(setting, name, field.name, parameters_of(cls)[field.name]): to_widget(
            parameters_of(cls)[field.name], field.default
        )
        for name, cls in rule.registry.items()
        if name != LabelMap.name
        for field in dataclasses.fields(cls)
        if field.name in parameters_of(cls)
    }


def _owner_of(name: str) -> str | None:
    """Return the field of `ExplainSpec` that a name or flat name belongs to."""
    if name in SPEC_RULES:
        return name
    for setting, rule in SPEC_RULES.items():
        holders = list(rule.registry.values()) if rule.registry is not None else []
        holders += [type(getattr(lc.ExplainSpec(), setting))] if rule.kind == "group" else []
        for holder in holders:
            if any(name == (inner.flat or field) for field, inner in parameters_of(holder).items()):
                return setting
    return None
