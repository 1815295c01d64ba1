"""A visitor's own model: brought by file or address, used on every screen, and seen by nobody else."""

from __future__ import annotations

import pickle
import shlex
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import streamlit as st
from differentiable_models import by_hand, in_keras
from model_server import CLASSES, ModelServer
from own_models import linear_onnx, pooled_onnx
from running_server import running
from streamlit.testing.v1 import AppTest

import lime_core as lc
from lime_core.models.from_file import classifier_from
from lime_core.models.own.reading import read_model
from pages.shell import own_file, sidebar
from pages.state import brought as brought_module
from pages.state import known_models, read_job
from tests.pages.conftest import SECONDS, FakeModel, explained, fine, finish, open_page, state_of, texts

NAMES = b"apple\nbanana\ncherry\ndate\n"


@pytest.fixture(autouse=True)
def the_catalog_is_a_fake(model: FakeModel) -> None:
    """Nothing but the visitor's own model is real."""


def given(page: AppTest, content: bytes, name: str = "fruit.onnx", labels: bytes | None = NAMES) -> AppTest:
    """Give a file, and wait until it is read."""
    page.session_state["own.open"] = True
    page.run()
    page.file_uploader(key="own.file").upload(name, content, "").run()
    if labels is not None:
        page.file_uploader(key="own.labels").upload("names.txt", labels, "text/plain").run()
    assert state_of(page).brought.reading.wait(SECONDS)
    return page.run()


def brought(page: AppTest, content: bytes | None = None) -> AppTest:
    """Give a file, and use it."""
    page = fine(given(page, content or linear_onnx()))
    return fine(page.button(key="own.use").click().run())


def test_a_file_is_explained_as_the_library_explains_it() -> None:
    page = brought(open_page(samples="64", segmentation="grid", grid_rows="3", grid_columns="3"))
    key = state_of(page).settings.model
    assert key.startswith("file-")
    page.button(key="explain").click().run()
    finish(page)
    assert "fruit\\.onnx" in texts(page)
    shown = state_of(page).drawn.attribution
    classifier = classifier_from(
        read_model(linear_onnx(), name="fruit.onnx"),
        id="any",
        labels=list("abcd"),
        preprocessing=known_models.known_model(key).preprocessing,
    )
    expected = lc.explain(state_of(page).settings.picture.image, classifier, shown.spec)
    assert [item.index for item in shown.classes] == [item.index for item in expected.classes]
    assert {item.name for item in shown.classes} == {"apple", "banana", "cherry", "date"}
    for one, other in zip(shown.classes, expected.classes, strict=True):
        np.testing.assert_allclose(one.coefficients, other.coefficients, atol=1e-6)


def test_a_click_before_the_browser_shows_the_model_does_not_take_it_back() -> None:
    page = open_page(samples="64", segmentation="grid", grid_rows="3", grid_columns="3")
    before = page.selectbox(key="model").value
    page = brought(page)
    own = state_of(page).settings.model
    assert own != before
    # The browser sends what it shows with every click; the new choice has not arrived there yet.
    fine(page.selectbox(key="model").set_value(before).run())
    assert state_of(page).settings.model == page.selectbox(key="model").value == own
    # By now it has sent the new choice back, so that the next one is the visitor's own.
    fine(page.run())
    fine(page.selectbox(key="model").set_value(before).run())
    assert state_of(page).settings.model == page.selectbox(key="model").value == before


def test_the_model_before_can_be_chosen_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(brought_module, "_ON_THE_WAY", -1.0)
    page = open_page(samples="64", segmentation="grid", grid_rows="3", grid_columns="3")
    before = page.selectbox(key="model").value
    page = brought(page)
    fine(page.selectbox(key="model").set_value(before).run())
    assert state_of(page).settings.model == page.selectbox(key="model").value == before


def test_what_the_model_says_stands_beside_each_preprocessing() -> None:
    page = given(open_page(samples="64"), linear_onnx())
    (choice,) = [radio for radio in page.radio if radio.label == "Preprocessing"]
    assert {"none", "rescale", "tf", "torch", "caffe"} <= set(choice.options)
    assert any("banana" in caption or "apple" in caption for caption in choice.proto.captions)
    assert "Suggested" in texts(page)
    choice.set_value("rescale").run()
    page.button(key="own.use").click().run()
    assert known_models.known_model(state_of(page).settings.model).title == "fruit.onnx (rescale)"


def test_names_are_counted_and_the_first_are_shown() -> None:
    page = given(open_page(samples="64"), linear_onnx())
    assert "4 names: apple, banana, cherry, …" in texts(page).replace("\\", "")


def test_too_few_names_are_refused_with_both_numbers_and_nothing_changes() -> None:
    page = given(explained(samples="64"), linear_onnx(), labels=b"apple\nbanana\ncherry\n")
    before = state_of(page).settings
    page.button(key="own.use").click().run()
    assert "4 classes, but 3 class names" in texts(page).replace("\\", "")
    assert state_of(page).settings == before


@pytest.mark.parametrize(
    ("content", "name", "words"),
    [
        (pickle.dumps({"weights": [1.0]}), "model.onnx", "pickle"),
        (pickle.dumps({"weights": [1.0]}), "model.pt", "torch.onnx.export"),
        (b"\x89HDF\r\n\x1a\n" + bytes(100), "model.h5", "keras"),
        (b"nonsense", "model.onnx", "no model file that can be read"),
        (b"", "model.tflite", "model.tflite"),
        (linear_onnx()[:200], "model.onnx", "truncated"),
    ],
    ids=["a pickle", "PyTorch", "HDF5", "nonsense", "empty", "cut off"],
)
def test_what_cannot_be_read_is_refused_in_words_and_nothing_is_lost(content: bytes, name: str, words: str) -> None:
    page = explained(samples="64")
    before = state_of(page).result.neighborhood
    page = given(page, content, name, labels=None)
    assert not page.exception
    (said,) = [error.value.replace("\\", "") for error in page.error]
    code = "\n".join(block.value for block in page.code)
    assert words in said + code
    compile(code, "the lines that convert", "exec")
    assert len(code.splitlines()) in (0, 3)
    assert state_of(page).result.neighborhood is before


def test_an_output_is_asked_for_where_there_are_several() -> None:
    page = given(open_page(samples="64"), pooled_onnx(("N", 3, 6, 5), ("first", "second")), labels=None)
    assert "first" in texts(page)
    page.text_input(key="own.output").set_value("second").run()
    assert state_of(page).brought.reading.wait(SECONDS)
    page = fine(page.run())
    assert state_of(page).brought.reading.model.output == "second"


def test_a_size_is_asked_for_where_it_is_open() -> None:
    page = given(open_page(samples="64"), pooled_onnx(("N", 3, "height", "width")), labels=None)
    assert "input_size" in texts(page).replace("\\", "")
    page.number_input(key="own.height").set_value(32).run()
    assert state_of(page).brought.reading.wait(SECONDS)
    page = fine(page.run())
    assert state_of(page).brought.reading.model.input_size == (32, 32)


def test_it_stays_chosen_when_something_else_happens_before_the_page_shows_it(monkeypatch: pytest.MonkeyPatch) -> None:
    page = fine(given(open_page(segmentation="grid", grid_rows="3", grid_columns="3"), linear_onnx()))
    before = page.selectbox(key="model").value
    card = sidebar._model_card

    def interrupted(*_: object) -> None:
        monkeypatch.setattr(sidebar, "_model_card", card)
        st.stop()

    monkeypatch.setattr(sidebar, "_model_card", interrupted)
    page.button(key="own.use").click().run()
    chosen = page.selectbox(key="model").value
    assert chosen != before
    # What the browser sends still holds the model that its page shows.
    page.selectbox(key="model").set_value(before)
    assert fine(page.run()).selectbox(key="model").value == chosen
    assert state_of(page).settings.model == chosen
    # Now the page shows it and sends it back with whatever is done there, and another choice counts.
    fine(page.run())
    assert fine(page.selectbox(key="model").set_value(before).run()).selectbox(key="model").value == before


def test_it_works_on_every_screen() -> None:
    page = brought(open_page(samples="64", segmentation="grid", grid_rows="3", grid_columns="3"))
    page.button(key="explain").click().run()
    finish(page)
    page.switch_page("pages/screens/trust/page.py").run()
    page.session_state["trust.tab"] = "Sanity check"
    fine(page.run())
    assert "Only the layers of a model of the catalog can be randomised" in page.info[0].value
    fine(page.switch_page("pages/screens/walkthrough/page.py").run())
    fine(page.switch_page("pages/screens/compare/page.py").run())
    page.multiselect(key="compare.models").set_value(["efficientnet_lite0"]).run()
    page.button(key="compare").click().run()
    assert all(job.wait(SECONDS) for job in state_of(page).comparison.jobs.values())
    page = fine(page.run())
    assert "These models have different classes" in texts(page)
    assert "Egyptian cat" in texts(page)
    assert "says *Egyptian cat*" in texts(page)
    assert "disagree" not in texts(page)


def test_the_command_names_the_file_and_the_link_leaves_it_out() -> None:
    page = brought(open_page(samples="64", segmentation="grid", grid_rows="3", grid_columns="3", tab="Take away"))
    page.button(key="explain").click().run()
    page = finish(page)
    command, link = (code.value for code in page.code)
    words = shlex.split(command)
    assert words[words.index("--model") + 1] == "fruit.onnx"
    assert words[words.index("--labels") + 1] == "names.txt"
    assert "model=" not in link
    assert "your own model is never put in it" in texts(page)


def test_nobody_else_can_name_it() -> None:
    page = brought(open_page(samples="64", segmentation="grid", grid_rows="3", grid_columns="3"))
    other = open_page(model=state_of(page).settings.model)
    assert not other.exception
    assert "The link cannot be followed" in texts(other)
    assert state_of(other).settings.model == "efficientnet_lite0"


def test_those_of_all_visitors_together_have_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(known_models, "MOST_BYTES", 100)
    page = given(open_page(samples="64"), linear_onnx())
    page.button(key="own.use").click().run()
    assert "take all the memory" in texts(page)
    assert state_of(page).settings.model == "efficientnet_lite0"


def test_a_file_of_keras_has_gradients(tmp_path: Path) -> None:
    network = in_keras(by_hand(classes=4))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        network.save(tmp_path / "fruit.keras")
    page = open_page(samples="64", segmentation="grid", grid_rows="3", grid_columns="3", precision="f32")
    page = fine(given(page, (tmp_path / "fruit.keras").read_bytes(), "fruit.keras"))
    fine(page.button(key="own.use").click().run())
    model = known_models.known_model(state_of(page).settings.model)
    assert isinstance(model, known_models.FileModel)
    assert model.model.file is not None
    assert model.bytes_held >= model.model.file.size == (tmp_path / "fruit.keras").stat().st_size
    page = fine(page.switch_page("pages/screens/methods/page.py").run())
    page.pills(key="methods.chosen").set_value(["leave_one_out", "grad_cam"]).run()
    page.button(key="methods").click().run()
    job = state_of(page).methods.latest
    assert job is not None
    assert job.wait(SECONDS)
    fine(page.run())
    assert job.comparison is not None
    shown = job.comparison["grad_cam"].attribution
    here = lc.KerasClassifier(network, id="any", preprocessing=model.preprocessing, class_names=list("abcd"))
    expected = lc.attribute(job.question.image, here, method="grad_cam", spec=shown.spec)
    for item in shown.classes:
        (other,) = [each for each in expected.classes if each.index == item.index]
        np.testing.assert_allclose(item.scores, other.scores, rtol=1e-3, atol=1e-3 * max(other.scores.max(), 1e-9))


@pytest.fixture
def served() -> Iterator[ModelServer]:
    with running(ModelServer(("127.0.0.1", 0))) as server:
        yield server


def test_without_the_operators_word_no_address_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LIMELIGHT_ENDPOINTS", raising=False)
    page = fine(open_page(samples="64"))
    page.session_state["own.open"] = True
    fine(page.run())
    assert page.file_uploader(key="own.file")
    assert not [field for field in page.text_input if field.key == "own.address"]


def test_only_addresses_that_the_operator_allows_are_asked(
    monkeypatch: pytest.MonkeyPatch, served: ModelServer
) -> None:
    monkeypatch.setenv("LIMELIGHT_ENDPOINTS", f"http://127.0.0.1:{served.server_port}/v2")
    page = fine(open_page(samples="64", segmentation="grid", grid_rows="3", grid_columns="3"))
    page.session_state["own.open"] = True
    page.run()
    page.text_input(key="own.address").set_value(f"http://127.0.0.1:{served.server_port}/v1/models/known").run()
    page.button(key="own.connect").click().run()
    assert "is not allowed here" in texts(page)
    assert not served.posts
    page.text_input(key="own.address").set_value(served.url()).run()
    page.selectbox(key="own.outputs").set_value("softmax").run()
    fine(page.button(key="own.connect").click().run())
    (choice,) = [radio for radio in page.radio if radio.label == "Preprocessing"]
    assert "class 0" in choice.proto.captions[0]
    choice.set_value("rescale").run()
    fine(page.button(key="own.use").click().run())
    assert known_models.known_model(state_of(page).settings.model).title == "known (rescale)"
    page.button(key="explain").click().run()
    finish(page)
    assert state_of(page).result.neighborhood.provenance.engine == "server"
    assert state_of(page).result.question.precision == "f32"
    assert not any("bf16" in note for note in state_of(page).result.neighborhood.notes)
    assert len(state_of(page).result.neighborhood.class_names) == CLASSES


def test_a_server_that_cannot_be_reached_is_said_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIMELIGHT_ENDPOINTS", "http://127.0.0.1:1")
    page = fine(open_page(samples="64"))
    page.session_state["own.open"] = True
    page.run()
    page.text_input(key="own.address").set_value("http://127.0.0.1:1/v2/models/any").run()
    page.button(key="own.connect").click().run()
    assert not page.exception
    assert page.error


def test_a_model_that_would_hold_everybody_up_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(read_job, "_SLOWEST", 0.0)
    page = given(open_page(samples="64"), linear_onnx())
    assert "s a picture on this server" in texts(page)
    assert not [button for button in page.button if button.key == "own.use"]


def test_a_popover_that_was_never_opened_is_not_drawn_and_a_closed_one_keeps_its_files() -> None:
    page = fine(open_page(samples="64"))
    assert not page.file_uploader
    page = given(page, linear_onnx())
    page.session_state["own.open"] = False
    fine(page.run().run())
    page.session_state["own.open"] = True
    assert fine(page.run()).button(key="own.use")


def test_a_closed_popover_asks_the_model_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    page = brought(open_page(samples="64", segmentation="grid", grid_rows="3", grid_columns="3"))
    page.session_state["own.open"] = False
    monkeypatch.setattr(own_file, "preprocessings_of", pytest.fail)
    fine(page.selectbox(key="picture").set_value("coffee").run())


def test_a_preprocessing_that_is_typed_stands_among_the_others() -> None:
    page = given(open_page(samples="64"), linear_onnx())
    page = fine(page.text_input(key="own.another").set_value("0.5,0.25").run())
    (choice,) = [radio for radio in page.radio if radio.label == "Preprocessing"]
    fine(choice.set_value("0.5,0.25").run())
    page.button(key="own.use").click().run()
    assert known_models.known_model(state_of(page).settings.model).title == "fruit.onnx (0.5,0.25)"
    page.text_input(key="own.another").set_value("0.5;0.25").run()
    assert "preprocessing must be one of" in texts(page)
