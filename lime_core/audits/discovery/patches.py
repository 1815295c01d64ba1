"""The strongest superpixels of an audit, described so that they can be compared across pictures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from lime_core.audits.storage.tables import EXPLANATIONS, SUPERPIXELS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lime_core.audits.storage.audit_folder import AuditFolder

SHOWN: Final = ("picture", "class_index", "superpixel", "coefficient", "top", "left", "bottom", "right")
COMPONENTS: Final = 30
MOST_FITTED: Final = 4000  # patches that the components are fitted to
_CHUNK: Final = 200  # pictures read at a time


@dataclass(frozen=True, slots=True, eq=False)
class Patches:
    """n superpixels that speak for a class, described by the network's own features.

    Attributes
    ----------
    pictures : ndarray of str, shape (n,)
    classes : ndarray of int, shape (n,)
        Index of the class that each speaks for.
    superpixels : ndarray of int, shape (n,)
    coefficients : ndarray of float, shape (n,)
    boxes : ndarray of int, shape (n, 4)
        Top, left, bottom and right, in pixels of the picture.
    descriptions : ndarray of float, shape (n, D)
        Of unit length.
    components : Components
        What turns features into descriptions.
    """

    pictures: NDArray[Any]
    classes: NDArray[np.intp]
    superpixels: NDArray[np.intp]
    coefficients: NDArray[np.float64]
    boxes: NDArray[np.intp]
    descriptions: NDArray[np.float32]
    components: Components

    def __len__(self) -> int:
        return len(self.pictures)

    def extended(self, rows: pa.Table) -> Patches:
        """Return these patches and, behind them, superpixels without a description, with the columns `SHOWN`."""
        more = _patches(rows, np.zeros((len(rows), self.descriptions.shape[1]), np.float32), self.components)
        return Patches(
            pictures=np.concatenate([self.pictures, more.pictures]),
            classes=np.concatenate([self.classes, more.classes]),
            superpixels=np.concatenate([self.superpixels, more.superpixels]),
            coefficients=np.concatenate([self.coefficients, more.coefficients]),
            boxes=np.concatenate([self.boxes, more.boxes]),
            descriptions=np.concatenate([self.descriptions, more.descriptions]),
            components=self.components,
        )


@dataclass(frozen=True, slots=True, eq=False)
class Components:
    """Principal components of the roots of features, of unit length.

    A few strong features would otherwise decide what is alike: a watermark over different things is a group only by
    the roots (the power normalization of [1]_).

    Attributes
    ----------
    mean : ndarray of float32, shape (F,)
    axes : ndarray of float32, shape (D, F)

    References
    ----------
    .. [1] F. Perronnin, J. Sánchez, T. Mensink. Improving the Fisher kernel for large-scale image classification.
       ECCV 2010.
    """

    mean: NDArray[np.float32]
    axes: NDArray[np.float32]

    def describe(self, features: NDArray[Any]) -> NDArray[np.float32]:
        """Return descriptions of unit length float32 ``(n, D)`` of features ``(n, F)``."""
        described: NDArray[np.float32] = _unit((_rooted(features) - self.mean) @ self.axes.T)
        return described


def read_patches(folder: AuditFolder, seed: int) -> Patches | None:
    """Return the superpixels of an audit whose features were kept, or None where there are fewer than two.

    Features are read for some pictures at a time; the components are fitted to at most `MOST_FITTED` patches.
    """
    listed = folder.table(EXPLANATIONS, ["picture"])["picture"].unique().to_pylist()
    pictures = np.random.default_rng(seed).permutation(np.array(sorted(listed), dtype=object))
    sample: list[NDArray[Any]] = []
    for rows in _described(folder, pictures):
        sample.append(_features(rows))
        if sum(map(len, sample)) >= MOST_FITTED:
            break
    if sum(map(len, sample)) < 2:
        return None
    components = _fitted(np.concatenate(sample)[:MOST_FITTED], seed)
    tables, descriptions = [], []
    for rows in _described(folder, np.sort(pictures)):
        descriptions.append(components.describe(_features(rows)))
        tables.append(rows.drop_columns("features"))
    return _patches(pa.concat_tables(tables), np.concatenate(descriptions), components)


def _patches(rows: pa.Table, descriptions: NDArray[np.float32], components: Components) -> Patches:
    box = [rows[side].to_numpy() for side in ("top", "left", "bottom", "right")]
    return Patches(
        pictures=np.array(rows["picture"].to_pylist(), dtype=object),
        classes=rows["class_index"].to_numpy().astype(np.intp),
        superpixels=rows["superpixel"].to_numpy().astype(np.intp),
        coefficients=rows["coefficient"].to_numpy().astype(np.float64),
        boxes=np.stack(box, axis=1).astype(np.intp),
        descriptions=descriptions,
        components=components,
    )


def _described(folder: AuditFolder, pictures: NDArray[Any]) -> Any:
    """Yield the rows with features and evidence for a class, some pictures at a time."""
    for start in range(0, len(pictures), _CHUNK):
        rows = folder.table(SUPERPIXELS, pictures=list(pictures[start : start + _CHUNK]))
        rows = rows.filter(pc.and_(pc.is_valid(rows["features"]), pc.greater(rows["coefficient"], 0)))
        order = [("picture", "ascending"), ("class_index", "ascending"), ("superpixel", "ascending")]
        if len(rows):
            yield rows.sort_by(order)


def _features(rows: pa.Table) -> NDArray[np.float32]:
    lists = rows["features"].combine_chunks()
    values: NDArray[np.float32] = lists.flatten().to_numpy(zero_copy_only=False).astype(np.float32)
    return values.reshape(len(rows), -1)


def _fitted(features: NDArray[np.float32], seed: int) -> Components:
    from sklearn.decomposition import PCA

    unit = _rooted(features)
    count = min(COMPONENTS, unit.shape[1], len(unit) - 1)
    with np.errstate(invalid="ignore"):  # of shares of the variance, where all features are the same
        analysis = PCA(count, svd_solver="randomized", random_state=seed).fit(unit)
    return Components(analysis.mean_.astype(np.float32), analysis.components_.astype(np.float32))


def _rooted(features: NDArray[Any]) -> NDArray[np.float32]:
    values = np.asarray(features, np.float32)
    return _unit(np.sign(values) * np.sqrt(np.abs(values)))


def _unit(values: NDArray[Any]) -> NDArray[np.float32]:
    given = np.asarray(values, np.float32)
    unit: NDArray[np.float32] = given / np.maximum(np.linalg.norm(given, axis=1, keepdims=True), np.float32(1e-12))
    return unit
