"""Further questions to the model that test an explanation.

Each trial is a pure function with a frozen result; `to_json_ready` turns any of them into plain values.
"""

from lime_core.explanation.agreement import jaccard
from lime_core.trials.curves import Curves, area, curves
from lime_core.trials.reality import Answer, RealityCheck, reality_check
from lime_core.trials.repeat import Repeat, agreement, repeat
from lime_core.trials.sanity import SanityCheck, SanityStep, sanity_check
from lime_core.trials.shared import to_json_ready
from lime_core.trials.weighing import finding_of, weighed, with_trials
from lime_core.trials.what_if import Variant, WhatIf, usual_variants, what_if

__all__ = [
    "Answer",
    "Curves",
    "RealityCheck",
    "Repeat",
    "SanityCheck",
    "SanityStep",
    "Variant",
    "WhatIf",
    "agreement",
    "area",
    "curves",
    "finding_of",
    "jaccard",
    "reality_check",
    "repeat",
    "sanity_check",
    "to_json_ready",
    "usual_variants",
    "weighed",
    "what_if",
    "with_trials",
]
