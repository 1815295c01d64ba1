"""The Explain screen: what is asked of the model, what is shown, and what costs nothing."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import PIL.Image
import pytest

import lime_core as lc
from lime_core.show.captions import order_sentence
from pages.screens.explain import question_settings
from pages.state import uploads
from pages.state.session import session
from pages.widgets.text import plain
from tests.pages.conftest import SECONDS, FakeModel, explained, fine, finish, open_page, opened, state_of, texts

TABS = ["Superpixels", "Why not the other", "Kernel and fit", "Samples", "Take away"]


def png(color: tuple[int, int, int]) -> bytes:
    """Return a picture file of one colour with a bright bar."""
    pixels = np.full((60, 90, 3), color, np.uint8)
    pixels[:, :20] = 255
    buffer = io.BytesIO()
    PIL.Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def upload(page, name: str, content: bytes):
    page.segmented_control(key="source").set_value("Upload").run()
    return page.file_uploader(key="upload").upload(name, content, "image/png").run()


def test_an_opened_page_explains_the_first_picture_at_once(model: FakeModel) -> None:
    page = explained()
    assert "says *Egyptian cat*" in texts(page)
    assert state_of(page).result.neighborhood.samples == 512


def test_a_second_visitor_costs_nothing(model: FakeModel) -> None:
    explained(samples="64")
    asked = model.pictures
    page = fine(open_page(samples="64"))
    assert "says *Egyptian cat*" in texts(page)
    assert model.pictures == asked


def test_a_method_that_asks_the_same_costs_nothing_beside_lime(model: FakeModel) -> None:
    page = explained(samples="64")
    asked = model.pictures
    fine(page.selectbox(key="method").set_value("banzhaf").run())
    assert not state_of(page).answered
    assert "at no cost" in texts(page)
    finish(page.button(key="explain").click().run())
    assert state_of(page).answered
    assert state_of(page).drawn.attribution.method == "banzhaf"
    assert model.pictures == asked
    fine(page.selectbox(key="method").set_value("kernel_shap").run())
    assert "at no cost" not in texts(page)


def test_instant_knobs_ask_the_model_nothing(model: FakeModel) -> None:
    page = opened(explained(samples="64"), "appearance", "fit", "classes")
    asked, before = model.pictures, state_of(page).drawn.attribution
    for name, value in (("top_k", 2), ("kernel_width", 0.5), ("opacity", 0.9)):
        fine(page.slider(key=f"spec.{name}").set_value(value).run())
    for name, value in (
        ("view", "heatmap"), ("sign", "positive"), ("kernel", "gaussian"), ("distance", "hidden_fraction"),
        ("surrogate", "lasso"), ("target", "log_odds"), ("selection", "forward"), ("view", "jet"),
    ):  # fmt: skip
        fine(page.selectbox(key=f"spec.{name}").set_value(value).run())
    fine(page.multiselect(key="spec.classes").set_value([1, 967]).run())
    after = state_of(page).drawn.attribution
    assert {one.index for one in after.classes} == {1, 967}
    assert (after.spec.kernel_width, state_of(page).settings.spec.top_k) == (0.5, 2)
    assert before.samples == after.samples
    assert model.pictures == asked


@pytest.mark.parametrize("name", lc.PRESETS)
def test_every_preset_sets_everything_and_runs(model: FakeModel, name: str) -> None:
    page = explained(samples="64")
    page.selectbox(key="preset").set_value(name).run()
    wanted = lc.preset(name)
    got = state_of(page).settings.spec
    # More superpixels than there are cannot be shown.
    assert got.digest("segmentation", "query", "fit") == wanted.digest("segmentation", "query", "fit")
    assert (got.view.name, got.view.sign, got.view.hide_unsure) == (
        wanted.view.name,
        wanted.view.sign,
        wanted.view.hide_unsure,
    )
    page.number_input(key="spec.samples").set_value(96).run()
    page.button(key="explain").click().run()
    finish(page)
    assert state_of(page).drawn.attribution.spec.fill == wanted.fill


def test_a_preset_says_what_it_changes(model: FakeModel) -> None:
    page = explained()
    page.selectbox(key="preset").set_value("matlab-blog").run()
    assert "Changed: " in texts(page)
    assert "Samples 512 → 1000" in texts(page)


def test_more_samples_go_on_where_the_others_ended(model: FakeModel) -> None:
    page = explained(samples="128")
    first = state_of(page).result.neighborhood
    asked = model.pictures
    page.button(key="more").click().run()
    finish(page)
    second = state_of(page).result.neighborhood
    assert second.samples == 256
    assert np.array_equal(second.outputs[:128], first.outputs)
    # The new ones, and the unmodified picture once more.
    assert model.pictures - asked == 128 + 1


def test_stop_keeps_what_there_is(model: FakeModel) -> None:
    model.allowed = 100
    page = open_page(samples="1024")
    run = state_of(page).job
    assert model.held_up.wait(60)
    page.button(key="stop").click().run()
    model.gate.set()
    assert run.wait(60)
    fine(page.run())
    kept = state_of(page).result.neighborhood
    assert 0 < kept.samples < 1024
    assert state_of(page).drawn.attribution.samples == kept.samples
    assert f"Stopped after {kept.samples}" in texts(page)


def test_another_picture_in_the_middle_of_a_run_is_safe(model: FakeModel) -> None:
    model.allowed = 40
    page = open_page(samples="512")
    first = state_of(page).job
    assert model.held_up.wait(60)
    page.selectbox(key="picture").set_value("coffee").run()
    model.gate.set()
    assert first.wait(60)
    assert first.stopping
    fine(page.run())
    assert state_of(page).result is None
    page.button(key="explain").click().run()
    finish(page)
    assert state_of(page).result.question.title == "Coffee"


def test_another_model_in_the_middle_of_a_run_is_safe(model: FakeModel) -> None:
    model.allowed = 40
    page = open_page(samples="512")
    assert model.held_up.wait(60)
    page.selectbox(key="model").set_value("resnet50").run()
    model.gate.set()
    finish(page)
    assert state_of(page).result.question.model == "efficientnet_lite0"
    assert "settings have changed" in texts(page)
    page.button(key="explain").click().run()
    finish(page)
    assert state_of(page).drawn.attribution.provenance.model == "resnet50"


def test_an_uploaded_picture_is_explained(model: FakeModel) -> None:
    page = fine(upload(explained(samples="64"), "my *cat* <b>.png", png((10, 20, 30))))
    page.button(key="explain").click().run()
    finish(page)
    assert state_of(page).result.question.image.width == 90
    assert r"my \*cat\* \<b\>\.png" in texts(page)


@pytest.mark.parametrize("content", [b"", b"not a picture", png((1, 2, 3))[:60]])
def test_a_bad_file_is_refused_in_words_and_the_last_result_stays(model: FakeModel, content: bytes) -> None:
    page = upload(explained(samples="64"), "bad.png", content)
    assert not page.exception
    assert len(page.error) == 1
    assert "says *Egyptian cat*" in texts(page)


def test_two_sessions_with_different_pictures_do_not_meet(model: FakeModel) -> None:
    first, second = explained(samples="64"), open_page(picture="coffee", samples="64")
    finish(second)
    fine(first.run())
    assert state_of(first).result.question.title == "Cat"
    assert state_of(second).result.question.title == "Coffee"
    images = [state_of(page).drawn.attribution.provenance.image_sha256 for page in (first, second)]
    assert images[0] != images[1]


def test_while_one_session_runs_another_can_look(model: FakeModel) -> None:
    looking = explained(samples="64")
    model.allowed = model.pictures + 40
    busy = open_page(picture="coffee", samples="512")
    assert model.held_up.wait(60)
    assert state_of(busy).running
    fine(looking.slider(key="spec.top_k").set_value(3).run())
    assert "says *Egyptian cat*" in texts(looking)
    model.gate.set()
    finish(busy)


@pytest.mark.parametrize("tab", TABS)
@pytest.mark.parametrize("preset", ["default", "imagelime"])
def test_every_closer_look_can_be_taken(model: FakeModel, tab: str, preset: str) -> None:
    page = explained(samples="128")
    page.selectbox(key="preset").set_value(preset).run()
    page.session_state["tab"] = tab
    fine(page.run())


def test_a_touched_superpixel_tells_its_weights_and_can_be_hidden(model: FakeModel) -> None:
    page = explained(samples="128")
    state_of(page).settings = replace(state_of(page).settings, superpixel=3)
    fine(page.run())
    assert "Superpixel 3" in texts(page)
    asked = model.pictures
    hide = next(button for button in page.button if button.label == "Hide it")
    fine(hide.click().run())
    assert state_of(page).settings.hidden == {3}
    assert "1 of" in texts(page)
    assert model.pictures > asked
    asked = model.pictures
    fine(page.run())
    assert model.pictures == asked
    show = next(button for button in page.button if button.label == "Show all")
    fine(show.click().run())
    assert state_of(page).settings.hidden == frozenset()


def test_a_class_can_be_shown_large(model: FakeModel) -> None:
    page = explained(samples="64")
    fine(page.button(key=f"focus.{FakeModel.ESPRESSO}").click().run())
    assert state_of(page).settings.focus == FakeModel.ESPRESSO


def test_a_refused_setting_is_said_and_the_last_result_stays(model: FakeModel) -> None:
    page = opened(explained(samples="16"), "fit")
    page.selectbox(key="spec.surrogate").set_value("least_squares").run()
    assert not page.exception
    assert "cannot tell" in page.error[0].value
    assert "says *Egyptian cat*" in texts(page)


def test_too_many_superpixels_are_refused_before_the_model_is_asked(model: FakeModel) -> None:
    page = opened(explained(samples="64"), "superpixels")
    asked = model.pictures
    page.selectbox(key="spec.segmentation").set_value("grid").run()
    page.number_input(key="spec.segmentation.grid.rows").set_value(400).run()
    page.number_input(key="spec.segmentation.grid.columns").set_value(400).run()
    assert not page.exception
    assert "at most 1023" in page.error[0].value
    assert page.button(key="explain").disabled
    assert model.pictures == asked


def test_how_it_is_drawn_refits_nothing(model: FakeModel, monkeypatch: pytest.MonkeyPatch) -> None:
    page = opened(explained(samples="64"), "appearance")
    fits: list[int] = []
    original = type(lc.METHODS["lime"]).work_out

    def counted(self, neighborhood, spec):
        fits.append(1)
        return original(self, neighborhood, spec)

    monkeypatch.setattr(type(lc.METHODS["lime"]), "work_out", counted)
    fine(page.slider(key="spec.opacity").set_value(0.9).run())
    fine(page.slider(key="spec.top_k").set_value(2).run())
    fine(page.selectbox(key="spec.sign").set_value("positive").run())
    fine(page.selectbox(key="spec.view").set_value("heatmap").run())
    assert fits == []
    assert state_of(page).drawn.attribution.classes[0].trust.top_k == 2
    fine(page.slider(key="spec.kernel_width").set_value(0.5).run())
    assert fits == [1]


def test_an_upload_is_decoded_once(model: FakeModel, monkeypatch: pytest.MonkeyPatch) -> None:
    decoded: list[int] = []
    original = lc.load_image

    def counted(source):
        decoded.extend([1] if isinstance(source, bytes) else [])
        return original(source)

    monkeypatch.setattr(uploads.lc, "load_image", counted)
    page = fine(upload(explained(samples="64"), "mine.png", png((10, 20, 30))))
    page.button(key="explain").click().run()
    finish(page)
    opened(page, "appearance")
    for opacity in (0.1, 0.2, 0.3):
        fine(page.slider(key="spec.opacity").set_value(opacity).run())
    assert decoded == [1]
    fine(page.file_uploader(key="upload").upload("other.png", png((1, 2, 3)), "image/png").run())
    assert decoded == [1, 1]


def test_no_advice_is_given_while_the_run_goes_on(model: FakeModel) -> None:
    page = explained(samples="32")
    advice = state_of(page).drawn.attribution.classes[0].trust.advice
    assert "more samples" in advice
    assert advice in texts(page).replace("\\", "")
    model.allowed = model.pictures + 40
    page.number_input(key="spec.samples").set_value(1024).run()
    page.button(key="explain").click().run()
    assert model.held_up.wait(60)
    page.run()
    assert state_of(page).running
    assert "more samples" not in texts(page)
    helps = [caption.help for caption in page.caption if caption.help]
    assert not [text for text in helps if "What would help most" in text]
    page.button(key="stop").click().run()
    model.gate.set()
    assert state_of(page).job.wait(60)


def test_all_superpixels_of_a_preset_stay_all_superpixels_on_every_picture(model: FakeModel) -> None:
    page = explained(samples="64")
    page.selectbox(key="preset").set_value("matlab-blog").run()
    page.number_input(key="spec.samples").set_value(96).run()
    widths = []
    for picture in ("cat", "coffee"):
        page.selectbox(key="picture").set_value(picture).run()
        page.button(key="explain").click().run()
        finish(page)
        count = state_of(page).result.neighborhood.superpixels
        assert (page.slider(key="spec.top_k").value, page.slider(key="spec.top_k").max) == (count, count)
        assert state_of(page).settings.spec.top_k == 1023
        widths.append(count)
    assert widths[0] != widths[1]
    fine(page.selectbox(key="spec.view").set_value("heatmap").run())
    assert state_of(page).settings.spec.top_k == 1023
    fine(page.switch_page("pages/screens/trust/page.py").run())
    fine(page.switch_page("pages/screens/explain/page.py").run())
    assert state_of(page).settings.spec.top_k == 1023
    assert page.slider(key="spec.top_k").value == widths[1]
    fine(page.selectbox(key="preset").set_value("lime").run())
    assert (state_of(page).settings.spec.top_k, page.slider(key="spec.top_k").value) == (5, 5)


def test_k_that_was_moved_is_what_the_slider_says(model: FakeModel) -> None:
    page = explained(samples="64", top_k="1023")
    most = state_of(page).result.neighborhood.superpixels
    for k in (20, most, 3):
        fine(page.slider(key="spec.top_k").set_value(k).run())
        fine(page.run())
        assert (state_of(page).settings.spec.top_k, page.slider(key="spec.top_k").value) == (k, k)


TREE, SUM, AGAINST, FORWARD = (
    ("surrogate", "tree"),
    ("surrogate", "ridge"),
    ("sign", "negative"),
    ("selection", "forward"),
)
TREE_PRESET, LASSO_PRESET = ("preset", "imagelime"), ("preset", "paper")


@pytest.mark.parametrize(
    "changes",
    [
        (AGAINST, TREE, SUM, AGAINST),
        (TREE, SUM, AGAINST, TREE),
        (AGAINST, TREE_PRESET, LASSO_PRESET, TREE),
        (TREE_PRESET, SUM, AGAINST, FORWARD, TREE),
        (FORWARD, TREE, SUM, FORWARD),
        (LASSO_PRESET, AGAINST, TREE, LASSO_PRESET),
    ],
    ids=str,
)
def test_no_order_of_changes_locks_the_settings(model: FakeModel, changes: tuple[tuple[str, str], ...]) -> None:
    page = opened(explained(samples="64"), "appearance", "fit")
    for name, value in changes:
        fine(page.selectbox(key="preset" if name == "preset" else f"spec.{name}").set_value(value).run())
        # A run more, as the page makes by itself: a setting that was refused would come back here.
        fine(page.run())
        if name == "sign":
            assert state_of(page).settings.spec.view.sign == value
        elif name != "preset":
            assert getattr(state_of(page).settings.spec, name).name == value
    fine(page.slider(key="spec.opacity").set_value(0.9).run())
    assert state_of(page).settings.spec.view.opacity == 0.9


def test_intervals_that_are_not_known_are_empty_cells(model: FakeModel) -> None:
    page = explained(samples="16")
    table = page.dataframe[0].value
    assert table["± 95 %"].isna().all()
    page = explained(samples="64", surrogate="tree")
    assert "± 95 %" not in page.dataframe[0].value
    assert "certain" not in page.dataframe[0].value


def test_the_table_and_the_large_picture_say_which_superpixels_are_among_the_strongest(model: FakeModel) -> None:
    page = explained(samples="512")
    attribution = state_of(page).drawn.attribution
    top = attribution.certain_top(attribution.classes[0].index, 5, "both")
    words = dict.fromkeys(top.sure, "for sure") | dict.fromkeys(top.possible, "perhaps")
    table = page.dataframe[0].value
    ids = dict(zip(attribution.superpixel_ids.tolist(), range(attribution.superpixels), strict=True))
    expected = [words.get(ids[each], "no") for each in table["superpixel"]]
    assert table["among the K strongest"].tolist() == expected
    assert any(plain(order_sentence(attribution, attribution.classes[0].index, lc.View())) in each.value
               for each in page.caption)  # fmt: skip
    page = explained(samples="64", surrogate="tree")
    assert "among the K strongest" not in page.dataframe[0].value


def test_a_picture_of_doubtful_range_says_so_and_offers_the_other_reading(model: FakeModel) -> None:
    values = np.zeros((60, 90), np.uint16)
    values[:, 30:] = 3000
    buffer = io.BytesIO()
    PIL.Image.fromarray(values).save(buffer, "PNG")
    page = fine(upload(explained(samples="64", tab="Take away"), "scan", buffer.getvalue()))  # a name without an ending
    assert "read as 12\\-bit" in texts(page)
    (choice,) = [box for box in page.selectbox if box.label == "Black and white"]
    assert choice.options == ["0 to 4095", "0 to 65535"]
    assert state_of(page).settings.picture.image.pixels.max() == round(3000 / 4095 * 255)
    page.button(key="explain").click().run()
    finish(page)
    assert any("--value-range 0 4095" in code.value for code in page.code)
    fine(choice.set_value((0.0, 65535.0)).run())
    assert state_of(page).settings.picture.image.pixels.max() == round(3000 / 257)
    assert "almost black" in texts(page)
    fine(page.file_uploader(key="upload").upload("mine.png", png((10, 20, 30)), "image/png").run())
    assert not [box for box in page.selectbox if box.label == "Black and white"]


def test_a_run_that_ends_while_the_page_is_drawn_is_shown(model: FakeModel, monkeypatch: pytest.MonkeyPatch) -> None:
    show = question_settings.show

    def until_the_run_has_ended() -> None:
        show()
        job = session().job
        assert job is not None
        assert job.wait(SECONDS)

    monkeypatch.setattr(question_settings, "show", until_the_run_has_ended)
    page = fine(open_page(samples="64", precision="f32"))
    assert state_of(page).result is not None
    assert page.button(key=f"focus.{model.CAT}") is not None
    assert page.button(key="more") is not None  # the settings know of the answers too
