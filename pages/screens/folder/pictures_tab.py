"""All pictures: filters, a scatter in which a click opens a picture in Explain, and cards."""

from __future__ import annotations

import math
from collections import Counter
from typing import Any

import plotly.graph_objects as go
import streamlit as st

from lime_core.explanation.verdict import LEVELS
from pages.screens.folder import cards
from pages.state import audit_pictures, widget_state
from pages.state.opened_audit import AuditedPicture, OpenedAudit
from pages.state.server import server
from pages.state.session import session
from pages.widgets.charts import QUIET, laid_out, plain_text

_SCATTER = "folder.scatter"
_LOWEST = -0.25  # R²; what is lower is drawn here
_SHOWN = 100  # signs of a path or class
_MANY = 2000  # points; WebGL draws more of them sooner, and fewer later
_OUTCOMES = ("All", "Right", "Wrong")
# Told apart by shape, by colour, and by lightness.
LOOKS = {
    "solid": ("circle", "#0092d0"),
    "usable": ("square", "#4b9e4f"),
    "doubtful": ("diamond", "#d98a00"),
    "meaningless": ("x", "#c2410c"),
}


def show(audit: OpenedAudit) -> None:
    """Draw the tab."""
    st.fragment(_draw)(audit)


def _draw(audit: OpenedAudit) -> None:
    chosen = _filtered(audit)
    st.caption(f"{len(chosen):,} of {len(audit.pictures):,} pictures")
    if chosen:
        _scatter(audit, chosen)
        cards.pages_of(audit, [about.path for about in chosen], "all")
    cards.leave_for_explain()


def _filtered(audit: OpenedAudit) -> list[AuditedPicture]:
    pictures = list(audit.pictures.values())
    classes = Counter(about.class_name for about in pictures)
    concepts = audit.by_number
    with st.container(horizontal=True, gap="medium"):
        name = st.container(width=230).selectbox(
            "Predicted class",
            [None, *(each for each, _ in classes.most_common())],
            format_func=lambda each: "any" if each is None else f"{each} ({classes[each]:,})",
            key="folder.filter.class",
            persist_state="session",
        )
        number = st.container(width=230).selectbox(
            "Concept",
            [None, *concepts],
            format_func=lambda each: "any" if each is None else f"{each}: {concepts[each].class_name}",
            key="folder.filter.concept",
            persist_state="session",
        )
        outcome = st.segmented_control(
            "Right or wrong",
            _OUTCOMES,
            default=_OUTCOMES[0],
            required=True,
            key="folder.filter.outcome",
            persist_state="session",
        )
        levels = st.pills("Verdict", LEVELS, selection_mode="multi", key="folder.filter.level", persist_state="session")
    right = {"Right": True, "Wrong": False}.get(str(outcome))
    return [
        about
        for about in pictures
        if (name is None or about.class_name == name)
        and (number is None or number in about.concepts)
        and (right is None or about.correct is right)
        and (not levels or about.level in levels)
    ]


def _scatter(audit: OpenedAudit, chosen: list[AuditedPicture]) -> None:
    paths = [about.path for about in chosen]
    can_open = audit.source is not None
    st.plotly_chart(
        server().figure(lambda: scatter(chosen), "audit scatter", audit.key, *paths),
        config=QUIET,
        key=_SCATTER,
        on_select=_clicked if can_open else "ignore",
        selection_mode="points",
        alt="Probability of the predicted class against held-out R² of each picture; the cards below show the same",
    )
    opens = "Click a point to open its picture in Explain. " if can_open else ""
    st.caption(
        f"{opens}R² is the share of the model's variation that the explanation predicts for samples held out of its "
        "fit. Wrong predictions are hollow."
    )


def _clicked() -> None:
    event: Any = widget_state.read(_SCATTER)
    audit = session().folder.audit
    points = event["selection"]["points"] if event else []
    if audit is not None and points:
        audit_pictures.explain(audit, points[0]["customdata"][0])


def scatter(pictures: list[AuditedPicture]) -> go.Figure:
    """Show each picture: the model's output for the predicted class against held-out R², by its verdict."""
    figure = go.Figure()
    for level in LEVELS:
        for wrong in (False, True):
            group = [about for about in pictures if about.level == level and (about.correct is False) is wrong]
            if group:
                _add(figure, level, group, wrong=wrong, many=len(pictures) > _MANY)
    figure.update_xaxes(title="model's output for the predicted class")
    figure.update_yaxes(title="held-out R²", range=[_LOWEST - 0.05, 1.05])
    return laid_out(figure, height=360, legend=True)


def _add(figure: go.Figure, level: str, group: list[AuditedPicture], *, wrong: bool, many: bool) -> None:
    symbol, color = LOOKS[level]
    add = figure.add_scattergl if many else figure.add_scatter
    add(
        x=[about.probability for about in group],
        y=[_LOWEST if math.isnan(about.r2_holdout) else max(about.r2_holdout, _LOWEST) for about in group],
        mode="markers",
        name=f"{level}{', wrong' if wrong else ''} ({len(group):,})",
        marker={
            "symbol": f"{symbol}-open" if wrong else symbol,
            "color": color,
            "size": 9,
            "opacity": 0.8,
            "line": {"width": 2 if wrong else 0, "color": color},
        },
        customdata=[[about.path] for about in group],
        text=[f"{plain_text(about.path[-_SHOWN:])}<br>{plain_text(about.class_name[:_SHOWN])}" for about in group],
        hovertemplate="%{text}<br>probability %{x:.2f}, R² %{y:.2f}<extra></extra>",
    )
