"""What a model's outputs are, and how they become class outputs; the formulas are written out here once more."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import get_args

import numpy as np
import pytest
from known_answers import TWELVE, WEIGHTS, KnownAnswer, colorful_image

import lime_core as lc
from lime_core.models.output_reader import OutputReader
from lime_core.models.outputs import OutputForm, apply, chosen_name, recognised_form
from lime_core.models.protocol import identity_of

LOGITS = np.array([[0.2, 0.7, -3.0], [4.0, -1.0, 0.5], [-2.0, 2.5, 0.1]])
SPEC = lc.ExplainSpec(segmentation=TWELVE, samples=256, fill="black", alpha=0)


def softmax(logits):
    powers = np.exp(logits)
    return powers / powers.sum(axis=1, keepdims=True)


def sigmoid(logits):
    return 1 / (1 + np.exp(-logits))


PROBABILITIES = softmax(LOGITS)


@pytest.mark.parametrize(
    ("form", "given", "expected"),
    [
        ("probabilities", PROBABILITIES, PROBABILITIES),
        ("softmax", LOGITS, PROBABILITIES),
        ("sigmoid", LOGITS, sigmoid(LOGITS)),
        ("log", np.log(PROBABILITIES), PROBABILITIES),
        ("values", LOGITS, LOGITS),
        ("probabilities", [[0.2], [1.0]], [[0.8, 0.2], [0, 1]]),
        ("sigmoid", [[0.0], [2.0]], [[0.5, 0.5], [sigmoid(-2.0), sigmoid(2.0)]]),
        ("log", [[0.0], [np.log(0.25)]], [[0, 1], [0.75, 0.25]]),
        ("values", [[43.5], [-1.0]], [[43.5], [-1.0]]),
    ],
)
def test_every_form_is_its_formula(form, given, expected):
    outputs = apply(form, np.asarray(given, np.float32))
    assert outputs.dtype == np.float32
    np.testing.assert_allclose(outputs, expected, atol=1e-6)


def test_large_logits_neither_overflow_nor_lose_the_winner():
    np.testing.assert_array_equal(apply("softmax", np.array([[1e4, -1e4, 0]])), [[1, 0, 0]])
    np.testing.assert_array_equal(apply("sigmoid", np.array([[1e4, -1e4]])), [[1, 0]])


def test_a_single_output_stays_one_where_that_is_wanted():
    np.testing.assert_allclose(apply("sigmoid", np.array([[0.0]]), two_classes=False), [[0.5]])


def test_a_softmax_of_one_output_is_refused_because_it_is_always_one():
    with pytest.raises(lc.ModelError, match="always 1: use outputs='sigmoid'"):
        apply("softmax", np.array([[2.0], [3.0]]))


@pytest.mark.parametrize(
    ("outputs", "facts", "form"),
    [
        (PROBABILITIES, {}, "probabilities"),
        (PROBABILITIES + 4e-3, {}, "probabilities"),  # in reduced precision
        (sigmoid(LOGITS), {}, "probabilities"),
        (LOGITS, {}, "softmax"),
        (LOGITS[:1, :2], {}, "probabilities"),  # the first two lie in 0..1, …
        (LOGITS[:, :2], {}, "softmax"),  # … but not those for other pictures
        (LOGITS[:1], {}, "softmax"),  # nor the third
        (np.log(PROBABILITIES), {}, "log"),
        (-np.abs(LOGITS), {}, "softmax"),
        ([[0.3], [0.9]], {}, "probabilities"),
        ([[-3.0], [5.0]], {}, "sigmoid"),
        ([[43.0], [27.0]], {}, "values"),
        ([[43.0], [27.0]], {"names": 2}, "sigmoid"),
        (LOGITS, {"last_operation": "softmax"}, "probabilities"),
        (LOGITS, {"last_operation": "sigmoid"}, "probabilities"),
        (LOGITS, {"last_operation": "log_softmax"}, "log"),
        (LOGITS, {"last_operation": None}, "softmax"),
    ],
)
def test_the_form_is_recognised_from_answers_and_from_the_last_operation(outputs, facts, form):
    recognised, reason = recognised_form(np.asarray(outputs), **facts)
    assert recognised == form
    assert reason


@pytest.mark.parametrize("wrong", [np.nan, np.inf])
def test_outputs_that_are_not_finite_are_no_form(wrong):
    with pytest.raises(lc.ModelError, match="not finite numbers; check its weights and preprocessing"):
        recognised_form(np.array([[0.5, wrong]]))


@pytest.mark.parametrize("form", get_args(OutputForm))
def test_what_the_user_says_is_not_questioned(form):
    reader = OutputReader(form, "softmax")
    np.testing.assert_array_equal(reader(LOGITS), apply(form, LOGITS))
    assert reader.reading.form == form


def test_an_unknown_form_is_refused_with_the_known_ones():
    with pytest.raises(lc.ModelError, match="auto, probabilities, softmax, sigmoid, log, values; got 'relu'"):
        OutputReader("relu")


@pytest.mark.parametrize(("names", "splits", "classes"), [(0, True, 2), (0, False, 1), (1, True, 1), (2, False, 2)])
def test_two_names_make_two_classes_of_a_single_output_and_one_name_leaves_it(names, splits, classes):
    reader = OutputReader(names=names, splits=splits)
    assert reader(np.array([[0.3]])).shape == (1, classes)
    assert ("class 0 has 1 − p" in reader.notes[0]) == (classes == 2)


def test_the_note_says_what_was_taken_why_and_what_else_there_is():
    reader = OutputReader()
    reader(LOGITS)
    assert reader.notes == reader.result_notes
    assert reader.notes == (
        (
            "The model's outputs are taken for logits, and a softmax is applied to them: they range from -3 to 4, as "
            "logits do. Choose outputs='sigmoid' or 'values' if that is wrong."
        ),
    )


def test_probabilities_are_noted_but_not_in_every_result():
    reader = OutputReader()
    reader(PROBABILITIES)
    assert "they lie in 0..1 and sum to 1" in reader.notes[0]
    assert reader.result_notes == ()
    assert reader.identity == ""


def test_the_first_answers_decide_for_all_threads():
    reader = OutputReader()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: reader(LOGITS), range(64)))
    np.testing.assert_allclose(reader(PROBABILITIES), softmax(PROBABILITIES), atol=1e-6)


def test_logits_that_passed_for_probabilities_at_first_are_noticed_later():
    reader = OutputReader()
    reader(LOGITS[:1, :2])
    with pytest.raises(lc.ModelError, match=r"others range from -2 to 4\. Say what they are: outputs='softmax'"):
        reader(LOGITS[:, :2])


def test_a_function_whose_first_answer_could_be_anything_is_asked_about_four_more_pictures_once():
    asked = []

    def logits(images):
        asked.append(len(images))
        return images.mean((1, 2)) / 255 * [1, 2, -1] + [0, -0.5, 1]

    image = np.full((1, 4, 4, 3), 100, np.uint8)
    classifier = lc.CallableClassifier(logits, 4)
    np.testing.assert_allclose(classifier.predict(image), softmax(logits(image)), atol=1e-6)
    classifier.predict(image)
    assert asked == [1, 4, 1, 1]
    assert "softmax is applied" in classifier.notes[0]


def test_a_function_that_answers_with_clear_probabilities_is_asked_nothing_else():
    asked = []

    def probabilities(images):
        asked.append(len(images))
        return np.full((len(images), 4), 0.25)

    lc.CallableClassifier(probabilities, 4).predict(np.zeros((3, 4, 4, 3), np.uint8))
    assert asked == [3]


def test_one_of_several_outputs_is_chosen_by_name():
    assert chosen_name(("age",)) == "age"
    assert chosen_name(("age", "breed"), "breed") == "breed"
    with pytest.raises(lc.ModelError, match="2 outputs; choose one with output=: 'age', 'breed'"):
        chosen_name(("age", "breed"))
    with pytest.raises(lc.ModelError, match="no output 'bred'; its outputs are 'age', 'breed'"):
        chosen_name(("age", "breed"), "bred")


# Through the whole library, with a function of the mask


def weights_of(function, names=None, spec=SPEC, **facts):
    """Explanation of a function of masks (B, 12)."""
    image = colorful_image()
    size = (61, 87)
    classifier = lc.CallableClassifier(KnownAnswer(lc.prepare(image, size, spec), function), size, names, **facts)
    return lc.explain(image, classifier, spec), classifier


def logit(masks):
    return (masks @ (6 * WEIGHTS))[:, None] - 0.5


def test_a_single_logit_is_explained_as_two_classes_whose_evidence_is_opposite():
    explanation, classifier = weights_of(logit, ["cat", "dog"])
    assert classifier.class_names == ("cat", "dog")
    np.testing.assert_allclose(explanation[1].coefficients, 6 * WEIGHTS, atol=1e-4)
    np.testing.assert_allclose(explanation[0].coefficients, -6 * WEIGHTS, atol=1e-4)
    assert explanation[1].name == "dog"
    assert any("a sigmoid is applied" in note for note in explanation.notes)


def test_logits_log_probabilities_and_probabilities_of_one_model_have_one_explanation():
    def logits(masks):
        return np.concatenate([logit(masks), 0 * logit(masks), -logit(masks)], axis=1)

    def probabilities(masks):
        return softmax(logits(masks))

    expected, _ = weights_of(probabilities)
    assert expected.notes == ()
    for function in (logits, lambda masks: np.log(probabilities(masks))):
        explanation, _ = weights_of(function)
        for index in range(3):
            np.testing.assert_allclose(explanation[index].coefficients, expected[index].coefficients, atol=1e-4)
        assert len(explanation.notes) == 1


def test_independent_logits_are_explained_one_by_one_where_the_user_says_so():
    explanation, _ = weights_of(
        lambda masks: np.concatenate([logit(masks), 0 * masks[:, :1]], axis=1), outputs="sigmoid"
    )
    np.testing.assert_allclose(explanation[0].coefficients, 6 * WEIGHTS, atol=1e-4)


def years(masks):
    return (40 + masks @ (100 * WEIGHTS))[:, None]


@pytest.mark.parametrize("facts", [{}, {"outputs": "values"}, {"names": ["age"], "outputs": "values"}])
@pytest.mark.parametrize("early_stop", [False, True])
def test_a_regression_is_explained_in_its_own_unit_whatever_the_target_says(facts, early_stop):
    spec = replace(SPEC, target="log_odds", early_stop=early_stop)
    explanation, classifier = weights_of(years, spec=spec, **facts)
    only = explanation.classes[0]
    np.testing.assert_allclose(only.coefficients, 100 * WEIGHTS, atol=1e-3)
    assert only.output == pytest.approx(40 + 100 * WEIGHTS.sum(), abs=1e-3)
    assert only.name == (classifier.class_names[0] if facts else "output")
    assert (explanation.unit, explanation.spec.target.name) == ("output", "probability")
    assert explanation.provenance.outputs_are == "values"
    assert any("no probabilities, so they are explained as they are" in note for note in explanation.notes)
    assert "probability" not in " ".join(only.trust.reasons)
    stored = lc.Explanation.from_json(explanation.to_json())
    assert (stored.unit, stored.provenance) == (explanation.unit, explanation.provenance)


def test_a_regression_is_left_out_one_by_one_and_stored_in_its_own_unit(tmp_path):
    image = colorful_image()
    function = KnownAnswer(lc.prepare(image, (61, 87), SPEC), years)
    classifier = lc.CallableClassifier(function, (61, 87), outputs="values")
    attribution = lc.attribute(image, classifier, method="leave_one_out", spec=SPEC)
    np.testing.assert_allclose(attribution.scores(0), 100 * WEIGHTS, atol=1e-3)
    assert attribution.unit == "output"
    neighborhood = lc.query(image, classifier, SPEC)
    neighborhood.save_npz(tmp_path / "n.npz")
    loaded = lc.Neighborhood.load_npz(tmp_path / "n.npz")
    assert loaded == neighborhood
    assert lc.fit(loaded, replace(SPEC, target="log_odds")).unit == "output"


def test_a_value_between_0_and_1_is_still_no_probability():
    explanation, _ = weights_of(lambda masks: 0.991 + 0.001 * masks[:, :1], outputs="values")
    assert explanation.unit == "output"
    assert "saturated" not in " ".join(explanation.classes[0].trust.reasons)


def test_the_report_calls_no_value_a_percentage():
    from lime_core.show import html_report

    explanation, _ = weights_of(lambda masks: 0.3 + 0.5 * masks[:, :1], outputs="values")
    report = html_report(colorful_image(), explanation)
    assert "80.0%" not in report
    assert "score, output" in report


def test_a_dict_of_one_array_is_that_array_and_of_several_one_is_chosen():
    images = np.zeros((2, 4, 4, 3), np.uint8)
    heads = {"age": np.full((2, 1), 40.0), "breed": np.full((2, 3), 1 / 3)}
    single = lc.CallableClassifier(lambda images: {"breed": heads["breed"]}, 4)
    assert single.predict(images).shape == (2, 3)
    assert lc.CallableClassifier(lambda images: heads, 4, output="breed").predict(images).shape == (2, 3)
    with pytest.raises(lc.ModelError, match="choose one with output=: 'age', 'breed'"):
        lc.CallableClassifier(lambda images: heads, 4).predict(images)


def test_answers_read_in_different_ways_are_never_mixed_up():
    image, function = (
        colorful_image(32, 32),
        lambda images: np.stack([images.mean((1, 2, 3)) / 128, np.ones(len(images))], 1),
    )
    made = {form: lc.CallableClassifier(function, 32, id="mine", outputs=form) for form in ("softmax", "sigmoid")}
    known = lc.query(image, made["softmax"], replace(SPEC, samples=20))
    assert lc.query(image, made["softmax"], replace(SPEC, samples=40), known=known).samples >= 40
    with pytest.raises(lc.LimeError, match="another picture, model or setting"):
        lc.query(image, made["sigmoid"], replace(SPEC, samples=40), known=known)
    assert identity_of(made["softmax"]) == "outputs softmax"


def test_notes_are_not_repeated_when_a_run_is_gone_on_from():
    image = colorful_image()
    classifier = lc.CallableClassifier(KnownAnswer(lc.prepare(image, (61, 87), SPEC), logit), (61, 87))
    first = lc.query(image, classifier, replace(SPEC, samples=40))
    assert len(first.notes) == 1
    assert lc.query(image, classifier, SPEC, known=first).notes == first.notes
