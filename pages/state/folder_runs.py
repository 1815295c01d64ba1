"""The audits that one user has begun or opened."""

from __future__ import annotations

import shutil
import tempfile
import weakref
from pathlib import Path

from pages.state.opened_audit import OpenedAudit
from pages.state.settings import Picture


class FolderRuns:
    """The audit on screen, the run of one, and the picture of one that is explained.

    Attributes
    ----------
    audit : OpenedAudit or None
        What is on screen.
    picture : Picture or None
        The picture of an audit that was opened in Explain last.
    read_from : str
        The uploaded audit that was read last.
    refusal : str
        Why the latest wish was not fulfilled.
    """

    def __init__(self) -> None:
        self.audit: OpenedAudit | None = None
        self.picture: Picture | None = None
        self.refusal = ""
        self.read_from = ""
        self._room: Path | None = None
        self._leaving = False

    def note_read(self, file_id: str) -> None:
        """Note that an uploaded file was read."""
        self.read_from = file_id

    def new_room(self) -> Path:
        """Return a new folder for files of this user, which goes with the session."""
        if self._room is None:
            self._room = Path(tempfile.mkdtemp(prefix="limelight-audit-"))
            weakref.finalize(self, shutil.rmtree, self._room, ignore_errors=True)
        return Path(tempfile.mkdtemp(dir=self._room))

    def show(self, audit: OpenedAudit | None) -> None:
        """Put an audit on screen, or none."""
        self.audit, self.refusal = audit, ""

    def refuse(self, reason: str) -> None:
        """Keep why a wish was not fulfilled."""
        self.refusal = reason

    def explain(self, picture: Picture) -> None:
        """Note that a picture of the audit is explained next, on another screen."""
        self.picture, self.refusal, self._leaving = picture, "", True

    def leaves(self) -> bool:
        """Return, once, whether the user goes on to the explanation of a picture."""
        leaving, self._leaving = self._leaving, False
        return leaving
