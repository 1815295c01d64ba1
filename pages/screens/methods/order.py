"""What the settings ask for: which methods, on which class; what the model does not allow, and what costs nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import lime_core as lc
from lime_core.answers.classes import chosen_classes
from lime_core.trials.question_groups import grouped
from pages.state.methods_job import MethodsOrder
from pages.state.question import Question
from pages.state.server import server
from pages.state.session import Session
from pages.state.settings import Settings


def explained_classes(state: Session) -> dict[int, str]:
    """Return the classes of the present picture and model that may be chosen, with their names; none before answers."""
    result, question = state.result, state.settings.question
    if result is None or question is None or result.question.model != question.model:
        return {}
    answers = result.neighborhood
    return {index: answers.class_names[index] for index in chosen_classes(answers.original_outputs, question.spec)}


def order_of(settings: Settings, methods: tuple[str, ...], names: Mapping[int, str]) -> MethodsOrder | None:
    """Return what is to be compared, on the class in focus or else the model's first; None without a picture.

    Parameters
    ----------
    settings : Settings
        The user's settings.
    methods : tuple of str
        The chosen methods.
    names : mapping of int to str
        The classes that may be chosen; empty before the model has answered.
    """
    if settings.picture is None:
        return None
    if names:
        focus = settings.focus
        index = focus if focus is not None and focus in names else next(iter(names))
        spec = replace(settings.spec, classes=(index,))
    else:
        spec = replace(settings.spec, top_classes=1) if settings.spec.classes is None else settings.spec
    spec = replace(spec, early_stop=False)
    return MethodsOrder(Question(settings.picture.image, settings.picture.title, settings.model, spec), methods)


def obstacles(model: str) -> dict[str, str]:
    """Return the methods that a model does not allow, each with the reason; none while it is not loaded."""
    classifier = server().models.classifier(model)
    if classifier is None:
        return {}
    reasons = {name: method.obstacle(classifier) for name, method in lc.METHODS.items()}
    return {name: reason for name, reason in reasons.items() if reason is not None}


def at_no_cost(name: str, spec: lc.ExplainSpec) -> bool:
    """Return whether a method makes use of LIME's answers, so that beside LIME it asks the model nothing."""
    return name != "lime" and len(grouped([lc.METHODS["lime"], lc.METHODS[name]], spec, (spec.seed,), 2)) == 1
