"""What experiments have shown, in words."""

from __future__ import annotations

import math

from lime_core.audits.report.words import counted
from lime_core.audits.storage.findings import Experiment
from pages.widgets.text import plain


def in_unit(value: float, unit: str) -> str:
    """Return an effect with its unit, as Markdown."""
    if unit == "probability":
        return f"{100 * value:.0f} percentage points"
    return f"{value:.2f} {plain(unit)}".rstrip()


def interval(bounds: tuple[float, float], unit: str) -> str:
    """Return an interval with its unit, which is said once, as Markdown."""
    low, high = bounds
    numbers = f"{100 * low:.0f}" if unit == "probability" else f"{low:.2f}"
    return f"{numbers} to {in_unit(high, unit)}"


def p_value(p: float) -> str:
    """Say what an adjusted p is; what is very small is bounded."""
    if math.isnan(p):
        return "No adjusted p: it takes both experiments."
    return "Adjusted p < 0.001" if p < 0.001 else f"Adjusted p {p:.3f}"


def in_words(name: str, experiment: Experiment | None) -> str:
    """Say what an experiment has shown."""
    if experiment is None:
        return f"{name}: could not be tested."
    unit = experiment.unit
    return (
        f"{name}: **{in_unit(experiment.effect, unit)}** ({interval(experiment.interval, unit)}); "
        f"the concept {in_unit(experiment.concept_effect, unit)}, "
        f"random superpixels {in_unit(experiment.random_effect, unit)}; {counted(experiment.pictures, 'picture')}"
    )
