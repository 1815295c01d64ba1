"""A visitor's own model: its file or address, its class names, how it is fed and how its answers are read."""

from __future__ import annotations

import streamlit as st

import lime_core as lc
from lime_core.models.outputs import OUTPUT_CHOICES, OutputChoice
from pages.shell import own_choices, own_file, own_server
from pages.shell.own_choices import Choices
from pages.state.read_job import MOST_MEGABYTES
from pages.state.session import session
from pages.state.uploads import decoded_labels
from pages.widgets.text import plain, problem

_POPOVER = "own.open"
_OUTPUTS = {
    "auto": "recognise them",
    "probabilities": "probabilities",
    "softmax": "logits: apply a softmax",
    "sigmoid": "logits: apply a sigmoid",
    "log": "log-probabilities",
    "values": "values, no probabilities (regression)",
}


def show() -> None:
    """Draw the way from a file or an address to a model in the list."""
    popover = st.popover(
        "Your own model", icon=":material/upload_file:", width="stretch", key=_POPOVER, on_change="rerun"
    )
    # Files that were given are lost when their widgets are not drawn, so once they were, they always are.
    in_use = session().popovers_in_use
    if popover.open:
        in_use.add(_POPOVER)
    if _POPOVER not in in_use:
        return
    with popover:
        st.caption("Explain a model of your own. Its file is read in a process apart, and only you can see it.")
        file = st.file_uploader(
            "Model file (.onnx, .tflite or .keras)",
            key="own.file",
            max_upload_size=min(MOST_MEGABYTES, st.get_option("server.maxUploadSize")),
            help="ONNX, TensorFlow Lite and Keras files hold data, not code. For a file of another kind an error says "
            "how to convert it.",
        )
        address = own_server.address()
        names, names_file = _labels()
        outputs: OutputChoice = st.selectbox(
            "Its answers are",
            OUTPUT_CHOICES,
            format_func=lambda name: _OUTPUTS[name],
            key="own.outputs",
            help="Logits become probabilities by a softmax (one class) or a sigmoid (several at once).",
        )
        # What comes of the file or address stands above the rarely needed fields, which have to be read first.
        above = st.container()
        size, output = own_choices.what_is_open()
        choices = Choices(names, names_file, outputs, size, output)
        # While it is closed the model is asked nothing, whatever picture is chosen.
        with above:
            if popover.open and file is not None:
                own_file.show(file, choices)
            elif popover.open and address:
                own_server.show(address, choices)


def _labels() -> tuple[tuple[str, ...] | None, str]:
    """Return the class names that were given, or None, and the name of their file."""
    file = st.file_uploader(
        "Class names (optional)",
        key="own.labels",
        max_upload_size=16,
        help="A text file with one name a line, JSON (a list, {0: name} or Keras's class_indices), or CSV.",
    )
    if file is None:
        return None, ""
    try:
        labels = decoded_labels(file)
    except lc.LimeError as error:
        st.error(problem(error))
        return None, ""
    for note in (_few(labels.names), *labels.notes):
        st.caption(plain(note))
    return labels.names, file.name


def _few(names: tuple[str, ...]) -> str:
    """Say how many class names there are, and the first of them."""
    shown = ", ".join((*names[:3], "…") if len(names) > 3 else names)
    return f"{len(names):,} {'name' if len(names) == 1 else 'names'}: {shown}"
