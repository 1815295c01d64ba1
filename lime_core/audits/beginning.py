"""The beginning of an audit: a folder for this process alone, and what an earlier run has left in it."""

from __future__ import annotations

import contextlib
import json
from collections import Counter
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from typing import IO, TYPE_CHECKING, Any, get_args

from lime_core.audits.report.words import counted
from lime_core.audits.storage.about import about, check_same, kept_about
from lime_core.audits.storage.audit_folder import ABOUT, AuditFolder
from lime_core.audits.storage.clearing import check_output, clear
from lime_core.audits.storage.tables import EXPLANATIONS
from lime_core.audits.task import Task
from lime_core.audits.workers.pool import Job, LoadedModel
from lime_core.audits.workers.true_classes import TrueClasses
from lime_core.collections.addresses import shown
from lime_core.errors import LimeError
from lime_core.methods.lime.precision import stream_in
from lime_core.models.engines.base import Precision, precision_of
from lime_core.models.features import as_feature_classifier
from lime_core.picture.image import load_image

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from lime_core.audits.workers.pool import LoadsModel
    from lime_core.collections import Collection
    from lime_core.methods.lime.precision import Load
    from lime_core.models.engines.base import PrecisionChoice
    from lime_core.models.protocol import Classifier
    from lime_core.picture.image import Image
    from lime_core.settings.spec import ExplainSpec

_LOCK = ".lock"
_MOST_NAMED = 5


@contextmanager
def opened(output: str | Path) -> Iterator[AuditFolder]:
    """Give the folder of an audit to this process alone.

    Raises
    ------
    LimeError
        When another process has it, it cannot be written to, or it holds something that is no audit.
    """
    if "://" in str(output):
        raise LimeError(f"{output} is an address; an audit is written to a folder of this machine.")
    folder = AuditFolder(output)
    check_output(folder)
    try:
        folder.path.mkdir(parents=True, exist_ok=True)
        lock = (folder.path / _LOCK).open("a")
    except OSError as error:
        raise LimeError(
            f"Cannot write to {output}: {error.strerror or error}. Choose another output folder."
        ) from error
    with lock:
        _lock(lock, folder.path)
        yield folder


def prepared(
    folder: AuditFolder,
    collection: Collection,
    model: LoadsModel,
    spec: ExplainSpec,
    precision: PrecisionChoice = "auto",
    *,
    restart: bool = False,
    answers_bytes: int = 0,
) -> Task:
    """Begin an audit in an empty folder, or go on with the one that is there; with `restart` begin it anew.

    What is there is cleared only once the model is loaded and all that was given is known to be usable. Of the model's
    answers at most `answers_bytes` are kept.

    Raises
    ------
    LimeError
        When it is about something else, or the model cannot be loaded.
    """
    kept = None if restart else kept_about(folder)
    load = cache(model.load)
    classifier = load("f32")
    given: Precision = "f32" if precision == "auto" else precision
    if given == "bf16" and (isinstance(model, LoadedModel) or classifier.engine == "server"):
        raise LimeError(f"{classifier.id} computes in the precision that it has: leave the precision out.")
    if precision == "auto" and not isinstance(model, LoadedModel):
        given = _kept_precision(kept) or _good_enough(collection, load, spec)
    # A classifier that was handed over computes as it does, and is asked in nothing else.
    stated = precision_of(classifier.engine) if isinstance(model, LoadedModel) else given
    document = about(collection, classifier, stated, spec)
    job = Job(collection, model, given, spec, keep_answers=answers_bytes > 0)
    _, network_note = as_feature_classifier(classifier)
    notes = _notes(collection, classifier, network_note, given)
    if kept is not None:
        check_same(kept, document, folder)
        _check_pictures(folder, collection)
    else:
        if restart:
            clear(folder)
        # In the place of the earlier one in a single step: there is no moment when the tables are about nothing.
        folder.write_text(ABOUT, json.dumps(document, indent=1))
    return Task(folder, job, load, notes, answers_bytes)


def first_image(collection: Collection) -> Image | None:
    """Return the first picture of a collection that can be read; None where there is none."""
    for picture in collection.pictures:
        with contextlib.suppress(LimeError, OSError):
            return load_image(collection.read(picture.path))
    return None


def _lock(file: IO[str], folder: Path) -> None:
    """Take the folder, for as long as the file is open; a process that is killed lets go of it."""
    try:
        import fcntl
    except ImportError:  # Windows has no such locks
        return
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise LimeError(
            f"Another process is writing the audit in {folder}. Wait for it, or choose another output folder."
        ) from None
    except OSError as error:
        raise LimeError(
            f"{folder} cannot be kept from other processes: {error.strerror or error}. Choose an output folder on "
            "another disk."
        ) from error


def _kept_precision(kept: dict[str, Any] | None) -> Precision | None:
    """Return the precision of an audit that goes on; None where there is none."""
    precision = None if kept is None else kept.get("precision")
    return precision if precision in get_args(Precision) else None


def _good_enough(collection: Collection, load: Load, spec: ExplainSpec) -> Precision:
    """Return the precision that is good enough for the first picture."""
    image = first_image(collection)
    if image is None:
        return "f32"
    # Only the predicted class, as in an audit: unlikely ones have other error bars.
    for answers in stream_in("auto", image, load, replace(spec, top_classes=1), fitted=True):
        engine = answers.provenance.engine
    return precision_of(engine)


def _check_pictures(folder: AuditFolder, collection: Collection) -> None:
    """Raise `LimeError` where explained pictures are no longer in the collection."""
    there = {picture.path for picture in collection.pictures}
    lost = sorted(set(folder.table(EXPLANATIONS, ["picture"])["picture"].to_pylist()) - there)
    if lost:
        named = f"{counted(len(lost), 'explained picture')} of the audit in {folder.path}"
        raise LimeError(
            f"{named} {'is' if len(lost) == 1 else 'are'} no longer in {shown(collection.root)}, such as {lost[0]}. "
            "Put back what is missing to go on, choose another output folder, or use --restart (`restart=True`)."
        )


def _notes(
    collection: Collection, classifier: Classifier, network_note: str | None, precision: Precision
) -> tuple[str, ...]:
    """Return what a reader should know of the model, the labels and the precision."""
    notes = [*getattr(classifier, "result_notes", ())]
    if precision != "f32":
        notes.append(
            f"Asked in {precision}; of each picture some samples were asked in f32 as well, and the error bars include "
            "how far the others may have moved."
        )
    if network_note is not None:
        notes.append(network_note)
    classes = TrueClasses(classifier.class_names)
    strange = Counter(
        picture.label for picture in collection.pictures if picture.label and classes.index(picture.label) is None
    )
    if strange:
        named = ", ".join(f"{label!r}" for label, _ in strange.most_common(_MOST_NAMED))
        more = f" and {len(strange) - _MOST_NAMED} more" if len(strange) > _MOST_NAMED else ""
        have, they_are = ("has", "it is") if strange.total() == 1 else ("have", "they are")
        notes.append(
            f"{counted(strange.total(), 'picture')} {have} a label that is none of the model's classes "
            f"({named}{more}): whether {they_are} predicted correctly is not known."
        )
    return tuple(notes)
