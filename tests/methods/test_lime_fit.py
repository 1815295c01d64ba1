"""`fit` against formulas, against scikit-learn written out, and against the `lime` package itself."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import sklearn.metrics
from known_answers import all_masks, colorful_image, known_answer, linear
from lime import lime_base
from scipy.special import logit
from sklearn.linear_model import Lasso, LinearRegression, Ridge, lars_path
from sklearn.tree import DecisionTreeRegressor

import lime_core as lc
from lime_core.masks.kernels import as_outputs, distances, effective_sample_size, kernel_weights, target_values

SUPERPIXELS = 12
SPEC = lc.ExplainSpec(segmentation=lc.Grid(rows=3, columns=4), samples=256, fill="black", alpha=0, target="probability")
EXACT = replace(SPEC, surrogate="least_squares")


@pytest.fixture(scope="module")
def image():
    return colorful_image()


def explain(function, image, spec=EXACT):
    return lc.explain(image, known_answer(function, image, spec), spec)


def neighborhood_of(outputs, masks, image, spec=SPEC):
    """A neighborhood with masks and outputs of the test's own."""
    real = lc.query(image, known_answer(lambda z: z[:, :1] * np.ones(outputs.shape[1]), image, spec), spec)
    return replace(
        real,
        masks=masks,
        outputs=outputs.astype(np.float32),
        original_outputs=outputs[0].astype(np.float32),
        pairs=np.arange(len(masks), dtype=np.int32),
        class_names=tuple(f"class {i}" for i in range(outputs.shape[1])),
    )


# Known answers


@pytest.mark.parametrize("kernel", ["lime", "gaussian", "none"])
@pytest.mark.parametrize("distance", ["cosine", "hidden_fraction", "l2_pixels"])
@pytest.mark.parametrize("sampler", ["balanced", "iid", "paired", "mixed_rate"])
def test_a_linear_model_is_recovered_exactly_under_any_kernel(image, kernel, distance, sampler):
    weights = np.linspace(-0.05, 0.06, SUPERPIXELS)
    spec = replace(EXACT, kernel=kernel, distance=distance, sampler=sampler)
    explained = explain(linear(np.stack([weights, -weights]), 0.3), image, spec).classes
    by_index = {one.index: one for one in explained}
    assert by_index[0].coefficients == pytest.approx(weights, abs=1e-6)
    assert by_index[1].coefficients == pytest.approx(-weights, abs=1e-6)
    assert by_index[0].intercept == pytest.approx(0.3, abs=1e-6)
    assert by_index[0].r2 == pytest.approx(1, abs=1e-9)
    assert by_index[0].r2_holdout == pytest.approx(1, abs=1e-9)
    assert by_index[0].surrogate_output == pytest.approx(by_index[0].model_output, abs=1e-6)


@pytest.mark.parametrize("parts", [1, 2, 3])
def test_and_of_p_superpixels_gives_two_to_the_one_minus_p_inside_and_zero_outside(image, parts):
    masks = all_masks(SUPERPIXELS)
    outputs = masks[:, :parts].all(axis=1).astype(float)[:, None]
    spec = replace(EXACT, kernel="none")
    coefficients = lc.fit(neighborhood_of(outputs, masks, image, spec), spec).classes[0].coefficients
    assert coefficients[:parts] == pytest.approx(2.0 ** (1 - parts), abs=1e-12)
    assert coefficients[parts:] == pytest.approx(0, abs=1e-12)


def test_xor_of_two_superpixels_is_the_blind_spot_of_lime(image):
    masks = all_masks(SUPERPIXELS)
    outputs = (masks[:, 0] ^ masks[:, 1]).astype(float)[:, None]
    spec = replace(EXACT, kernel="none")
    explained = lc.fit(neighborhood_of(outputs, masks, image, spec), spec).classes[0]
    assert explained.coefficients == pytest.approx(0, abs=1e-12)
    assert explained.r2 == pytest.approx(0, abs=1e-12)


def test_a_superpixel_that_the_model_ignores_gets_nothing_and_twins_get_the_same(image):
    def twins(masks):
        return (0.2 + 0.3 * masks[:, 2] * masks[:, 7])[:, None]

    coefficients = explain(twins, image, replace(EXACT, kernel="none")).classes[0].coefficients
    assert coefficients[2] == pytest.approx(coefficients[7], abs=1e-7)
    assert coefficients[2] == pytest.approx(0.15, abs=1e-6)
    assert np.delete(coefficients, [2, 7]) == pytest.approx(0, abs=1e-6)


def test_log_odds_make_a_logistic_model_linear(image):
    weights = np.linspace(-1, 1.5, SUPERPIXELS)

    def logistic(masks):
        return 1 / (1 + np.exp(-(masks @ weights - 0.5)))[:, None]

    explained = explain(logistic, image, replace(EXACT, target="log_odds")).classes[0]
    assert explained.coefficients == pytest.approx(weights, abs=1e-4)
    assert explained.model_output == pytest.approx(weights.sum() - 0.5, abs=1e-4)


def test_log_odds_stop_where_a_probability_says_no_more():
    spec = lc.ExplainSpec()
    outputs = np.array([-1e-4, 1e-6, 1e-4, 0.25, 1 - 1e-5, 1.0001], np.float32)
    targets = target_values(outputs, spec)
    assert targets == pytest.approx([-9.21024, -9.21024, -9.21024, -np.log(3), 9.21024, 9.21024], abs=1e-4)
    # Of two classes, one mirrors the other.
    assert target_values(1 - outputs, spec) == pytest.approx(-targets, abs=1e-3)
    assert as_outputs(targets, spec) == pytest.approx([1e-4, 1e-4, 1e-4, 0.25, 0.9999, 0.9999], abs=1e-7)
    later = replace(spec, log_odds_cut=1e-6)
    assert target_values(outputs, later)[[1, -1]] == pytest.approx([-13.8155, 13.8155], abs=1e-3)
    as_they_are = replace(spec, target="probability")
    assert as_outputs(target_values(outputs, as_they_are), as_they_are) == pytest.approx(outputs)


def test_a_model_without_probabilities_is_refused_log_odds_before_it_is_asked(image):
    asked = []

    def scores(masks):
        asked.append(len(masks))
        return 3 * masks[:, :2] - 1

    classifier = known_answer(scores, image, SPEC)
    with pytest.raises(lc.SpecError, match=r"answers 2\. Use target='probability'"):
        lc.query(image, classifier, replace(SPEC, target="log_odds"))
    assert sum(asked) == 1  # the untouched picture
    neighborhood = lc.query(image, classifier, SPEC)
    assert lc.fit(neighborhood)[0].coefficients[0] == pytest.approx(3, abs=1e-4)
    with pytest.raises(lc.SpecError, match=r"answers -1 to 2"):
        lc.fit(neighborhood, replace(SPEC, target="log_odds"))


@pytest.mark.parametrize("level", [0.5, 0.999, 3e-5])
def test_an_answer_that_varies_by_rounding_only_has_nothing_to_explain(image, level):
    def constant(masks):
        noise = np.random.default_rng(0).choice([-1, 0, 1], len(masks))
        return np.full((len(masks), 1), level) * (1 + 3e-8 * noise[:, None])

    explained = explain(constant, image, replace(SPEC, target="log_odds")).classes[0]
    assert np.isnan(explained.r2)
    assert explained.trust.level == "meaningless"


def test_a_class_that_stays_below_the_smallest_probability_has_nothing_to_explain(image):
    explained = explain(lambda masks: 1e-5 * masks[:, :1], image, replace(SPEC, target="log_odds")).classes[0]
    assert explained.trust.level == "meaningless"
    assert explained.trust.reasons[0] == "The model gives this class no more than 0.0001, whatever is hidden."


def test_the_two_classes_of_a_binary_model_mirror_each_other(image):
    def sides(masks):
        one = 1 / (1 + np.exp(-(masks @ np.linspace(-1, 3, SUPERPIXELS) - 3)))
        return np.stack([one, 1 - one], axis=1)

    explanation = explain(sides, image, replace(SPEC, target="log_odds"))
    assert explanation[0].coefficients == pytest.approx(-explanation[1].coefficients, abs=1e-3)
    assert explanation[0].r2_holdout == pytest.approx(explanation[1].r2_holdout, abs=1e-3)


def test_only_the_explained_classes_need_to_be_probabilities(image):
    def probability_and_age(masks):
        return np.stack([0.2 + 0.5 * masks[:, 0], 37 + masks[:, 1]], axis=1)

    explanation = explain(probability_and_age, image, replace(SPEC, target="log_odds", classes=(0,)))
    assert explanation.top_features(0, 1) == (0,)


def test_scores_that_pass_for_probabilities_at_first_are_refused_at_the_first_batch_that_does_not(image):
    asked = []

    def scores(masks):
        asked.append(len(masks))
        return 0.5 * masks.mean(axis=1, keepdims=True) * (1 - 6 * (1 - masks[:, :1]))

    classifier = known_answer(scores, image, SPEC)
    with pytest.raises(lc.SpecError, match="needs outputs between 0 and 1"):
        lc.query(image, classifier, replace(SPEC, target="log_odds"), batch_size=16)
    assert sum(asked) <= 17


# Distances and kernels


def test_distances_by_their_formulas():
    masks = np.array([[1, 1, 1, 1], [1, 0, 0, 0], [0, 0, 0, 0]], np.uint8)
    energy = np.array([0.1, 0.2, 0.3, 0.04])
    assert distances(masks, energy, "cosine") == pytest.approx([0, 0.5, 1])
    assert distances(masks, energy, "hidden_fraction") == pytest.approx([0, 0.75, 1])
    assert distances(masks, energy, "l2_pixels") == pytest.approx([0, np.sqrt(0.54), np.sqrt(0.64)])
    ones = np.ones((1, 4))
    expected = sklearn.metrics.pairwise_distances(masks[:2], ones, metric="cosine").ravel()
    assert distances(masks[:2], energy, "cosine") == pytest.approx(expected)


def test_kernels_by_their_formulas():
    distance = np.array([0.0, 0.25, 0.5])
    assert kernel_weights(distance, "gaussian", 0.25) == pytest.approx(np.exp([0, -1, -4]))
    assert kernel_weights(distance, "lime", 0.25) == pytest.approx(np.sqrt(np.exp([0, -1, -4])))
    assert kernel_weights(distance, "none", 0.25) == pytest.approx(1)


def test_effective_sample_size_of_equal_and_of_lonely_weights():
    assert effective_sample_size(np.full(40, 0.3)) == pytest.approx(40)
    assert effective_sample_size(np.array([1.0, 0, 0])) == pytest.approx(1)


# The lime package


def lime_package_answer(masks, outputs, label, num_features):
    """Coefficients, intercept, score, order and local prediction of the package for the same masks and outputs."""

    def kernel(distance):
        return np.sqrt(np.exp(-(distance**2) / 0.25**2))

    distance = sklearn.metrics.pairwise_distances(masks, masks[:1], metric="cosine").ravel()
    base = lime_base.LimeBase(kernel, random_state=np.random.RandomState(0))
    return base.explain_instance_with_data(masks, outputs, distance, label, num_features)


@pytest.mark.parametrize("num_features", [1, 4, 6, 7, 12, 100_000])
def test_the_lime_preset_agrees_with_the_lime_package_to_1e_minus_8(image, num_features):
    random = np.random.default_rng(4)
    masks = random.integers(0, 2, (300, SUPERPIXELS), dtype=np.uint8)
    masks[0] = 1
    scores = masks @ random.normal(size=(SUPERPIXELS, 3)) + random.normal(size=(300, 3)) * 0.3
    outputs = (np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)).astype(np.float32)
    spec = replace(lc.preset("lime"), max_features=min(num_features, 1023))
    explanation = lc.fit(neighborhood_of(outputs, masks, image), spec)
    assert [one.index for one in explanation.classes] == list(np.argsort(outputs[0])[::-1])
    for one in explanation.classes:
        expected = lime_package_answer(masks, outputs.astype(np.float64), one.index, num_features)
        intercept, pairs, score, prediction = expected
        coefficients = np.zeros(SUPERPIXELS)
        coefficients[[feature for feature, _ in pairs]] = [weight for _, weight in pairs]
        assert np.abs(one.coefficients - coefficients).max() < 1e-8
        assert abs(one.intercept - intercept) < 1e-8
        assert abs(one.r2 - score) < 1e-8
        assert abs(one.surrogate_output - prediction[0]) < 1e-8
        order = explanation.top_features(one.index, SUPERPIXELS, sign="both")
        assert order == tuple(feature for feature, _ in pairs)


# The other presets against scikit-learn, written out


@pytest.fixture(scope="module")
def curved(image):
    """A model that no linear surrogate fits, asked under each preset's own sampling on a small grid."""
    weights = np.random.default_rng(2).normal(size=(SUPERPIXELS, 4))

    def model(masks):
        scores = np.exp(masks @ weights * 0.6)
        return scores / scores.sum(axis=1, keepdims=True)

    def ask(name):
        spec = replace(lc.preset(name), segmentation=lc.Grid(rows=3, columns=4), samples=200, fill="black")
        return lc.query(image, known_answer(model, image, spec), spec), spec

    return ask


def weighted_fit(model, masks, target, weights):
    model.fit(masks, target, sample_weight=weights)
    return model.coef_, model.intercept_


def test_tutorial_preset_is_weighted_least_squares_under_the_cosine_kernel(curved):
    neighborhood, spec = curved("tutorial")
    distance = 1 - np.sqrt(neighborhood.masks.mean(axis=1))
    weights = np.sqrt(np.exp(-(distance**2) / 0.25**2))
    for one in lc.fit(neighborhood, spec).classes:
        target = neighborhood.outputs[:, one.index].astype(np.float64)
        coefficients, intercept = weighted_fit(LinearRegression(), neighborhood.masks, target, weights)
        assert one.coefficients == pytest.approx(coefficients, abs=1e-9)
        assert one.intercept == pytest.approx(intercept, abs=1e-9)


@pytest.mark.parametrize("name", ["matlab-blog", "matlab-script"])
def test_matlab_presets_are_least_squares_under_a_gaussian_of_the_hidden_fraction(curved, name):
    neighborhood, spec = curved(name)
    weights = np.exp(-((1 - neighborhood.masks.mean(axis=1)) ** 2) / 0.35**2)
    for one in lc.fit(neighborhood, spec).classes:
        target = neighborhood.outputs[:, one.index].astype(np.float64)
        coefficients, intercept = weighted_fit(LinearRegression(), neighborhood.masks, target, weights)
        assert one.coefficients == pytest.approx(coefficients, abs=1e-9)
        assert one.intercept == pytest.approx(intercept, abs=1e-9)


def test_paper_preset_is_k_lasso_under_a_gaussian_of_the_pixel_distance(curved):
    neighborhood, spec = curved("paper")
    spec = replace(spec, max_features=5)
    distance = np.sqrt((1.0 - neighborhood.masks) @ neighborhood.energy)
    weights = np.exp(-(distance**2) / spec.kernel_width**2)
    for one in lc.fit(neighborhood, spec).classes:
        target = neighborhood.outputs[:, one.index].astype(np.float64)
        centred = neighborhood.masks - np.average(neighborhood.masks, axis=0, weights=weights)
        centred_target = target - np.average(target, weights=weights)
        root = np.sqrt(weights)
        path = lars_path(centred * root[:, None], centred_target * root, method="lasso")[2]
        chosen = next(np.flatnonzero(step) for step in path.T[::-1] if np.count_nonzero(step) <= 5)
        coefficients, intercept = weighted_fit(LinearRegression(), neighborhood.masks[:, chosen], target, weights)
        assert one.coefficients[chosen] == pytest.approx(coefficients, abs=1e-9)
        assert np.count_nonzero(one.coefficients) == len(chosen)
        assert one.intercept == pytest.approx(intercept, abs=1e-9)


def test_imagelime_preset_is_the_trees_fall_in_error_over_its_number_of_splits(curved):
    neighborhood, spec = curved("imagelime")
    explanation = lc.fit(neighborhood, spec)
    assert not explanation.signed
    for one in explanation.classes:
        target = neighborhood.outputs[:, one.index].astype(np.float64)
        tree = DecisionTreeRegressor(min_samples_split=10, random_state=0).fit(neighborhood.masks, target).tree_
        importance = np.zeros(SUPERPIXELS)
        splits = [node for node in range(tree.node_count) if tree.children_left[node] >= 0]
        for node in splits:
            left, right = tree.children_left[node], tree.children_right[node]
            risk = tree.impurity * tree.n_node_samples / len(target)
            importance[tree.feature[node]] += risk[node] - risk[left] - risk[right]
        assert one.coefficients == pytest.approx(importance / len(splits), abs=1e-12)
        assert (one.coefficients >= 0).all()
        assert np.isnan(one.std_errors).all()


def test_imagelime_linear_preset_is_an_unweighted_lasso(curved):
    neighborhood, spec = curved("imagelime-linear")
    for one in lc.fit(neighborhood, spec).classes:
        target = neighborhood.outputs[:, one.index].astype(np.float64)
        model = Lasso(alpha=1 / 2048, tol=1e-10, max_iter=100_000).fit(neighborhood.masks, target)
        assert one.coefficients == pytest.approx(model.coef_, abs=1e-6)
        assert one.intercept == pytest.approx(model.intercept_, abs=1e-6)


def test_default_preset_is_a_ridge_with_weights_that_sum_to_one(curved):
    neighborhood, spec = curved("default")
    distance = 1 - np.sqrt(neighborhood.masks.mean(axis=1))
    weights = np.sqrt(np.exp(-(distance**2) / 0.25**2))
    for one in lc.fit(neighborhood, spec).classes:
        outputs = neighborhood.outputs[:, one.index].astype(np.float64)
        coefficients, intercept = weighted_fit(
            Ridge(alpha=spec.alpha), neighborhood.masks, logit(outputs.clip(1e-4, 1)), weights / weights.sum()
        )
        assert one.coefficients == pytest.approx(coefficients, abs=1e-9)
        assert one.intercept == pytest.approx(intercept, abs=1e-9)


# Contract over every surrogate

COMBINATIONS = [
    (surrogate, selection)
    for surrogate in ("ridge", "least_squares", "lasso", "tree")
    for selection in ("none", "auto", "highest_weights", "forward", "lasso_path")
    if surrogate != "tree" or selection == "none"
]


@pytest.mark.parametrize(("surrogate", "selection"), COMBINATIONS)
@pytest.mark.parametrize("target", ["probability", "log_odds"])
def test_every_surrogate_keeps_the_contract(curved, surrogate, selection, target):
    neighborhood, spec = curved("default")
    before = neighborhood.masks.copy(), neighborhood.outputs.copy()
    spec = replace(spec, surrogate=surrogate, selection=selection, target=target, max_features=5, alpha=0.001)
    explanation = lc.fit(neighborhood, spec)
    probabilities = [one.probability for one in explanation.classes]
    assert probabilities == sorted(probabilities, reverse=True)
    for one in explanation.classes:
        assert one.coefficients.shape == one.std_errors.shape == (SUPERPIXELS,)
        assert one.coefficients.dtype == one.std_errors.dtype == np.float64
        assert np.isfinite(one.coefficients).all()
        used = one.coefficients != 0
        assert used.any()
        assert selection == "none" or used.sum() <= 5
        if surrogate != "tree":
            assert (one.std_errors[used] > 0).all()
        assert one.r2 <= 1
        assert -1 < one.r2_holdout <= one.r2
    assert explanation.to_json() == lc.fit(neighborhood, spec).to_json()
    assert np.array_equal(neighborhood.masks, before[0])
    assert np.array_equal(neighborhood.outputs, before[1])


# Error bars


@pytest.mark.parametrize("sampler", ["balanced", "iid", "paired"])
def test_error_bars_match_the_spread_between_seeds(image, sampler):
    weights = np.random.default_rng(8).normal(size=(SUPERPIXELS, 2))

    def model(masks):
        scores = np.exp(masks @ weights * 0.7)
        return scores / scores.sum(axis=1, keepdims=True)

    spec = replace(SPEC, sampler=sampler, samples=192, kernel="none")
    classifier = known_answer(model, image, spec)
    fits = [lc.explain(image, classifier, replace(spec, seed=seed))[0] for seed in range(40)]
    spread = np.std([one.coefficients for one in fits], axis=0, ddof=1)
    stated = np.mean([one.std_errors for one in fits], axis=0)
    assert np.median(stated / spread) == pytest.approx(1, abs=0.3)


def test_contrast_is_the_explanation_of_the_difference(curved):
    neighborhood, spec = curved("default")
    outputs = neighborhood.outputs.copy()
    outputs[:, 3] = outputs[:, 0] - outputs[:, 1]
    changed = replace(neighborhood, outputs=outputs)
    explanation = lc.fit(changed, replace(spec, classes=(0, 1, 3), target="probability"))
    contrast = explanation.contrast(0, 1)
    assert contrast.coefficients == pytest.approx(explanation[3].coefficients, abs=1e-7)
    assert contrast.std_errors == pytest.approx(explanation[3].std_errors, rel=1e-3)


def test_fewer_pairs_than_superpixels_give_infinite_error_bars_instead_of_none(image):
    spec = replace(SPEC, samples=20, alpha=0.001)
    classifier = known_answer(lambda masks: np.random.default_rng(1).random((len(masks), 2)), image, spec)
    explanation = lc.explain(image, classifier, spec)
    for one in explanation.classes:
        assert np.isinf(one.std_errors).all()
        assert not one.sure.any()
        assert np.isnan(one.trust.stability)
    assert np.isinf(explanation.contrast(0, 1).std_errors).all()
    assert lc.Explanation.from_json(explanation.to_json()).to_json() == explanation.to_json()
    assert not explanation.heatmap(0).any()


# What cannot be fitted


def test_fewer_samples_than_superpixels_is_an_error_for_least_squares_and_a_note_for_ridge(image):
    few = replace(SPEC, samples=10)
    classifier = known_answer(linear(np.ones(SUPERPIXELS) / 20), image, few)
    with pytest.raises(lc.SpecError, match="10 samples cannot tell 12 superpixels apart"):
        lc.explain(image, classifier, replace(few, surrogate="least_squares"))
    explanation = lc.explain(image, classifier, replace(few, surrogate="ridge", alpha=0.01))
    assert any("10 samples cannot tell 12 superpixels apart" in note for note in explanation.notes)


def test_a_kernel_too_narrow_for_raw_weights_is_an_error_that_says_so(curved):
    neighborhood, spec = curved("tutorial")
    with pytest.raises(lc.SpecError, match="wider kernel"):
        lc.fit(neighborhood, replace(spec, kernel_width=0.001, normalize_weights=False))


def test_a_narrow_kernel_is_noted_with_the_samples_it_leaves(curved):
    neighborhood, spec = curved("default")
    explanation = lc.fit(neighborhood, replace(spec, kernel_width=0.02))
    assert explanation.effective_sample_size < SUPERPIXELS
    assert any("wider kernel" in note for note in explanation.notes)


def test_r2_of_a_constant_output_is_not_a_number(image):
    explained = explain(lambda masks: np.full((len(masks), 1), 0.25), image, SPEC).classes[0]
    assert np.isnan(explained.r2)
    assert np.isnan(explained.r2_holdout)
    assert explained.coefficients == pytest.approx(0, abs=1e-9)


def test_a_class_index_outside_the_model_is_an_error(curved):
    neighborhood, spec = curved("default")
    with pytest.raises(lc.SpecError, match=r"0\.\.3"):
        lc.fit(neighborhood, replace(spec, classes=(0, 4)))


def test_asked_classes_are_explained_by_falling_probability(curved):
    neighborhood, spec = curved("default")
    explanation = lc.fit(neighborhood, replace(spec, classes=(0, 3, 1)))
    assert {one.index for one in explanation.classes} == {0, 1, 3}
    assert list(explanation.classes) == sorted(explanation.classes, key=lambda one: -one.probability)


def test_fit_keeps_the_query_settings_that_made_the_neighborhood(curved):
    neighborhood, spec = curved("default")
    explanation = lc.fit(neighborhood, lc.preset("lime"))
    assert explanation.spec.sampler == spec.sampler
    assert explanation.spec.segmentation == spec.segmentation
    assert explanation.spec.alpha == 1.0
