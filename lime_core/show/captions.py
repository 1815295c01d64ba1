"""What a map shows, in words."""

from __future__ import annotations

from lime_core.explanation.attribution import Attribution
from lime_core.explanation.top_k import strongest_in_words
from lime_core.settings.view import View

_SIGNED = {
    "overlay": "Blue: evidence for the class. Orange, hatched: evidence against it.",
    "heatmap": "Blue: evidence for the class. Orange: evidence against it.",
}
_UNSIGNED = {
    "overlay": "Violet: important superpixels, whether for the class or against it.",
    "heatmap": "Violet: important, whether for the class or against it; the darker, the more.",
}
_PLAIN = {
    "outline": "Outlined: the strongest superpixels.",
    "hide_rest": "Left in the picture: the strongest superpixels.",
}
_SURE = {"overlay": "Full colour", "outline": "Whole line", "hide_rest": "Full colour"}
_OPEN = {"overlay": "Pale", "outline": "Dashed", "hide_rest": "Pale"}


def legend(attribution: Attribution, view: View) -> str:
    """Return what the colours of a map mean, and which superpixels it leaves out, in one to three sentences."""
    return " ".join([_colors(attribution, view), *_certainty(attribution, view), *_left_out(attribution, view)])


def _colors(attribution: Attribution, view: View) -> str:
    if view.name == "jet":
        evidence = "evidence against the class" if view.sign == "negative" else "evidence for the class"
        return f"Red: strong {evidence if attribution.signed else 'importance'}. Dark blue: none."
    return _PLAIN.get(view.name) or (_SIGNED if attribution.signed else _UNSIGNED)[view.name]


def order_sentence(attribution: Attribution, index: int, view: View) -> str:
    """Return which superpixels are among the K strongest of a class, in a sentence; empty where a method cannot tell.

    It reads "Among the 5 strongest for sure: 12, 7, 33; perhaps: 4, 18 (95 %)." and calls superpixels what people do.
    """
    top = attribution.certain_top(index, view.top_k, view.sign)
    return "" if top is None else f"Among the {top.strongest} {top.members(attribution.superpixel_ids)} (95 %)."


def _certainty(attribution: Attribution, view: View) -> list[str]:
    if view.name not in _SURE or not has_order(attribution):
        return []
    sure = f"{_SURE[view.name]}: among the {strongest_in_words(view.top_k, view.sign)} for sure (95 %)."
    return [f"{sure} {_OPEN[view.name]}: not for sure. Faint dashes: perhaps instead of these."]


def has_order(attribution: Attribution) -> bool:
    """Return whether an attribution tells what is certain about the order of its superpixels."""
    return any(item.order is not None for item in attribution.classes)


def _left_out(attribution: Attribution, view: View) -> list[str]:
    sentences = []
    # Where the order is known, all that may be among the K strongest are drawn.
    counted = view.name not in _SURE or not has_order(attribution)
    if counted and attribution.segments is not None and view.top_k < attribution.superpixels:
        sentences.append(f"At most {view.top_k} superpixels are shown.")
    if attribution.signed and view.sign == "negative":
        sentences.append("Evidence for the class is left out.")
    elif attribution.signed and (view.sign == "positive" or view.name == "jet"):
        sentences.append("Evidence against the class is left out.")
    if view.hide_unsure and any(item.std_errors is not None for item in attribution.classes):
        sentences.append("Superpixels that may have no effect are left out.")
    return sentences
