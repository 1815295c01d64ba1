"""An audit on screen, in tabs: candidates for shortcuts and representative pictures first."""

from __future__ import annotations

import math

import streamlit as st

from lime_core.audits.report.words import counted, state
from lime_core.audits.storage.findings import Concept, ShortcutCandidate
from pages.screens.folder import cards, concepts_tab, downloads, mistakes_tab, pictures_tab
from pages.screens.folder.wording import in_unit, interval, p_value
from pages.state import widget_state
from pages.state.opened_audit import OpenedAudit
from pages.state.session import session
from pages.widgets import tables
from pages.widgets.text import percent, plain

_PATCHES = 10
_NOTES, _CANDIDATES = 20, 20  # drawn; an audit may come from anybody, and hold any number
_TAB = "folder.tab"


def show() -> None:
    """Draw the audit that is on screen, if there is one."""
    folder = session().folder
    folder.was_refused()
    if folder.refusal:
        st.error(plain(folder.refusal))
    audit = folder.audit
    if audit is None:
        return
    _headline(audit)
    # Another tab draws nothing else anew.
    st.fragment(_tabs)(audit)


def _tabs(audit: OpenedAudit) -> None:
    folder = session().folder
    if widget_state.read(_TAB) is None:
        # Another screen was shown meanwhile.
        folder.first_tab = folder.tab
    tabs = st.tabs(list(_TABS), default=folder.first_tab, key=_TAB, on_change="rerun")
    for tab, (name, body) in zip(tabs, _TABS.items(), strict=True):
        if tab.open:
            folder.tab = name
            with tab:
                body(audit)


def _overview(audit: OpenedAudit) -> None:
    _shortcuts(audit)
    _representative(audit)


def _headline(audit: OpenedAudit) -> None:
    findings = audit.findings
    st.markdown(f"#### What {plain(audit.model_title)} looks at in {counted(findings.pictures, 'picture')}")
    parts = [plain(audit.title)]
    if not math.isnan(findings.accuracy):
        parts.append(f"{percent(findings.accuracy)} predicted correctly")
    if audit.samples is not None:
        parts.append(f"{audit.samples:,} samples a picture")
    if findings.skipped:
        parts.append(f"{findings.skipped:,} skipped")
    if not findings.complete:
        parts.append("**unfinished**: it was stopped before the end")
    st.caption(" · ".join(parts))
    for note in (*findings.notes[:_NOTES], *_more(len(findings.notes) - _NOTES, "note")):
        st.caption(f":material/info: {plain(note)}")
    if audit.source is None and audit.obstacle:
        st.caption(f":material/info: The pictures cannot be opened in Explain: {plain(audit.obstacle)}")
    if audit.skipped:
        with st.expander(f"Skipped pictures ({len(audit.skipped):,})", key="folder.skipped", on_change="rerun") as part:
            if part.open:
                rows = [{"picture": path, "reason": reason} for path, reason in audit.skipped]
                st.dataframe(tables.from_rows(rows), hide_index=True, alt="Skipped pictures and why")


def _shortcuts(audit: OpenedAudit) -> None:
    found = audit.findings.shortcut_candidates
    st.markdown(
        "##### Shortcut candidates",
        help="Concepts that move a class in both experiments, and that are probably not the object itself: they lie on "
        "the border of the pictures, or are in a minority of the class, or in wrong predictions.",
    )
    if not found:
        _say_none(audit)
    listed = [(candidate, audit.by_number.get(candidate.concept)) for candidate in found[:_CANDIDATES]]
    rows = cards.PatchRows(audit, [concept for _, concept in listed if concept is not None], _PATCHES)
    for candidate, concept in listed:
        with st.container(border=True):
            _shortcut(candidate, concept, rows)
    for line in _more(len(found) - _CANDIDATES, "candidate"):
        st.caption(line)


def _more(count: int, noun: str) -> list[str]:
    return [f"And {counted(count, f'more {noun}')} in audit.json."] if count > 0 else []


def _say_none(audit: OpenedAudit) -> None:
    """Say that there are none, and how many concepts were tested; or why none was."""
    concepts = audit.findings.concepts
    tested = sum(state(concept) != "not tested" for concept in concepts)
    if tested:
        text = f"None was found; {counted(tested, 'concept')} {'was' if tested == 1 else 'were'} tested."
        st.success(text, icon=":material/check_circle:")
    elif not audit.findings.complete:
        st.info("The audit was stopped before it looked for them.", icon=":material/info:")
    elif concepts:
        found, them = ("was", "it") if len(concepts) == 1 else ("were", "them")
        st.info(
            f"{counted(len(concepts), 'concept')} {found} found, but there are too few pictures to test {them}.",
            icon=":material/info:",
        )
    else:
        st.info("No concept was found that could be tested.", icon=":material/info:")


def _shortcut(candidate: ShortcutCandidate, concept: Concept | None, rows: cards.PatchRows) -> None:
    experiment = concept.take_away if concept is not None else None
    unit = experiment.unit if experiment is not None else ""
    st.markdown(
        f":material/warning: **{plain(candidate.class_name)}** leans on concept {candidate.concept}: hiding it takes "
        f"away **{in_unit(candidate.effect, unit)}** "
        f"({interval(candidate.interval, unit)}, 95 %), "
        f"in {counted(len({path for path, _ in candidate.pictures}), 'picture')}"
    )
    if concept is not None:
        rows.show(concept)
    reasons = " ".join(map(plain, candidate.reasons))
    st.caption(f"{reasons}  \n{p_value(candidate.p_adjusted)}")


def _representative(audit: OpenedAudit) -> None:
    chosen = audit.findings.representative
    if not chosen.pictures:
        return
    st.markdown(
        "##### Representative pictures",
        help="Chosen by SP-LIME (Ribeiro et al. 2016, algorithm 2), one after the other: each picture shows the most "
        "important concepts that those before it do not show. Once nothing can be added, all concepts count as "
        "new again. Beside each picture the evidence for the predicted class (blue) and against it (orange).",
    )
    if chosen.coverage:
        mean, low, high = chosen.random_coverage[-1]
        st.caption(
            f"{percent(chosen.coverage[-1])} of the concepts' importance is covered by "
            f"{counted(len(chosen.pictures), 'picture')}; as many random ones cover {percent(mean)} "
            f"({percent(low)} to {percent(high)})."
        )
    cards.pages_of(audit, chosen.pictures, "representative")


_TABS = {
    "Overview": _overview,
    "Concepts": concepts_tab.show,
    "Mistakes": mistakes_tab.show,
    "All pictures": pictures_tab.show,
    "Take away": downloads.show,
}
