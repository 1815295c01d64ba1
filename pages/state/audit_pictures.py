"""A picture of an audit opened in Explain: the same settings, and the answers that the audit has kept."""

from __future__ import annotations

from dataclasses import replace

import lime_core as lc
from pages.state.audit_source import AuditSource
from pages.state.opened_audit import AuditedPicture, OpenedAudit
from pages.state.server import server
from pages.state.session import session
from pages.state.settings import Picture


def explain(audit: OpenedAudit, path: str) -> None:
    """Explain a picture of an audit with the audit's settings; to be called in a callback.

    What goes wrong is kept for the screen to say.
    """
    try:
        _explain(audit, audit.pictures[path])
    except lc.LimeError as error:
        session().folder.refuse(f"{path} cannot be explained: {error}")


def _explain(audit: OpenedAudit, about: AuditedPicture) -> None:
    source, state = audit.source, session()
    if source is None:
        raise lc.LimeError(audit.obstacle)
    image = lc.load_image(source.collection.read(about.path))
    if image.sha256 != about.sha256:
        raise lc.LimeError("the picture has changed since the audit.")
    spec = replace(source.spec, seed=about.seed, classes=None)
    answers = _answers(source, about, spec)
    if answers is not None:
        # An audit may have stopped early; Explain must not ask on.
        spec = replace(spec, samples=answers.samples)
    picture = Picture(image, about.name, from_audit=True)
    state.folder.explain(picture)
    state.change(picture=picture, model=source.model, precision=source.precision, method="lime", spec=spec)
    question = state.settings.question
    if answers is not None and question is not None and source.made_here:
        server().remember(question, answers)
    state.ask(offered=None if source.made_here else answers)
    state.change(focus=about.class_index)


def _answers(source: AuditSource, about: AuditedPicture, spec: lc.ExplainSpec) -> lc.Neighborhood | None:
    """Return the answers that were kept; None where there are none, or they are to another question or damaged."""
    file = source.kept_answers(about.path)
    if file is None:
        return None
    try:
        answers = lc.Neighborhood.load_npz(file)
    except lc.LimeError:
        return None
    same = answers.provenance.image_sha256 == about.sha256 and answers.spec.begins_like(spec)
    return answers if same else None
