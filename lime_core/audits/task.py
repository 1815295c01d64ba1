"""An audit at work: its pictures explained by a pool of workers, written as they come, and then what they show."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from lime_core.audits.report.report import write_report
from lime_core.audits.storage.audit_folder import FINDINGS, REPORT, AuditFolder, delete
from lime_core.audits.storage.tables import EXPLANATIONS, SKIPPED
from lime_core.audits.workers.pool import Job
from lime_core.audits.writer import AuditWriter
from lime_core.collections.protocol import OnThisMachine
from lime_core.errors import LimeError
from lime_core.picture.image import load_image

if TYPE_CHECKING:
    from collections.abc import Callable

    from lime_core.audits.workers.pool import Workers
    from lime_core.collections import Collection
    from lime_core.methods.lime.precision import Load

    Progress = Callable[[int, int], object]


@dataclass(frozen=True, slots=True)
class Task:
    """An audit that was begun, or goes on.

    Attributes
    ----------
    folder : AuditFolder
    job : Job
    load : callable
        Returns the model in a precision; each is loaded once.
    notes : tuple of str
        What a reader of the audit should know.
    answers_bytes : int
        How many bytes of the model's answers are kept, see `lime_core.audits.storage.answers`.
    """

    folder: AuditFolder
    job: Job
    load: Load
    notes: tuple[str, ...]
    answers_bytes: int = 0

    def explain(
        self,
        *,
        workers: int = 1,
        ray: str | None = None,
        on_check: Progress | None = None,
        on_progress: Progress | None = None,
    ) -> None:
        """Explain every picture that is not done; whatever ends it, what is done is left in order.

        Pictures that an earlier run has skipped are tried again. Those that have another label by now, or whose file on
        this machine has become another picture, are explained again.

        Parameters
        ----------
        workers, ray, on_check, on_progress
            Those of `audit`.
        """
        collection = self.job.collection
        skipped = {row["picture"]: row["reason"] for row in self.folder.table(SKIPPED).to_pylist()}
        paths = [picture.path for picture in collection.pictures]
        writer = AuditWriter(self.folder, paths, self._changed(on_check or _silent), answers_bytes=self.answers_bytes)
        total = len(collection.pictures)
        report = on_progress or _silent
        report(len(writer.done), total)
        left = [picture for picture in collection.pictures if picture.path not in writer.done]
        if {picture.path for picture in left} != skipped.keys():
            self._forget_findings()
        if not left:
            # A process that was killed at its end has left small files.
            writer.finish()
            return
        pool = self._pool(min(workers, len(left)), ray)
        try:
            for outcome in pool.explain(left):
                if outcome.skipped is None or outcome.skipped != skipped.get(outcome.picture.path):
                    self._forget_findings()
                writer.add(outcome)
                report(len(writer.done), total)
        finally:
            pool.close()
            writer.finish()

    def _changed(self, report: Progress) -> set[str]:
        """Return the explained pictures that have another label by now, or are others."""
        labels = {picture.path: picture.label for picture in self.job.collection.pictures}
        rows = self.folder.table(EXPLANATIONS, ["picture", "label", "sha256"]).to_pylist()
        changed = {row["picture"] for row in rows if row["label"] != labels.get(row["picture"])}
        left = {row["picture"]: row["sha256"] for row in rows if row["picture"] not in changed}
        for number, (path, sha256) in enumerate(left.items(), start=1):
            if _is_another(self.job.collection, path, sha256):
                changed.add(path)
            report(number, len(left))
        return changed

    def _forget_findings(self) -> None:
        """Delete what was found, since it was found in other pictures."""
        for name in (FINDINGS, REPORT):
            delete(self.folder.path / name)

    @property
    def concluded(self) -> bool:
        """Whether everything that is to be found has been found."""
        try:
            # The report is written last.
            return self.folder.findings().complete and (self.folder.path / REPORT).exists()
        except LimeError:
            return False

    def conclude(self, *, complete: bool, on_progress: Progress | None = None) -> None:
        """Find what the explanations show, and write the report."""
        from lime_core.audits.discovery.find import find  # only now: it needs scikit-learn

        job = self.job
        classifier = self.load(job.precision)
        found = find(
            self.folder,
            job.collection,
            classifier,
            job.spec,
            seed=job.spec.seed,
            on_progress=on_progress,
            complete=complete,
        )
        # The experiments may note what the beginning has noted already.
        self.folder.write_findings(replace(found, notes=tuple(dict.fromkeys((*found.notes, *self.notes)))))
        write_report(self.folder)

    def _pool(self, workers: int, ray: str | None) -> Workers:
        if ray is not None:
            from lime_core.audits.workers.ray_workers import RayWorkers

            return RayWorkers(self.job, ray)
        if workers > 1:
            from lime_core.audits.workers.processes import WorkerProcesses

            return WorkerProcesses(self.job, workers)
        from lime_core.audits.workers.explainer import ThisProcess

        return ThisProcess(self.job, load=self.load)


def _is_another(collection: Collection, path: str, sha256: str) -> bool:
    """Return whether a file of this machine holds another picture than the one with a hash, or none any more.

    All are read, which takes milliseconds each: the time of a file says nothing where links or folders were exchanged.
    """
    if not isinstance(collection, OnThisMachine) or collection.file_of(path) is None:
        return False
    try:
        data = collection.read(path)
    except (LimeError, OSError):
        return False  # it may be out of reach for a while, and its explanation is worth keeping
    try:
        return load_image(data).sha256 != sha256
    except Exception:  # whatever a strange picture makes libraries raise; the attempt to explain it says why
        return True


def _silent(done: int, total: int) -> None:
    del done, total
