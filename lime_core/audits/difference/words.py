"""The difference of two audits in sentences, for the screen and for the page."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lime_core.audits.difference.difference import AuditDifference, CandidateShift, Counts


def summary(difference: AuditDifference) -> list[str]:
    """Return what has changed as a whole, a sentence a line."""
    lines = [
        f"A: {_named(difference.a, difference.models[0])}",
        f"B: {_named(difference.b, difference.models[1])}",
        f"{len(difference.pictures)} pictures in both{_left_out(difference)}.",
        f"Another prediction: {len(difference.other_predictions)} of {len(difference.pictures)} pictures.",
    ]
    if difference.accuracy is not None:
        lines.append(f"Accuracy: {_counts(difference.accuracy)}.")
    if difference.with_evidence:
        lines.append(
            f"Evidence beyond its error bars: {sum(len(each.moved) for each in difference.moved)} of "
            f"{difference.tested} superpixels, in {len(difference.moved)} of {difference.with_evidence} pictures."
        )
        lines.append(f"Solid or usable explanations: {_counts(difference.reliable)}.")
    return lines


def _named(folder: str, model: str) -> str:
    return f"{folder} ({model})" if model else folder


def _left_out(difference: AuditDifference) -> str:
    counts = {
        "only in A": len(difference.only_a),
        "only in B": len(difference.only_b),
        "with other pixels at the same path": len(difference.replaced),
    }
    return "".join(f", {count} {what}" for what, count in counts.items() if count)


def _counts(counts: Counts) -> str:
    return (
        f"{counts.before} before, {counts.after} after, of {counts.pictures} "
        f"({counts.lost} lost, {counts.gained} gained; McNemar's exact test, p = {counts.p:.2g})"
    )


def candidate_sentences(difference: AuditDifference) -> list[str]:
    """Return what has become of the shortcut candidates: one that both audits have is said once, as A found it."""
    found = difference.candidates or ()
    return [_candidate(each) for each in found if each.audit == "a" or not each.also_in_other]


def _candidate(candidate: CandidateShift) -> str:
    low, high = candidate.interval
    kind = "also in the other" if candidate.also_in_other else "new" if candidate.new else "not in the other"
    before, after = candidate.share
    return (
        f"Shortcut candidate of {candidate.audit.upper()}, {kind}: {candidate.class_name}, concept "
        f"{candidate.concept}: {before:.0%} of the evidence before, {after:.0%} after; "
        f"mean change {candidate.change:+.2f} ({low:+.2f} to {high:+.2f}) in {candidate.pictures} pictures."
    )
