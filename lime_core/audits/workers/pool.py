"""What explains the pictures of an audit: the job that every worker gets, what comes back, and the interface of a pool.

A pool is this process alone (`lime_core.audits.workers.explainer`), several processes of this machine
(`lime_core.audits.workers.processes`), or a Ray cluster (`lime_core.audits.workers.ray_workers`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from lime_core.models.loading import load_classifier

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    import pyarrow as pa

    from lime_core.collections import CollectedPicture, Collection
    from lime_core.models.engines.base import EngineName, Precision
    from lime_core.models.outputs import OutputChoice
    from lime_core.models.protocol import Classifier
    from lime_core.settings.spec import ExplainSpec


@dataclass(frozen=True, slots=True)
class ModelSource:
    """How a model is loaded, wherever that is done; it can be pickled.

    Attributes
    ----------
    source, labels, preprocessing, outputs, output, input_size, engine
        Those of `lime_core.models.loading.load_classifier`; `source` as a text.
    """

    source: str
    labels: Any = None
    preprocessing: Any = None
    outputs: OutputChoice = "auto"
    output: str | None = None
    input_size: tuple[int, int] | None = None
    engine: EngineName = "auto"

    def load(self, precision: Precision) -> Classifier:
        """Return the model, ready to use.

        Raises
        ------
        ModelError
            See `load_classifier`.
        """
        return load_classifier(
            self.source,
            labels=self.labels,
            preprocessing=self.preprocessing,
            outputs=self.outputs,
            output=self.output,
            input_size=self.input_size,
            engine=self.engine,
            precision=precision,
        )


@dataclass(frozen=True, slots=True)
class LoadedModel:
    """A model that is there already; it stays in this process.

    Attributes
    ----------
    classifier : Classifier
    """

    classifier: Classifier

    def load(self, precision: Precision) -> Classifier:  # noqa: ARG002 - it has the precision that it has
        """Return the model."""
        return self.classifier


class LoadsModel(Protocol):
    """How a model is loaded: `ModelSource`, `LoadedModel`, or what has the models of a server."""

    def load(self, precision: Precision) -> Classifier:
        """Return the model, ready to use, in a precision."""


@dataclass(frozen=True, slots=True)
class Job:
    """All that a worker needs to explain pictures of an audit; it can be pickled.

    Attributes
    ----------
    collection : Collection
        From which it reads the pictures.
    model : LoadsModel
        Only with a `ModelSource` can the job be pickled.
    precision : {"f32", "bf16"}
        In which every picture is asked; decided once, so that all pictures of an audit are treated alike.
    spec : ExplainSpec
        The settings; each picture has a seed of its own, derived from its `seed`.
    keep_answers : bool
        Whether outcomes hold the model's answers, about 1 MB for 256 samples of 1,000 classes.
    """

    collection: Collection
    model: LoadsModel
    precision: Precision
    spec: ExplainSpec
    keep_answers: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one picture; it can be pickled.

    Attributes
    ----------
    picture : CollectedPicture
    tables : mapping of str to pyarrow.Table
        Its rows, by the keys of `lime_core.audits.storage.tables.SCHEMAS`; empty where it was skipped.
    skipped : str or None
        Why it could not be explained, in a sentence.
    answers : bytes or None
        What the model answered, as an NPZ file of `lime_core.answers.neighborhood.Neighborhood`; None where that is not
        asked for.
    """

    picture: CollectedPicture
    tables: Mapping[str, pa.Table] = field(default_factory=dict)
    skipped: str | None = None
    answers: bytes | None = None


class Workers(Protocol):
    """A pool of workers that hold a job. Each loads the model once, and asks about two pictures at a time.

    A worker builds `lime_core.audits.workers.explainer.Explainer` from the job and calls its `explain(picture)`, which
    returns an `Outcome` for every picture, whatever is wrong with it, and may be called by two threads at a time: one
    prepares or fits while the model works for the other.
    """

    def explain(self, pictures: Iterable[CollectedPicture]) -> Iterator[Outcome]:
        """Yield the outcome of each picture, in any order.

        Pictures are taken from the iterable as workers become free, so that memory does not grow with their number. The
        pictures under way of a worker that was lost are asked again; one that ends its worker twice is skipped.

        Raises
        ------
        LimeError
            When no worker can be started, or the model cannot be loaded or used.
        """

    def close(self) -> None:
        """End the workers, those at work too; what they were working on is lost. May be called twice."""
