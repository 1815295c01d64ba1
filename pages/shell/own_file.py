"""A visitor's own model in a file: read it in the background, choose its preprocessing, use it."""

from __future__ import annotations

import numpy as np
import streamlit as st
from numpy.typing import NDArray
from streamlit.runtime.uploaded_file_manager import UploadedFile

from lime_core.models.from_file import preprocessings_of
from lime_core.models.networks.preprocessing_choice import PreprocessingComparison
from lime_core.models.own.model import OwnModel
from pages.shell import own_choices
from pages.shell.own_choices import Choices
from pages.state.cache import digest
from pages.state.known_models import FileModel
from pages.state.read_job import ReadJob
from pages.state.session import session
from pages.widgets.text import code_in, plain, problem

_TICK = 0.5  # seconds between two looks at a file that is being read


def show(file: UploadedFile, choices: Choices) -> None:
    """Draw what is known of the file, and the button that takes it."""
    key = digest("read", file.file_id, str(choices.input_size), str(choices.output))
    job = session().brought.reading
    if job is None or job.key != key:
        if job is not None:
            job.stop()
        job = ReadJob(key, file.name, file.getvalue(), input_size=choices.input_size, output=choices.output).start()
        session().brought.reading = job
    if job.active:
        st.fragment(_watch, run_every=_TICK)(job)
    elif job.model is not None:
        _choose(job.model, file.name, choices)
    elif job.error is not None:
        st.error(problem(job.error))
        if code := code_in(job.error):
            st.code(code, None, wrap_lines=True)


def _watch(job: ReadJob) -> None:
    if not job.active:
        st.rerun()
    st.progress(0.0, text="Reading the file…")


def _choose(model: OwnModel, file: str, choices: Choices) -> None:
    height, width = model.input_size
    facts = [model.kind.upper(), f"input {width}×{height}{'' if model.channels == 3 else ', grey'}", *model.notes]
    st.caption(" · ".join(map(plain, facts)))

    def ask(pixels: NDArray[np.uint8], also: tuple[str, ...]) -> PreprocessingComparison:
        return preprocessings_of(model, pixels, choices.outputs, also=also)

    about = (model.sha256, model.output, str(model.input_size), choices.outputs)
    preprocessing = own_choices.preprocessing(ask, model.input_size, choices.names or model.labels, *about)
    if preprocessing is None:
        return
    brought = FileModel(model, file, choices.names, choices.names_file, preprocessing, choices.outputs)
    st.button(
        "Use this model",
        key="own.use",
        type="primary",
        on_click=own_choices.use,
        args=(lambda: brought,),
        width="stretch",
    )
    own_choices.outcome(chosen=session().settings.model == brought.id)
