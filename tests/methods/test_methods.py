"""The contract of every method behind the seam.

Some promises hold for all methods, some only for those that ask about masks, and some only for those that explain a
black box; a method that is added to `METHODS` is held to those of its kind without a change here.
"""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
from known_answers import TWELVE, colorful_image, known_answer, linear

import lime_core as lc
from lime_core.explanation.verdict import LEVELS
from lime_core.methods import MaskMethod, mask_methods, method_named

SUPERPIXELS = 12
SPEC = lc.ExplainSpec(segmentation=TWELVE, samples=256, fill="black", target="probability", seed=3)
WEIGHTS = np.stack([np.linspace(-0.03, 0.06, SUPERPIXELS), np.linspace(0.04, -0.02, SUPERPIXELS)])
LOOKED_AT = 6

BLACK_BOX = lc.CallableClassifier(lambda images: np.full((len(images), 2), 0.5), 20, outputs="probabilities")
OBSTACLES = {name: method.obstacle(BLACK_BOX) for name, method in lc.METHODS.items()}


def each_of(methods):
    return pytest.mark.parametrize("method", list(methods.values()), ids=list(methods))


every_method = each_of({name: method for name, method in lc.METHODS.items() if OBSTACLES[name] is None})
every_method_from_inside = each_of({name: method for name, method in lc.METHODS.items() if OBSTACLES[name] is not None})
every_mask_method = each_of(mask_methods())
every_method_by_masks_of_superpixels = each_of(
    {name: method for name, method in mask_methods().items() if method.asked(SPEC).sampler.cover(SPEC.seed) is None}
)


@pytest.fixture(scope="module")
def image():
    return colorful_image()


@pytest.fixture
def classifier(image):
    return known_answer(linear(WEIGHTS, 0.2), image, SPEC)


@pytest.fixture
def asked(image):
    """A black box that writes down how many pictures it is shown at a time."""
    inner, counts = known_answer(linear(WEIGHTS, 0.2), image, SPEC), []

    def function(images):
        counts.append(len(images))
        return inner.predict(images)

    return lc.CallableClassifier(function, inner.input_size, ("cat", "dog"), outputs="probabilities"), counts


@pytest.fixture
def onlooker(image):
    """A black box that looks at one superpixel only: the brighter it is, the surer the model is of its first class."""
    scene = lc.prepare(image, (61, 87), SPEC)
    region = scene.labels == LOOKED_AT
    whole = scene.pixels[region].mean()

    def function(images):
        seen = images[:, region].mean(axis=(1, 2)) / whole
        return np.column_stack([0.1 + 0.8 * seen, 0.9 - 0.8 * seen])

    return lc.CallableClassifier(function, (61, 87), outputs="probabilities")


def same(one, other):
    return all(np.array_equal(a.scores, b.scores) for a, b in zip(one.classes, other.classes, strict=True))


def or_refusal(call):
    try:
        return call()
    except lc.SpecError as refused:
        return refused


def test_lime_and_leave_one_out_are_there_by_name():
    assert {"lime", "leave_one_out"} <= set(lc.METHODS)
    for name, method in lc.METHODS.items():
        assert method_named(name) is method
        assert re.fullmatch(r"[a-z_]+", name)
        assert method.name == name
        assert method.title
        assert re.fullmatch(r"[A-Z].*\.", method.summary)


def test_a_method_that_asks_about_masks_needs_no_more_than_a_black_box():
    assert mask_methods()
    assert all(OBSTACLES[name] is None for name in mask_methods())


@every_method_from_inside
def test_what_a_method_from_inside_cannot_explain_is_said_in_a_sentence_and_refused(method, image):
    obstacle = OBSTACLES[method.name]
    assert re.fullmatch(r"[A-Z].*\.", obstacle)
    for attribute in (method.attribute, lambda *given: lc.attribute(*given[:2], method=method.name, spec=given[2])):
        with pytest.raises(lc.ModelError) as refused:
            attribute(image, BLACK_BOX, SPEC)
        assert obstacle in str(refused.value)


@every_method
def test_shapes_types_and_order(method, image, classifier):
    attribution = method.attribute(image, classifier, SPEC)
    assert isinstance(attribution, lc.Attribution)
    assert attribution.method == method.name
    of_superpixels = attribution.classes[0].scores.ndim == 1
    assert of_superpixels <= (attribution.segments is not None)
    if attribution.segments is not None:
        assert attribution.segments.dtype == np.int32
        assert attribution.segments.shape == image.pixels.shape[:2]
        assert attribution.superpixels == SUPERPIXELS
    assert attribution.unit
    assert isinstance(attribution.signed, bool)
    outputs = [item.output for item in attribution.classes]
    assert outputs == sorted(outputs, reverse=True)
    for item in attribution.classes:
        assert isinstance(item, lc.ClassAttribution)
        assert item.output == pytest.approx(0.2 + WEIGHTS[item.index].sum(), abs=1e-6)
        assert item.scores.shape == ((SUPERPIXELS,) if of_superpixels else image.pixels.shape[:2])
        assert item.scores.dtype == np.float64
        assert np.isfinite(item.scores).all()
        assert attribution.signed or (item.scores >= 0).all()
        assert item.std_errors is None or item.std_errors.shape == item.scores.shape
        assert item.sure.shape == item.scores.shape
        assert item.verdict is None  # judging is a step of its own
        with pytest.raises(lc.SpecError, match="has not been judged"):
            _ = item.trust
        assert attribution.heatmap(item.index).shape == image.pixels.shape[:2]


@every_method
def test_what_the_model_looks_at_is_the_strongest(method, image, onlooker):
    attribution = method.attribute(image, onlooker, SPEC)
    segments = lc.prepare(image, (61, 87), SPEC).segments
    heatmap = np.abs(attribution.heatmap(0))
    means = [heatmap[segments == each].mean() for each in range(SUPERPIXELS)]
    assert np.argmax(means) == LOOKED_AT
    assert attribution.heatmap(0)[segments == LOOKED_AT].mean() > 0


@every_method_by_masks_of_superpixels
def test_the_strongest_superpixel_of_a_linear_model_is_found(method, image, classifier):
    attribution = method.attribute(image, classifier, SPEC)
    assert attribution.top_features(0, 2) == (11, 10)
    assert attribution.top_features(1, 2) == (0, 1)


@every_method
def test_the_same_seed_gives_the_same_scores(method, image, classifier):
    assert same(method.attribute(image, classifier, SPEC), method.attribute(image, classifier, SPEC))


@every_method
def test_what_is_given_is_left_as_it_is(method, image, classifier):
    pixels, spec = image.pixels.copy(), SPEC.to_dict()
    method.attribute(image, classifier, SPEC)
    assert np.array_equal(image.pixels, pixels)
    assert SPEC.to_dict() == spec


@every_mask_method
def test_known_answers_are_left_as_they_are(method, image, classifier):
    known = lc.query(image, classifier, method.asked(SPEC))
    masks, outputs = known.masks.copy(), known.outputs.copy()
    method.attribute(image, classifier, SPEC, known=known)
    assert np.array_equal(known.masks, masks)
    assert np.array_equal(known.outputs, outputs)


@every_method
def test_progress_grows_to_its_total(method, image, classifier):
    reports = []
    attribution = method.attribute(
        image, classifier, SPEC, on_progress=lambda done, total: reports.append((done, total))
    )
    done, totals = zip(*reports, strict=True)
    assert len(set(totals)) == 1
    assert list(done) == sorted(set(done))
    settled_early = attribution.calls < method.planned_calls(SPEC, SUPERPIXELS)
    assert done[-1] == totals[0] or (settled_early and done[-1] < totals[0])


@every_method
def test_a_method_stops_where_progress_raises(method, image, classifier):
    class StoppedError(Exception):
        pass

    def stop(done, total):
        raise StoppedError

    with pytest.raises(StoppedError):
        method.attribute(image, classifier, SPEC, on_progress=stop)


@every_method
@pytest.mark.parametrize("classes", [(2,), (0, 99)])
def test_classes_that_the_model_does_not_have_are_refused(method, image, classifier, classes):
    with pytest.raises(lc.SpecError, match=r"classes must be in 0\.\.1"):
        method.attribute(image, classifier, replace(SPEC, classes=classes))


@every_method
def test_only_the_classes_asked_for_are_explained(method, image, classifier):
    attribution = method.attribute(image, classifier, replace(SPEC, classes=(1,)))
    assert [item.index for item in attribution.classes] == [1]
    assert attribution[1].scores == pytest.approx(method.attribute(image, classifier, SPEC)[1].scores, abs=1e-12)
    with pytest.raises(lc.SpecError, match="Class 0 was not explained"):
        attribution.scores(0)


@every_method
def test_a_black_box_will_do_and_its_calls_are_counted(method, image, asked):
    classifier, counts = asked
    attribution = method.attribute(image, classifier, SPEC)
    assert {item.name for item in attribution.classes} == {"cat", "dog"}
    assert attribution.calls == sum(counts)
    assert attribution.calls <= method.planned_calls(SPEC, SUPERPIXELS)
    assert attribution.provenance.engine == "callable"


@every_method
@pytest.mark.parametrize("samples", [64, 100, 300])
def test_no_more_is_asked_than_was_planned(method, image, classifier, samples):
    spec = replace(SPEC, samples=samples, classes=(0,))
    planned = method.planned_calls(spec, SUPERPIXELS)
    assert 1 <= method.attribute(image, classifier, spec).calls <= planned
    assert planned <= samples + 1 or planned == method.planned_calls(SPEC, SUPERPIXELS)  # of a fixed length


@every_mask_method
def test_known_answers_are_not_asked_for_again(method, image, asked):
    classifier, counts = asked
    known = lc.query(image, classifier, method.asked(SPEC))
    counts.clear()
    attribution = method.attribute(image, classifier, SPEC, known=known)
    assert sum(counts) == 1  # the unmodified picture
    assert same(attribution, method.attribute(image, classifier, SPEC))
    assert same(attribution, method.from_answers(known, SPEC))


@every_mask_method
def test_known_answers_to_another_question_are_refused(method, image, classifier):
    known = lc.query(image, classifier, method.asked(replace(SPEC, fill="grey")))
    with pytest.raises(lc.LimeError, match="another picture, model or setting"):
        method.attribute(image, classifier, SPEC, known=known)


@every_method
def test_a_model_that_fails_is_a_model_error(method, image):
    broken = lc.CallableClassifier(lambda images: np.full((len(images), 2), np.nan), 20)
    with pytest.raises(lc.ModelError, match="not finite"):
        method.attribute(image, broken, SPEC)


@every_method
def test_outputs_without_log_odds_are_refused_or_explained_as_they_are(method, image):
    scores, spec = known_answer(linear(100 * WEIGHTS, 3), image, SPEC), replace(SPEC, target="log_odds")
    if isinstance(method, MaskMethod):
        with pytest.raises(lc.SpecError, match="needs outputs between 0 and 1"):
            method.attribute(image, scores, spec)
        return
    result = or_refusal(lambda: method.attribute(image, scores, spec))
    if isinstance(result, lc.SpecError):
        assert "needs outputs between 0 and 1" in str(result)
    else:
        assert "log-odds" not in result.unit


@every_method
def test_the_result_survives_json(method, image, classifier):
    attribution = lc.attribute(image, classifier, method=method.name, spec=SPEC)
    text = attribution.to_json()
    back = type(attribution).from_json(text)
    assert back.to_json() == text
    assert same(back, attribution)
    assert back.spec == attribution.spec


@every_method
def test_a_result_remembers_settings_but_no_view(method, image, classifier):
    attribution = method.attribute(image, classifier, replace(SPEC, view="jet", top_k=2))
    assert attribution.spec.view == lc.View()
    assert attribution.spec.segmentation == SPEC.segmentation
    assert attribution.spec.fill == SPEC.fill


@every_method
def test_attribute_by_name_gives_the_same_scores_and_a_verdict_for_k(method, image, classifier):
    attribution = lc.attribute(image, classifier, method=method.name, spec=replace(SPEC, top_k=3))
    assert same(attribution, method.attribute(image, classifier, SPEC))
    for item in attribution.classes:
        assert item.trust.level in LEVELS
        assert item.trust.top_k == 3
        assert item.trust.top_k_frequency.shape in ((SUPERPIXELS,), (0,))
        assert item.trust.top_k_frequency.size or not isinstance(method, MaskMethod)


@every_method
def test_judging_changes_no_score_and_can_be_done_again(method, image, classifier):
    answers = lc.query(image, classifier, method.asked(SPEC)) if isinstance(method, MaskMethod) else None
    attribution = method.attribute(image, classifier, SPEC, known=answers)
    verdicts = lc.judge(attribution, answers, top_k=4)
    assert len(verdicts) == len(attribution.classes)
    again = lc.judge(lc.attribute(image, classifier, method=method.name, spec=SPEC), answers, top_k=4)
    assert [verdict.to_dict() for verdict in verdicts] == [verdict.to_dict() for verdict in again]
    assert all(item.verdict is None for item in attribution.classes)


def test_lime_behind_the_seam_is_the_explanation_of_explain(image, classifier):
    attribution, explanation = lc.attribute(image, classifier, spec=SPEC), lc.explain(image, classifier, SPEC)
    assert isinstance(attribution, lc.Explanation)
    assert same(attribution, explanation)
    assert attribution[0].trust.to_dict() == explanation[0].trust.to_dict()


def test_an_unknown_method_is_refused_with_those_there_are(image, classifier):
    with pytest.raises(lc.SpecError, match=r"method must be one of lime, .*leave_one_out.*got 'shap'"):
        lc.attribute(image, classifier, method="shap")


@pytest.mark.parametrize(
    "method", [each for each in lc.METHODS.values() if isinstance(each, MaskMethod)], ids=lambda each: each.name
)
def test_answers_to_masks_that_a_method_cannot_use_are_refused_in_words(method, image, classifier):
    """Masks of smooth grids are of no use but to RISE, and of the others only LIME's are of use to several."""
    other = "occlusion" if method.name == "rise" else "rise"
    answers = lc.query(image, classifier, method_named(other).asked(SPEC))
    with pytest.raises(lc.SpecError, match="needs masks of its own; these answers are to masks of the sampler"):
        method.from_answers(answers, SPEC)


@pytest.mark.parametrize("name", ["kernel_shap", "sobol", "leave_one_out"])
def test_answers_to_limes_masks_are_refused_where_others_are_needed(name, image, classifier):
    answers = lc.query(image, classifier, SPEC)
    with pytest.raises(lc.SpecError, match="needs masks of its own; these answers are to masks of the sampler"):
        method_named(name).from_answers(answers, SPEC)
