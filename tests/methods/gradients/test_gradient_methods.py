"""Methods from inside the network against their formulas, on a network that is written out in NumPy."""

from __future__ import annotations

from dataclasses import replace

import keras
import numpy as np
import pytest
from differentiable_models import (
    COLUMNS,
    FEATURES,
    HEIGHT,
    ROWS,
    WIDTH,
    by_hand,
    classifier,
    in_keras,
    log_odds,
    picture,
)
from own_models import linear_onnx
from skimage import data

import lime_core as lc
from lime_core.methods import method_named
from lime_core.methods.gradients.maps import interpolated
from lime_core.models.differentiable import DifferentiableClassifier

HAND = by_hand(scale=2, seed=9)
PICTURE = lc.Image(picture())  # at the model's own size, so that nothing is resized
LARGE = lc.Image(picture(3, (77, 90)))
GRID = lc.Grid(rows=3, columns=4)
SPEC = lc.ExplainSpec(segmentation=GRID, samples=16, fill="grey", classes=(1, 2, 0))
NAMES = ("grad_cam", "grad_cam_plus_plus", "integrated_gradients", "smooth_grad")

every_method = pytest.mark.parametrize("method", [lc.METHODS[name] for name in NAMES], ids=NAMES)


@pytest.fixture(scope="module")
def model():
    return classifier(HAND)


def scores_of(method, model, spec=SPEC, image=PICTURE):
    attribution = lc.attribute(image, model, method=method, spec=spec)
    return np.stack([attribution[index].scores for index in spec.classes])


def odds_slope(logits, index):
    """Derivatives of the log-odds of a softmax by the logits."""
    others = np.delete(np.exp(logits), index)
    slope = -np.insert(others / others.sum(), index, 0)
    slope[index] = 1
    return slope


# Grad-CAM


def test_grad_cam_is_the_sum_worked_out_by_hand(model):
    maps, logits = HAND.maps(PICTURE.pixels)[0], HAND.logits(PICTURE.pixels)[0]
    scores = scores_of("grad_cam", model)
    assert scores.any(axis=(1, 2)).sum() >= 2
    for row, index in enumerate(SPEC.classes):
        weights = HAND.dense @ odds_slope(logits, index) / (ROWS * COLUMNS)
        expected = interpolated(np.maximum(maps @ weights, 0), (HEIGHT, WIDTH))
        np.testing.assert_allclose(scores[row], expected, rtol=1e-4, atol=1e-5 * expected.max())


def test_grad_cam_plus_plus_is_the_paper_s_formula_place_by_place(model):
    maps, logits = HAND.maps(PICTURE.pixels)[0], HAND.logits(PICTURE.pixels)[0]
    scores = scores_of("grad_cam_plus_plus", model)
    for row, index in enumerate(SPEC.classes):
        expected = np.zeros((ROWS, COLUMNS))
        for feature in range(FEATURES):
            g = float(HAND.dense[feature] @ odds_slope(logits, index)) / (ROWS * COLUMNS)
            alpha = g**2 / (2 * g**2 + maps[..., feature].sum() * g**3)
            weight = sum(alpha * max(g, 0) for _ in range(ROWS * COLUMNS))
            expected += weight * maps[..., feature]
        expected = interpolated(np.maximum(expected, 0), (HEIGHT, WIDTH))
        np.testing.assert_allclose(scores[row], expected, rtol=1e-4, atol=1e-5 * expected.max())


# Figures of Xplique 2.0.2 (GradCAM and IntegratedGradients with reducer None, 16 steps, baseline 128) on the network
# `in_keras(by_hand(), None)` and `picture()`, for its second output; of every second row and third column of the map,
# and of every seventh row and ninth column of the sum over the colours.
XPLIQUE_CAM = [[0.1417792, 0.3725219, 0.5570131], [0.2760524, 0.4418443, 0.5422257], [0.2040085, 0.4210016, 0.5917699]]
XPLIQUE_INTEGRATED = [
    [-0.0006513, -0.0133292, 0.0223633, 0.0038693],
    [0.0298455, -0.0022705, -0.0028918, -0.0017289],
    [0.003358, -0.0094903, 0.0020968, 0.0438648],
    [-0.0417117, 0.0050384, -0.0030241, 0.0127991],
]


def test_xplique_finds_the_same():
    model = classifier(by_hand(), None, outputs="values")
    spec = replace(SPEC, classes=(1,))
    integrated = scores_of("integrated_gradients", model, spec)[0]
    np.testing.assert_allclose(integrated[::7, ::9], XPLIQUE_INTEGRATED, atol=1e-6)
    result = model.gradients(PICTURE.pixels[None].astype(np.float32), [1], "output", layer="conv")
    weights = lc.GradCam().weights(result.maps[0].astype(np.float64), result.gradients[0].astype(np.float64))
    np.testing.assert_allclose(np.maximum(result.maps[0] @ weights[0], 0)[::2, ::3], XPLIQUE_CAM, atol=1e-6)


def test_another_layer_can_be_chosen_and_is_named_in_the_result(model):
    chosen = lc.attribute(PICTURE, model, method=lc.GradCam(layer="scaling"), spec=SPEC)
    usual = lc.attribute(PICTURE, model, method="grad_cam", spec=SPEC)
    assert chosen.notes[0] == "The map is that of the layer 'scaling': 24×32, 3 channels."
    assert usual.notes[0] == "The map is that of the layer 'conv': 6×8, 6 channels."
    assert "'scaling'" in chosen.to_json()
    result = model.gradients(PICTURE.pixels[None].astype(np.float32), [1], "log_odds", layer="scaling")
    weights = result.gradients[0, 0].astype(np.float64).mean(axis=(0, 1))
    np.testing.assert_allclose(chosen[1].scores, np.maximum(PICTURE.pixels / 255 @ weights, 0), rtol=1e-4, atol=1e-7)
    assert not np.allclose(chosen[1].scores, usual[1].scores)


def test_a_layer_is_chosen_by_name_of_the_methods_that_have_one_only(model):
    assert method_named("grad_cam", layer="conv") == lc.GradCam(layer="conv")
    assert method_named("grad_cam_plus_plus", layer="conv") == lc.GradCamPlusPlus(layer="conv")
    assert method_named("grad_cam").layer is None
    with pytest.raises(lc.SpecError, match="grad_cam and grad_cam_plus_plus only; the method is 'lime'"):
        method_named("lime", layer="conv")
    with pytest.raises(lc.ModelError, match="no layer 'conv9' with maps; those with maps are: scaling, conv"):
        lc.attribute(PICTURE, model, method=lc.GradCam(layer="conv9"), spec=SPEC)


@pytest.mark.slow
def test_a_transfer_model_is_explained_as_the_same_network_written_flat():
    keras.utils.set_random_seed(0)
    base = keras.applications.MobileNetV2((96, 96, 3), alpha=0.35, include_top=False, weights=None)
    pool, top = keras.layers.GlobalAveragePooling2D(), keras.layers.Dense(3, activation="softmax")
    inputs = keras.Input((96, 96, 3))
    nested = keras.Model(inputs, top(keras.layers.Dropout(0.5)(pool(base(inputs, training=False)))))
    flat = keras.Model(base.inputs, top(pool(base.output)))
    spec = replace(SPEC, classes=(0, 2))
    images = lc.Image(picture(1, (96, 96)))
    results = [
        lc.attribute(images, lc.KerasClassifier(each, id="own", engine="tensorflow", preprocessing="tf"),
                     method="grad_cam", spec=spec)
        for each in (nested, flat)
    ]  # fmt: skip
    assert "'mobilenetv2_0.35_96/out_relu': 3×3" in results[0].notes[0]
    assert "'out_relu': 3×3" in results[1].notes[0]
    for item, other in zip(results[0].classes, results[1].classes, strict=True):
        assert other.scores.max() > 0
        np.testing.assert_allclose(item.scores, other.scores, rtol=1e-4, atol=1e-4 * other.scores.max())


# Integrated Gradients


def flat_classifier(**settings):
    inputs = keras.Input((HEIGHT, WIDTH, 3))
    outputs = keras.layers.Dense(2, name="dense")(keras.layers.Flatten()(inputs))
    model = keras.Model(inputs, outputs)
    weights = np.random.default_rng(2).normal(0, 1e-3, (HEIGHT * WIDTH * 3, 2))
    model.get_layer("dense").set_weights([weights, np.array([0.3, -0.3])])
    return lc.KerasClassifier(model, id="linear", **settings), weights.reshape(HEIGHT, WIDTH, 3, 2)


@pytest.mark.parametrize("fill", ["black", "blur", "image_mean", "noise"])
@pytest.mark.parametrize("samples", [2, 7, 500])
def test_of_a_linear_model_integrated_gradients_are_weights_times_differences(fill, samples):
    model, weights = flat_classifier(outputs="values")
    spec = replace(SPEC, fill=fill, samples=samples, classes=(0, 1), seed=5)
    scene = lc.prepare(PICTURE, (HEIGHT, WIDTH), spec)
    difference = scene.pixels.astype(np.float64) - scene.fill
    expected = np.einsum("hwc,hwck->khw", difference, weights)
    np.testing.assert_allclose(scores_of("integrated_gradients", model, spec), expected, atol=1e-6)


@pytest.mark.parametrize("image", [PICTURE, LARGE, lc.Image(picture(4, (11, 20)))], ids=["same", "larger", "smaller"])
def test_scores_sum_to_the_rise_of_the_log_odds_at_any_viewing_size(model, image):
    spec = replace(SPEC, samples=64, fill="black")
    scene = lc.prepare(image, (HEIGHT, WIDTH), spec)
    rise = (log_odds(HAND.logits(scene.pixels)) - log_odds(HAND.logits(scene.fill)))[0]
    attribution = lc.attribute(image, model, method="integrated_gradients", spec=spec)
    assert attribution.signed
    for item in attribution.classes:
        assert item.scores.shape == image.pixels.shape[:2]
        assert item.scores.sum() == pytest.approx(rise[item.index], rel=0.02, abs=0.02)
    assert not [note for note in attribution.notes if "steps" in note]


def test_it_is_said_where_steps_are_too_few_for_the_sum(model):
    wild = classifier(by_hand(scale=80))
    attribution = lc.attribute(
        PICTURE, wild, method="integrated_gradients", spec=replace(SPEC, samples=2, fill="black")
    )
    assert "With 2 steps the scores of a class sum to" in attribution.notes[0]
    assert attribution.notes[0].endswith("More samples help, up to 64.")


# SmoothGrad


def test_without_noise_it_is_the_gradient(model):
    scores = scores_of(lc.SmoothGrad(noise=0), model)
    logits = HAND.logits(PICTURE.pixels)[0]
    active = HAND.maps(PICTURE.pixels)[0] > 0
    kernel = HAND.kernel.reshape(4, 4, 3, FEATURES) / 255 / (ROWS * COLUMNS)
    for row, index in enumerate(SPEC.classes):
        weights = HAND.dense @ odds_slope(logits, index)
        blocks = np.einsum("ijcf,rsf,f->risjc", kernel, active.astype(float), weights)
        expected = np.abs(blocks.reshape(HEIGHT, WIDTH, 3)).max(axis=-1)
        np.testing.assert_allclose(scores[row], expected, rtol=1e-3, atol=1e-4 * expected.max())


def test_with_noise_it_is_the_mean_gradient_of_noisy_pictures(model):
    """The expectation over the noise, from many more pictures of another seed; the sign goes after the mean."""
    noise = 0.15 * np.ptp(PICTURE.pixels)
    pictures = PICTURE.pixels + np.random.default_rng(77).normal(0, noise, (600, HEIGHT, WIDTH, 3))
    slopes = [
        model.gradients(part.astype(np.float32), [0], "log_odds").gradients[:, 0] for part in np.split(pictures, 10)
    ]
    mean = np.concatenate(slopes).astype(np.float64).mean(axis=0)
    scores = scores_of("smooth_grad", model, replace(SPEC, samples=5000, classes=(0,)))[0]
    expected = np.abs(mean).max(axis=-1)
    assert np.abs(scores - expected).mean() < 0.1 * expected.mean()
    without = scores_of(lc.SmoothGrad(noise=0), model, replace(SPEC, classes=(0,)))[0]
    assert np.abs(without - expected).mean() > 0.2 * expected.mean()


def test_of_a_linear_model_it_is_the_largest_weight_of_the_colours_whatever_the_noise():
    model, weights = flat_classifier(outputs="values")
    scores = scores_of(lc.SmoothGrad(noise=0.7), model, replace(SPEC, classes=(0, 1)))
    np.testing.assert_allclose(scores, np.abs(weights).max(axis=2).transpose(2, 0, 1), rtol=1e-4)


def test_the_seed_decides_the_noise_and_nothing_else(model):
    first, again, other = (scores_of("smooth_grad", model, replace(SPEC, seed=seed)) for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.allclose(first, other)
    for name in NAMES[:3]:
        assert np.array_equal(*(scores_of(name, model, replace(SPEC, seed=seed)) for seed in (1, 2)))


@pytest.mark.parametrize("noise", [-0.1, 1.5, float("nan")])
def test_noise_outside_its_range_is_refused(noise):
    with pytest.raises(lc.SpecError, match=r"noise must be in 0\.\.1"):
        lc.SmoothGrad(noise=noise)


# What holds for all of them


@every_method
def test_shapes_units_and_where_they_came_from(method, model):
    assert isinstance(model, DifferentiableClassifier)
    attribution = lc.attribute(LARGE, model, method=method.name, spec=replace(SPEC, classes=None, top_classes=3))
    assert attribution.method == method.name
    assert attribution.unit.startswith("log-odds ")
    assert attribution.signed == (method.name == "integrated_gradients")
    assert attribution.provenance.engine == "tensorflow"
    assert attribution.provenance.weights_sha256 == model.weights_sha256
    assert attribution.superpixels == 12
    expected = model.predict(lc.prepare(LARGE, (HEIGHT, WIDTH), SPEC).pixels[None])[0]
    assert [item.index for item in attribution.classes] == np.argsort(-expected)[:3].tolist()
    for item in attribution.classes:
        assert item.output == pytest.approx(expected[item.index], abs=1e-6)
        assert item.scores.shape == (77, 90)
        assert item.scores.dtype == np.float64
        assert np.isfinite(item.scores).all()
        assert attribution.signed or item.scores.min() >= 0
        assert item.std_errors is None
        assert item.trust.level == "usable"
        means = [item.scores[attribution.segments == s].mean() for s in range(12)]
        np.testing.assert_allclose(attribution.scores(item.index), means, rtol=1e-9)
    back = lc.Attribution.from_json(attribution.to_json())
    assert np.array_equal(back.classes[0].scores, attribution.classes[0].scores)
    assert (back.notes, back.unit) == (attribution.notes, attribution.unit)


@every_method
@pytest.mark.parametrize("samples", [2, 5, 1000])
def test_calls_are_counted_and_kept_to_what_was_planned(method, model, samples):
    spec, reports = replace(SPEC, samples=samples), []
    attribution = method.attribute(PICTURE, model, spec, on_progress=lambda *given: reports.append(given))
    planned = method.planned_calls(spec, 12)
    assert attribution.calls == planned <= max(samples, 2) + 2
    done, totals = zip(*reports, strict=True)
    assert set(totals) == {planned}
    assert list(done) == sorted(set(done))
    assert done[-1] == planned


@every_method
def test_the_picture_the_model_and_the_settings_are_left_as_they_are(method):
    network = in_keras(HAND)
    model = lc.KerasClassifier(network, id="own", engine="tensorflow")
    pixels, weights, spec = PICTURE.pixels.copy(), network.get_weights(), SPEC.to_dict()
    method.attribute(PICTURE, model, SPEC)
    assert np.array_equal(PICTURE.pixels, pixels)
    assert all(map(np.array_equal, network.get_weights(), weights))
    assert SPEC.to_dict() == spec


@every_method
def test_it_stops_where_progress_raises(method, model):
    class StoppedError(Exception):
        pass

    def stop(done, total):
        if done > 1:
            raise StoppedError

    with pytest.raises(StoppedError):
        method.attribute(PICTURE, model, SPEC, on_progress=stop)


@every_method
def test_the_target_decides_what_is_differentiated(method, model):
    odds = scores_of(method, model, replace(SPEC, classes=(1,)))[0]
    attribution = lc.attribute(PICTURE, model, method=method, spec=replace(SPEC, classes=(1,), target="probability"))
    assert attribution.unit.startswith("probability ")
    assert not np.allclose(odds, attribution[1].scores, rtol=0.01)
    if method.name == "grad_cam":  # it is linear in the derivatives, and dp = p(1 − p) d(log-odds)
        p = float(model.predict(PICTURE.pixels[None])[0, 1])
        expected = odds * p * (1 - p)
        np.testing.assert_allclose(attribution[1].scores, expected, rtol=1e-3, atol=1e-4 * expected.max())


@every_method
def test_a_regression_is_explained_in_its_own_unit(method):
    attribution = lc.attribute(PICTURE, classifier(HAND, None, outputs="values"), method=method, spec=SPEC)
    assert attribution.unit.startswith("output ")
    assert "explained as they are (target 'probability')" in " ".join(attribution.notes)
    assert attribution.spec.target.name == "probability"


@every_method
def test_one_sigmoid_is_explained_for_both_of_its_classes(method):
    model = classifier(by_hand(classes=1, scale=1), "sigmoid", class_names=["cat", "dog"])
    attribution = lc.attribute(PICTURE, model, method=method, spec=replace(SPEC, classes=None))
    assert {item.name for item in attribution.classes} == {"cat", "dog"}
    if method.name == "integrated_gradients":
        np.testing.assert_allclose(attribution[0].scores, -attribution[1].scores, atol=1e-9)


@every_method
@pytest.mark.parametrize("classes", [(5,), (0, 99)])
def test_classes_that_the_model_does_not_have_are_refused(method, model, classes):
    with pytest.raises(lc.SpecError, match=r"classes must be in 0\.\.4"):
        method.attribute(PICTURE, model, replace(SPEC, classes=classes))


@every_method
def test_a_model_on_openvino_is_differentiated_in_keras(method, model):
    fast = classifier(HAND, engine="openvino")
    assert fast.engine == "openvino"
    result, expected = (lc.attribute(PICTURE, each, method=method, spec=SPEC) for each in (fast, model))
    assert result.provenance.engine == "tensorflow"
    for item, other in zip(result.classes, expected.classes, strict=True):
        np.testing.assert_allclose(item.scores, other.scores, rtol=1e-4, atol=1e-7)


@every_method
@pytest.mark.parametrize("engine", ["openvino", "openvino-bf16"])
def test_a_keras_model_that_was_trained_further_is_not_taken_for_the_classifier(method, engine, monkeypatch):
    network = in_keras(HAND)
    model = lc.KerasClassifier(network, id="own", engine="openvino")
    monkeypatch.setattr(type(model), "engine", engine)  # some processors do not compute in bf16
    network.get_layer("scores").set_weights([-HAND.dense, np.zeros(5)])
    with pytest.raises(lc.ModelError, match="would explain another model"):
        method.attribute(PICTURE, model, SPEC)


@every_method
def test_a_function_is_refused_with_the_reason(method):
    function = lc.CallableClassifier(lambda images: np.full((len(images), 2), 0.5), 20, outputs="probabilities")
    reason = method.obstacle(function)
    assert "servers and functions do not give" in reason
    with pytest.raises(lc.ModelError, match="servers and functions do not give"):
        method.attribute(PICTURE, function, SPEC)


def test_a_model_file_is_refused_with_the_reason(tmp_path):
    path = tmp_path / "own.onnx"
    path.write_bytes(linear_onnx())
    model = lc.load_classifier(path, preprocessing="none")
    assert "runs on OpenVINO, which gives no gradients" in lc.METHODS["grad_cam"].obstacle(model)
    with pytest.raises(lc.ModelError, match="runs on OpenVINO, which gives no gradients"):
        lc.attribute(PICTURE, model, method="smooth_grad", spec=SPEC)


def test_a_map_without_anything_on_it_is_said_to_be_empty():
    against = by_hand(scale=2)
    against.dense[:, 1:] = np.abs(against.dense[:, 1:]) + 3
    against.dense[:, 0] = -np.abs(against.dense[:, 0])
    attribution = lc.attribute(PICTURE, classifier(against), method="grad_cam", spec=replace(SPEC, classes=(0,)))
    assert not attribution[0].scores.any()
    assert "The scores of class 0 are 0 everywhere." in attribution.notes


def test_a_target_of_the_user_s_own_is_refused():
    class Squared(lc.targets.Probability):
        name = "squared"

    with pytest.raises(lc.SpecError, match="'log_odds' or 'probability'"):
        lc.METHODS["grad_cam"].attribute(PICTURE, classifier(HAND), replace(SPEC, target=Squared()))


# The built-in model


def test_the_built_in_model_is_differentiated_though_it_runs_on_openvino(lite0):
    spec = lc.ExplainSpec(top_classes=1)
    attribution = lc.attribute(data.chelsea(), lite0, method="grad_cam", spec=spec)
    assert attribution.classes[0].name == "Egyptian cat"
    assert "'_conv_head_relu': 7×7, 1280 channels" in attribution.notes[0]
    height, width = attribution.segments.shape
    rows, columns = np.unravel_index(np.argmax(attribution.classes[0].scores), (height, width))
    assert height * 0.2 < rows < height * 0.8  # its face, in the middle
    assert width * 0.3 < columns < width * 0.8
