"""A model's answers to masks: equal masks are asked once, whoever asks."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from lime_core.answers.probe import BATCH_SIZE, Probe
from lime_core.answers.query import Progress

Floats = NDArray[np.float64]


class MaskAnswers:
    """Asks the model in front of a scene, and remembers the answers.

    Parameters
    ----------
    probe : Probe
        The model.
    classes : sequence of int
        The C classes whose outputs are kept.
    """

    def __init__(self, probe: Probe, classes: Sequence[int]) -> None:
        self._probe, self._columns = probe, list(classes)
        self._known: dict[bytes, NDArray[np.float32]] = {}

    def ask(self, masks: NDArray[np.uint8], on_progress: Progress | None = None) -> Floats:
        """Return the outputs float64 ``(B, C)`` for masks uint8 ``(B, S)``; progress counts the masks that are new."""
        keys = [row.tobytes() for row in np.packbits(masks, axis=1)]
        new = {key: row for row, key in enumerate(keys) if key not in self._known}
        rows = list(new.values())
        for start in range(0, len(rows), BATCH_SIZE):
            batch = rows[start : start + BATCH_SIZE]
            outputs = self._probe.ask(masks[batch])[:, self._columns]
            self._known.update((keys[row], answer) for row, answer in zip(batch, outputs, strict=True))
            if on_progress is not None:
                on_progress(start + len(batch), len(rows))
        return np.array([self._known[key] for key in keys], dtype=np.float64)
