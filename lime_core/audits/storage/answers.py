"""The model's answers about the pictures of an audit, a file a picture: with them no picture has to be asked again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from lime_core.audits.storage.audit_folder import delete, drafts, part_name

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from lime_core.audits.storage.audit_folder import AuditFolder

ANSWERS: Final = "answers"


class KeptAnswers:
    """The answers that an audit keeps, as files that `lime_core.answers.neighborhood.Neighborhood.load_npz` reads.

    Parameters
    ----------
    folder : AuditFolder
    most_bytes : int
        How many bytes of them are kept; once there is no room, those of further pictures are not.
    """

    def __init__(self, folder: AuditFolder, most_bytes: int = 0) -> None:
        self._folder, self._most_bytes = folder, most_bytes
        self._kept = 0

    def file(self, picture: str) -> Path:
        """Return where the answers about a picture are, or would be."""
        return self._folder.path / ANSWERS / f"{part_name(picture)}.npz"

    def keep(self, picture: str, answers: bytes) -> None:
        """Write the answers about a picture that has none, if there is room beside those that `keep_only` has kept."""
        if self._kept + len(answers) <= self._most_bytes:
            self._kept += len(answers)
            self._folder.write_bytes(f"{ANSWERS}/{self.file(picture).name}", answers)

    def keep_only(self, pictures: Iterable[str]) -> None:
        """Delete the answers about all pictures but these, and what a killed process has left half written."""
        names = {self.file(picture).name for picture in pictures}
        self._kept = 0
        for file in sorted((self._folder.path / ANSWERS).glob("picture-*.npz")):
            if file.name in names:
                self._kept += file.stat().st_size
            else:
                delete(file)
        for draft in drafts(self._folder.path / ANSWERS):
            delete(draft)
