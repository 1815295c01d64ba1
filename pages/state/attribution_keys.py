"""What the scores of an attribution depend on, as keys of the cache."""

from __future__ import annotations

import lime_core as lc
from lime_core.answers.origin import Provenance
from lime_core.settings.spec import QUERY_STAGES
from pages.state.cache import digest


def attribution_key(attribution: lc.Attribution) -> str:
    """Return a digest of all that an attribution's scores depend on: equal for any K and however it is drawn."""
    return fit_key(attribution.method, attribution.provenance, attribution.spec)


def fit_key(method: str, about: Provenance, spec: lc.ExplainSpec) -> str:
    """Return the same digest for what a method is to make of answers from there."""
    model = (about.model, str(about.weights_sha256), str(about.identity), about.engine)
    return digest("fit", method, about.image_sha256, *model, spec.digest(*QUERY_STAGES, "fit"))
