"""The outcome of trials: as one document for JSON, and as a short text for people."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from typing import Any

from lime_core.explanation.attribution import Attribution
from lime_core.explanation.class_attribution import ClassAttribution
from lime_core.trials.curves import Curves
from lime_core.trials.reality import Answer, RealityCheck
from lime_core.trials.repeat import Repeat
from lime_core.trials.sanity import SanityCheck
from lime_core.trials.shared import to_json_ready
from lime_core.trials.suite import Failed
from lime_core.trials.what_if import WhatIf


def trust_document(attribution: Attribution, class_index: int, results: Mapping[str, Any]) -> dict[str, Any]:
    """Return the verdict, the trials' results and the attribution of a class as plain values for JSON.

    The verdict is that of the attribution; `with_trials` takes the results into it.

    Scores, the gap and the effect of a pair are in ``units.explanation``; what the trials say of the model and the
    surrogate is in ``units.trials``.
    """
    item = attribution[class_index]
    return {
        "class": {"index": item.index, "name": item.name},
        "method": attribution.method,
        "units": {"explanation": attribution.unit, "trials": "model output"},
        "verdict": item.trust.to_dict(),
        "trials": to_json_ready(results),
        "explanation": json.loads(attribution.to_json()),
    }


def trust_summary(item: ClassAttribution, results: Mapping[str, Any]) -> str:
    """Return the verdict and the trials' main numbers as a short text for people."""
    trust = item.trust
    lines = [f"{item.name}: {trust.level}", *(f"  {reason}" for reason in trust.reasons)]
    lines += [f"  Advice: {trust.advice}"] if trust.advice else []
    for name, result in results.items():
        if isinstance(result, Failed):
            lines.append(f"  {name} could not be done: {result.error}")
        else:
            lines.append(_LINES[type(result)](result))
    lines += [f"  {sentence}" for sentence in trust.trials_in_words]
    return "\n".join(lines)


def _reality_lines(check: RealityCheck) -> str:
    def line(what: str, answer: Answer) -> str:
        surrogate = "" if math.isnan(answer.surrogate) else f", surrogate {answer.surrogate:.2f}"
        return (
            f"  {what}: model {answer.model:.2f}{surrogate}, "
            f"as many at random {answer.random_mean:.2f} ({answer.random_low:.2f}..{answer.random_high:.2f})"
        )

    count = len(check.features)
    return "\n".join(
        [line(f"only the {count} strongest shown", check.kept), line(f"the {count} strongest hidden", check.removed)]
    )


def _curve_lines(result: Curves) -> str:
    return (
        f"  area under the output: deletion {result.deletion_area:.3f}, insertion {result.insertion_area:.3f}, "
        f"random order {result.random_area:.3f}; fill {result.fill}, {result.step} superpixels a step"
    )


def _repeat_lines(all_classes: tuple[Repeat, ...]) -> str:
    result = all_classes[0]
    return (
        f"  {len(result.seeds)} seeds: Jaccard {result.jaccard:.2f}, Kendall's tau {result.kendall_tau:.2f}, "
        f"VSI {result.vsi:.2f}, CSI {result.csi:.2f} (1 = the same every time)"
    )


def _what_if_lines(result: WhatIf) -> str:
    stay = ", ".join(str(result.base.id_of(feature)) for feature in result.survivors) or "none"
    flip = ", ".join(str(result.base.id_of(feature)) for feature in result.flips) or "none"
    return (
        f"  {len(result.variants)} other settings: superpixels that stay among the strongest in all: {stay}; "
        f"superpixels that change their sign in some: {flip}"
    )


def _sanity_lines(check: SanityCheck) -> str:
    outcome = "changes, as it should" if check.passed else "hardly changes, which it should not"
    agreement = check.steps[-1].agreement
    return f"  with re-initialised weights the explanation {outcome} (rank correlation {agreement:.2f})"


_LINES: Mapping[type, Callable[[Any], str]] = {
    RealityCheck: _reality_lines,
    Curves: _curve_lines,
    tuple: _repeat_lines,
    WhatIf: _what_if_lines,
    SanityCheck: _sanity_lines,
}
