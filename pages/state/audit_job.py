"""Audit a collection of pictures in the background, sharing the model batch by batch with all visitors."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

from numpy.typing import NDArray

import lime_core as lc
from lime_core.audits.beginning import opened, prepared
from lime_core.audits.storage.answers import KeptAnswers
from lime_core.audits.storage.audit_folder import AuditFolder
from lime_core.audits.task import Task
from lime_core.audits.workers.explainer import StoppedError as GivenUpError
from lime_core.collections import Collection
from lime_core.models.engines.base import Precision, PrecisionChoice
from pages.state.audit_reading import read_audit
from pages.state.audit_source import AuditSource
from pages.state.background_job import BackgroundJob, StoppedError
from pages.state.cache import digest
from pages.state.guarded_classifier import guarded
from pages.state.opened_audit import OpenedAudit
from pages.state.server import Server
from pages.state.turns import Place, Run

_ANSWERS_BYTES = 1 << 30


@dataclass(frozen=True, slots=True)
class AuditOrder:
    """What is audited, and how.

    Attributes
    ----------
    title : str
        What people call the collection.
    collection : Collection
        The pictures.
    model : str
        Key of `known_model`.
    spec : ExplainSpec
        All settings; the number of samples is that of each picture.
    precision : {"auto", "f32", "bf16"}
        Numbers inside the network.
    """

    title: str
    collection: Collection
    model: str
    spec: lc.ExplainSpec
    precision: PrecisionChoice


class AuditJob(BackgroundJob):
    """An audit under way; `done` and `total` count pictures.

    Parameters
    ----------
    order : AuditOrder
        What is audited.
    output : Path
        Its folder; an audit that was begun there goes on.
    server : Server
        Whose models are asked.

    Attributes
    ----------
    audit : OpenedAudit or None
        The audit, finished or smaller after a stop.
    started_with : int
        Pictures that were done already.
    asked_since : float
        When the first picture was begun, seconds of `time.monotonic`.
    stage : str
        What goes on after the pictures, in words; empty before.
    share_of_stage : float
        The share of it that is done.
    """

    failure: ClassVar[str] = "The audit ended unexpectedly"
    patience: ClassVar[float] = 120.0  # seconds; an audit takes many minutes, and browsers lose their connection

    def __init__(self, order: AuditOrder, output: Path, server: Server) -> None:
        super().__init__("audit", total=len(order.collection.pictures))
        self.order, self.output = order, output
        self.audit: OpenedAudit | None = None
        self.started_with = 0
        self.asked_since = self.began
        self.stage, self.share_of_stage = "", 0.0
        self._server = server
        self._taking_part: Run | None = None
        self._concluding = False
        # Two threads ask: one prepares a picture while the model works for the other.
        self._asking = threading.Lock()

    @property
    def place(self) -> Place | None:
        """Where it stands while it waits for its first turn; None before and after that."""
        return None if self._taking_part is None else self._taking_part.place

    @property
    def unfinished(self) -> bool:
        """Whether it has ended before everything was explained and put to the test."""
        return not self.active and (self.audit is None or not self.audit.findings.complete)

    def remaining(self) -> float | None:
        """Return how many seconds the model still has to work for it; None before its speed was measured."""
        speed = self._server.speed(self.order.model)
        return (self.total - self.done) * self.order.spec.samples / speed if speed else None

    def work(self) -> None:
        """Explain picture by picture, then look at what that shows; after a stop at what there is."""
        # Beside the visitor's other runs, not among them: their own questions would wait for it otherwise.
        with (
            self._server.turns.run(("audit", self.visitor), self.remaining) as self._taking_part,
            opened(self.output) as folder,
        ):
            task: Task | None = None
            try:
                task = self._prepared(folder)
                task.explain(on_progress=self._explained)
                self.stage = "Looking for concepts, and putting them to the test…"
                task.conclude(complete=True, on_progress=self._found)
            except (StoppedError, GivenUpError):
                self.stage, self.share_of_stage = "Looking for concepts in the pictures explained so far…", 0.0
                self._concluding = True
                if task is not None and self.done:
                    task.conclude(complete=False)
                    self._read()
                raise StoppedError from None
        self._read()

    def clean_up(self) -> None:
        """Leave the classifier to others."""
        self._server.models.release(self)

    def _prepared(self, folder: AuditFolder) -> Task:
        order = self.order
        model = _ServersModel(self._classifier)
        return prepared(folder, order.collection, model, order.spec, order.precision, answers_bytes=_ANSWERS_BYTES)

    def _read(self) -> None:
        order = self.order
        answers = KeptAnswers(AuditFolder(self.output))
        source = AuditSource(order.collection, order.model, order.spec, order.precision, answers, made_here=True)
        read = read_audit(self.output, order.title, digest(str(self.output), str(self.began)))
        self.audit = replace(read, source=source)

    def _explained(self, done: int, _: int) -> None:
        if not self.done and not self.started_with:
            self.started_with, self.asked_since = done, time.monotonic()
        self.done = done
        self.check()

    def _found(self, done: int, total: int) -> None:
        self.share_of_stage = min(done / total, 1.0) if total else 0.0
        if not self._concluding:
            self.check()

    def _classifier(self, precision: Precision) -> lc.Classifier:
        return guarded(self._server.models.wait_for(self.order.model, precision, self), self._in_turn)

    def _in_turn(self, _: int, ask: Callable[[], NDArray[Any]]) -> NDArray[Any]:
        with self._asking:
            self._check_while_explaining()
            if self._taking_part is None:
                return ask()
            with self._taking_part.turn():
                return ask()

    def _check_while_explaining(self) -> None:
        if self._concluding:
            return
        try:
            self.check()
        except StoppedError as error:
            # What else is raised while a picture is explained counts as a fault of that picture.
            raise GivenUpError from error


@dataclass(frozen=True, slots=True)
class _ServersModel:
    """A model that is loaded once for the whole server."""

    load: Callable[[Precision], lc.Classifier]
