"""The Methods screen: several methods asked once, judged by the same questions, side by side."""

from __future__ import annotations

import csv
import io
import threading
from collections.abc import Iterator
from dataclasses import replace
from typing import ClassVar
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

import lime_core as lc
from lime_core.methods.gradients.grad_cam import GradCam
from lime_core.methods.leave_one_out import LeaveOneOut
from lime_core.methods.lime.method import Lime
from lime_core.models import CATALOG, imagenet_class_names
from lime_core.models.differentiable import Gradients
from lime_core.trials.method_comparison import COLUMNS
from pages.screens.methods import downloads
from pages.screens.methods.measures_table import headings
from pages.screens.methods.methods_view import MethodsView
from pages.screens.methods.shared_superpixels import draw
from pages.state.methods_job import MethodsJob
from tests.pages.conftest import SECONDS, FakeModel, explained, fine, open_page, state_of, texts

SCREEN = "pages/screens/methods/page.py"
QUERY = {"samples": "64", "precision": "f32", "segmentation": "grid", "grid_rows": "3", "grid_columns": "4"}
BOTH = ("lime", "leave_one_out")


class Twin(Lime):
    """LIME under another name: it asks the same, so it costs nothing beside LIME, and it is as good."""

    name: ClassVar[str] = "twin"
    title: ClassVar[str] = "Twin"


class Failing(LeaveOneOut):
    """Cannot do it."""

    name: ClassVar[str] = "failing"
    title: ClassVar[str] = "Failing"

    def from_answers(self, neighborhood: lc.Neighborhood, spec: lc.ExplainSpec) -> lc.Attribution:
        raise lc.SpecError("These answers_are *not* enough; ask for more samples.")


class Inside(LeaveOneOut):
    """Looks inside the network."""

    name: ClassVar[str] = "inside"
    title: ClassVar[str] = "Inside"

    def obstacle(self, classifier: lc.Classifier) -> str | None:
        return f"The model {classifier.id} has no gradients."


class Held(LeaveOneOut):
    """Waits in the middle of its work."""

    name: ClassVar[str] = "held"
    title: ClassVar[str] = "Held"
    reached, gate = threading.Event(), threading.Event()

    def asked(self, spec: lc.ExplainSpec) -> lc.ExplainSpec:
        # Its own question, or it would be done together with leave one out.
        return replace(super().asked(spec), fill="black")

    def from_answers(self, neighborhood: lc.Neighborhood, spec: lc.ExplainSpec) -> lc.Attribution:
        self.reached.set()
        assert self.gate.wait(SECONDS)
        return super().from_answers(neighborhood, spec)


class Network(lc.CallableClassifier):
    """The fake model with two layers, whose maps are the picture's brightness and speak for every class."""

    gradients_obstacle = None
    layers: ClassVar[dict[str, int]] = {"early": 8, "late": 4}

    def feature_layers(self) -> tuple[lc.FeatureLayer, ...]:
        return tuple(lc.FeatureLayer(name, (size, size, 1)) for name, size in self.layers.items())

    def gradients(self, images, classes, objective, *, layer=None) -> Gradients:
        if layer not in self.layers:
            raise lc.ModelError(f"There is no layer {layer!r}.")
        size = self.layers[layer]
        maps = images.mean(axis=3).reshape(len(images), size, 224 // size, size, 224 // size)
        maps = maps.mean(axis=(2, 4))[..., None].astype(np.float32)
        outputs = self.predict(images.round().astype(np.uint8))
        ones = np.ones((len(images), len(classes), size, size, 1), np.float32)
        return Gradients(outputs, outputs[:, list(classes)].astype(float), ones, maps)


@pytest.fixture
def network(model: FakeModel) -> FakeModel:
    """The fake model, to be looked into."""
    model.load = lambda name, **_: Network(
        model, CATALOG[name].input_size, imagenet_class_names(), id=name, outputs="probabilities"
    )
    return model


@pytest.fixture(autouse=True)
def more_methods(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Methods with every fate stand beside the two whose answers are known; nobody has chosen them."""
    monkeypatch.setattr("pages.widgets.method_choice._USUALLY_COMPARED", BOTH)
    for method in (Twin(), Failing(), Inside(), Held()):
        monkeypatch.setitem(lc.METHODS, method.name, method)
    Held.reached.clear()
    Held.gate.clear()
    yield
    Held.gate.set()


def opened(**query: str) -> AppTest:
    """Explain a picture and go on to the screen."""
    return fine(explained(**{**QUERY, **query}).switch_page(SCREEN).run())


def job_of(page: AppTest) -> MethodsJob:
    job = state_of(page).methods.latest
    assert job is not None
    return job


def pressed(page: AppTest) -> AppTest:
    """Press Compare, wait for all methods, and look again."""
    page.button(key="methods").click().run()
    assert job_of(page).wait(SECONDS)
    return fine(page.run())


def compared(*methods: str, **query: str) -> AppTest:
    page = opened(**query)
    page.pills(key="methods.chosen").set_value(list(methods or BOTH)).run()
    return pressed(page)


def comparison_of(page: AppTest) -> lc.MethodComparison:
    comparison = job_of(page).comparison
    assert comparison is not None
    return comparison


def view_of(page: AppTest) -> MethodsView:
    return MethodsView(state_of(page).settings, job_of(page).order, comparison_of(page), running=False)


def cards(page: AppTest) -> list[str]:
    """Return the titles above the maps."""
    return [text.value for text in page.markdown if text.value.startswith("**")]


def test_an_opened_screen_says_what_it_would_ask_and_asks_nothing(model: FakeModel) -> None:
    page = explained(**QUERY)
    asked = model.pictures
    page = fine(page.switch_page(SCREEN).run())
    assert "press Compare" in texts(page)
    assert model.pictures == asked
    assert page.pills(key="methods.chosen").value == list(BOTH)


def test_no_more_is_asked_than_was_announced(model: FakeModel) -> None:
    page = opened()
    (summary,) = (caption.value for caption in page.caption if "press Compare" in caption.value)
    announced = int(summary.partition("about ")[2].partition(" pictures")[0].replace(",", ""))
    before = model.pictures
    pressed(page)
    assert 0 < model.pictures - before <= announced
    # What is asked less: masks that several rankings have in common, answers of the Explain screen, whole pictures.
    assert announced < 2 * (model.pictures - before)


def test_the_numbers_are_those_of_the_library(model: FakeModel) -> None:
    page = compared()
    settings = state_of(page).settings
    expected = lc.compare_methods(
        settings.picture.image,
        model.ready(settings.model),
        BOTH,
        replace(settings.spec, classes=(FakeModel.CAT,)),
    )
    table, titles = page.table[0].value, headings(5)
    assert list(table["method"]) == ["**LIME**", "**Leave one out**", "random order"]
    for row, method in enumerate(expected.methods):
        measures = method[FakeModel.CAT]
        for column in ("top_alone", "without_top", "deletion_area", "insertion_area"):
            shown = table[titles[column]][row].replace("*", "").split()[0]
            assert shown == f"{getattr(measures, column).value:.3f}"
        assert f"{method.calls}" in table[titles["calls"]][row]
    band = expected.random_orders(FakeModel.CAT).area
    assert table[titles["deletion_area"]][2] == f"{band.mean:.3f} ({band.low:.3f}\u00a0to\u00a0{band.high:.3f})"


def test_the_best_of_each_column_is_marked_and_ties_are_said_to_be_ties(model: FakeModel) -> None:
    page = compared("lime", "twin", "leave_one_out")
    comparison, table, titles = comparison_of(page), page.table[0].value, headings(5)
    marks = set()
    for column in COLUMNS:
        best = comparison.best(FakeModel.CAT, column)
        for row, method in enumerate(comparison.methods):
            cell = table[titles[column]][row]
            mark = cell.rpartition("** ")[2] if cell.startswith("**") else ""
            values = [table[titles[column]][each] != "–" for each in range(3)]
            nothing_to_tell = len(best) == sum(values)
            expected = (
                "" if nothing_to_tell or method.method not in best else "best" if method.method == best[0] else "tied"
            )
            assert mark == expected, (column, cell)
            marks.add(mark)
    # Leave one out asks least; whatever LIME is best at, its twin is too.
    assert marks >= {"", "best"}
    lime, twin = (comparison[name][FakeModel.CAT].insertion_area for name in ("lime", "twin"))
    assert lime.values == twin.values


def test_twins_agree_fully_and_share_everything(model: FakeModel) -> None:
    page = compared("lime", "twin")
    assert page.table[1].value["2"][0] == "1.00"
    for measure in ("jaccard", "sign"):
        page.segmented_control(key="methods.agreement").set_value(measure).run()
        assert fine(page).table[1].value["1"][1] == "1.00"
    named = comparison_of(page)["lime"][FakeModel.CAT].top
    assert f"**{', '.join(map(str, sorted(named)))}**" in texts(page)


def test_a_method_that_uses_limes_answers_is_said_to_cost_nothing_and_asks_nothing(model: FakeModel) -> None:
    page = compared("lime")
    before = model.pictures
    page.pills(key="methods.chosen").set_value(["lime", "twin"]).run()
    pressed(page)
    assert "**Twin** · at no cost" in cards(page)
    assert "at no cost" in page.table[0].value[headings(5)["calls"]][1]
    with_twin = model.pictures - before
    before = model.pictures
    page.pills(key="methods.chosen").set_value(["lime", "leave_one_out"]).run()
    pressed(page)
    assert with_twin < model.pictures - before


def test_what_the_methods_do_and_cost_can_be_read_before(model: FakeModel) -> None:
    page = opened()
    page.session_state["methods.about"] = True
    table = fine(page.run()).table[0].value
    costs = dict(zip(table["method"], table["pictures a run"], strict=True))
    assert costs["**Twin**"] == "at no cost"
    assert costs["**LIME**"] == "65"
    assert costs["**Leave one out**"] == "13"
    assert costs["**Inside**"] == "not for this model"
    assert all(table["what a score means"])


def test_a_method_that_fails_is_listed_with_its_sentence_and_can_be_tried_again(model: FakeModel) -> None:
    page = compared("leave_one_out", "failing")
    assert len(page.warning) == 1
    assert page.warning[0].value.startswith("Failing: These answers\\_are")
    assert "**Leave one out**" in cards(page)
    first = job_of(page)
    pressed(page)
    assert job_of(page) is not first
    assert job_of(page).total > 0


def test_only_methods_that_fail_leave_their_sentences(model: FakeModel) -> None:
    page = compared("failing")
    assert len(page.warning) == 1
    assert cards(page) == []


def test_a_method_that_the_model_does_not_allow_is_listed_with_the_reason(model: FakeModel) -> None:
    page = opened()
    assert "Not for this model: **Inside**" in texts(page)
    assert "has no gradients" in texts(page)
    assert "inside" not in page.pills(key="methods.chosen").options


def test_what_the_model_turns_out_not_to_allow_is_left_out(model: FakeModel) -> None:
    page = fine(open_page(**QUERY, model="efficientnet_lite1"))
    page.switch_page(SCREEN).run()
    page.pills(key="methods.chosen").set_value(["leave_one_out", "inside"]).run()
    page = pressed(page)
    assert "Not for this model: **Inside**" in texts(page)
    assert cards(page) == ["**Leave one out**"]
    assert "press Compare" not in texts(page)


def test_the_class_may_be_left_to_a_model_that_has_not_answered_yet(model: FakeModel) -> None:
    page = fine(open_page(**QUERY, model="efficientnet_lite1"))
    page.switch_page(SCREEN).run()
    assert not [box for box in page.selectbox if box.key == "focus.class"]
    page = pressed(page)
    assert "*Egyptian cat*" in texts(page)
    # The class is known now, and it is the one that was asked for.
    assert page.selectbox(key="focus.class").value == FakeModel.CAT
    assert "settings have changed" not in texts(page)


def test_a_model_that_allows_none_of_the_methods_says_so(model: FakeModel) -> None:
    page = fine(open_page(**QUERY, model="efficientnet_lite1"))
    page.switch_page(SCREEN).run()
    page.pills(key="methods.chosen").set_value(["inside"]).run()
    page.button(key="methods").click().run()
    assert job_of(page).wait(SECONDS)
    page.run()
    assert not page.exception
    assert "None of the chosen methods" in page.error[0].value


def test_methods_arrive_one_by_one_and_stop_keeps_those_that_are_done(model: FakeModel) -> None:
    page = opened()
    page.pills(key="methods.chosen").set_value(["leave_one_out", "held"]).run()
    page.button(key="methods").click().run()
    assert Held.reached.wait(SECONDS)
    fine(page.run())
    assert "**Leave one out**" in cards(page)
    assert page.button(key="methods.stop")
    page.button(key="methods.stop").click().run()
    Held.gate.set()
    assert job_of(page).wait(SECONDS)
    fine(page.run())
    assert "Stopped after 1 of 2 methods" in texts(page)
    assert cards(page) == ["**Leave one out**"]
    # Nothing of an unfinished comparison is taken for a whole one.
    assert "press Compare" in texts(page)


def test_another_picture_in_the_middle_is_safe(model: FakeModel) -> None:
    page = opened()
    page.pills(key="methods.chosen").set_value(["leave_one_out", "held"]).run()
    page.button(key="methods").click().run()
    assert Held.reached.wait(SECONDS)
    job = job_of(page)
    page.selectbox(key="picture").set_value("coffee").run()
    Held.gate.set()
    assert job.wait(SECONDS)
    assert state_of(page).methods.latest is None
    assert cards(fine(page.run())) == []


def test_a_second_look_asks_nothing(model: FakeModel) -> None:
    compared()
    asked = model.pictures
    page = opened()
    assert "**LIME** · at no cost" in cards(page)
    pressed(page)
    assert model.pictures == asked


@pytest.mark.parametrize("change", ["class", "K", "methods", "samples"])
def test_settings_that_have_changed_are_said_and_what_was_compared_stays(model: FakeModel, change: str) -> None:
    page = compared()
    assert "settings have changed" not in texts(page)
    {
        "class": lambda: page.selectbox(key="focus.class").set_value(FakeModel.ESPRESSO),
        "K": lambda: page.slider(key="spec.top_k").set_value(2),
        "methods": lambda: page.pills(key="methods.chosen").set_value(["lime"]),
        "samples": lambda: page.number_input(key="spec.samples").set_value(32),
    }[change]().run()
    assert "settings have changed" in texts(fine(page))
    assert "*Egyptian cat*" in texts(page)


def test_another_class_is_compared(model: FakeModel) -> None:
    page = opened()
    page.selectbox(key="focus.class").set_value(FakeModel.ESPRESSO).run()
    page = pressed(page)
    assert "*espresso*" in texts(page)
    assert [item.index for item in comparison_of(page).random] == [FakeModel.ESPRESSO]


@pytest.mark.parametrize("view", ["overlay", "heatmap", "hide_rest", "jet", "outline"])
def test_every_view_draws_all_methods(model: FakeModel, view: str) -> None:
    page = compared("lime", "leave_one_out")
    asked = model.pictures
    fine(page.selectbox(key="spec.view").set_value(view).run())
    assert len(cards(page)) == 2
    assert model.pictures == asked


def test_two_samples_are_few_but_no_failure_of_the_page(model: FakeModel) -> None:
    page = opened()
    page.number_input(key="spec.samples").set_value(2).run()
    page = pressed(page)
    assert "**Leave one out**" in cards(page)


def test_without_methods_there_is_nothing_to_compare(model: FakeModel) -> None:
    page = opened()
    page.pills(key="methods.chosen").set_value([]).run()
    assert "choose a method" in texts(fine(page))
    assert page.button(key="methods").disabled


def test_a_choice_of_methods_outlives_other_screens(model: FakeModel) -> None:
    page = opened()
    page.pills(key="methods.chosen").set_value(["twin"]).run()
    page.switch_page("pages/screens/explain/page.py").run()
    page.switch_page(SCREEN).run()
    assert fine(page).pills(key="methods.chosen").value == ["twin"]


def test_a_link_carries_methods_class_and_samples(model: FakeModel) -> None:
    page = opened()
    page.selectbox(key="focus.class").set_value(FakeModel.ESPRESSO).run()
    page.pills(key="methods.chosen").set_value(["twin", "lime"]).run()
    page = pressed(page)
    query = parse_qs(urlsplit(page.code[0].value).query, keep_blank_values=True)
    assert query["methods"] == ["lime", "twin"]
    asked = model.pictures
    again = AppTest.from_file(page._script_path, default_timeout=SECONDS)
    for name, values in query.items():
        again.query_params[name] = values
    again = fine(again.run().switch_page(SCREEN).run())
    assert again.pills(key="methods.chosen").value == ["lime", "twin"]
    # It is there already.
    assert "*espresso*" in texts(again)
    assert model.pictures == asked


def test_the_layer_of_grad_cam_can_be_chosen(network: FakeModel) -> None:
    page = opened()
    page.pills(key="methods.chosen").set_value(["lime", "grad_cam"]).run()
    assert not [box for box in page.selectbox if box.key == "methods.layer"]
    page = pressed(page)
    assert "layer 'late'" in texts(page).replace("\\", "")
    page.selectbox(key="methods.layer").set_value("early").run()
    assert "settings have changed" in texts(fine(page))
    page = pressed(page)
    assert "layer 'early': 8×8" in texts(page).replace("\\", "")
    assert parse_qs(urlsplit(page.code[0].value).query)["layer"] == ["early"]
    expected = lc.attribute(
        state_of(page).settings.picture.image,
        network.load("efficientnet_lite0"),
        method=GradCam(layer="early"),
        spec=job_of(page).order.question.spec,
    )
    shown = comparison_of(page)["grad_cam"].attribution
    np.testing.assert_allclose(shown.scores(FakeModel.CAT), expected.scores(FakeModel.CAT))


def test_a_link_to_a_layer_that_the_model_does_not_have_is_said(network: FakeModel) -> None:
    page = fine(open_page(**QUERY, model="efficientnet_lite1", layer="<b>", methods="grad_cam"))
    page = pressed(page.switch_page(SCREEN).run())
    assert "Grad-CAM" in page.warning[0].value
    assert "no layer" in page.warning[0].value


@pytest.mark.parametrize("name", ["<script>", "lime,banzhaf", ""])
def test_a_link_to_a_method_that_does_not_exist_is_said(model: FakeModel, name: str) -> None:
    page = explained(methods=name, samples="64")
    assert "method must be one of" in texts(page)
    assert "says *Egyptian cat*" in texts(page)


def test_one_method_is_opened_on_the_explain_screen_with_the_compared_class(model: FakeModel) -> None:
    page = compared()
    page.selectbox(key="focus.class").set_value(FakeModel.ESPRESSO).run()
    fine(page.button(key="methods.explain.leave_one_out").click().run())
    state = state_of(page)
    assert state.settings.focus == FakeModel.CAT
    assert state.settings.method == "leave_one_out"
    assert state.job is not None
    assert state.job.wait(SECONDS)
    assert state.job.question.method == "leave_one_out"
    fine(page.run())
    assert state.result.question.method == "leave_one_out"
    assert state.settings.focus == FakeModel.CAT


def test_what_a_model_does_not_allow_stays_chosen_for_another(model: FakeModel, monkeypatch) -> None:
    monkeypatch.setitem(lc.METHODS, "inside", Inside())
    page = compared()
    state_of(page).change(compared_methods=("lime", "inside"))
    page.run()
    fine(page.pills(key="methods.chosen").set_value(["lime", "leave_one_out"]).run())
    assert state_of(page).settings.compared_methods == ("lime", "leave_one_out", "inside")


def test_classes_that_the_model_does_not_have_are_left_out(model: FakeModel) -> None:
    page = compared()
    state_of(page).change(classes=(5000,))
    fine(page.run())
    assert page.selectbox(key="focus.class").value == FakeModel.CAT


def test_the_table_can_be_taken_away(model: FakeModel) -> None:
    page = compared("lime", "twin", "leave_one_out")
    comparison = comparison_of(page)
    rows = list(csv.DictReader(io.StringIO(downloads.table(view_of(page)))))
    assert [row["method"] for row in rows] == ["lime", "leave_one_out", "twin"]
    for row, method in zip(rows, comparison.methods, strict=True):
        measures = method[FakeModel.CAT]
        assert float(row["insertion_area"]) == measures.insertion_area.value
        assert float(row["insertion_area_std_error"]) == measures.insertion_area.std_error
        assert int(row["calls"]) == method.calls
        best = comparison.best(FakeModel.CAT, "insertion_area")
        assert bool(row["insertion_area_best"]) == (method.method in best)


def test_the_pictures_can_be_taken_away_as_one(model: FakeModel) -> None:
    page = compared("lime", "twin")
    shown = view_of(page)
    panel = downloads.panel(shown)
    drawn = shown.map_of(shown.methods[1], width=480)
    # The second map stands right of the first one.
    left = 12 + drawn.shape[1] + 12
    np.testing.assert_array_equal(panel[12 + 28 :][: drawn.shape[0], left : left + drawn.shape[1]], drawn)


def test_what_more_methods_name_is_drawn_darker_and_what_all_name_is_outlined(model: FakeModel) -> None:
    page = compared("lime", "twin")
    shown = view_of(page)
    shared, canvas = comparison_of(page).shared(FakeModel.CAT), shown.canvas()
    drawing = draw(canvas, shared, 2)
    blank = draw(canvas, replace(shared, common=()), 2)
    outlined = {int(label) for label in np.unique(canvas.labels[(drawing != blank).any(axis=2)])}
    assert set(shared.common) <= outlined
    named, unnamed = shared.counts == 2, shared.counts == 0
    assert named.any()
    assert unnamed.any()
    # Violet takes green away, more than any grey under it has.
    excess = blank[..., 1].astype(int) - blank[..., 2]
    assert excess[named[canvas.labels]].max() < 0
    assert model.pictures > 0


def test_the_estimate_shares_answers(model: FakeModel) -> None:
    page = compared()
    asked = job_of(page).order
    alone = replace(asked, methods=("lime",)).pictures(12)
    with_twin = replace(asked, methods=("lime", "twin")).pictures(12)
    # Only the questions about the twin's rankings: 13 steps of deletion and of insertion, alone and without, 3 seeds.
    assert with_twin - alone == 3 * (2 * 13 + 2)
