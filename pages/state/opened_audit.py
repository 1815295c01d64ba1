"""An audit on screen, and its pictures by page."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lime_core.audits.report.thumbnails import Thumbnail, Thumbnails
from lime_core.audits.storage.audit_folder import AuditFolder
from lime_core.audits.storage.findings import Concept, Findings
from lime_core.audits.storage.tables import SUPERPIXELS
from lime_core.models import CATALOG
from pages.state.audit_source import AuditSource
from pages.state.cache import digest

_MOST_SUPERPIXELS = 1 << 16


@dataclass(frozen=True, slots=True)
class AuditedPicture:
    """What an audit says of a picture.

    Attributes
    ----------
    path : str
        Its path in the collection.
    label : str or None
        Its true class; None where that is not known.
    class_index, class_name : int and str
        The predicted class.
    probability : float
        The model's output for it.
    correct : bool or None
        Whether it is the true class; None where that is not known.
    r2_holdout : float
        Of its explanation; NaN where there is none.
    level : str
        Of the verdict.
    concepts : frozenset of int
        Those that the picture holds.
    seed : int
        Of its explanation.
    height, width : int
        In pixels, as explained.
    sha256 : str
        Of its pixels.
    """

    path: str
    label: str | None
    class_index: int
    class_name: str
    probability: float
    correct: bool | None
    r2_holdout: float
    level: str
    concepts: frozenset[int]
    seed: int
    height: int
    width: int
    sha256: str

    @property
    def name(self) -> str:
        """The last part of its path."""
        return self.path.rsplit("/", 1)[-1]


@dataclass(frozen=True, slots=True, eq=False)
class SmallPicture:
    """A small picture and the evidence in it.

    Attributes
    ----------
    thumbnail : Thumbnail
    coefficients : float64 array (S,)
        Of the superpixels, for the predicted class.
    """

    thumbnail: Thumbnail
    coefficients: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class OpenedAudit:
    """An audit on screen.

    Attributes
    ----------
    key : str
        Tells it from all others; a part of the keys of its drawn pictures.
    title : str
        What people call it; may hold anything.
    folder : AuditFolder
        Where it is.
    about : dict
        The collection, the model and the settings.
    findings : Findings
        What was found.
    pictures : dict of str to AuditedPicture
        By path, in the order of the paths.
    skipped : tuple of (str, str)
        Paths that could not be explained, with the reason.
    source : AuditSource or None
        What its pictures are explained with once more; None where that is not to be had here.
    obstacle : str
        Why it is not, in a sentence.
    """

    key: str
    title: str
    folder: AuditFolder
    about: dict[str, Any]
    findings: Findings
    pictures: dict[str, AuditedPicture]
    skipped: tuple[tuple[str, str], ...]
    source: AuditSource | None = None
    obstacle: str = ""

    @property
    def by_number(self) -> dict[int, Concept]:
        """The concepts by their numbers."""
        return {concept.number: concept for concept in self.findings.concepts}

    @property
    def model_title(self) -> str:
        """What people call the model."""
        model = self.model
        return CATALOG[model].title if model in CATALOG else model

    @property
    def model(self) -> str:
        """The model's id."""
        model = self.about.get("model")
        return str(model.get("id", "the model")) if isinstance(model, dict) else str(model or "the model")

    @property
    def samples(self) -> int | None:
        """How many samples a picture has; None where that is not known."""
        if self.source is not None:
            return self.source.spec.samples
        spec = self.about.get("spec")
        samples = spec.get("samples") if isinstance(spec, dict) else None
        return samples if isinstance(samples, int) else None

    def cache_key(self, *about: str) -> str:
        """Return a key for what is kept of this audit."""
        return digest("audit", self.key, *about)

    def small(self, paths: Sequence[str]) -> dict[str, SmallPicture]:
        """Return the small pictures at some paths; those without one are left out.

        Raises
        ------
        LimeError
            When one is damaged.
        """
        stored = self.thumbnails(paths)
        thumbnails = {path: found for path in paths if (found := stored.get(path)) is not None}
        scores = self._coefficients(list(thumbnails))
        small = {}
        for path, thumbnail in thumbnails.items():
            values = scores[path]
            coefficients = np.zeros(max([int(thumbnail.segments.max()), *values]) + 1)
            coefficients[list(values)] = list(values.values())
            small[path] = SmallPicture(thumbnail, coefficients)
        return small

    def thumbnails(self, paths: Sequence[str]) -> Thumbnails:
        """Return the thumbnails at some paths, read but not yet decoded; those of other audits are left out.

        Raises
        ------
        LimeError
            When they cannot be read.
        """
        return Thumbnails(self.folder, [path for path in paths if path in self.pictures])

    def _coefficients(self, paths: list[str]) -> dict[str, dict[int, float]]:
        columns = ["picture", "class_index", "superpixel", "coefficient"]
        table = self.folder.table(SUPERPIXELS, columns, pictures=paths)
        scores: dict[str, dict[int, float]] = defaultdict(dict)
        for path, class_index, superpixel, coefficient in zip(
            *(table[name].to_pylist() for name in columns), strict=True
        ):
            if class_index == self.pictures[path].class_index and 0 <= superpixel < _MOST_SUPERPIXELS:
                scores[path][superpixel] = coefficient
        return scores
