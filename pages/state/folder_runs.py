"""The audits that one user has begun or opened."""

from __future__ import annotations

import shutil
import tempfile
import weakref
from pathlib import Path

from lime_core.collections import Collection
from pages.state.audit_job import AuditJob, AuditOrder
from pages.state.opened_audit import OpenedAudit
from pages.state.server import server
from pages.state.settings import Picture


class FolderRuns:
    """The audit on screen, the run of one, and the picture of one that is explained.

    Attributes
    ----------
    latest : AuditJob or None
        The run that was begun last.
    audit : OpenedAudit or None
        What is on screen.
    given : (str, Collection) or None
        The pictures that were given last, with what tells them from others.
    read_from : str
        The uploaded audit that was read last.
    picture : Picture or None
        The picture of an audit that was opened in Explain last.
    refusal : str
        Why the latest wish was not fulfilled.
    """

    def __init__(self) -> None:
        self.latest: AuditJob | None = None
        self.audit: OpenedAudit | None = None
        self.given: tuple[str, Collection] | None = None
        self.read_from = ""
        self.picture: Picture | None = None
        self.refusal = ""
        self._taken: AuditJob | None = None
        self._room: Path | None = None
        self._leaving = self._refused = False

    @property
    def running(self) -> bool:
        """Whether an audit is under way."""
        return self.latest is not None and self.latest.active

    def begin(self, order: AuditOrder) -> None:
        """Begin an audit; one of the same order that was stopped goes on."""
        before = self.latest
        if before is not None:
            before.stop()
        goes_on = before is not None and before.order == order and not before.active
        output = before.output if before is not None and goes_on else self.new_room()
        self.show(None)
        self.latest = AuditJob(order, output, server()).start()

    def give(self, key: str, collection: Collection) -> None:
        """Keep the pictures that were given."""
        self.given = key, collection

    def take_result(self) -> None:
        """Put what a run has found on screen, once it has ended."""
        ended = self.latest
        if ended is not None and not ended.active and ended is not self._taken:
            self._taken = ended
            if ended.audit is not None:
                self.show(ended.audit)

    def note_read(self, file_id: str) -> None:
        """Note that an uploaded file was read."""
        self.read_from = file_id

    def show(self, audit: OpenedAudit | None) -> None:
        """Put an audit on screen, or none."""
        self.audit, self.refusal = audit, ""

    def refuse(self, reason: str) -> None:
        """Keep why a wish was not fulfilled."""
        self.refusal, self._refused = reason, True

    def explain(self, picture: Picture) -> None:
        """Note that a picture of the audit is explained next, on another screen."""
        self.picture, self.refusal, self._leaving = picture, "", True

    def leaves(self) -> bool:
        """Return, once, whether the user goes on to the explanation of a picture."""
        leaving, self._leaving = self._leaving, False
        return leaving

    def was_refused(self) -> bool:
        """Return, once, whether there is a refusal that the screen does not say yet."""
        refused, self._refused = self._refused, False
        return refused

    def new_room(self) -> Path:
        """Return a new folder for files of this user, which goes with the session."""
        if self._room is None:
            self._room = Path(tempfile.mkdtemp(prefix="limelight-audit-"))
            weakref.finalize(self, shutil.rmtree, self._room, ignore_errors=True)
        return Path(tempfile.mkdtemp(dir=self._room))
