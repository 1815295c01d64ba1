"""Evidence and facts made by hand, solid in every respect, of which a test changes one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from known_answers import TWELVE, all_masks

import lime_core as lc
from lime_core.explanation.verdict import CLEAR_INTERACTION, Interaction
from lime_core.judge.evidence import Evidence, FitFacts
from lime_core.judge.finding import Finding
from lime_core.judge.rules import find_weaknesses

SUPERPIXELS = 4
SPEC = lc.ExplainSpec(segmentation=TWELVE, samples=16, fill="black", target="probability")
LOG_ODDS = replace(SPEC, target="log_odds")
OUTPUTS = (all_masks(SUPERPIXELS) @ np.array([0.2, 0.1, 0.1, 0.05])).astype(np.float32)
CLEAR = Interaction(a=1, b=3, effect=0.2, r2=0.95, t=9.0, chance=CLEAR_INTERACTION)
UNCLEAR = replace(CLEAR, chance=CLEAR_INTERACTION * 1.01)
SOLID = FitFacts(
    pairs=16,
    effective_samples=16.0,
    typical_distance=0.3,
    r2=0.9,
    r2_holdout=0.9,
    r2_holdout_error=0.01,
    model_output=0.45,
    surrogate_output=0.45,
    gap=0.0,
    top_k_frequency=np.ones(SUPERPIXELS),
    stability=1.0,
    certain=None,
    nonlinear_share=0.0,
    interaction=None,
)


def evidence(**changes: Any) -> Evidence:
    """Solid evidence with some of its facts changed; those of the fit are named alike."""
    of_fit = {name: changes.pop(name) for name in list(changes) if name in FitFacts.__dataclass_fields__}
    outputs = np.asarray(changes.pop("outputs", OUTPUTS), np.float32)
    facts = {
        "spec": SPEC,
        "top_k": 3,
        "superpixels": SUPERPIXELS,
        "sure": np.ones(SUPERPIXELS, bool),
        "largest_superpixel": 0.25,
        "outputs": outputs,
        "targets": outputs.astype(np.float64),
        "fit": replace(SOLID, **of_fit),
        "outputs_are": "probabilities",
        "largest_change": 0.5,
    }
    return Evidence(**(facts | changes))


def finding(**changes: Any) -> Finding | None:
    """The one weakness of solid evidence with some facts changed, or None."""
    weaknesses = find_weaknesses(evidence(**changes))
    assert len(weaknesses) <= 1, weaknesses
    return weaknesses[0] if weaknesses else None


def level(**changes: Any) -> str | None:
    found = finding(**changes)
    return None if found is None else found.level
