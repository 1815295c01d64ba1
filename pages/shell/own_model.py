"""A visitor's own model: its file or address, its class names, how it is fed and how its answers are read."""

from __future__ import annotations

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

import lime_core as lc
from lime_core.models.from_file import preprocessings_of
from lime_core.models.labels import labels_from
from lime_core.models.networks.preprocessing_choice import PreprocessingAnswer, PreprocessingComparison
from lime_core.models.outputs import OUTPUT_CHOICES, OutputChoice
from lime_core.models.own.model import OwnModel
from lime_core.models.servers import connect
from lime_core.models.servers.addresses import allowed_endpoint, endpoint_prefixes
from lime_core.superpixels import resize_pixels
from pages.state.cache import digest
from pages.state.known_models import FileModel, ServedModel
from pages.state.read_job import MOST_MEGABYTES, ReadJob
from pages.state.server import server
from pages.state.session import session
from pages.widgets.text import percent, plain, problem

_TICK = 0.5  # seconds between two looks at a file that is being read
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
        "Your own model", icon=":material/upload_file:", width="stretch", key="own.open", on_change="rerun"
    )
    with popover:
        st.caption("Explain a model of your own. Its file is read in a process apart, and only you can see it.")
        file = st.file_uploader(
            "Model file (.onnx, .tflite or .keras)",
            key="own.file",
            max_upload_size=MOST_MEGABYTES,
            help="ONNX, TensorFlow Lite and Keras files hold data, not code. For a file of another kind an error says "
            "how to convert it.",
        )
        address = _address()
        names, names_file = _labels()
        outputs: OutputChoice = st.selectbox(
            "Its answers are",
            OUTPUT_CHOICES,
            format_func=lambda name: _OUTPUTS[name],
            key="own.outputs",
            help="Logits become probabilities by a softmax (one class) or a sigmoid (several at once).",
        )
        # While it is closed the model is asked nothing, whatever picture is chosen.
        if file is not None and popover.open:
            _file(file, names, names_file, outputs)
        elif file is None and address:
            _served(address, names, names_file, outputs)


def _address() -> str:
    allowed = endpoint_prefixes()
    if not allowed:
        return ""
    return st.text_input(
        "Or its address on a server",
        key="own.address",
        placeholder=f"{allowed[0].rstrip('/')}/v2/models/NAME",
        help=f"Allowed on this server: {', '.join(map(plain, allowed))}.",
    ).strip()


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
        labels = labels_from(file.getvalue(), file.name)
    except lc.LimeError as error:
        st.error(problem(error))
        return None, ""
    for note in labels.notes:
        st.caption(plain(note))
    return labels.names, file.name


def _file(file: UploadedFile, names: tuple[str, ...] | None, names_file: str, outputs: OutputChoice) -> None:
    job = session().brought.reading
    with st.expander("If the file leaves something open", expanded=job is not None and job.error is not None):
        height = int(
            st.number_input("Height of its pictures, px", 0, 4096, 0, key="own.height", help="0: the file says")
        )
        width = int(st.number_input("Width, px", 0, 4096, 0, key="own.width", help="0: like the height"))
        output = st.text_input("Output to explain", key="own.output", help="Only where the model has several.").strip()
    size = (height, width or height) if height else None
    key = digest("read", file.file_id, str(size), output)
    if job is None or job.key != key:
        if job is not None:
            job.stop()
        job = ReadJob(key, file.name, file.getvalue(), input_size=size, output=output or None).start()
        session().brought.reading = job
    if job.active:
        st.fragment(_watch, run_every=_TICK)(job)
    elif job.model is not None:
        _choose(job.model, file.name, names, names_file, outputs)
    elif job.error is not None:
        st.error(problem(job.error))


def _watch(job: ReadJob) -> None:
    if not job.active:
        st.rerun()
    st.progress(0.0, text="Reading the file…")


def _choose(model: OwnModel, file: str, names: tuple[str, ...] | None, names_file: str, outputs: OutputChoice) -> None:
    """Draw what the model says of the picture under each preprocessing, and the button that takes it."""
    picture = session().settings.picture
    if picture is None:
        st.info("Choose a picture first.")
        return
    height, width = model.input_size
    facts = [model.kind.upper(), f"input {width}×{height}{'' if model.channels == 3 else ', grey'}", *model.notes]
    st.caption(" · ".join(map(plain, facts)))
    spec = session().settings.spec

    typed = st.text_input(
        "Another preprocessing (optional)",
        key="own.another",
        placeholder="such as 0.5,0.25",
        help="A mean and a standard deviation in units of 0..1, as torchvision has them: two numbers, or three means "
        "and three standard deviations for red, green and blue. Or one of the names below with -bgr behind it.",
    ).strip()

    def compare() -> PreprocessingComparison:
        pixels = resize_pixels(lc.frame(picture.image, spec).pixels, model.input_size)
        with server().turns.at_once():
            return preprocessings_of(model, pixels, outputs, also=(typed,) if typed else ())

    try:
        with st.spinner("Asking the model about the picture…"):
            about = (model.sha256, model.output, str(model.input_size), outputs, picture.image.sha256, typed)
            found = server().cached(digest("preprocessings", *about, spec.framing), compare)
        preprocessing = _preprocessing(found, names or model.labels)
    except lc.LimeError as error:
        st.error(problem(error))
        return
    brought = FileModel(model, file, names, names_file, preprocessing, outputs)
    st.button("Use this model", key="own.use", type="primary", on_click=_use, args=(brought,), width="stretch")
    _outcome(chosen=session().settings.model == brought.id)


def _use(brought: FileModel) -> None:
    session().brought.refusal = None
    try:
        # Whether names and preprocessing suit the model.
        brought.load("f32", lambda *_: None)
        session().bring(brought)
    except lc.LimeError as error:
        session().brought.refusal = error
    else:
        server().models.load(brought.id)


def _outcome(*, chosen: bool) -> None:
    """Say whether the model was taken."""
    refusal = session().brought.refusal
    if refusal is not None:
        st.error(problem(refusal))
    elif chosen:
        st.caption(":material/check: It is the model in the list now: press *Explain*.")


def _preprocessing(found: PreprocessingComparison, names: tuple[str, ...]) -> str:
    """Draw the choice of the preprocessing beside what the model says under each; return it as text."""
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
    said = [
        (
            names[index] if index < len(names) else f"class {index}",
            percent(value) if 0 <= value <= 1 else f"{value:.4g}",
        )
        for index, value in answer.top[:3]
    ]
    return ", ".join(f"{plain(name)} {value}" for name, value in said)


def _served(address: str, names: tuple[str, ...] | None, names_file: str, outputs: OutputChoice) -> None:
    preprocessing = st.text_input(
        "Preprocessing",
        "none",
        key="own.served_preprocessing",
        help="none (0..255), rescale (x/255), tf (−1..1), caffe, torch, or mean and standard deviation, 0..1.",
    )
    st.button(
        "Connect and use this model",
        key="own.connect",
        type="primary",
        on_click=_connect,
        args=(address, names, names_file, preprocessing, outputs),
        width="stretch",
    )
    _outcome(chosen=isinstance(session().brought.models.get(session().settings.model), ServedModel))


def _connect(
    address: str, names: tuple[str, ...] | None, names_file: str, preprocessing: str, outputs: OutputChoice
) -> None:
    session().brought.refusal = None
    try:
        if not allowed_endpoint(address):
            raise lc.ModelError(
                f"This address is not allowed here: {address}. Allowed are those that begin with "
                f"{', '.join(endpoint_prefixes())}."
            )
        classifier = connect(address, labels=names, preprocessing=preprocessing, outputs=outputs)
        brought = ServedModel(classifier, address, names_file, outputs)
        session().bring(brought)
    except lc.LimeError as error:
        session().brought.refusal = error
    else:
        server().models.load(brought.id)
