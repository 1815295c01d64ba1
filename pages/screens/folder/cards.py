"""Pictures of an audit as cards, a page at a time."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from functools import cache, cached_property
from typing import TypeVar

import numpy as np
import streamlit as st
from numpy.typing import NDArray

import lime_core as lc
from lime_core.audits.report.thumbnails import Thumbnails
from lime_core.audits.storage.findings import Concept, Patch
from pages.screens.folder import drawing
from pages.state import audit_pictures
from pages.state.opened_audit import AuditedPicture, OpenedAudit, SmallPicture
from pages.state.server import server
from pages.state.session import session
from pages.widgets.text import number, percent, plain, problem
from pages.widgets.verdict_text import ICONS

_LOG = logging.getLogger("limelight")

A_PAGE = 12
_CARD = 300  # pixels; a card is never narrower
_LONGEST_NAME = 24  # signs; the whole path is above
_EXPLAIN = "pages/screens/explain/page.py"
_WITHOUT_THUMBNAIL = np.full((64, 256, 3), 127, np.uint8)

T = TypeVar("T")
Say = Callable[[AuditedPicture], str]
Draw = Callable[[AuditedPicture, SmallPicture], NDArray[np.uint8]]


def pages_of(
    audit: OpenedAudit,
    paths: Sequence[str],
    key: str,
    *,
    say: Say | None = None,
    draw: Draw | None = None,
) -> None:
    """Draw a page of cards, and the numbers of the pages where there are several.

    Parameters
    ----------
    audit : OpenedAudit
        Whose pictures they are.
    paths : sequence of str
        The pictures.
    key : str
        Tells these cards from all others on the screen.
    say : callable, optional
        Returns what else a card says, as Markdown.
    draw : callable, optional
        Draws the picture; without it the picture and its evidence side by side.
    """
    # Turning a page draws nothing but the cards anew.
    st.fragment(_page)(audit, tuple(paths), key, say, draw)


def _page(audit: OpenedAudit, paths: tuple[str, ...], key: str, say: Say | None, draw: Draw | None) -> None:
    page = 1
    if len(paths) > A_PAGE:
        page = st.pagination(-(-len(paths) // A_PAGE), key=page_key(audit, paths, key), persist_state="session")
    shown = tuple(path for path in paths[A_PAGE * (page - 1) : A_PAGE * page] if path in audit.pictures)
    pictures = _or_say_damaged(lambda: _pictures(audit, shown, key, draw))
    if pictures is None:
        return
    with st.grid(4, min_column_width=_CARD, gap="medium", key=f"folder.cards.{key}") as grid:
        for path in shown:
            with grid.cell():
                _card(audit, audit.pictures[path], pictures[path], key, say)
    leave_for_explain()


def page_key(audit: OpenedAudit, paths: Sequence[str], key: str) -> str:
    """Return the key of the numbers of the pages: another choice of pictures has pages of its own."""
    return f"folder.page.{key}.{audit.cache_key('pages', *paths)[:16]}"


def _or_say_damaged(make: Callable[[], T]) -> T | None:
    """Return what is drawn of an audit's pictures; where that fails say so and return None."""
    try:
        return make()
    except lc.LimeError as error:
        st.error(problem(error))
    except Exception:
        # An audit may come from anybody: what is damaged in it can raise any exception.
        _LOG.warning("The pictures of an audit cannot be drawn.", exc_info=True)
        st.error("These pictures cannot be drawn: the audit is damaged.")
    return None


def leave_for_explain() -> None:
    """Go to the Explain screen if a picture is to be explained there, or let the screen say why it is not."""
    if session().folder.leaves():
        st.switch_page(_EXPLAIN)
    if session().folder.was_refused():
        st.rerun()


def _pictures(
    audit: OpenedAudit,
    paths: tuple[str, ...],
    key: str,
    draw: Draw | None,
) -> dict[str, bytes]:
    def make() -> dict[str, bytes]:
        small = audit.small(paths)
        made = {}
        for path in paths:
            about, found = audit.pictures[path], small.get(path)

            def drawn(about: AuditedPicture = about, found: SmallPicture | None = found) -> NDArray[np.uint8]:
                if found is None:
                    return _WITHOUT_THUMBNAIL
                return drawing.pair(found) if draw is None else draw(about, found)

            made[path] = server().picture(drawn, audit.key, "pair" if draw is None else key, path)
        return made

    return server().cached(audit.cache_key("cards", "pair" if draw is None else key, *paths), make)


def _card(
    audit: OpenedAudit,
    about: AuditedPicture,
    picture: bytes,
    key: str,
    say: Say | None,
) -> None:
    st.image(picture, alt=f"{about.path}, and the evidence for {about.class_name} in it", width="stretch")
    st.markdown(f"{_outcome(about)} **{plain(about.class_name)}** {percent(about.probability)}{_truth(about)}")
    more = f"  \n{say(about)}" if say is not None else ""
    icon = ICONS.get(about.level, "")  # type: ignore[call-overload]
    st.caption(f"{plain(about.path)}  \n{icon} {plain(about.level)} · R² {number(about.r2_holdout)}{more}")
    if audit.source is not None:
        st.button(
            f"Explain {plain(_short(about.name))}",
            key=f"folder.explain.{key}.{about.path}",
            type="tertiary",
            icon=":material/highlight:",
            help=how_it_opens(audit, about.path),
            on_click=audit_pictures.explain,
            args=(audit, about.path),
        )


def _short(name: str) -> str:
    return name if len(name) <= _LONGEST_NAME else f"{name[:_LONGEST_NAME]}…"


def how_it_opens(audit: OpenedAudit, path: str) -> str:
    """Say what opening a picture costs."""
    if audit.source is not None and audit.source.kept_answers(path) is not None:
        return "Opens it on the Explain screen with the audit's settings and the answers that it has kept."
    return "Opens it on the Explain screen with the audit's settings; the model is asked again."


def _outcome(about: AuditedPicture) -> str:
    return {True: ":material/check:", False: ":material/close:", None: ""}[about.correct]


def _truth(about: AuditedPicture) -> str:
    return f" · really {plain(about.label)}" if about.correct is False and about.label else ""


class PatchRows:
    """The strongest places of concepts, at most one a picture, side by side.

    Parameters
    ----------
    audit : OpenedAudit
        Where they are from.
    concepts : sequence of Concept
        The thumbnails that their places need are read together, when the first row is drawn that is not kept.
    most : int
        Places a row.
    """

    def __init__(self, audit: OpenedAudit, concepts: Sequence[Concept], most: int) -> None:
        self._audit = audit
        self._chosen = {concept.number: _strongest(audit, concept.patches, most) for concept in concepts}
        self._thumbnail = cache(lambda path: self._stored.get(path))

    def show(self, concept: Concept) -> None:
        """Draw the row of a concept, or say that it is damaged; nothing where the audit has none of its pictures."""
        patches = self._chosen[concept.number]
        if not patches:
            return
        about = [f"{patch.picture}:{patch.superpixel}" for patch in patches.values()]
        picture = _or_say_damaged(
            lambda: server().picture(lambda: self._draw(patches), self._audit.key, "patches", *about)
        )
        if picture is not None:
            names = ", ".join(path.rsplit("/", 1)[-1] for path in patches)
            st.image(picture, alt=f"{len(patches)} of its places: {names}")

    def _draw(self, patches: dict[str, Patch]) -> NDArray[np.uint8]:
        thumbnails = {path: self._thumbnail(path) for path in patches}
        found = [(small, patches[path].box) for path, small in thumbnails.items() if small is not None]
        return drawing.patches(found) if found else _WITHOUT_THUMBNAIL

    @cached_property
    def _stored(self) -> Thumbnails:
        return self._audit.thumbnails(sorted({path for patches in self._chosen.values() for path in patches}))


def _strongest(audit: OpenedAudit, patches: Sequence[Patch], most: int) -> dict[str, Patch]:
    chosen: dict[str, Patch] = {}
    for patch in patches:
        if patch.picture in audit.pictures:
            chosen.setdefault(patch.picture, patch)
        if len(chosen) == most:
            break
    return chosen
