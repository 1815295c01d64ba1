"""What has to be known of a visitor's own model besides its file or address."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import streamlit as st
from numpy.typing import NDArray

import lime_core as lc
from lime_core.models.networks.preprocessing_choice import PreprocessingAnswer, PreprocessingComparison
from lime_core.models.outputs import OutputChoice
from lime_core.superpixels import resize_pixels
from pages.state.cache import digest
from pages.state.known_models import BroughtModel, bring
from pages.state.server import server
from pages.state.session import session
from pages.widgets.text import percent, plain, problem

_PATIENCE = 60.0  # seconds; a model that takes longer is chosen, and the sidebar says how it gets on


@dataclass(frozen=True, slots=True)
class Choices:
    """What the visitor has said of the model.

    Attributes
    ----------
    names : tuple of str or None
        Class names.
    names_file : str
        Name of the file with them, empty without one.
    outputs : str
        What the model answers, one of `OUTPUT_CHOICES`.
    input_size : (int, int) or None
        Height and width, where the model leaves them open.
    output : str or None
        The output to explain, where there are several.
    """

    names: tuple[str, ...] | None
    names_file: str
    outputs: OutputChoice
    input_size: tuple[int, int] | None
    output: str | None


def what_is_open() -> tuple[tuple[int, int] | None, str | None]:
    """Draw the fields for what a model may leave open; return input size and output, None where nothing is typed."""
    with st.expander("If the model leaves something open"):
        height = int(
            st.number_input("Height of its pictures, px", 0, 4096, 0, key="own.height", help="0: the model says it")
        )
        width = int(st.number_input("Width, px", 0, 4096, 0, key="own.width", help="0: like the height"))
        output = st.text_input("Output to explain", key="own.output", help="Only where the model has several.").strip()
    return ((height, width or height) if height else None), output or None


def preprocessing(
    ask: Callable[[NDArray[np.uint8], tuple[str, ...]], PreprocessingComparison],
    input_size: tuple[int, int],
    names: tuple[str, ...],
    *about: str,
) -> str | None:
    """Draw the choice of the preprocessing beside what the model says of the picture under each.

    Parameters
    ----------
    ask : callable
        Asks the model about a picture at `input_size`; further preprocessings to try come second.
    input_size : (int, int)
        Height and width.
    names : tuple of str
        Class names; classes without one are numbered.
    *about : str
        What tells the model, and how it is asked, from others.

    Returns
    -------
    str or None
        The choice, as `Preprocessing.parse` reads it; None while there is nothing to choose from.
    """
    picture, spec = session().settings.picture, session().settings.spec
    if picture is None:
        st.info("Choose a picture first.")
        return None
    typed = st.text_input(
        "Another preprocessing (optional)",
        key="own.another",
        placeholder="such as 0.5,0.25",
        help="A mean and a standard deviation in units of 0..1, as torchvision has them: two numbers, or three means "
        "and three standard deviations for red, green and blue. Or one of the names below with -bgr behind it.",
    ).strip()

    def compared() -> PreprocessingComparison:
        pixels = resize_pixels(lc.frame(picture.image, spec).pixels, input_size)
        with server().turns.at_once():
            return ask(pixels, (typed,) if typed else ())

    try:
        with st.spinner("Asking the model about the picture…"):
            key = digest("preprocessings", *about, picture.image.sha256, spec.framing, typed)
            found = server().cached(key, compared)
    except lc.LimeError as error:
        st.error(problem(error))
        return None
    choices = [str(answer.preprocessing) for answer in found.answers]
    chosen = st.radio(
        "Preprocessing",
        choices,
        index=choices.index(str(found.suggested)),
        captions=[_says(answer, names) for answer in found.answers],
        key=f"own.preprocessing.{digest(*choices, str(found.suggested))[:8]}",
        help="What is done to the pixels 0..255 before they enter the model; below it what the model then says of the "
        "picture. none: nothing; rescale: x/255; tf: to −1..1; torch and caffe: as those libraries' ImageNet models; "
        "-bgr: blue first.",
    )
    st.caption(f"Suggested: {found.suggested}. {plain(found.reason)}")
    return chosen or str(found.suggested)


def _says(answer: PreprocessingAnswer, names: tuple[str, ...]) -> str:
    said = []
    for index, value in answer.top[:3]:
        name = names[index] if index < len(names) else f"class {index}"
        said.append(f"{plain(name)} {percent(value) if 0 <= value <= 1 else f'{value:.4g}'}")
    return ", ".join(said)


def use(make: Callable[[], BroughtModel]) -> None:
    """Load a visitor's own model and choose it, or keep why it cannot be used; the callback of a button."""
    brought = session().brought
    brought.refusal = None
    try:
        model = make()
        bring(model)
        # What does not suit it, such as the number of names, shows when it is loaded.
        loading = server().models.load(model.id)
        loading.wait(_PATIENCE)
        if loading.error is not None:
            raise loading.error
        session().bring(model)
    except lc.LimeError as error:
        brought.refusal = error


def outcome(*, chosen: bool) -> None:
    """Say whether the model was taken."""
    refusal = session().brought.refusal
    if refusal is not None:
        st.error(problem(refusal))
    elif chosen:
        st.caption(":material/check: It is the model in the list now: press *Explain*.")
