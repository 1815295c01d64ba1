"""The seam for explanation methods: from a picture and a classifier to an attribution."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar, Protocol

from lime_core.answers.neighborhood import Neighborhood
from lime_core.answers.query import Progress, query
from lime_core.explanation.attribution import Attribution
from lime_core.models.protocol import Classifier
from lime_core.picture.image import Image
from lime_core.settings.spec import ExplainSpec


class Method(Protocol):
    """A way to explain a picture.

    Attributes
    ----------
    name : str
        What the command line, links and JSON call it.
    title : str
        Its name for people.
    summary : str
        What its scores mean, in one plain sentence.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    summary: ClassVar[str]

    def obstacle(self, classifier: Classifier) -> str | None:
        """Return why this model cannot be explained by the method, in a sentence; None where it can."""
        ...

    def planned_calls(self, spec: ExplainSpec, superpixels: int) -> int:
        """Return the most pictures that the model is asked about, the unmodified one included."""
        ...

    def attribute(
        self,
        image: Image,
        classifier: Classifier,
        spec: ExplainSpec,
        *,
        known: Neighborhood | None = None,
        on_progress: Progress | None = None,
    ) -> Attribution:
        """Explain a picture.

        Parameters
        ----------
        image : Image
            The picture.
        classifier : Classifier
            The model; left unchanged.
        spec : ExplainSpec
            Settings; a method uses those that concern it.
        known : Neighborhood, optional
            Answers to the same questions that are there already.
        on_progress : callable, optional
            Called as ``on_progress(done, total)`` with pictures asked about; when it raises, the work stops there.

        Raises
        ------
        LimeError
            When the settings or the model's outputs cannot be used.
        """
        ...


class MaskMethod(ABC):
    """A method that asks the model about masks, in two halves: the slow query, and scores from its answers.

    Attributes
    ----------
    name, title, summary
        As in `Method`.
    fits : bool
        Whether the settings of the fit, such as the kernel, matter to it.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    summary: ClassVar[str]
    fits: ClassVar[bool] = False

    def obstacle(self, classifier: Classifier) -> str | None:  # noqa: ARG002 - some methods look at it
        """Return None: every classifier answers to masks."""
        return None

    def planned_calls(self, spec: ExplainSpec, superpixels: int) -> int:
        """Return the length of the design of masks, and one for the unmodified picture."""
        asked = self.asked(spec)
        return asked.sampler.size(asked.samples, superpixels) + 1

    @abstractmethod
    def asked(self, spec: ExplainSpec) -> ExplainSpec:
        """Return the settings of the query: those of `spec` with the method's own design of masks."""

    @abstractmethod
    def from_answers(self, neighborhood: Neighborhood, spec: ExplainSpec) -> Attribution:
        """Turn answers to the questions of `asked` into scores; milliseconds, and no model call."""

    def work_out(self, neighborhood: Neighborhood, spec: ExplainSpec) -> tuple[Attribution, Any]:
        """Return the scores of `from_answers`, and what the judge can make use of (LIME's regression), or None."""
        return self.from_answers(neighborhood, spec), None

    def attribute(
        self,
        image: Image,
        classifier: Classifier,
        spec: ExplainSpec,
        *,
        known: Neighborhood | None = None,
        on_progress: Progress | None = None,
    ) -> Attribution:
        """Ask the model and turn its answers into scores, as `Method.attribute` describes."""
        return self.from_answers(query(image, classifier, self.asked(spec), known=known, on_progress=on_progress), spec)
