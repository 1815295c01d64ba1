"""Concepts: what the model sees alike, as rows of patches with both experiments."""

from __future__ import annotations

import math

import plotly.graph_objects as go
import streamlit as st

from lime_core.audits.discovery.testing import MOST_TESTED
from lime_core.audits.report.words import held, state
from lime_core.audits.storage.findings import Concept
from lime_core.colormaps import AGAINST, FOR
from pages.screens.folder import cards
from pages.screens.folder.wording import in_words, p_value
from pages.state.opened_audit import OpenedAudit
from pages.state.server import server
from pages.widgets.charts import QUIET, css_color, laid_out, plain_text
from pages.widgets.text import percent, plain

_A_PAGE = 10
_ICONS = {
    "proven": ":material/verified:",
    "not proven": ":material/help:",
    "not tested": ":material/remove:",
}
_PATCHES = 10


def show(audit: OpenedAudit) -> None:
    """Draw the tab."""
    st.fragment(_draw)(audit)


def _draw(audit: OpenedAudit) -> None:
    concepts = audit.findings.concepts
    if not concepts:
        st.info("No concepts were found: there are too few pictures, or the audit was stopped before.")
        return
    st.caption(
        "Superpixels that the network sees alike. Two experiments tell what they do: they are hidden in the pictures "
        "that have them, beside random superpixels of the same size, and laid into pictures of other classes, beside "
        "the same place of pictures without them. Intervals are of 95 %, p is adjusted for the number of concepts "
        "(Benjamini–Hochberg)."
    )
    _chart(audit)
    page = 1
    if len(concepts) > _A_PAGE:
        page = st.pagination(
            -(-len(concepts) // _A_PAGE),
            key=f"folder.page.concepts.{audit.cache_key('concepts')[:16]}",
            persist_state="session",
        )
    candidates = {candidate.concept for candidate in audit.findings.shortcut_candidates}
    shown = concepts[_A_PAGE * (page - 1) : _A_PAGE * page]
    rows = cards.PatchRows(audit, shown, _PATCHES)
    for concept in shown:
        with st.container(border=True):
            _concept(audit, concept, rows, shortcut=concept.number in candidates)


def _concept(audit: OpenedAudit, concept: Concept, rows: cards.PatchRows, *, shortcut: bool) -> None:
    title = f"**Concept {concept.number}** for **{plain(concept.class_name)}**"
    known = state(concept)
    warning = " · :material/warning: shortcut candidate" if shortcut else ""
    st.markdown(f"{title} · {percent(concept.share)} of all evidence · {_ICONS[known]} {known}{warning}")
    rows.show(concept)
    lines = [
        f"{held(concept).capitalize()} · {_places(concept)}{_other_classes(concept)}",
        *_experiments(audit, concept),
        *map(plain, concept.suspicions),
    ]
    st.caption("  \n".join(lines))


def _experiments(audit: OpenedAudit, concept: Concept) -> list[str]:
    """Return what the experiments have shown, or in one line why there were none."""
    if concept.take_away or concept.add:
        return [
            in_words("Taken away", concept.take_away),
            in_words("Added to other classes", concept.add),
            p_value(concept.p_adjusted),
        ]
    if not audit.findings.complete:
        return ["Not tested: the audit was stopped before."]
    if len(audit.findings.concepts) > MOST_TESTED:
        return [f"Not tested: too few pictures, or {MOST_TESTED} other concepts have more evidence."]
    return ["Not tested: there are too few pictures."]


def _places(concept: Concept) -> str:
    shares = {"centre": concept.centre, "border": concept.border, "corner": concept.corner}
    return ", ".join(f"{place} {percent(share)}" for place, share in shares.items() if share > 0)


def _other_classes(concept: Concept) -> str:
    others = [f"{plain(name)} {percent(share)}" for name, share in concept.classes[:4] if name != concept.class_name]
    return f" · also for {', '.join(others)}" if others else ""


def _chart(audit: OpenedAudit) -> None:
    tested = [concept for concept in audit.findings.concepts if concept.take_away or concept.add]
    if not tested:
        return
    st.plotly_chart(
        server().figure(lambda: effects(tuple(tested)), "audit effects", audit.key),
        config=QUIET,
        key="folder.effects",
        alt="Effect of each concept with its 95 % interval, taken away and added",
    )


def effects(concepts: tuple[Concept, ...]) -> go.Figure:
    """Show both experiments of every concept that was tested, with their intervals."""
    figure = go.Figure()
    places = list(range(len(concepts)))
    for name, color, symbol, shift in (("taken away", FOR, "circle", -0.15), ("added", AGAINST, "diamond", 0.15)):
        rows = [
            (place, experiment)
            for place, concept in zip(places, concepts, strict=True)
            if (experiment := concept.take_away if name == "taken away" else concept.add) is not None
            and not math.isnan(experiment.effect)
        ]
        figure.add_scatter(
            x=[experiment.effect for _, experiment in rows],
            y=[place + shift for place, _ in rows],
            error_x={
                "type": "data",
                "symmetric": False,
                "array": [experiment.interval[1] - experiment.effect for _, experiment in rows],
                "arrayminus": [experiment.effect - experiment.interval[0] for _, experiment in rows],
            },
            mode="markers",
            name=name,
            marker={"color": css_color(color), "size": 9, "symbol": symbol},
            hovertemplate="%{x:.3g}<extra></extra>",
        )
    units = {experiment.unit for concept in concepts for experiment in (concept.take_away, concept.add) if experiment}
    figure.add_vline(0, line_width=1)
    figure.update_yaxes(
        tickvals=places,
        ticktext=[f"{concept.number}: {plain_text(concept.class_name[:24])}" for concept in concepts],
        autorange="reversed",
    )
    figure.update_xaxes(title=f"how far the class moves ({' or '.join(sorted(units))})")
    return laid_out(figure, height=90 + 30 * len(concepts), legend=True)
