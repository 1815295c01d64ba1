"""Asking the model once: neighborhoods are kept, and shorter ones are cut from longer ones."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import lime_core as lc
from lime_core.answers.neighborhood import Neighborhood, first_samples
from tests.benchmarks.pictures import Picture


class Lab:
    """A classifier and the answers it has given so far.

    Rows of a table that differ only in fit or view settings share the same model calls, and so do runs of different
    length, since a longer run begins with the masks of a shorter one. Ask for the longest first.

    Parameters
    ----------
    classifier : Classifier
        The model.
    keep : Path, optional
        Folder in which answers survive the process. It is meant for trying fit settings: empty it whenever the
        slow half of the pipeline or the model has changed.
    """

    def __init__(self, classifier: lc.Classifier, keep: Path | None = None) -> None:
        self.classifier = classifier
        self.calls = 0
        self._keep = keep
        self._known: dict[str, Neighborhood] = {}
        if keep is not None:
            keep.mkdir(parents=True, exist_ok=True)

    def ask(self, picture: Picture, spec: lc.ExplainSpec, samples: int) -> Neighborhood:
        """Return the answers to `samples` perturbations, of the classes in ``picture.classes`` only.

        In the result, class i is ``picture.classes[i]``.
        """
        key = _key(picture, spec, self.classifier)
        known = self._known.get(key) or self._load(key)
        if known is None or known.samples < samples:
            spec = replace(spec, samples=samples)
            known = _of_classes(lc.query(picture.image, self.classifier, spec), picture.classes)
            self.calls += samples
            self._save(key, known)
        self._known[key] = known
        return first_samples(known, samples)

    def _load(self, key: str) -> Neighborhood | None:
        path = self._keep / f"{key}.npz" if self._keep is not None else None
        return Neighborhood.load_npz(path) if path is not None and path.is_file() else None

    def _save(self, key: str, neighborhood: Neighborhood) -> None:
        if self._keep is not None:
            neighborhood.save_npz(self._keep / f"{key}.npz")


def _of_classes(neighborhood: Neighborhood, classes: tuple[int, ...]) -> Neighborhood:
    columns = list(classes)
    return replace(
        neighborhood,
        outputs=neighborhood.outputs[:, columns].copy(),
        original_outputs=neighborhood.original_outputs[columns],
        class_names=tuple(neighborhood.class_names[column] for column in columns),
    )


def _key(picture: Picture, spec: lc.ExplainSpec, classifier: lc.Classifier) -> str:
    parts = (picture.image.sha256, picture.classes, spec.stream_digest, classifier.id, classifier.weights_sha256)
    return hashlib.sha256(repr(parts).encode()).hexdigest()
