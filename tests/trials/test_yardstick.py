"""Methods side by side: the numbers against direct computation, what is asked once, what fails, and the JSON."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import pytest
from known_answers import colorful_image, known_answer, linear
from trials.hand_made import Given

import lime_core as lc
from lime_core import trials
from lime_core.methods import METHODS
from lime_core.trials.curves import area
from lime_core.trials.method_measures import MEASURES
from lime_core.trials.ranking import DRAWS

if TYPE_CHECKING:
    from numpy.typing import NDArray

IMAGE = colorful_image()
WEIGHTS = np.array([[0.3, 0.2, 0.1, 0.05, 0.0, -0.1], [0.0, 0.0, 0.05, 0.1, 0.2, 0.1]])
SPEC = lc.ExplainSpec(
    segmentation=lc.Grid(rows=2, columns=3), samples=64, fill="black", top_k=2, target="probability", classes=(0, 1)
)
MODEL = known_answer(linear(WEIGHTS, 0.1), IMAGE, SPEC)
BOTH = ("lime", "leave_one_out")


class Counted:
    """A model that writes down the pictures it is asked about."""

    def __init__(self) -> None:
        self.pictures: list[bytes] = []
        self.classifier = lc.CallableClassifier(self.predict, MODEL.input_size, id="counted", outputs="probabilities")

    def predict(self, pictures: NDArray[np.uint8]) -> NDArray[np.float32]:
        self.pictures += [picture.tobytes() for picture in pictures]
        return MODEL.predict(pictures)


class Broken:
    """A method that cannot be used, fails, or gives what it is told to."""

    title: ClassVar[str] = "Broken"
    summary: ClassVar[str] = "Nothing."

    def __init__(self, obstacle: str | None = None, gives: object = None, *, random: bool = True) -> None:
        self._obstacle, self._gives, self._random = obstacle, gives, random
        self.runs = 0

    def obstacle(self, classifier: lc.Classifier) -> str | None:
        return self._obstacle

    def planned_calls(self, spec: lc.ExplainSpec, superpixels: int) -> int:
        return 40

    def draws_at_random(self, spec: lc.ExplainSpec) -> bool:
        return self._random

    def attribute(self, image, classifier, spec, *, known=None, on_progress=None):
        self.runs += 1
        if self._gives is None:
            raise lc.ModelError("It broke.")
        return self._gives


@pytest.fixture
def registered(monkeypatch):
    """Make a method known under a name."""

    def register(name, method):
        method.name = name
        monkeypatch.setitem(METHODS, name, method)
        return method

    return register


@pytest.fixture(scope="module")
def comparison():
    return lc.compare_methods(IMAGE, MODEL, BOTH, SPEC)


def test_on_a_linear_model_all_methods_name_the_largest_weights_and_are_tied(comparison):
    assert [item.method for item in comparison.methods] == list(BOTH)
    for index, top in ((0, (0, 1)), (1, (4, 3))):
        for item in comparison.methods:
            # Superpixels 3 and 5 weigh the same for class 1.
            allowed = [set(top)] if index == 0 else [{4, 3}, {4, 5}]
            assert set(item[index].top) in allowed
            assert item[index].top_alone.value == pytest.approx(0.1 + WEIGHTS[index, list(top)].sum(), abs=1e-6)
            left = WEIGHTS[index].sum() - WEIGHTS[index, list(top)].sum()
            assert item[index].without_top.value == pytest.approx(0.1 + left, abs=1e-6)
        for column in ("top_alone", "without_top", "deletion_area", "insertion_area"):
            assert set(comparison.best(index, column)) == set(BOTH)
    assert comparison.best(0, "calls") == ("leave_one_out",)
    assert comparison.failed == {}


def test_areas_are_those_of_the_curves_trial(comparison):
    probe = lc.Probe(lc.prepare(IMAGE, MODEL.input_size, SPEC), MODEL)
    for item in comparison.methods:
        for index in (0, 1):
            curves = trials.curves(probe, item.attribution, index)
            assert item[index].deletion_area.values[0] == pytest.approx(curves.deletion_area, abs=1e-6)
            assert item[index].insertion_area.values[0] == pytest.approx(curves.insertion_area, abs=1e-6)


def test_what_draws_nothing_at_random_runs_once(comparison):
    fixed, drawn = comparison["leave_one_out"][0], comparison["lime"][0]
    assert len(fixed.top_alone.values) == 1
    assert fixed.top_alone.std_error == 0
    assert math.isnan(fixed.agreement_between_seeds.value)
    assert len(drawn.top_alone.values) == len(comparison.seeds) == 3
    assert drawn.agreement_between_seeds.value == 1


@pytest.mark.parametrize(("random", "runs"), [(True, 3), (False, 1)])
def test_a_method_that_asks_about_no_masks_says_whether_it_draws_at_random(registered, random, runs):
    whole = lc.attribute(IMAGE, MODEL, method="leave_one_out", spec=SPEC)
    method = registered("inside", Broken(gives=whole, random=random))
    item = lc.compare_methods(IMAGE, MODEL, ["inside"], SPEC)["inside"][0]
    assert method.runs == len(item.top_alone.values) == runs
    assert math.isnan(item.agreement_between_seeds.value) == (not random)
    assert item.top_alone.std_error == 0


def test_the_budget_and_the_superpixels_are_the_same_for_all(comparison):
    assert comparison["lime"].calls == 65
    assert comparison["leave_one_out"].calls == 7
    for item in comparison.methods:
        assert np.array_equal(item.attribution.segments, comparison.segments)
        assert [c.index for c in item.classes] == [c.index for c in item.attribution.classes] == [0, 1]
        assert item.attribution.classes[0].trust.top_k == 2


def test_early_stop_does_not_change_the_budget():
    found = lc.compare_methods(IMAGE, MODEL, ["lime"], replace(SPEC, early_stop=True), seeds=(0,))
    assert found["lime"].calls == 65


def test_random_orders_of_equal_weights_all_have_the_same_area():
    even = known_answer(linear(np.full(6, 0.1), 0.2), IMAGE, SPEC)
    found = lc.compare_methods(IMAGE, even, BOTH, replace(SPEC, classes=(0,))).random_orders(0)
    assert (found.area.low, found.area.mean, found.area.high) == pytest.approx((0.5, 0.5, 0.5), abs=1e-6)
    assert found.top_alone.mean == pytest.approx(0.2 + 2 * 0.1, abs=1e-6)
    assert found.without_top.mean == pytest.approx(0.2 + 4 * 0.1, abs=1e-6)


def test_the_band_is_that_of_the_same_orders_worked_out_by_hand(comparison):
    random = np.random.default_rng(SPEC.seed)
    areas, alone = [], []
    for _ in range(DRAWS):
        order = random.permutation(6)
        left = WEIGHTS[0].sum() - np.r_[0, np.cumsum(WEIGHTS[0][order])]
        areas.append(area(np.arange(7) / 6, 0.1 + left))
        alone.append(0.1 + WEIGHTS[0][order[:2]].sum())
    found = comparison.random_orders(0)
    assert found.area.mean == pytest.approx(np.mean(areas), abs=1e-6)
    assert (found.area.low, found.area.high) == pytest.approx(np.quantile(areas, [0.05, 0.95]), abs=1e-6)
    assert found.top_alone.high == pytest.approx(np.quantile(alone, 0.95), abs=1e-6)


def test_methods_that_ask_the_same_questions_share_the_answers(registered):
    registered("twin", Given(lambda spec, superpixels: WEIGHTS[0]))
    alone, both = Counted(), Counted()
    lc.compare_methods(IMAGE, alone.classifier, ["lime"], SPEC)
    found = lc.compare_methods(IMAGE, both.classifier, ["lime", "twin"], SPEC)
    # On top come at most the twin's own rankings, two of nothing but what the first method's runs asked about already.
    assert len(both.pictures) - len(alone.pictures) <= 2 * (2 * 7 + 2)
    assert found["twin"].calls == found["lime"].calls == 65
    assert [item.shares_answers for item in found.methods] == [False, True]
    assert found["twin"].seconds > 0


def test_equal_masks_are_asked_once():
    """Six superpixels have 64 masks: the rankings and random orders of all methods together ask about fewer."""
    counted = Counted()
    found = lc.compare_methods(IMAGE, counted.classifier, BOTH, SPEC)
    explaining = 3 * found["lime"].calls + found["leave_one_out"].calls
    assert len(counted.pictures) <= explaining + 1 + 64


def test_known_answers_are_not_asked_for_again():
    counted = Counted()
    known = lc.query(IMAGE, counted.classifier, SPEC)
    counted.pictures.clear()
    lc.compare_methods(IMAGE, counted.classifier, ["lime"], SPEC, seeds=(0,))
    without = len(counted.pictures)
    counted.pictures.clear()
    found = lc.compare_methods(IMAGE, counted.classifier, ["lime"], SPEC, seeds=(0,), known=known)
    assert without - len(counted.pictures) >= len(np.unique(known.masks[:32], axis=0))
    assert found["lime"].shares_answers
    assert found["lime"].calls == 65
    assert found["lime"].seconds > known.provenance.timings["query"]


def test_known_answers_to_other_questions_are_not_used():
    known = lc.query(IMAGE, MODEL, replace(SPEC, seed=5))
    found = lc.compare_methods(IMAGE, MODEL, ["lime"], SPEC, seeds=(0,), known=known)
    assert not found["lime"].shares_answers


def test_a_method_with_an_obstacle_or_an_error_is_listed_with_its_sentence(registered):
    whole = lc.attribute(IMAGE, MODEL, method="leave_one_out", spec=SPEC)

    def given(scores):
        return replace(whole, classes=tuple(replace(item, scores=scores) for item in whole.classes))

    registered("closed", Broken("It needs gradients."))
    registered("broken", Broken())
    registered("blank", Broken(gives=given(np.full(6, np.nan))))
    registered("odd", Broken(gives=given(np.ones(5))))
    names = ["closed", "broken", "lime", "blank", "odd"]
    found = lc.compare_methods(IMAGE, MODEL, names, SPEC)
    assert [item.method for item in found.methods] == ["lime"]
    assert list(found.failed) == ["closed", "broken", "blank", "odd"]
    assert found.failed["closed"] == "It needs gradients."
    assert found.failed["broken"] == "It broke."
    assert "not finite" in found.failed["blank"]
    assert "shape (5,)" in found.failed["odd"]


def test_a_method_that_fails_does_not_take_those_that_share_its_answers_with_it(registered):
    def fail(spec, superpixels):
        raise lc.SpecError("No.")

    registered("failing", Given(fail))
    found = lc.compare_methods(IMAGE, MODEL, ["failing", "lime"], SPEC)
    assert found.failed == {"failing": "No."}
    assert found["lime"].classes[0].top_alone.value > 0.5


def test_where_every_method_fails_there_is_a_comparison_of_none(registered):
    registered("broken", Broken())
    found = lc.compare_methods(IMAGE, MODEL, ["broken"], SPEC)
    assert found.methods == ()
    assert found.best(0, "top_alone") == ()
    assert found.shared(0).common == ()
    assert json.loads(found.to_json())["methods"] == []
    with pytest.raises(lc.SpecError, match="no result of the method 'broken'"):
        found["broken"]


def test_pixel_scores_are_averaged_over_the_common_superpixels(registered):
    whole = lc.attribute(IMAGE, MODEL, method="leave_one_out", spec=SPEC)
    noise = np.random.default_rng(0).normal(size=whole.segments.shape)
    labels = whole.segments
    noise -= np.array([noise[labels == s].mean() for s in range(6)])[labels]
    pixels = tuple(replace(item, scores=item.scores[labels] + noise) for item in whole.classes)
    registered("pixels", Broken(gives=replace(whole, classes=pixels, segments=None, method="pixels")))
    found = lc.compare_methods(IMAGE, MODEL, ["leave_one_out", "pixels"], SPEC)
    assert found["pixels"].attribution.scores(0) == pytest.approx(whole.scores(0), abs=1e-9)
    assert found["pixels"][0].deletion_area.value == pytest.approx(found["leave_one_out"][0].deletion_area.value)
    assert found.agreement(0).jaccard[0, 1] == 1


def test_scores_without_a_sign_rank_by_strength(registered):
    scores = np.array([0.1, 0.0, 0.2, 0.0, 0.5, 0.9])
    whole = lc.attribute(IMAGE, MODEL, method="leave_one_out", spec=SPEC)
    classes = tuple(replace(item, scores=scores) for item in whole.classes)
    registered("strength", Broken(gives=replace(whole, classes=classes, signed=False)))
    found = lc.compare_methods(IMAGE, MODEL, ["leave_one_out", "strength"], SPEC)
    assert found["strength"][0].top == (5, 4)
    assert found["strength"][0].top_alone.value == pytest.approx(0.1 - 0.1, abs=1e-6)
    assert np.isnan(found.agreement(0).sign[0, 1])


def test_without_evidence_for_the_class_nothing_is_shown_alone(registered):
    registered("against", Given(lambda spec, superpixels: -np.ones(6)))
    item = lc.compare_methods(IMAGE, MODEL, ["against"], SPEC)["against"][0]
    assert item.top == ()
    assert item.top_alone.value == pytest.approx(0.1)
    assert item.without_top.value == pytest.approx(0.1 + WEIGHTS[0].sum())


def test_agreement_by_hand(registered):
    registered("a", Given(lambda spec, superpixels: [3.0, 2.0, 1.0, 0.5, 0.1, -9.0]))
    registered("b", Given(lambda spec, superpixels: [3.0, -1.0, 2.5, 0.5, 0.1, -9.0]))
    registered("turned", Given(lambda spec, superpixels: [-3.0, 2.0, 1.0, 0.5, 0.1, -9.0]))
    found = lc.compare_methods(IMAGE, MODEL, ["a", "b"], replace(SPEC, classes=(0,)), seeds=(0,))
    agreement = found.agreement(0)
    # Ranks 6 5 4 3 2 1 and 6 2 5 4 3 1: the sum of squared differences is 12.
    assert agreement.rank_correlation[0, 1] == pytest.approx(1 - 6 * 12 / (6 * 35))
    assert agreement.jaccard[0, 1] == pytest.approx(1 / 3)  # {0, 1} and {0, 2}
    assert agreement.sign[0, 1] == 1  # of either sign: {5, 0} in both
    turned = lc.compare_methods(IMAGE, MODEL, ["a", "turned"], replace(SPEC, classes=(0,)), seeds=(0,)).agreement(0)
    assert turned.sign[0, 1] == turned.sign[1, 0] == 0.5  # of {5, 0} superpixel 0 has turned
    assert np.array_equal(agreement.jaccard, agreement.jaccard.T)
    shared = found.shared(0)
    assert shared.common == (0,)
    assert shared.counts.tolist() == [2, 1, 1, 0, 0, 0]


def test_agreement_between_seeds_is_the_mean_over_pairs(registered):
    tops = {0: [5, 4, 0, 0, 0, 0], 1: [5, 0, 4, 0, 0, 0], 2: [0, 0, 0, 0, 4, 5]}
    registered("fickle", Given(lambda spec, superpixels: tops[spec.seed]))
    measured = lc.compare_methods(IMAGE, MODEL, ["fickle"], SPEC)["fickle"][0]
    assert measured.agreement_between_seeds.value == pytest.approx((1 / 3 + 0 + 0) / 3)
    alone = [0.1 + WEIGHTS[0][np.array(tops[seed]) > 0].sum() for seed in range(3)]
    assert measured.top_alone.values == pytest.approx(alone, abs=1e-6)
    assert measured.top_alone.std_error == pytest.approx(np.std(alone, ddof=1) / math.sqrt(3), abs=1e-6)


def test_progress_rises_to_one_total_whatever_fails(registered):
    registered("broken", Broken())
    reports = []
    lc.compare_methods(IMAGE, MODEL, ["broken", *BOTH], SPEC, on_progress=lambda *report: reports.append(report))
    done, totals = zip(*reports, strict=True)
    assert len(set(totals)) == 1
    assert list(done) == sorted(done)
    assert done[-1] == totals[0]


@pytest.mark.parametrize("error", [RuntimeError, lc.ModelError])
@pytest.mark.parametrize("after", [1, 5, 12])
def test_an_exception_of_the_callback_stops_everything(error, after):
    reports = []

    def stop(done, total):
        reports.append(done)
        if len(reports) == after:
            raise error("stopped")

    with pytest.raises(error, match="stopped"):
        lc.compare_methods(IMAGE, MODEL, BOTH, SPEC, on_progress=stop)
    assert len(reports) == after


def test_methods_arrive_one_after_the_other():
    found = list(lc.stream_methods(IMAGE, MODEL, BOTH, SPEC, seeds=(0, 1)))
    assert [[item.method for item in comparison.methods] for comparison in found] == [[], ["lime"], list(BOTH)]


def test_without_methods_all_that_can_are_compared(registered):
    registered("closed", Broken("It needs gradients."))
    usable = [name for name, method in METHODS.items() if method.obstacle(MODEL) is None]
    found = lc.compare_methods(IMAGE, MODEL, spec=SPEC, seeds=(0,))
    assert [item.method for item in found.methods] == usable
    assert found.failed["closed"] == "It needs gradients."


def test_a_method_with_parameters_of_its_own_is_taken_as_it_is():
    mine = Given(lambda spec, superpixels: WEIGHTS[1])
    found = lc.compare_methods(IMAGE, MODEL, ["lime", mine, mine], SPEC, seeds=(0,))
    assert [item.method for item in found.methods] == ["lime", "given"]
    assert set(found["given"][0].top) <= {3, 4, 5}


def test_a_wrong_question_is_refused_in_words():
    with pytest.raises(lc.SpecError, match="method must be one of"):
        lc.compare_methods(IMAGE, MODEL, ["lime", "none"], SPEC)
    with pytest.raises(lc.SpecError, match="no methods"):
        lc.compare_methods(IMAGE, MODEL, [], SPEC)
    with pytest.raises(lc.SpecError, match="'given' is given twice"):
        lc.compare_methods(IMAGE, MODEL, [Given(lambda *_: WEIGHTS[0]), Given(lambda *_: WEIGHTS[1])], SPEC)
    for seeds in ((), (1, 1)):
        with pytest.raises(lc.SpecError, match="seeds must be"):
            lc.compare_methods(IMAGE, MODEL, BOTH, SPEC, seeds=seeds)
    with pytest.raises(lc.SpecError, match="classes must be in"):
        lc.compare_methods(IMAGE, MODEL, BOTH, replace(SPEC, classes=(7,)))
    found = lc.compare_methods(IMAGE, MODEL, BOTH, SPEC, seeds=(0,))
    with pytest.raises(lc.SpecError, match="column must be one of"):
        found.best(0, "beauty")
    with pytest.raises(lc.SpecError, match="Class 5 was not explained"):
        found.random_orders(5)
    with pytest.raises(lc.SpecError, match="Class 5 was not explained"):
        found["lime"][5]


def test_the_noise_fill_differs_from_seed_to_seed_and_is_judged_behind_one():
    spec = replace(SPEC, fill="noise")
    found = lc.compare_methods(IMAGE, known_answer(linear(WEIGHTS), IMAGE, spec), BOTH, spec, seeds=(0, 1))
    assert len(found["leave_one_out"][0].top_alone.values) == 2


def test_the_document_holds_plain_numbers(comparison):
    document = json.loads(comparison.to_json())
    assert document["failed"] == {}
    for row, item in zip(document["methods"], comparison.methods, strict=True):
        assert {"method", "calls", "seconds", "classes"} <= row.keys()
        assert row["method"] == item.method
        for plain, measured in zip(row["classes"], item.classes, strict=True):
            assert {"index", "name", "scores", *MEASURES} <= plain.keys()
            assert plain["scores"] == item.attribution.scores(measured.index).tolist()
            assert plain["top_alone"] == measured.top_alone.value
            assert plain["errors"]["deletion_area"] == measured.deletion_area.std_error
    assert document["methods"][1]["classes"][0]["agreement_between_seeds"] is None
    assert document["classes"][0]["agreement"]["jaccard"] == comparison.agreement(0).jaccard.tolist()
    assert document["classes"][0]["random"]["area"]["mean"] == comparison.random_orders(0).area.mean
    assert set(document["classes"][0]["best"]["top_alone"]) == set(BOTH)


def test_superpixels_are_called_by_the_ids_of_the_users_own_map():
    labels = lc.prepare(IMAGE, MODEL.input_size, SPEC).segments * 10 + 5
    spec = replace(SPEC, segmentation=lc.LabelMap(labels))
    document = lc.compare_methods(IMAGE, MODEL, BOTH, spec, seeds=(0,)).document()
    assert document["superpixel_ids"] == [5, 15, 25, 35, 45, 55]
    assert document["methods"][0]["classes"][0]["top"] == [5, 15]
    assert document["classes"][0]["shared"]["common"] == [5, 15]
