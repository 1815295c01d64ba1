"""A label map's own numbers stand wherever a person reads of a superpixel, on every screen."""

from __future__ import annotations

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

import lime_core as lc
from lime_core.superpixels import LabelMap
from pages.state.server import server
from pages.widgets import charts
from pages.widgets.result_view import ResultView
from tests.pages.conftest import FakeModel, explained, fine, state_of, texts

FIRST_ID = 500  # no superpixel of a small grid has so large a number by itself


def labelled(monkeypatch: pytest.MonkeyPatch) -> AppTest:
    """Explain a picture that is cut by a label map with the values 500, 501, ..."""
    page = explained(samples="64", segmentation="grid", grid_rows="3", grid_columns="4")
    segments = state_of(page).drawn.attribution.segments
    assert segments is not None
    spec = lc.ExplainSpec(segmentation=LabelMap(segments + FIRST_ID), samples=64)
    question = state_of(page).settings.question
    classifier = model_of(question.model)
    neighborhood = lc.query(question.image, classifier, spec)
    attribution = server().attribution(neighborhood, spec)
    state = state_of(page)
    monkeypatch.setattr(state, "settings", state.settings.__class__(picture=state.settings.picture, spec=spec))
    monkeypatch.setattr(state, "job", None)
    state.result = type(state.result)(state.settings.question, neighborhood)
    state.note_drawn(state.result, attribution)
    server().remember(state.settings.question, neighborhood)
    return page


def model_of(name: str) -> lc.Classifier:
    return FakeModel().ready(name)


def test_the_view_and_the_charts_have_them(model: FakeModel, monkeypatch: pytest.MonkeyPatch) -> None:
    page = labelled(monkeypatch)
    state = state_of(page)
    shown = ResultView(state, state.result, state.drawn.attribution)
    assert shown.ids.tolist() == list(range(FIRST_ID, FIRST_ID + 12))
    assert shown.called((0, 3)) == (FIRST_ID, FIRST_ID + 3)
    bars = charts.scores(shown.attribution, shown.focus.index).data[0]
    assert all(int(number) >= FIRST_ID for number in bars.x)


def test_the_screens_say_them(model: FakeModel, monkeypatch: pytest.MonkeyPatch) -> None:
    page = labelled(monkeypatch)
    attribution = state_of(page).drawn.attribution
    page.switch_page("pages/screens/trust/page.py")
    fine(page.run())
    interaction = attribution.classes[0].trust.interaction
    assert f"**{interaction.a + FIRST_ID}** and **{interaction.b + FIRST_ID}**" in texts(page)


def test_the_tables_and_alternative_texts_have_them(model: FakeModel, monkeypatch: pytest.MonkeyPatch) -> None:
    page = labelled(monkeypatch)
    fine(page.run())
    tables = [table.value for table in page.dataframe if "superpixel" in table.value]
    assert tables
    assert all(np.min(table["superpixel"]) >= FIRST_ID for table in tables)
