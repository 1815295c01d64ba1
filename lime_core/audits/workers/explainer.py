"""What a worker does: explain one picture after another, whatever is wrong with some of them."""

from __future__ import annotations

import hashlib
import io
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from dataclasses import replace
from functools import cache, lru_cache
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np

from lime_core.answers.scene import frame, prepare
from lime_core.audits.workers.pool import Outcome
from lime_core.audits.workers.rows import rows_of
from lime_core.audits.workers.true_classes import TrueClasses
from lime_core.errors import LimeError, ModelError, in_words
from lime_core.explaining import fit
from lime_core.methods.lime.precision import stream_in
from lime_core.models.features import as_feature_classifier
from lime_core.picture.image import load_image

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from lime_core.answers.neighborhood import Neighborhood
    from lime_core.audits.workers.pool import Job
    from lime_core.collections import CollectedPicture
    from lime_core.methods.lime.precision import Load
    from lime_core.models.protocol import Classifier

AT_A_TIME = 2  # pictures: one is prepared or fitted while the model works for the other
_LARGEST_SEED = 2**31


class StoppedError(Exception):
    """The work on a picture was given up."""


class Explainer:
    """Explain pictures of an audit; two threads may do so at a time.

    Parameters
    ----------
    job : Job
        What to explain, with which model and settings. The model is loaded at once.
    load : callable, optional
        Returns the model in a precision, where it is loaded already.

    Raises
    ------
    LimeError
        When the model cannot be loaded.
    """

    def __init__(self, job: Job, *, load: Load | None = None) -> None:
        self._job = job
        self._load = cache(load or job.model.load)
        self._classifier = self._load("f32")
        self._network, _ = as_feature_classifier(self._load(job.precision))
        self._stopped = False

    def stop(self) -> None:
        """Give up the pictures under way, soon: their `explain` raises `StoppedError`."""
        self._stopped = True

    def explain(self, picture: CollectedPicture) -> Outcome:
        """Explain a picture for its predicted class, and for its true one where that is another.

        Returns
        -------
        outcome : Outcome
            Skipped, with the reason, where the picture cannot be read, cut or explained.

        Raises
        ------
        ModelError
            When the model fails for other pictures as well.
        StoppedError
            After `stop`.
        """
        try:
            return self._explained(picture)
        except StoppedError:
            raise
        except ModelError as error:
            _check_answers(self._classifier)
            return Outcome(picture, skipped=str(error))
        except LimeError as error:
            return Outcome(picture, skipped=str(error))
        except OSError as error:
            return Outcome(picture, skipped=f"It cannot be read: {error.strerror or in_words(error)}.")
        except Exception as error:  # whatever a strange picture makes libraries raise, the others are explained
            return Outcome(picture, skipped=f"It could not be explained: {type(error).__name__}: {in_words(error)}.")

    def _explained(self, picture: CollectedPicture) -> Outcome:
        self._check_stop()
        image = load_image(self._job.collection.read(picture.path))
        spec = replace(self._job.spec, seed=seed_of(self._job.spec.seed, image.sha256), classes=None, top_classes=1)
        scene = prepare(image, self._classifier.input_size, spec)
        asked = stream_in(self._job.precision, image, self._load, spec, fitted=True, scene=scene)
        for answers in asked:  # noqa: B007 - the last are all
            self._check_stop()
        predicted = int(answers.original_outputs.argmax())
        true_class = _true_classes(answers.class_names).index(picture.label)
        roles = {predicted: "predicted"}
        if true_class is not None and true_class != predicted:
            roles[true_class] = "true"
        explanation = fit(answers, replace(spec, classes=tuple(roles)))
        pixels = frame(image, spec).pixels
        tables = rows_of(picture, image.sha256, pixels, explanation, roles, true_class, self._network)
        return Outcome(picture, tables, answers=_as_npz(answers) if self._job.keep_answers else None)

    def _check_stop(self) -> None:
        if self._stopped:
            raise StoppedError


def seed_of(seed: int, sha256: str) -> int:
    """Return the seed of a picture: the same wherever and whenever it is explained, another for every picture."""
    digest = hashlib.sha256(f"{seed} {sha256}".encode()).digest()
    return int.from_bytes(digest[:8], "big") % _LARGEST_SEED


def _as_npz(answers: Neighborhood) -> bytes:
    buffer = io.BytesIO()
    answers.save_npz(buffer)
    return buffer.getvalue()


_true_classes = lru_cache(maxsize=4)(TrueClasses)


def _check_answers(classifier: Classifier) -> None:
    """Raise `ModelError` where the model fails whatever it is asked."""
    grey = np.full((1, *classifier.input_size, 3), 128, np.uint8)
    try:
        outputs = np.asarray(classifier.predict(grey), np.float32)
    except (LimeError, StoppedError):
        raise
    except Exception as error:  # whatever somebody's own model raises
        raise ModelError(f"The model fails for every picture: {type(error).__name__}: {in_words(error)}.") from error
    if not np.isfinite(outputs).all():
        raise ModelError("The model returned outputs that are not finite numbers; check its weights and preprocessing.")


class ThisProcess:
    """The pool that is this process alone; parameters are those of `Explainer`."""

    def __init__(self, job: Job, *, load: Load | None = None) -> None:
        self._explainer = Explainer(job, load=load)
        self._pool = ThreadPoolExecutor(AT_A_TIME, "limelight-audit")

    def explain(self, pictures: Iterable[CollectedPicture]) -> Iterator[Outcome]:
        """Yield the outcome of each picture, as `lime_core.audits.workers.pool.Workers` describes."""
        waiting = iter(pictures)
        under_way = {self._pool.submit(self._explainer.explain, picture) for picture in islice(waiting, AT_A_TIME + 1)}
        while under_way:
            done, under_way = wait(under_way, return_when=FIRST_COMPLETED)
            for future in done:
                under_way |= {self._pool.submit(self._explainer.explain, picture) for picture in islice(waiting, 1)}
                yield future.result()

    def close(self) -> None:
        """Give up the pictures under way."""
        self._explainer.stop()
        self._pool.shutdown(cancel_futures=True)
