"""The trials that one user has begun."""

from __future__ import annotations

import lime_core as lc
from pages.state.question import Question
from pages.state.server import server
from pages.state.trial_job import TrialJob, TrialOrder


class TrialRuns:
    """Trials by the key of their result; they leave with the answers that they put to the test.

    Attributes
    ----------
    jobs : dict of TrialJob
        Those under way and those that have ended.
    """

    def __init__(self) -> None:
        self.jobs: dict[str, TrialJob] = {}

    @property
    def active(self) -> list[TrialJob]:
        """Those under way."""
        return [job for job in self.jobs.values() if job.active]

    def begin(self, order: TrialOrder) -> None:
        """Begin a trial."""
        self.jobs[order.key] = TrialJob(order, server()).start()

    def keep_only(self, question: Question | None, neighborhood: lc.Neighborhood | None) -> None:
        """Drop what belongs to other answers than these; a trial of another question is stopped first."""
        for key, job in list(self.jobs.items()):
            same_question = question is not None and job.order.question.shown_as == question.shown_as
            if not same_question:
                job.stop()
            outdated = neighborhood is None or job.order.neighborhood.samples != neighborhood.samples
            if not same_question or (outdated and not job.active):
                del self.jobs[key]
