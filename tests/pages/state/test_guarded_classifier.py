"""A classifier that asks for leave: what travels to the model stays the same, and a refusal reaches nobody."""

from __future__ import annotations

import numpy as np
import pytest

import lime_core as lc
from lime_core.models import MaskedClassifier
from lime_core.models.differentiable import Gradients
from pages.state.guarded_classifier import guarded

IMAGE = lc.Image(np.random.default_rng(0).integers(0, 256, (20, 30, 3), dtype=np.uint8))
SPEC = lc.ExplainSpec(segmentation=lc.Grid(2, 3), samples=64)


class Masked(lc.CallableClassifier):
    """Hides superpixels by itself, and counts the masks that reach it."""

    masks = 0

    def masked_predictor(self, image, fill, labels):
        def predict(masks):
            self.masks += len(masks)
            return np.stack([masks.mean(axis=1), 1 - masks.mean(axis=1)], axis=1).astype(np.float32)

        return predict


def bright(images: np.ndarray) -> np.ndarray:
    return images.mean(axis=(1, 2)) / 255


@pytest.mark.parametrize("kind", [lc.CallableClassifier, Masked])
def test_answers_pass_through_and_every_picture_is_counted(kind: type) -> None:
    counted = []

    def asking(pictures, question):
        counted.append(pictures)
        return question()

    own = kind(bright, 8, id="mine")
    wrapped = guarded(own, asking)
    assert isinstance(wrapped, MaskedClassifier) == (kind is Masked)
    assert (wrapped.id, wrapped.input_size, wrapped.engine, wrapped.weights_sha256) == (
        "mine",
        (8, 8),
        "callable",
        None,
    )
    through, straight = lc.query(IMAGE, wrapped, SPEC), lc.query(IMAGE, own, SPEC)
    assert np.array_equal(through.outputs, straight.outputs)
    assert through.class_names == straight.class_names
    if kind is Masked:
        assert own.masks == 2 * sum(counted)


class Differentiable(lc.CallableClassifier):
    """Gives gradients by a formula: those of the mean of a picture."""

    gradients_obstacle = None

    def feature_layers(self):
        return (lc.FeatureLayer("last", (2, 2, 3)),)

    def gradients(self, images, classes, objective, *, layer=None):
        one = np.full((len(images), len(classes), *images.shape[1:]), 1 / images[0].size, np.float32)
        return Gradients(bright(images), bright(images)[:, classes].astype(np.float64), one, None)


def test_gradients_pass_through_and_are_asked_for_like_answers() -> None:
    counted = []

    def asking(pictures, question):
        counted.append(pictures)
        return question()

    own = Differentiable(bright, 8, id="mine")
    wrapped = guarded(own, asking)
    images = np.random.default_rng(1).uniform(0, 255, (3, 8, 8, 3)).astype(np.float32)
    through, straight = (each.gradients(images, (2, 0), "output") for each in (wrapped, own))
    assert np.array_equal(through.gradients, straight.gradients)
    assert np.array_equal(through.values, straight.values)
    assert lc.feature_layers(wrapped) == own.feature_layers()
    assert counted == [3, 1]


def test_the_reason_why_there_are_no_gradients_passes_through() -> None:
    own = lc.CallableClassifier(bright, 8)
    wrapped = guarded(own, lambda _, question: question())
    method = lc.METHODS["grad_cam"]
    assert method.obstacle(wrapped) == method.obstacle(own)
    assert method.obstacle(own) is not None
    with pytest.raises(lc.ModelError, match="gradients"):
        wrapped.gradients(np.zeros((1, 8, 8, 3), np.float32), (0,), "output")


def test_a_refusal_ends_the_query_and_the_model_is_not_asked() -> None:
    class RefusedError(Exception):
        pass

    def asking(pictures, question):
        raise RefusedError

    with pytest.raises(RefusedError):
        lc.query(IMAGE, guarded(lc.CallableClassifier(lambda images: pytest.fail("asked"), 8), asking), SPEC)
