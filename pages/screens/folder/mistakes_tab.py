"""Mistakes: what is taken for what, explanations that mean nothing, and right answers for the wrong reason."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from lime_core.audits.report.words import counted
from pages.screens.folder import cards, drawing
from pages.state.opened_audit import AuditedPicture, OpenedAudit
from pages.widgets import tables
from pages.widgets.text import percent, plain

_MOST_NAMED = 3
_NOTHING = "None were found."


def show(audit: OpenedAudit) -> None:
    """Draw the tab."""
    st.fragment(_draw)(audit)


def _draw(audit: OpenedAudit) -> None:
    found = audit.findings.mistakes
    counts = {
        "Confused classes": len(found.confusions),
        "Right for the wrong reason": len(found.wrong_reason),
        "Meaningless explanations": len(found.meaningless),
        "What changes the answer": len(found.flips),
    }
    kind = st.segmented_control(
        "Kind of mistake",
        list(counts),
        format_func=lambda name: f"{name} ({counts[name]:,})",
        default=next(iter(counts)),
        required=True,
        key="folder.mistakes",
        label_visibility="collapsed",
        persist_state="session",
    )
    kinds: dict[str, Callable[[OpenedAudit], None]] = dict(
        zip(counts, (_confusions, _wrong_reason, _meaningless, _flips), strict=True)
    )
    kinds[str(kind)](audit)


def _confusions(audit: OpenedAudit) -> None:
    confusions = audit.findings.mistakes.confusions
    if not confusions:
        st.info("No picture with a known class is predicted wrongly.")
        return
    rows = [
        {
            "really": plain(each.true),
            "predicted": plain(each.predicted),
            "pictures": f"{len(each.pictures):,}",
            "what speaks for the wrong class": _named(audit, each.concepts),
        }
        for each in confusions[: cards.A_PAGE]
    ]
    st.table(tables.from_rows(rows), border="horizontal", hide_index=True, alt="Which classes are confused")
    chosen = st.selectbox(
        "Pictures of",
        range(len(confusions)),
        format_func=lambda index: (
            f"{confusions[index].true} taken for {confusions[index].predicted} ({len(confusions[index].pictures):,})"
        ),
        key="folder.confusion",
        persist_state="session",
    )
    cards.pages_of(audit, confusions[chosen or 0].pictures, f"confusion.{chosen}")


def _named(audit: OpenedAudit, concepts: tuple[tuple[int, float], ...]) -> str:
    numbers = audit.by_number
    named = [
        f"concept {number} ({plain(numbers[number].class_name)}) {percent(share)}"
        for number, share in concepts[:_MOST_NAMED]
        if number in numbers
    ]
    return ", ".join(named) or "no concept"


def _wrong_reason(audit: OpenedAudit) -> None:
    found = dict(audit.findings.mistakes.wrong_reason)
    if not found:
        st.info(_NOTHING)
        return
    st.caption("Predicted correctly, with most of the evidence on a shortcut candidate.")
    cards.pages_of(audit, tuple(found), "wrong_reason", say=lambda about: f"on concept {found[about.path]}")


def _meaningless(audit: OpenedAudit) -> None:
    paths = audit.findings.mistakes.meaningless
    if not paths:
        st.info(_NOTHING)
        return
    st.caption("The explanation of these predictions is worth nothing: the linear model does not follow the network.")
    cards.pages_of(audit, paths, "meaningless")


def _flips(audit: OpenedAudit) -> None:
    flips = {flip.picture: flip for flip in audit.findings.mistakes.flips}
    if not flips:
        st.info("No picture was asked about.")
        return
    st.caption(
        "Superpixels that have to be hidden for the answer to change, each of them needed for that; struck out in the "
        "picture on the right."
    )

    def say(about: AuditedPicture) -> str:
        flip = flips[about.path]
        if not flip.superpixels:
            return f"stays **{plain(flip.before)}** whatever is hidden"
        return f"without {counted(len(flip.superpixels), 'superpixel')}: **{plain(flip.after)}**"

    cards.pages_of(
        audit,
        tuple(flips),
        "flips",
        say=say,
        draw=lambda about, small: drawing.without(small, flips[about.path].superpixels),
    )
