"""Pictures of a collection as arrays to train on, and the part of them that is held out."""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from lime_core.collections.addresses import shown
from lime_core.errors import LimeError, in_words
from lime_core.picture.image import load_image
from lime_core.superpixels import resize_pixels

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from numpy.typing import NDArray

    from lime_core.collections.base import CollectedPicture, Collection

FEWEST_CLASSES = 2
FEWEST_PICTURES = 5  # of a class: four to train and validate with, one to hold out
_BATCH = 32
_AHEAD = 2 * _BATCH
_THREADS = 2
_LONGEST_NAME = 200

Kind = Literal["without a class", "unreadable", "copies", "in several classes"]


@dataclass(frozen=True, slots=True, eq=False)
class Samples:
    """Pictures with a known class.

    Attributes
    ----------
    paths : tuple of str
        In the collection.
    classes : tuple of str
        Names, sorted.
    labels : ndarray of int64, shape (n,)
        Index in `classes` of each picture.
    values : ndarray, shape (n, ...)
        What `read_samples` was told to keep of each picture.
    skipped : tuple of (str, str)
        Paths of the pictures that were left out, and why.
    left_out : mapping of str to int
        How many pictures were left out for each kind of reason.
    """

    paths: tuple[str, ...]
    classes: tuple[str, ...]
    labels: NDArray[np.int64]
    values: NDArray[Any]
    skipped: tuple[tuple[str, str], ...]
    left_out: Mapping[Kind, int]


def read_samples(
    collection: Collection,
    input_size: tuple[int, int],
    values_of: Callable[[NDArray[np.uint8]], NDArray[Any]],
    on_progress: Callable[[int, int], object],
) -> Samples:
    """Read the pictures of a collection, and keep something of each.

    Left out are pictures without a class, broken ones, and copies: pictures with the same pixels would otherwise be
    trained on and held out at the same time. Copies in different classes contradict one another, and all are left out.

    Parameters
    ----------
    collection : Collection
        Pictures and their classes.
    input_size : (int, int)
        Height and width to which pictures are squashed, as the model will see them.
    values_of : callable
        Maps pictures uint8 ``(B, h, w, 3)`` to what is kept, ``(B, ...)``.
    on_progress : callable
        Called as ``on_progress(done, total)``.

    Raises
    ------
    LimeError
        When there are fewer than two classes, or a class has fewer than five pictures that can be used.
    """
    labelled = [picture for picture in collection.pictures if picture.label is not None]
    unlabelled = [
        (picture.path, "Its class is not known: there is no label, and it is in no subfolder.")
        for picture in collection.pictures
        if picture.label is None
    ]
    _check_classes(Counter(str(picture.label) for picture in labelled), shown(collection.root))
    unreadable: list[tuple[str, str]] = []
    kept: list[CollectedPicture] = []
    digests: list[str] = []
    values: list[NDArray[Any]] = []
    waiting: list[NDArray[np.uint8]] = []
    for done, (picture, loaded) in enumerate(_loaded(collection, labelled, input_size), start=1):
        if isinstance(loaded, str):
            unreadable.append((picture.path, loaded))
        else:
            kept.append(picture)
            digests.append(loaded[0])
            waiting.append(loaded[1])
        if waiting and (len(waiting) == _BATCH or done == len(labelled)):
            values.append(values_of(np.stack(waiting)))
            waiting.clear()
        on_progress(done, len(labelled))
    chosen, copies, contradicting = _without_copies(kept, digests)
    pictures = [kept[index] for index in chosen]
    counts = Counter(str(picture.label) for picture in pictures)
    # A class whose pictures are all broken still counts, so that it is not lost without a word.
    _check_counts({str(picture.label): counts[str(picture.label)] for picture in labelled}, shown(collection.root))
    classes = tuple(sorted(counts))
    index_of = {name: index for index, name in enumerate(classes)}
    skipped: dict[Kind, list[tuple[str, str]]] = {
        "without a class": unlabelled,
        "unreadable": unreadable,
        "copies": copies,
        "in several classes": contradicting,
    }
    return Samples(
        tuple(picture.path for picture in pictures),
        classes,
        np.array([index_of[str(picture.label)] for picture in pictures], np.int64),
        np.concatenate(values)[chosen],
        tuple(sorted(each for pairs in skipped.values() for each in pairs)),
        {kind: len(pairs) for kind, pairs in skipped.items() if pairs},
    )


def model_input(content: bytes, size: tuple[int, int]) -> tuple[str, NDArray[np.uint8]]:
    """Return a picture's digest, and its pixels uint8 ``(h, w, 3)`` as the model sees them: squashed to its size."""
    image = load_image(content)
    return image.sha256, resize_pixels(image.pixels, size)


def held_out_split(labels: NDArray[np.int64], share: float, seed: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the indices to train on and those to hold out: drawn at random, from every class the same share.

    At least one picture of each class is held out, and more than one only where at least four stay.

    Parameters
    ----------
    labels : ndarray of int64, shape (n,)
        Classes 0, 1, ... of the pictures.
    share : float
        Share to hold out, above 0 and below 1.
    seed : int
        Of the draw.
    """
    rng = np.random.default_rng(seed)
    held: list[NDArray[np.int64]] = []
    for label in np.unique(labels):
        members = rng.permutation(np.flatnonzero(labels == label))
        count = min(max(round(share * len(members)), 1), max(len(members) - (FEWEST_PICTURES - 1), 1))
        held.append(members[:count])
    chosen = np.sort(np.concatenate(held))
    return np.setdiff1d(np.arange(len(labels)), chosen), chosen


def _loaded(
    collection: Collection, pictures: list[CollectedPicture], size: tuple[int, int]
) -> Iterator[tuple[CollectedPicture, tuple[str, NDArray[np.uint8]] | str]]:
    """Yield each picture with its digest and pixels, or with the reason why it cannot be used; a few are read ahead."""

    def load(path: str) -> tuple[str, NDArray[np.uint8]] | str:
        try:
            return model_input(collection.read(path), size)
        except (LimeError, OSError) as error:
            return in_words(error)

    pool = ThreadPoolExecutor(_THREADS)
    try:
        futures: deque[Any] = deque()
        waiting: deque[CollectedPicture] = deque()
        for picture in pictures:
            futures.append(pool.submit(load, picture.path))
            waiting.append(picture)
            if len(futures) == _AHEAD:
                yield waiting.popleft(), futures.popleft().result()
        while futures:
            yield waiting.popleft(), futures.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)


def _without_copies(
    pictures: list[CollectedPicture], digests: list[str]
) -> tuple[list[int], list[tuple[str, str]], list[tuple[str, str]]]:
    """Return the indices of the pictures to use, and the copies and those in several classes, with the reason."""
    same: dict[str, list[int]] = defaultdict(list)
    for index, digest in enumerate(digests):
        same[digest].append(index)
    chosen, copies, contradicting = [], [], []
    for members in same.values():
        if len({pictures[index].label for index in members}) > 1:
            listed = ", ".join(shown(pictures[index].path) for index in members[:4])
            reason = f"The same picture is in several classes: {listed}."
            contradicting += [(pictures[index].path, reason) for index in members]
            continue
        chosen.append(members[0])
        reason = f"It is a copy of {shown(pictures[members[0]].path)}: the pixels are the same."
        copies += [(pictures[index].path, reason) for index in members[1:]]
    return sorted(chosen), copies, contradicting


def _check_classes(counts: Counter[str], root: str) -> None:
    if len(counts) < FEWEST_CLASSES:
        have = "one class, " + repr(next(iter(counts))) if counts else "no picture with a class"
        raise LimeError(
            f"A classifier needs pictures of at least two classes; {root} has {have}. Put the pictures of each class "
            "into a subfolder with its name, or give a CSV of path and label."
        )
    for name in counts:
        if not name.isprintable() or name != name.strip() or len(name) > _LONGEST_NAME:
            raise LimeError(
                f"The class name {name[:_LONGEST_NAME]!r} cannot be kept in a model: rename it, without line breaks, "
                f"spaces at the ends, and more than {_LONGEST_NAME} characters."
            )
    _check_counts(counts, root)


def _check_counts(counts: dict[str, int], root: str) -> None:
    few = [f"{name} ({count})" for name, count in sorted(counts.items()) if count < FEWEST_PICTURES]
    if few:
        raise LimeError(
            f"Every class needs at least {FEWEST_PICTURES} different pictures that can be read; in {root} these have "
            f"fewer: {', '.join(few[:10])}{' …' if len(few) > 10 else ''}. Add pictures, or take the class away."
        )
