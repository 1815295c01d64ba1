"""What the settings ask for: which methods, on which class; what the model does not allow, and what costs nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import lime_core as lc
from lime_core.answers.classes import chosen_classes
from lime_core.methods import asks_the_same
from pages.state.methods_job import MethodsOrder
from pages.state.question import Question
from pages.state.server import server
from pages.state.session import Session
from pages.state.settings import Settings
from pages.widgets.class_choice import existing_classes


def explained_classes(state: Session) -> dict[int, str]:
    """Return the classes that may be chosen, with their names, the most probable first; none before any answers."""
    result, question, job = state.result, state.settings.question, state.methods.latest
    if question is None:
        return {}
    if result is not None and result.question.model == question.model:
        answers = result.neighborhood
        spec = replace(question.spec, classes=existing_classes(len(answers.class_names)))
        return {index: answers.class_names[index] for index in chosen_classes(answers.original_outputs, spec)}
    if job is not None and job.comparison is not None and job.question.model == question.model:
        return {item.index: item.name for method in job.comparison.methods[:1] for item in method.classes}
    return {}


def order_of(
    settings: Settings, methods: tuple[str, ...], names: Mapping[int, str], layer: str | None = None
) -> MethodsOrder | None:
    """Return what is to be compared, on the class in focus or else the first one; None without a picture.

    Parameters
    ----------
    settings : Settings
        The user's settings.
    methods : tuple of str
        The chosen methods.
    names : mapping of int to str
        The classes that may be chosen; empty before the model has answered.
    layer : str, optional
        The layer of Grad-CAM.
    """
    if settings.picture is None:
        return None
    if names:
        focus = settings.focus
        classes: tuple[int, ...] | None = (focus if focus is not None and focus in names else next(iter(names)),)
    else:
        classes = settings.spec.classes and settings.spec.classes[:1]
    spec = replace(settings.spec, classes=classes, top_classes=1, early_stop=False)
    question = Question(settings.picture.image, settings.picture.title, settings.model, spec)
    return MethodsOrder(question, methods, layer)


def obstacles(model: str) -> dict[str, str]:
    """Return the methods that a model does not allow, each with the reason; none while it is not loaded."""
    classifier = server().models.classifier(model)
    if classifier is None:
        return {}
    reasons = {name: method.obstacle(classifier) for name, method in lc.METHODS.items()}
    return {name: reason for name, reason in reasons.items() if reason is not None}


def at_no_cost(name: str, spec: lc.ExplainSpec) -> bool:
    """Return whether a method makes use of LIME's answers, so that beside LIME it asks the model nothing."""
    return name != "lime" and asks_the_same(lc.METHODS[name], spec)
