"""Running an audit: every picture of a collection explained, and what that shows found."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lime_core.audits.workers.pool import LoadedModel, ModelSource
from lime_core.collections import Collection, open_collection
from lime_core.errors import LimeError, SpecError
from lime_core.models.loading import as_classifier
from lime_core.settings.presets import as_spec
from lime_core.settings.spec import ExplainSpec

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from lime_core.audits.storage.audit_folder import AuditFolder
    from lime_core.models.engines.base import PrecisionChoice
    from lime_core.models.protocol import Classifier

    Progress = Callable[[int, int], object]

SAMPLES = 256  # of an audit, where nothing else is asked for
MOST_WORKERS = 256


def audit(
    pictures: str | Path | Sequence[str | Path] | Collection,
    model: Classifier | ModelSource | str | Path,
    output: str | Path,
    spec: ExplainSpec | str | Mapping[str, Any] | None = None,
    *,
    workers: int = 1,
    ray: str | None = None,
    restart: bool = False,
    precision: PrecisionChoice = "auto",
    keep_answers: bool = False,
    on_check: Progress | None = None,
    on_progress: Progress | None = None,
    on_finding: Progress | None = None,
) -> AuditFolder:
    """Explain a whole collection of pictures, and find what the model has really learned.

    Every picture is explained for its predicted class, and for its true one where that is known and another. What is
    explained is written at once: an audit that was ended in whatever way goes on where it stopped when it is asked for
    again. Then pictures that could not be explained are tried again. Those whose label has changed are explained again,
    and so are those whose file on this machine was replaced by another picture. At an address pictures are known by
    their paths alone: after such a change the audit is to be begun anew, with `restart`.

    Parameters
    ----------
    pictures : path, address, sequence of paths or Collection
        See `lime_core.collections.open_collection`.
    model : Classifier, ModelSource, str or Path
        A classifier, the name of one in the catalog, the path of a model file, or all that `load_classifier` needs.
    output : path
        The folder of the audit.
    spec : ExplainSpec, str or mapping, optional
        Settings, the name of a preset, or settings by name; without them the project's defaults with 256 samples. Each
        picture has a seed of its own, derived from that of the settings and the picture.
    workers : int
        Processes; 1 is this one. Several need a model that is given by its name or path.
    ray : str, optional
        ``"auto"`` or the address of a Ray cluster, which explains the pictures instead.
    restart : bool
        Whether to begin anew where the folder holds an audit already, which is deleted once the model is loaded.
    precision : {"auto", "f32", "bf16"}
        In which the model is asked; ``auto`` is decided once, on the first picture. A classifier stays as it is.
    keep_answers : bool
        Whether the model's answers are kept in the folder, about 1 MB a picture for 256 samples of 1,000 classes. With
        them the page opens a picture of the audit without asking the model again. Pictures that an earlier run has
        explained are not asked about again for it.
    on_check : callable, optional
        Called as ``on_check(done, total)`` after each picture of an earlier run that was compared with what is there
        now, before anything is explained.
    on_progress : callable, optional
        Called as ``on_progress(done, total)`` after each picture, with those of an earlier run among them. When it
        raises, the audit is left as a valid, smaller one; so it is with the others.
    on_finding : callable, optional
        The same for the experiments that follow.

    Returns
    -------
    folder : AuditFolder

    Raises
    ------
    LimeError
        When the folder holds an audit of another model, of other pictures or with other settings, another process is
        writing it, it holds something that is no audit or the pictures themselves, or the collection or the model
        cannot be used.
    """
    from lime_core.audits.beginning import opened, prepared
    from lime_core.audits.storage.clearing import check_apart

    spec = replace(ExplainSpec(), samples=SAMPLES) if spec is None else as_spec(spec)
    _check(spec, workers, ray, model)
    collection = pictures if isinstance(pictures, Collection) else open_collection(pictures)
    check_apart(output, collection)
    told = check, progress, finding = _Told(on_check), _Told(on_progress), _Told(on_finding)
    with opened(output) as folder:
        kept = sys.maxsize if keep_answers else 0
        task = prepared(folder, collection, _source(model), spec, precision, restart=restart, answers_bytes=kept)
        try:
            task.explain(workers=workers, ray=ray, on_check=check, on_progress=progress)
            if not task.concluded:
                task.conclude(complete=True, on_progress=finding)
        except BaseException as error:
            stopped = isinstance(error, KeyboardInterrupt) or any(error is one.stop for one in told)
            if stopped and not task.concluded:
                # It was stopped on purpose, so what is there should be fit to be looked at.
                task.conclude(complete=False)
            raise
    return folder


class _Told:
    """Tell how far an audit is; what is raised then is no failure but a wish to stop, and kept in `stop`."""

    def __init__(self, report: Progress | None) -> None:
        self._report = report
        self.stop: BaseException | None = None

    def __call__(self, done: int, total: int) -> None:
        if self._report is None:
            return
        try:
            self._report(done, total)
        except BaseException as error:
            self.stop = error
            raise


def _check(spec: ExplainSpec, workers: int, ray: str | None, model: object) -> None:
    if spec.classes is not None:
        raise SpecError("An audit explains the predicted and the true class of each picture: leave classes out.")
    if not spec.surrogate.signed:
        raise SpecError(f"An audit needs a surrogate whose evidence has a sign; {spec.surrogate.name!r} has none.")
    if isinstance(workers, bool) or not isinstance(workers, int) or not 1 <= workers <= MOST_WORKERS:
        raise LimeError(f"workers must be a whole number from 1 to {MOST_WORKERS}; got {workers!r}.")
    if (workers > 1 or ray is not None) and not isinstance(model, str | Path | ModelSource):
        raise LimeError(
            "Other processes need a model that they can load: give its name or path, or a ModelSource, instead of a "
            "classifier; or use 1 worker and no Ray."
        )


def _source(model: Classifier | ModelSource | str | Path) -> ModelSource | LoadedModel:
    if isinstance(model, ModelSource):
        return model
    return ModelSource(str(model)) if isinstance(model, str | Path) else LoadedModel(as_classifier(model))
