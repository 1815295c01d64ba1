"""The answers of a query while they grow: buffers of the full size, and how far they are filled."""

from __future__ import annotations

import contextlib
import os
import tempfile
import time
from dataclasses import replace
from typing import IO

import numpy as np
from numpy.typing import NDArray

from lime_core.answers.classes import NOT_PROBABILITIES, chosen_classes, explainable
from lime_core.answers.neighborhood import Neighborhood, StopReason, first_samples, merged_notes
from lime_core.answers.origin import provenance_of
from lime_core.answers.probe import Probe
from lime_core.answers.stopping import RunningFit, StoppingRule
from lime_core.errors import LimeError, SpecError
from lime_core.masks.samplers import draw_masks, pair_ids
from lime_core.models.protocol import outputs_of, result_notes_of
from lime_core.picture.image import Image
from lime_core.settings.spec import ExplainSpec

_LARGEST_IN_MEMORY = 64 * 2**20  # bytes of outputs
_PIECE = 2**20  # bytes
_FIRST_TWICE, _TWICE, _ONE_IN = 64, 32, 8  # of the samples, see `asked_twice`


def asked_twice(samples: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Say which samples, by their numbers from 0, are asked in both precisions: the first 64, then 32 of every 256.

    Masks are drawn at random, so these are a random part of a run of any length.
    """
    chosen: NDArray[np.bool_] = (samples < _FIRST_TWICE) | (samples // _TWICE % _ONE_IN == 0)
    return chosen


class Growing:
    """The buffers of a query and how far they are filled; `snapshot` shows the filled part."""

    def __init__(
        self, probe: Probe, image: Image, spec: ExplainSpec, timings: dict[str, float], exact: Probe | None
    ) -> None:
        scene = probe.scene
        classifier = (exact or probe).classifier
        outputs_are = outputs_of(classifier)
        self._notes = merged_notes(image.notes, result_notes_of(classifier))
        if explainable(spec, outputs_are) != spec:
            spec = explainable(spec, outputs_are)
            self._notes += (NOT_PROBABILITIES,)
        self._exact = exact
        self._original = probe.original
        self._chosen = chosen_classes(self._original, spec)
        spec.target.check(self._original[self._chosen])  # refused before any perturbed picture is asked
        self.done = 0
        self.stop_reason: StopReason | None = None
        self._started = time.perf_counter()
        self._probe, self._spec = probe, spec
        self._masks = draw_masks(
            spec.sampler,
            spec.samples,
            scene.columns,
            seed=spec.seed,
            include_original=spec.include_original,
        )
        self._pairs = pair_ids(spec.sampler, len(self._masks), include_original=spec.include_original)
        self._outputs = _buffer(len(self._masks), len(probe.original))
        self._compared = np.empty(0, np.int32)
        self._compared_outputs = np.empty((0, len(probe.original)), np.float32)
        if exact is not None:
            self._compared = np.flatnonzero(asked_twice(np.arange(len(self._masks)))).astype(np.int32)
            self._compared_outputs = _buffer(len(self._compared), len(probe.original))
        self._energy = scene.energy
        self._provenance = provenance_of(image, probe.classifier, timings)
        self._rule = None
        if spec.early_stop:
            self._rule = StoppingRule(RunningFit(spec, self._energy, self._chosen))

    def take(self, known: Neighborhood | None) -> None:
        """Copy the answers of an earlier query of the same question."""
        if known is not None:
            self._check_same_question(known)
            self._notes = merged_notes(self._notes, known.notes)
            self.done = min(known.samples, len(self._masks))
            self._outputs[: self.done] = known.outputs[: self.done]
            self._take_compared(known)
            self._check_stop()

    def grow(self, batch_size: int) -> None:
        """Ask the model about the next batch."""
        batch = self._masks[self.done : self.done + batch_size]
        outputs = self._probe.ask(batch, batch_size)
        if self._exact is not None:
            rows = slice(*np.searchsorted(self._compared, (self.done, self.done + len(batch))))
            twice = self._compared[rows] - self.done
            if len(twice):
                self._compared_outputs[rows] = outputs[twice]
                outputs[twice] = self._exact.ask(batch[twice], batch_size)
        self._spec.target.check(outputs[:, self._chosen])
        self._outputs[self.done : self.done + len(batch)] = outputs
        self.done += len(batch)
        self._check_stop()

    def snapshot(self) -> Neighborhood:
        """Return the samples so far as a neighborhood; its arrays are views of the buffers."""
        count = self.done
        timings = {**self._provenance.timings, "query": time.perf_counter() - self._started}
        compared = int(np.searchsorted(self._compared, count))
        return Neighborhood(
            masks=self._masks[:count],
            outputs=self._outputs[:count],
            original_outputs=self._original,
            pairs=self._pairs[:count],
            segments=self._probe.scene.segments,
            energy=self._energy,
            class_names=self._probe.class_names,
            stop_reason=self.stop_reason or "stopped",
            spec=replace(self._spec, samples=max(count, 2)),
            provenance=replace(self._provenance, timings=timings),
            notes=self._notes,
            compared=self._compared[:compared] if compared else None,
            compared_outputs=self._compared_outputs[:compared] if compared else None,
        )

    def _take_compared(self, known: Neighborhood) -> None:
        """Go on from what an earlier query compared, whatever samples those were."""
        first = known if known.samples <= self.done else first_samples(known, self.done)
        rows, outputs = self._compared, self._compared_outputs
        if first.compared is None or first.compared_outputs is None:
            before, before_outputs = rows[:0], outputs[:0]
        else:
            before, before_outputs = first.compared, first.compared_outputs
        later = rows[rows >= self.done]
        self._compared = np.concatenate([before, later])
        self._compared_outputs = _buffer(len(self._compared), outputs.shape[1])
        self._compared_outputs[: len(before)] = before_outputs
        if self._exact is None and len(before):
            self._original = known.original_outputs

    def _check_stop(self) -> None:
        if self._rule is not None:
            count = self.done
            stop = self._rule.look(self._masks[:count], self._outputs[:count], self._pairs[:count])
            if stop is not None:
                self.done, self.stop_reason = stop
                return
        if self.done == len(self._masks):
            self.stop_reason = "budget"

    def _check_same_question(self, known: Neighborhood) -> None:
        same_spec = known.spec.begins_like(self._spec)
        if not same_spec or not known.provenance.is_origin_of(self._provenance):
            raise LimeError("The known answers belong to another picture, model or setting; query without them.")


def _buffer(samples: int, classes: int) -> NDArray[np.float32]:
    """Return an array for the outputs: in memory, or if it is large and the disk has room, in an unnamed file."""
    shape = (samples, classes)
    size = samples * classes * 4
    if size > _LARGEST_IN_MEMORY:
        with contextlib.suppress(OSError), tempfile.TemporaryFile() as file:
            _allocate(file, size)
            return np.memmap(file, np.float32, "r+", shape=shape)
    try:
        return np.empty(shape, np.float32)
    except MemoryError as error:
        raise SpecError(
            f"{samples:,} samples of {classes:,} outputs are {size / 1e6:,.0f} MB, for which there is room neither in "
            "memory nor in the folder for temporary files; use fewer samples, or set TMPDIR to a folder with more room."
        ) from error


def _allocate(file: IO[bytes], size: int) -> None:
    """Make an empty file so long that every byte of it has its place on the disk; raises `OSError` if there is none.

    A file that is only lengthened gets its places while it is filled, and a disk that is full by then ends the process.
    """
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(file.fileno(), 0, size)
        return
    for start in range(0, size, _PIECE):
        file.write(bytes(min(_PIECE, size - start)))
    file.flush()
