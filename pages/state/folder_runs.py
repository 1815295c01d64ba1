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
    tab : str
        The tab of the audit that was open last.
    first_tab : str
        The tab that was open when this screen was opened. Streamlit takes tabs with another default for other tabs.
    """

    def __init__(self) -> None:
        self.latest: AuditJob | None = None
        self.audit: OpenedAudit | None = None
        self.given: tuple[str, Collection] | None = None
        self.read_from = ""
        self.picture: Picture | None = None
        self.refusal = ""
        self.tab = self.first_tab = "Overview"
        self._taken: AuditJob | None = None
        self._room: Path | None = None
        # What was uploaded, with the pictures that lie in it; an uploaded audit holds none.
        self._uploads: dict[Path, Collection | None] = {}
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
        self._remove_unused()

    def give(self, key: str, collection: Collection, upload: Path | None = None) -> None:
        """Keep the pictures that were given; those of an upload lie in its folder."""
        self.given = key, collection
        if upload is not None:
            self._uploads[upload] = collection
        self._remove_unused()

    def given_as(self, key: str) -> Collection | None:
        """Return the pictures that were given last, if these are they."""
        return self.given[1] if self.given is not None and self.given[0] == key else None

    def take_result(self) -> None:
        """Put what a run has found on screen, once it has ended; not in the place of another audit."""
        ended = self.latest
        if ended is not None and not ended.active and ended is not self._taken:
            self._taken = ended
            if self.audit is None:
                self.show_result()

    @property
    def has_result_aside(self) -> bool:
        """Whether the run has found something, and another audit is on screen."""
        found = None if self.latest is None or self.latest.active else self.latest.audit
        return found is not None and self.audit is not None and self.audit is not found

    def show_result(self) -> None:
        """Put what the run has found on screen."""
        if self.latest is not None and self.latest.audit is not None:
            self.show(self.latest.audit)

    def note_read(self, file_id: str) -> None:
        """Note that an uploaded file was read."""
        self.read_from = file_id

    def show(self, audit: OpenedAudit | None) -> None:
        """Put an audit on screen, or none."""
        self.audit, self.refusal = audit, ""
        self._remove_unused()

    def refuse(self, reason: str) -> None:
        """Keep why a wish was not fulfilled; the audit on screen stays."""
        self.refusal, self._refused = reason, True
        self._remove_unused()

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
        """Return a new folder for files of this user, which is removed with the session."""
        if self._room is None:
            self._room = Path(tempfile.mkdtemp(prefix="limelight-audit-"))
            weakref.finalize(self, shutil.rmtree, self._room, ignore_errors=True)
        return Path(tempfile.mkdtemp(dir=self._room))

    def new_upload(self) -> Path:
        """Return a new folder for an upload, which is removed as soon as nothing needs it any more."""
        upload = self.new_room()
        self._uploads[upload] = None
        return upload

    def drop_upload(self, upload: Path) -> None:
        """Remove the folder of an upload that was refused."""
        self._uploads.pop(upload, None)
        shutil.rmtree(upload, ignore_errors=True)

    def _remove_unused(self) -> None:
        """Remove the folders of uploads that are neither on screen, nor given, nor audited."""
        shown, source = self.audit, None if self.audit is None else self.audit.source
        used = [
            None if self.given is None else self.given[1],
            None if self.latest is None else self.latest.order.collection,
            None if source is None else source.collection,
        ]
        for upload, collection in list(self._uploads.items()):
            on_screen = shown is not None and shown.folder.path == upload
            needed = collection is not None and any(each is collection for each in used)
            if not on_screen and not needed:
                self.drop_upload(upload)
