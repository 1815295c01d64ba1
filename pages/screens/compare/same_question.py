"""The same question to several models, and their answers made comparable."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

import lime_core as lc
from lime_core.answers.classes import chosen_classes
from lime_core.answers.neighborhood import first_samples
from pages.state.question import Question
from pages.state.settings import Settings


def questions(settings: Settings) -> list[Question]:
    """Return the question to each model, the sidebar's first: the same but for the model.

    The picture is always cut at viewing size: cut at the models' own sizes, the superpixels would differ. Precision is
    always f32, so that only the models differ. Models are compared with LIME, whose error bars a difference needs.
    """
    if settings.picture is None:
        return []
    spec = replace(settings.spec, resolution="viewing")
    models = (settings.model, *(settings.others or ()))
    return [Question(settings.picture.image, settings.picture.title, model, spec) for model in models]


def on_the_same_masks(answers: list[lc.Neighborhood]) -> list[lc.Neighborhood]:
    """Return the samples that all models have answered.

    Raises
    ------
    LimeError
        When they were asked about different masks.
    """
    common = min(answer.samples for answer in answers)
    cut = [first_samples(answer, common) for answer in answers]
    if not all(np.array_equal(answer.masks, cut[0].masks) for answer in cut):
        raise lc.LimeError("The models were asked about different masks; press Compare to ask them anew.")
    return cut


def have_the_same_classes(answers: list[lc.Neighborhood]) -> bool:
    """Return whether all models answer in the same classes, in the same order."""
    return all(answer.class_names == answers[0].class_names for answer in answers)


def all_classes(answers: list[lc.Neighborhood], spec: lc.ExplainSpec) -> tuple[int, ...]:
    """Return what any of the models would explain, the most probable of any first; they have the same classes."""
    best: dict[int, float] = {}
    for answer in answers:
        for index in chosen_classes(answer.original_outputs, spec):
            best[index] = max(best.get(index, 0.0), float(answer.original_outputs[index]))
    return tuple(sorted(best, key=lambda index: -best[index]))
