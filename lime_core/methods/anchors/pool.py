"""The perturbed pictures that were asked about so far, and what they say of any set of superpixels."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from lime_core.answers.probe import BATCH_SIZE, Probe

Floats = NDArray[np.float64]
Anchor = tuple[int, ...]  # superpixels in the order in which they were added


class Pool:
    """Samples of many distributions: the superpixels of an anchor are shown, each other one with one half.

    A sample that was drawn for an anchor counts for every larger one whose superpixels it happens to show as well:
    given that these are shown, the others are still shown with one half. A mask that was asked about before costs
    nothing.

    Parameters
    ----------
    probe : Probe
        The model in front of the scene.
    keeps : callable
        Says of outputs ``(B, C)`` which answers they leave as they are, bool ``(B, K)``.
    budget : int
        The most pictures to ask about.
    seed : int
        Of the masks.
    on_call : callable
        Called with the pictures asked about so far, after each batch; when it raises, the work stops there.

    Attributes
    ----------
    calls : int
        Pictures asked about, without the unmodified one.
    """

    def __init__(
        self,
        probe: Probe,
        keeps: Callable[[NDArray[np.float32]], NDArray[np.bool_]],
        budget: int,
        seed: int,
        on_call: Callable[[int], object],
    ) -> None:
        self.calls = 0
        self._probe, self._keeps, self._budget, self._on_call = probe, keeps, budget, on_call
        self._random = np.random.default_rng(seed)
        superpixels = probe.scene.superpixels
        whole = keeps(probe.original[None])
        self._answers = {np.ones(superpixels, np.uint8).tobytes(): whole[0]}
        self._masks = np.empty((0, superpixels), np.uint8)
        self._origins = np.empty((0, superpixels), np.uint8)
        self._kept = whole[:0]

    @property
    def superpixels(self) -> int:
        """The number S of superpixels."""
        return self._masks.shape[1]

    @property
    def left(self) -> int:
        """Pictures that may still be asked about."""
        return self._budget - self.calls

    def draw(self, anchors: list[Anchor], samples: int, allowance: int) -> bool:
        """Ask about so many samples for each of some anchors, and about at most `allowance` pictures.

        Returns
        -------
        bool
            Whether all were drawn; False when the allowance or the budget did not suffice.
        """
        origins = np.zeros((len(anchors), self.superpixels), np.uint8)
        for row, anchor in enumerate(anchors):
            origins[row, list(anchor)] = 1
        origins = np.repeat(origins, samples, axis=0)
        masks = origins | self._random.integers(0, 2, origins.shape, dtype=np.uint8)
        keys = [mask.tobytes() for mask in masks]
        new = list(dict.fromkeys(key for key in keys if key not in self._answers))
        self._ask(new[: max(min(allowance, self.left), 0)])
        known = np.array([key in self._answers for key in keys], bool)
        answers = [self._answers[key] for key in keys if key in self._answers]
        if answers:
            self._masks = np.concatenate([self._masks, masks[known]])
            self._origins = np.concatenate([self._origins, origins[known]])
            self._kept = np.concatenate([self._kept, answers])
        return bool(known.all())

    def counts(self, anchor: Anchor, column: int) -> tuple[int, int]:
        """Return in how many samples of an anchor an answer is kept, and how many samples there are."""
        rows, foreign = self._rows(anchor)
        kept = self._kept[rows[foreign == 0], column]
        return int(kept.sum()), len(kept)

    def counts_of_extensions(self, anchor: Anchor, column: int) -> tuple[Floats, Floats]:
        """Return the same for an anchor and one more superpixel, for each superpixel: two float64 ``(S,)``."""
        rows, foreign = self._rows(anchor)
        own, extended = rows[foreign == 0], rows[foreign == 1]
        # What was drawn for the anchor counts where it shows the superpixel; what was drawn for the extension, always.
        counted = np.concatenate([self._masks[own], self._origins[extended]]).astype(np.float64)
        counted[:, list(anchor)] = 0
        kept = np.concatenate([self._kept[own, column], self._kept[extended, column]]).astype(np.float64)
        return kept @ counted, counted.sum(axis=0)

    def _rows(self, anchor: Anchor) -> tuple[NDArray[np.intp], NDArray[np.int64]]:
        """Return the samples that show an anchor, and how many superpixels of another one each was drawn with."""
        members = list(anchor)
        rows = np.flatnonzero(self._masks[:, members].all(axis=1))
        origins = self._origins[rows]
        return rows, origins.sum(axis=1, dtype=np.int64) - origins[:, members].sum(axis=1, dtype=np.int64)

    def _ask(self, keys: list[bytes]) -> None:
        for start in range(0, len(keys), BATCH_SIZE):
            batch = keys[start : start + BATCH_SIZE]
            kept = self._keeps(self._probe.ask(np.stack([np.frombuffer(key, np.uint8) for key in batch])))
            self._answers.update(zip(batch, kept, strict=True))
            self.calls += len(batch)
            self._on_call(self.calls)
