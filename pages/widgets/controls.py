"""Widgets. Each function draws some and returns their values; ranges and help come from the core's declarations."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import streamlit as st

import lime_core as lc
from lime_core.models import CATALOG, DEFAULT_MODEL, ModelCard, bf16_available, is_available
from lime_core.models.engines.base import Precision
from lime_core.parameters import Parameter, parameters_of
from lime_core.superpixels.segmentation import SEGMENTATIONS, AnySegmentation, LabelMap
from pages.state.gallery import EXAMPLES, FIRST, example
from pages.state.session import Picture, session, widget_key, widget_values
from pages.widgets import labels as words

PICTURE_TYPES = ["jpg", "jpeg", "png", "webp", "bmp", "tif", "tiff", "gif"]
MOST_OTHERS = 3  # models compared with the first one; more do not fit side by side
SOURCES = ["Gallery", "Upload", "Camera"]
# Keys of widgets that others set as well.
PRESET, PRECISION, CLASS, STEP, SUPERPIXEL = "preset", "precision", "focus.class", "walk.step", "walk.superpixel"

_NONE = -1  # no class of this number
_ORDERS = {"highest": "most probable first", "lowest": "least probable first", "drawn": "as drawn"}

_SPEC_RULES = parameters_of(lc.ExplainSpec)
# Where the declared range is far wider than what people turn: ends and step of the slider.
_USUAL: dict[str, tuple[float, float, float]] = {
    "kernel_width": (0.01, 1.0, 0.01),
    "opacity": (0.0, 1.0, 0.05),
    "smoothing": (0.0, 40.0, 1.0),
    "keep_probability": (0.05, 0.95, 0.05),
    "max_hide_rate": (0.1, 1.0, 0.05),
    "ratio": (0.0, 1.0, 0.05),
}


def setting(name: str, **options: Any) -> Any:
    """Draw the widget of one field of `ExplainSpec` and return its value."""
    return _widget(name, _SPEC_RULES[name], widget_key(name), **options)


def segmentation(current: AnySegmentation) -> AnySegmentation:
    """Draw the choice of a method and its parameters.

    Raises
    ------
    SpecError
        When the method's own checks refuse the values.
    """
    key = widget_key("method")
    _prime(key, current.method)
    method = st.selectbox(
        words.LABELS["method"],
        list(SEGMENTATIONS),
        format_func=words.choice,
        key=key,
        help="How the picture is cut into superpixels: patches that are shown or hidden as a whole.",
        persist_state="session",
    )
    if method == LabelMap.method:
        return _label_map(current)
    owner = SEGMENTATIONS[method]
    rules = parameters_of(owner)
    columns = st.columns(2)
    values = {}
    for place, (name, rule) in enumerate(rules.items()):
        with columns[place % 2]:
            values[name] = _widget(name, rule, widget_key(name, method))
    return owner(**values)


def _label_map(current: AnySegmentation) -> AnySegmentation:
    file = st.file_uploader(
        "Label map (PNG)", type=["png"], key="label_map", help="Every grey level or colour is one superpixel."
    )
    if file is not None:
        return LabelMap.load(file.getvalue())
    if isinstance(current, LabelMap):
        return current
    raise lc.SpecError("Choose a PNG file with the label map.")


def picture() -> Picture | None:
    """Draw the choice of a picture; None until there is one.

    Raises
    ------
    ImageError
        When the uploaded file cannot be used.
    """
    source = st.segmented_control(
        "Picture", SOURCES, default=SOURCES[0], required=True, key="source", width="stretch", persist_state="session"
    )
    if source == "Upload":
        file = st.file_uploader("Picture file, up to 20 MB", type=PICTURE_TYPES, key="upload")
        return Picture(lc.load_image(file.getvalue()), file.name) if file else None
    if source == "Camera":
        shot = st.camera_input("Take a picture", key="camera")
        return Picture(lc.load_image(shot.getvalue()), "camera picture") if shot else None
    _prime("picture", FIRST)
    name = st.selectbox(
        "Example",
        list(EXAMPLES),
        format_func=lambda name: EXAMPLES[name].title,
        key="picture",
        label_visibility="collapsed",
        persist_state="session",
    )
    return Picture(example(name), EXAMPLES[name].title, name)


def model() -> str:
    """Draw the choice of a model by family and return its id."""
    _prime("model", DEFAULT_MODEL)
    chosen: str = st.selectbox(
        "Model",
        list(CATALOG),
        format_func=lambda name: _model_line(CATALOG[name]),
        key="model",
        help="Type to search. Models that are not on this machine fetch their weights once, when they are asked.",
        persist_state="session",
    )
    return chosen


def precision() -> Precision:
    """Draw the choice of the numbers inside the network, where the processor leaves one."""
    if not bf16_available():
        return "f32"
    _prime(PRECISION, "f32")
    chosen: Precision = st.segmented_control(
        "Precision",
        ["f32", "bf16"],
        required=True,
        key=PRECISION,
        help="bf16 is faster and less exact. It is compared with f32 on the first samples of your picture and used "
        "only if probabilities and strongest superpixels agree; the result says which was used.",
        width="stretch",
        persist_state="session",
    )
    return chosen


def other_models(first: str) -> list[str]:
    """Draw the choice of models to compare with the first one and return their ids."""
    key = "compare.models"
    others = [name for name in CATALOG if name != first]
    ready = [name for name in others if is_available(CATALOG[name])]
    # The model of the sidebar may have become one of those chosen here.
    chosen = [name for name in st.session_state.get(key, ready[:1]) if name != first]
    st.session_state[key] = chosen
    return st.multiselect(
        f"Compare {CATALOG[first].title} with",
        others,
        format_func=lambda name: _model_line(CATALOG[name]),
        key=key,
        max_selections=MOST_OTHERS,
        placeholder="choose models",
        help="The first model is the one in the sidebar. Models that are not on this machine fetch their weights once.",
        persist_state="session",
    )


def preset(on_change: Callable[[], None]) -> str | None:
    """Draw the choice of named settings and return their name; None while nothing is chosen."""
    chosen: str | None = st.selectbox(
        "Preset",
        list(lc.PRESETS),
        index=None,
        placeholder="choose settings",
        format_func=lambda name: words.PRESETS.get(name, name),
        key=PRESET,
        help="Sets everything at once, as the named package, paper or blog has it.",
        on_change=on_change,
        width=200,
    )
    return chosen


def two_of(labels: tuple[str, str], names: Mapping[int, str], keys: tuple[str, str]) -> tuple[int, int]:
    """Draw the choice of two different ones among at least two, by their numbers."""
    first = st.selectbox(labels[0], list(names), format_func=names.get, key=keys[0])
    second = st.selectbox(labels[1], [other for other in names if other != first], format_func=names.get, key=keys[1])
    return int(first), int(second)


def class_in_focus(names: Mapping[int, str], focus: int, take: Callable[[int], None], *, row: bool = False) -> None:
    """Draw which of the explained classes is looked at, in a list or all in a row; `take` is told of a change."""
    # All screens show the same class, so what they agreed on counts and not what this widget showed last.
    st.session_state[CLASS] = focus
    shared: dict[str, Any] = {
        "format_func": names.get,
        "key": CLASS,
        "on_change": lambda: take(st.session_state[CLASS]),
    }
    if row:
        st.segmented_control("Class", list(names), required=True, label_visibility="collapsed", **shared)
    else:
        st.selectbox("Class", list(names), help="Which class is explained", **shared)


def class_of_all(names: Mapping[int, str], none: str) -> int | None:
    """Draw the choice of one class or of none, which is called `none`."""
    key = "compare.class"
    if st.session_state.get(key) not in names:
        st.session_state[key] = _NONE
    chosen = st.selectbox(
        "Class",
        [_NONE, *names],
        format_func=lambda index: none if index == _NONE else names[index],
        key=key,
        help="Compare the models on one class, or each on the class it finds most probable.",
        persist_state="session",
    )
    return None if chosen == _NONE else int(chosen)


def order_of_samples(label: str) -> str:
    """Draw the order in which samples are leafed through: ``highest``, ``lowest`` or ``drawn``."""
    chosen: str = st.segmented_control(
        label, list(_ORDERS), default="highest", required=True, format_func=_ORDERS.get, key="samples.order"
    )
    return chosen


def page_of_samples(pages: int) -> int:
    """Draw the choice of a page, from 1."""
    return int(st.pagination(pages, key="samples.page", max_visible_pages=5))


def step(names: Sequence[str]) -> int:
    """Draw the steps of the walkthrough and return the present one, from 0."""
    _prime(STEP, 0)
    return int(
        st.segmented_control(
            "Step",
            range(len(names)),
            required=True,
            format_func=lambda place: f"{place + 1} {names[place]}",
            key=STEP,
            label_visibility="collapsed",
            persist_state="session",
        )
    )


def sample(count: int) -> int:
    """Draw the choice of one of `count` samples."""
    key = "walk.sample"
    st.session_state[key] = min(st.session_state.get(key, 0), count - 1)
    return int(
        st.slider("Sample", 0, count - 1, key=key, persist_state="session", help="One perturbed picture of many")
    )


def superpixel(count: int, first: int) -> int:
    """Draw the choice of one of `count` superpixels, `first` to begin with."""
    if not 0 <= st.session_state.get(SUPERPIXEL, first) < count:
        del st.session_state[SUPERPIXEL]
    _prime(SUPERPIXEL, first)
    text = "Numbered as in step 2; the strongest one to begin with"
    return int(st.number_input("Superpixel", 0, count - 1, key=SUPERPIXEL, help=text))


def seeds(usual: int) -> int:
    """Draw the number of runs that are compared with one another."""
    return int(st.number_input("Seeds", 2, 10, usual, key="trust.seeds", width=140, persist_state="session"))


def _model_line(card: ModelCard) -> str:
    family = "" if card.title.startswith(card.family) else f"{card.family}: "
    state = "ready" if is_available(card) else f"{words.megabytes(card.weights_bytes)} to fetch"
    return f"{family}{card.title} · {state}"


def classes(names: tuple[str, ...]) -> tuple[int, ...] | None:
    """Draw the search among all class names; None for the top classes."""
    key = widget_key("classes")
    _prime(key, [])
    chosen = st.multiselect(
        words.LABELS["classes"],
        range(len(names)),
        format_func=lambda index: names[index],
        key=key,
        placeholder="the most probable ones",
        help="Explain any classes; type to search. Without a choice the most probable ones are explained.",
        persist_state="session",
    )
    return tuple(chosen) or None


def one_scale() -> bool:
    """Draw the choice between one colour scale for all classes and one each."""
    return st.toggle(
        "One colour scale",
        value=True,
        key="one_scale",
        help="Heat maps of all classes on one scale, so that they can be compared; or each on its own.",
        persist_state="session",
    )


def _widget(name: str, rule: Parameter, key: str, *, high: float | None = None, choices: Any = None) -> Any:
    _prime(key, _default(key))
    shared: dict[str, Any] = {"key": key, "help": rule.help, "persist_state": "session"}
    label = words.LABELS.get(name, name)
    if rule.kind == "choice":
        options = list(choices or rule.choices)
        if st.session_state[key] not in options:
            st.session_state[key] = options[0]
        return st.selectbox(label, options, format_func=words.choice, **shared)
    if rule.kind == "bool":
        return st.toggle(label, **shared)
    if rule.kind == "color":
        code = st.color_picker(label, **shared)
        return tuple(int(code[place : place + 2], 16) for place in (1, 3, 5))
    if high is not None:
        st.session_state[key] = min(st.session_state[key], int(high))
        return st.slider(label, int(rule.low or 0), int(high), **shared) if high > (rule.low or 0) else int(high)
    if name in _USUAL:
        low, top, step = _USUAL[name]
        value = st.session_state[key]
        # A link or preset may lie outside what people usually turn.
        return st.slider(label, min(low, value), max(top, value), step=step, **shared)
    if rule.kind == "int":
        return st.number_input(label, int(rule.low or 0), int(rule.high or 2**31 - 1), step=1, **shared)
    return st.number_input(label, float(rule.low or 0), float(rule.high or 1e9), format="%.4g", **shared)


def _default(key: str) -> Any:
    return widget_values(session().spec)[key]


def _prime(key: str, value: Any) -> None:
    """Give a widget its first value through the session state: a later preset or link can then change it."""
    if key not in st.session_state:
        st.session_state[key] = value
