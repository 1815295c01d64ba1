"""What is explained: which classes, and in which target."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from lime_core.errors import SpecError
from lime_core.models.outputs import Meaning
from lime_core.settings.spec import ExplainSpec
from lime_core.surrogates.targets import Probability

NOT_PROBABILITIES = "The outputs are no probabilities, so they are explained as they are (target 'probability')."


def explainable(spec: ExplainSpec, outputs_are: Meaning) -> ExplainSpec:
    """Return a spec with a target that such outputs have: values are explained as they are."""
    return replace(spec, target=Probability()) if outputs_are == "values" else spec


def chosen_classes(original_outputs: NDArray[np.float32], spec: ExplainSpec) -> list[int]:
    """Return the indices of the classes that a spec asks for, by falling output for the unmodified picture.

    Raises
    ------
    SpecError
        When an index is outside the model's classes.
    """
    by_falling_output = np.argsort(-original_outputs, kind="stable")
    if spec.classes is None:
        return [int(index) for index in by_falling_output[: spec.top_classes]]
    count = len(original_outputs)
    outside = [index for index in spec.classes if index >= count]
    if outside:
        raise SpecError(f"classes must be in 0..{count - 1} for this model; got {outside}.")
    wanted = set(spec.classes)
    return [int(index) for index in by_falling_output if index in wanted]
