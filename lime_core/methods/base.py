"""The seam for explanation methods: from a picture and a classifier to an attribution."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import replace
from typing import Any, ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from lime_core.answers.classes import chosen_classes
from lime_core.answers.neighborhood import Neighborhood
from lime_core.answers.query import Progress, query
from lime_core.explanation.attribution import Attribution, without_view
from lime_core.explanation.class_attribution import ClassAttribution
from lime_core.masks.samplers import Sampler
from lime_core.models.engines.base import precision_of
from lime_core.models.protocol import Classifier
from lime_core.picture.image import Image
from lime_core.settings.spec import QUERY_STAGES, ExplainSpec

Floats = NDArray[np.float64]


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

    def draws_at_random(self, spec: ExplainSpec) -> bool:
        """Return whether the seed changes the result."""
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
    design : type of Sampler, or None
        Of the masks that it needs; None where masks of superpixels from any sampler will do.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    summary: ClassVar[str]
    fits: ClassVar[bool] = False
    design: ClassVar[type[Sampler] | None] = None

    def check(self, neighborhood: Neighborhood) -> None:
        """Raise `SpecError` for answers to masks of which this method can make no use."""
        of_superpixels = self.design is None and neighborhood.cover is None
        if not of_superpixels and not (self.design and isinstance(neighborhood.spec.sampler, self.design)):
            raise neighborhood.of_another_design(self.title)

    def obstacle(self, classifier: Classifier) -> str | None:  # noqa: ARG002 - some methods look at it
        """Return None: every classifier answers to masks."""
        return None

    def planned_calls(self, spec: ExplainSpec, superpixels: int) -> int:
        """Return the length of the design of masks, and one for the unmodified picture."""
        asked = self.asked(spec)
        return asked.sampler.size(asked.samples, superpixels) + 1

    def draws_at_random(self, spec: ExplainSpec) -> bool:
        """Return whether another seed asks other questions."""
        other = replace(spec, seed=(spec.seed + 1) % 2**31)
        return self.asked(spec).digest(*QUERY_STAGES) != self.asked(other).digest(*QUERY_STAGES)

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


def random_samples(neighborhood: Neighborhood) -> slice:
    """Return the rows that the sampler drew: all but the unmodified picture, where that is the first sample."""
    return slice(1, None) if neighborhood.spec.include_original and neighborhood.samples > 1 else slice(None)


def counted_from_zero(outputs: Floats) -> tuple[Floats, tuple[str, ...]]:
    """Return outputs ``(N, C)`` that are at least 0, and a note where some were not.

    Scores without a sign are ranked by size, so means of outputs below 0 would be ranked the wrong way round.
    """
    if outputs.min() >= 0:
        return outputs, ()
    note = "Some outputs are below 0, so the outputs of each class are counted from its smallest one."
    return outputs - np.minimum(outputs.min(axis=0), 0.0), (note,)


def scored(
    method: MaskMethod,
    neighborhood: Neighborhood,
    spec: ExplainSpec,
    scores: Floats,
    *,
    signed: bool = True,
    unit: str | None = None,
    std_errors: Floats | None = None,
    degrees_of_freedom: Floats | None = None,
    notes: tuple[str, ...] = (),
) -> Attribution:
    """Return the scores that a method by masks has worked out as an attribution.

    Parameters
    ----------
    method : MaskMethod
        The method.
    neighborhood : Neighborhood
        The answers behind the scores.
    spec : ExplainSpec
        What `Neighborhood.fitted_spec` returns.
    scores : ndarray of float64, shape (C, S) or (C, H, W)
        One row for each of the `chosen_classes`.
    signed, unit
        As in `Attribution`; without a unit that of the target.
    std_errors, degrees_of_freedom : ndarray of float64, shape (C, S), or None
        As in `ClassAttribution`.
    notes : tuple of str
        Plain warnings; those of the answers are added.
    """
    indices = chosen_classes(neighborhood.original_outputs, spec)
    return Attribution(
        classes=tuple(
            ClassAttribution(
                index=index,
                name=neighborhood.class_names[index],
                output=float(neighborhood.original_outputs[index]),
                scores=scores[row],
                std_errors=None if std_errors is None else std_errors[row],
                degrees_of_freedom=None if degrees_of_freedom is None else degrees_of_freedom[row],
            )
            for row, index in enumerate(indices)
        ),
        segments=neighborhood.segments,
        signed=signed,
        unit=neighborhood.unit(spec) if unit is None else unit,
        calls=neighborhood.samples + 1,
        method=method.name,
        provenance=neighborhood.provenance,
        spec=without_view(spec),
        notes=(*notes, *_on_precision(neighborhood), *neighborhood.notes),
    )


def _on_precision(neighborhood: Neighborhood) -> tuple[str, ...]:
    """Return what is to be said of answers that were asked for a fit, which alone knows how far they were moved."""
    if neighborhood.compared is None:
        return ()
    precision = precision_of(neighborhood.provenance.engine)
    return (f"Asked in {precision}: how far that has moved these scores is not known.",)
