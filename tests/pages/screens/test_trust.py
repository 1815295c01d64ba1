"""The Trust screen: the verdict, what each trial asks and shows, and that its numbers are the core's own."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

import lime_core as lc
from lime_core import trials
from lime_core.explanation.verdict import HOW_MEASURED, LEVELS, MEANINGS, MEASURED
from lime_core.trials import suite
from lime_core.trials.document import trust_document
from pages.state import trial_job
from pages.state.server import server
from pages.state.trials_made import TrialKeys
from tests.pages.conftest import SECONDS, FakeModel, explained, fine, finish, state_of, texts

NOTHING_TRIED = "Not tried: reality check, deletion and insertion, repeat, other settings, sanity check."
TABS = {
    "reality": "Reality check",
    "curves": "Deletion and insertion",
    "repeat": "Repeat",
    "what-if": "Other settings",
    "sanity": "Sanity check",
}


def trust_screen(**query: str) -> AppTest:
    """Explain on the first screen and go on to Trust."""
    page = explained(**({"samples": "128"} | query))
    return fine(page.switch_page("pages/screens/trust/page.py").run())


def opened(page: AppTest, name: str) -> AppTest:
    page.session_state["trust.tab"] = TABS[name]
    return fine(page.run())


def tried(page: AppTest, name: str) -> AppTest:
    """Begin a trial and wait for its end."""
    opened(page, name).button(key=f"begin.{name}").click().run()
    for trial in state_of(page).trials.jobs.values():
        assert trial.wait(SECONDS)
    return fine(page.run())


def subject_of(page: AppTest, model: FakeModel) -> suite.Subject:
    """Return what the core's own functions would be given."""
    result, explanation = state_of(page).drawn.result, state_of(page).drawn.attribution
    classifier = model.ready(result.question.model)
    index, question = explanation.classes[0].index, result.question
    return suite.Subject(question.image, question.model, classifier, explanation, index, result.neighborhood)


def document_of(page: AppTest) -> dict:
    """Return the file that the download button gives."""
    order = next(iter(state_of(page).trials.jobs.values())).order
    results = {order.name: server().results.get(order.key)}
    text = json.dumps(trust_document(order.attribution, order.class_index, results), allow_nan=False)
    return json.loads(text)


def without_timings(found: Any) -> Any:
    """Return a trial's plain values; only the seconds that it took may differ."""
    if isinstance(found, dict) and "base" in found:
        found["base"]["provenance"]["timings"] = {}
    return json.loads(json.dumps(found))


def test_the_verdict_stands_at_the_top_with_its_reasons_and_numbers(model: FakeModel) -> None:
    page = trust_screen()
    explained_class = state_of(page).drawn.attribution.classes[0]
    trust = explained_class.trust
    assert f"{trust.level}]" in texts(page)
    for reason in trust.reasons:
        assert reason[:20] in texts(page).replace("\\", "")
    shown = {metric.label: metric.value for metric in page.metric}
    assert shown["R², held out"] == f"{explained_class.r2_holdout:.2f}"
    assert shown["Stability"] == f"{trust.stability:.2f}"
    assert shown["Per superpixel"] == f"{trust.samples_per_superpixel:.1f}"
    assert shown["Gap, log-odds"] == f"{trust.gap:+.3f}"


def test_the_help_of_the_verdict_says_what_was_measured_of_each_level(model: FakeModel) -> None:
    page = trust_screen()
    explained_levels = next(each.help for each in page.markdown if "-badge[" in each.value)
    for level in LEVELS:
        assert f"**{level}**: {MEANINGS[level]} {MEASURED[level]}" in explained_levels
    assert HOW_MEASURED in explained_levels


def test_looking_asks_the_model_nothing(model: FakeModel) -> None:
    page = explained(samples="128")
    asked = model.pictures
    fine(page.switch_page("pages/screens/trust/page.py").run())
    for name in TABS:
        opened(page, name)
    assert model.pictures == asked


def test_the_strongest_pair_is_named(model: FakeModel) -> None:
    page = trust_screen()
    pair = state_of(page).drawn.attribution.classes[0].trust.interaction
    assert f"**{pair.a}** and **{pair.b}**" in texts(page)
    assert {metric.label: metric.value for metric in page.metric}["R² with the pair"] == f"{pair.r2:.2f}"


@pytest.mark.parametrize("name", ["reality", "curves", "repeat", "what-if"])
def test_a_trial_finds_what_the_core_finds_and_costs_what_it_says(model: FakeModel, name: str) -> None:
    page = opened(trust_screen(), name)
    stated = next(caption.value for caption in page.caption if "model calls" in caption.value)
    before = model.pictures
    tried(page, name)
    spent = model.pictures - before
    assert f"{spent:,} model calls" in stated
    expected = suite.TRIALS[name](subject_of(page, model), lambda *_: None)
    assert without_timings(document_of(page)["trials"][name]) == without_timings(trials.to_json_ready(expected))

    before = model.pictures
    fine(page.run())
    other = trust_screen()
    opened(other, name)
    assert not [button for button in other.button if button.key == f"begin.{name}"]
    assert model.pictures == before


def test_what_is_shown_are_the_numbers_found(model: FakeModel) -> None:
    page = tried(trust_screen(), "reality")
    check = suite.TRIALS["reality"](subject_of(page, model), lambda *_: None)
    assert f"the model says **{check.kept.model:.2f}**" in texts(page)
    assert f"still says **{check.removed.model:.2f}**" in texts(page)
    page = tried(page, "curves")
    curves = suite.TRIALS["curves"](subject_of(page, model), lambda *_: None)
    assert f"Deletion area **{curves.deletion_area:.3f}**" in texts(page)
    assert f"insertion area **{curves.insertion_area:.3f}**" in texts(page)
    assert "blurred, one superpixel a step" in texts(page)
    page = tried(page, "repeat")
    repeat = suite.TRIALS["repeat"](subject_of(page, model), lambda *_: None)[0]
    shown = {metric.label: metric.value for metric in page.metric}
    assert shown["Jaccard"] == f"{repeat.jaccard:.2f}"
    assert shown["Kendall's tau"] == f"{repeat.kendall_tau:.2f}"
    assert (shown["VSI"], shown["CSI"]) == (f"{repeat.vsi:.2f}", f"{repeat.csi:.2f}")


def test_other_settings_are_a_table_of_variants(model: FakeModel) -> None:
    page = tried(trust_screen(samples="64"), "what-if")
    found = next(iter(server().results.get(key) for key in state_of(page).trials.jobs))
    table = page.dataframe[0].value
    assert list(table["variant"]) == [one.name for one in found.variants]
    assert np.allclose(table["agreement"], [one.agreement for one in found.variants])
    assert f"**{len(found.survivors)} of the" in texts(page)


def test_fewer_seeds_are_another_question(model: FakeModel) -> None:
    page = tried(trust_screen(samples="64"), "repeat")
    page.number_input(key="trust.seeds").set_value(2).run()
    before = model.pictures
    page.button(key="begin.repeat").click().run()
    assert all(trial.wait(SECONDS) for trial in state_of(page).trials.jobs.values())
    fine(page.run())
    assert model.pictures - before == 64 + 2  # the run on the screen is the first of the two


def test_a_model_that_forgets_is_shown_stage_by_stage(model: FakeModel, monkeypatch: pytest.MonkeyPatch) -> None:
    class Layer:
        name = "only"

        def get_weights(self) -> list[np.ndarray]:
            return [np.arange(4.0)]

        def set_weights(self, weights: list[np.ndarray]) -> None: ...

    class Network:
        layers = [Layer()]  # noqa: RUF012 - a stand-in

    monkeypatch.setattr(suite, "build_network", lambda card: Network())
    monkeypatch.setattr(suite, "KerasClassifier", lambda network, **_: model.ready("efficientnet_lite0"))
    page = opened(trust_screen(samples="64"), "sanity")
    before = model.pictures
    tried(page, "sanity")
    # The stand-in answers alike whatever it forgets.
    assert "**hardly changes**" in texts(page)
    assert model.pictures - before == 5 * (64 + 1)
    assert list(page.dataframe[0].value["layers"]) == [1, 1, 1, 1]


def test_a_stopped_trial_leaves_the_page_and_keeps_nothing(model: FakeModel) -> None:
    page = opened(trust_screen(), "repeat")
    model.allowed = model.pictures + 100
    page.button(key="begin.repeat").click().run()
    assert model.held_up.wait(SECONDS)
    page.run()
    page.button(key="stop_trial").click().run()
    model.gate.set()
    (trial,) = state_of(page).trials.jobs.values()
    assert trial.wait(SECONDS)
    fine(page.run())
    assert "Stopped" in texts(page)
    assert page.button(key="begin.repeat")
    assert server().results.get(trial.order.key) is None
    assert "Kendall's tau" not in [metric.label for metric in page.metric]


def test_what_goes_wrong_is_told_in_place(model: FakeModel, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise lc.SpecError("No superpixel speaks for this class.")

    page = opened(trust_screen(), "reality")
    monkeypatch.setitem(trial_job.TRIALS, "reality", refuse)
    page.button(key="begin.reality").click().run()
    (trial,) = state_of(page).trials.jobs.values()
    assert trial.wait(SECONDS)
    page.run()
    assert not page.exception
    assert "No superpixel speaks" in page.error[0].value
    assert page.button(key="begin.reality")


def test_advice_that_only_fits_anew_is_followed_at_once(model: FakeModel) -> None:
    page = trust_screen(kernel_width="0.02")
    assert state_of(page).result is not None
    wanted = state_of(page).drawn.attribution.classes[0].trust.changes
    assert set(wanted) == {"kernel_width"}
    asked = model.pictures
    fine(page.button(key="advice").click().run())
    assert state_of(page).settings.spec.kernel_width == wanted["kernel_width"]
    assert model.pictures == asked
    fine(page.switch_page("pages/screens/explain/page.py").run())
    assert page.slider(key="spec.kernel_width").value == wanted["kernel_width"]


def test_advice_to_take_more_samples_asks_for_them(model: FakeModel) -> None:
    page = trust_screen(samples="32")
    wanted = state_of(page).drawn.attribution.classes[0].trust.changes["samples"]
    page.button(key="advice").click().run()
    finish(page)
    assert state_of(page).result.neighborhood.samples == wanted


def test_another_class_can_be_judged(model: FakeModel) -> None:
    page = trust_screen()
    fine(page.segmented_control(key="focus.class").set_value(FakeModel.ESPRESSO).run())
    assert state_of(page).settings.focus == FakeModel.ESPRESSO
    assert "*espresso*" in texts(page)


def test_without_an_explanation_the_screen_says_what_to_do(model: FakeModel) -> None:
    page = trust_screen()
    fine(page.selectbox(key="picture").set_value("coffee").run())
    assert "Nothing to judge yet" in texts(page)
    page.button(key="explain_first").click().run()
    finish(page)
    assert "Nothing to judge yet" not in texts(page)
    assert state_of(page).result.question.title == "Coffee"


def test_the_explain_screen_says_the_verdict_of_each_class(model: FakeModel) -> None:
    page = explained(samples="128")
    captions = [caption.value for caption in page.caption]
    for one in state_of(page).drawn.attribution.classes:
        assert any(f"{one.trust.level}** · R²" in caption for caption in captions)


def test_finished_trials_leave_memory_with_the_answers_they_belong_to(model: FakeModel) -> None:
    page = tried(trust_screen(samples="64"), "reality")
    assert len(state_of(page).trials.jobs) == 1
    page.switch_page("pages/screens/explain/page.py").run()
    page.button(key="more").click().run()
    finish(page)
    assert state_of(page).trials.jobs == {}
    page = tried(fine(page.switch_page("pages/screens/trust/page.py").run()), "reality")
    assert len(state_of(page).trials.jobs) == 1
    page.selectbox(key="picture").set_value("coffee").run()
    assert state_of(page).trials.jobs == {}


def keep_trial(page: AppTest, name: str, result: Any) -> None:
    """Put the result of a trial of the first class where the server keeps it."""
    attribution = state_of(page).drawn.attribution
    keys = TrialKeys(attribution, 5)
    server().results.put(keys.of(name, attribution.classes[0].index), result)


def no_survivors(page: AppTest) -> trials.WhatIf:
    """What other settings show when none of the strongest superpixels survives them."""
    base = state_of(page).drawn.attribution
    nothing = np.zeros(base.superpixels)
    variant = trials.Variant("fill: grey", base.superpixels, 0.1, 0.2, 0.3, nothing, nothing)
    return trials.WhatIf(base.classes[0].index, base, (variant,) * 11, (), (), base.top_features(FakeModel.CAT, 5))


def test_a_trial_that_has_found_a_weakness_changes_the_verdict_everywhere(model: FakeModel) -> None:
    page = trust_screen(samples="256")
    assert "badge[:material/verified: solid]" in texts(page)
    assert NOTHING_TRIED in texts(page)
    keep_trial(page, "what-if", no_survivors(page))
    fine(page.run())
    shown = texts(page).replace("\\", "")
    assert "badge[:material/verified: solid]" not in shown
    reason = "Other settings: in all 11 variants none of the 5 strongest superpixels stay among the strongest."
    assert reason in shown
    assert "Not tried: reality check, deletion and insertion, repeat, sanity check." in shown

    trust = state_of(page).drawn.attribution[FakeModel.CAT].trust
    assert trust.level == "usable"
    assert trust.reasons == (reason,)
    fine(page.switch_page("pages/screens/explain/page.py").run())
    captions = [caption.value for caption in page.caption]
    assert any(f"{trust.level}** · R²" in caption for caption in captions)
    assert reason in texts(page).replace("\\", "")
    # The other classes were not tried.
    assert state_of(page).drawn.attribution[FakeModel.ESPRESSO].trust.level == "solid"


def test_a_trial_that_was_passed_is_listed_as_passed(model: FakeModel) -> None:
    page = tried(trust_screen(samples="256"), "reality")
    assert "Passed: reality check." in texts(page)
    assert "badge[:material/verified: solid]" in texts(page)
    assert "Not tried: deletion and insertion, repeat, other settings, sanity check." in texts(page)


def test_a_repetition_counts_for_every_class_and_the_one_with_most_seeds_counts(model: FakeModel) -> None:
    page = trust_screen(samples="256")
    attribution = state_of(page).drawn.attribution
    keys, classes = TrialKeys(attribution, 5), [item.index for item in attribution.classes]
    nothing = np.zeros(attribution.superpixels)

    def agreeing(jaccard: float) -> tuple[trials.Repeat, ...]:
        both = ((1,), (2,))
        return tuple(trials.Repeat(index, (0, 1), both, jaccard, 1, 1, 1, nothing, nothing) for index in classes)

    server().results.put(keys.of_repeat(range(2)), agreeing(0.1))
    fine(page.run())
    assert [item.trust.level for item in state_of(page).drawn.attribution.classes[:2]] == ["doubtful", "doubtful"]
    server().results.put(keys.of_repeat(range(10)), agreeing(1.0))
    fine(page.run())
    assert [item.trust.level for item in state_of(page).drawn.attribution.classes[:2]] == ["solid", "solid"]


def test_a_tab_is_called_after_what_it_shows(model: FakeModel) -> None:
    page = trust_screen()
    assert [tab.label for tab in page.tabs] == ["Interactions", *TABS.values()]


@pytest.mark.parametrize(
    "query",
    [
        {"seed": str(2**31 - 1)},
        {"seed": str(2**31 - 1), "fill": "noise", "slic_n_segments": "12"},
        {"kernel_width": "100"},
        {"kernel_width": "50.5", "kernel": "gaussian"},
        {"kernel_width": "0.001"},
        {"kernel_width": "0.0015", "kernel": "gaussian"},
        {"top_k": "1023", "samples": "2"},
        {"surrogate": "lasso", "alpha": "1000"},
    ],
    ids=str,
)
def test_every_tab_works_at_the_ends_of_what_is_allowed(model: FakeModel, query: dict[str, str]) -> None:
    page = trust_screen(**({"samples": "64"} | query))
    for name in ("reality", "curves", "repeat", "what-if"):
        opened(page, name).button(key=f"begin.{name}").click().run()
        assert all(trial.wait(SECONDS) for trial in state_of(page).trials.jobs.values())
        page.run()
        assert not page.exception
        # Where nothing is evidence there is nothing to keep; that is said in words.
        assert all("No superpixel is evidence" in error.value for error in page.error)
    page.session_state["trust.tab"] = "Interactions"
    fine(page.run())
    assert "nan" not in texts(page)


def test_all_superpixels_are_counted_as_many_as_there_are(model: FakeModel) -> None:
    page = tried(trust_screen(samples="64", top_k="1023"), "repeat")
    count = state_of(page).drawn.attribution.superpixels
    assert f"of their {count} strongest superpixels" in texts(page)
    assert state_of(page).settings.spec.top_k == 1023
