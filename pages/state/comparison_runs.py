"""The runs of one user's comparison of models."""

from __future__ import annotations

import lime_core as lc
from lime_core.answers.neighborhood import first_samples
from pages.state.explain_job import ExplainJob
from pages.state.question import Question
from pages.state.server import server


class ComparisonRuns:
    """The same question put to several models.

    Attributes
    ----------
    jobs : dict of ExplainJob
        The latest run of each model that was asked.
    """

    def __init__(self) -> None:
        self.jobs: dict[str, ExplainJob] = {}
        self._opened = False

    @property
    def running(self) -> bool:
        """Whether any answers are on their way."""
        return any(job.active for job in self.jobs.values())

    def open(self) -> bool:
        """Note that the screen is drawn; return whether it is the first time."""
        first, self._opened = not self._opened, True
        return first

    def ask(self, questions: list[Question]) -> None:
        """Put the question to every model; cached answers cost nothing."""
        self.stop()
        self.jobs = {question.model: ExplainJob(question, server()).start() for question in questions}

    def ask_again(self) -> None:
        """Put the latest questions once more, after something went wrong."""
        self.ask([job.question for job in self.jobs.values()])

    def stop(self) -> None:
        """End all runs after the batch that is being asked."""
        for job in self.jobs.values():
            job.stop()

    def forget(self) -> None:
        """Stop and drop all runs, for another picture."""
        self.stop()
        self.jobs = {}

    def job_of(self, question: Question) -> ExplainJob | None:
        """Return the run that asks this very question."""
        job = self.jobs.get(question.model)
        return job if job is not None and job.question.key == question.key else None

    def answers(self, question: Question) -> lc.Neighborhood | None:
        """Return the newest answers to a question, of its run or cached from any other screen."""
        job = self.job_of(question)
        cached = server().answers_to(question)
        growing = job.neighborhood if job is not None else None
        if growing is None or (cached is not None and cached.samples >= growing.samples):
            return cached
        return first_samples(growing, question.size(growing.superpixels))
