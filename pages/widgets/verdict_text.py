"""How far to believe a class's scores, in words: one short sentence, then the reasons with their numbers."""

from __future__ import annotations

from collections.abc import Mapping

import lime_core as lc
from lime_core.explanation.verdict import HOW_MEASURED, LEVELS, MEANINGS, MEASURED, Level
from pages.widgets.text import number, plain

# Each level has a shape and a word of its own; colour only repeats them.
ICONS: Mapping[Level, str] = {
    "solid": ":material/verified:",
    "usable": ":material/check_circle:",
    "doubtful": ":material/help:",
    "meaningless": ":material/block:",
}
R2_HELP = "R²: the share of the model's variation that the surrogate predicts for samples held out of its fit."


def word(verdict: lc.Verdict) -> str:
    """Return the verdict as an icon and a word, for a line of Markdown."""
    return f"{ICONS[verdict.level]} {verdict.level}"


def levels_explained() -> str:
    """Return what each level means and what was measured of it, as Markdown."""
    lines = [f"* {ICONS[level]} **{level}**: {MEANINGS[level]} {MEASURED[level]}" for level in LEVELS]
    return "\n".join([*lines, "", HOW_MEASURED])


def in_full(verdict: lc.Verdict, *, with_advice: bool = True) -> str:
    """Return what the verdict means, its reasons, the advice, and which trials were made, as Markdown.

    Parameters
    ----------
    verdict : Verdict
        Of one class.
    with_advice : bool
        False while a run goes on that may follow the advice by itself.
    """
    parts = ["\n".join([f"{verdict.meaning}\n", *(f"* {plain(reason)}" for reason in verdict.reasons)])]
    if with_advice and verdict.advice:
        parts.append(f"What would help most: {plain(verdict.advice)}")
    return "\n\n".join([*parts, *verdict.trials_in_words])


def in_a_line(item: lc.ClassAttribution) -> str:
    """Return the verdict on a class in a word, and the held-out R² where the method has one."""
    r2 = f" · R² {number(item.r2_holdout)}" if isinstance(item, lc.ClassExplanation) else ""
    return f"**{word(item.trust)}**{r2}"


def help_text(item: lc.ClassAttribution, *, with_advice: bool) -> str:
    """Return the verdict in full for the help of `in_a_line`, with what R² means where it stands there."""
    full = in_full(item.trust, with_advice=with_advice)
    return f"{full}\n\n{R2_HELP}" if isinstance(item, lc.ClassExplanation) else full
