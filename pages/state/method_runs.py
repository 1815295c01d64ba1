"""The comparison of methods that one user has begun."""

from __future__ import annotations

import lime_core as lc
from pages.state.methods_job import MethodsJob, MethodsOrder
from pages.state.server import server


class MethodRuns:
    """The latest comparison of methods, under way or done.

    Attributes
    ----------
    latest : MethodsJob or None
        Its run.
    """

    def __init__(self) -> None:
        self.latest: MethodsJob | None = None

    @property
    def running(self) -> bool:
        """Whether methods are on their way."""
        return self.latest is not None and self.latest.active

    def ask(self, order: MethodsOrder) -> None:
        """Begin a comparison; one that was made before costs nothing."""
        self.forget()
        self.latest = MethodsJob(order, server()).start()

    def forget(self) -> None:
        """Stop and drop the run, for another picture or another comparison."""
        if self.latest is not None:
            self.latest.stop()
        self.latest = None

    def comparison(self, order: MethodsOrder) -> tuple[MethodsOrder, lc.MethodComparison] | None:
        """Return the newest result of an order, or else the latest one of the same picture and model, and its order."""
        made: lc.MethodComparison | None = server().results.get(order.key)
        if made is not None:
            return order, made
        if self.latest is None or self.latest.comparison is None:
            return None
        same_model = self.latest.question.model == order.question.model
        return (self.latest.order, self.latest.comparison) if same_model else None
