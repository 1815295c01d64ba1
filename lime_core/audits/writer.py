"""Writing an audit as it comes, so that a job that is killed at any moment goes on where it stopped.

Each picture is first a small Parquet file in every data set, and done when its row in the data set of explanations (or
of skipped pictures) is there, which is written last; before that, rows about it in other data sets count for nothing.
From time to time the small files of a block of pictures become one larger file, sorted by picture: a note, written
before, names the files that it replaces, so that whoever finds both reads each row once. Where rows have to go, a file
is replaced by one without them, in a single step.
"""

from __future__ import annotations

import json
from collections import defaultdict
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from lime_core.audits.storage.answers import KeptAnswers
from lime_core.audits.storage.audit_folder import REPLACES, delete, drafts, part_name, read_rows, replaced_files
from lime_core.audits.storage.tables import EXPLANATIONS, SCHEMAS, SKIPPED, SUPERPIXELS, THUMBNAILS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence, Set
    from pathlib import Path

    from lime_core.audits.storage.audit_folder import AuditFolder
    from lime_core.audits.workers.pool import Outcome

BLOCK = 256  # pictures in a file, by their places in the collection
_OF_EXPLAINED = (THUMBNAILS, SUPERPIXELS, EXPLANATIONS)
_WRITTEN = (*_OF_EXPLAINED, SKIPPED)


class AuditWriter:
    """The one writer of an audit's data sets.

    Parameters
    ----------
    folder : AuditFolder
    pictures : sequence of str
        Paths of the whole collection, in order.
    again : set of str
        Pictures whose rows are to be removed, whatever they are.
    answers_bytes : int
        How many bytes of the model's answers are kept, see `lime_core.audits.storage.answers`.

    Attributes
    ----------
    done : set of str
        The pictures that are explained, or skipped by this writer: what an earlier one has skipped is tried again.
    """

    def __init__(
        self,
        folder: AuditFolder,
        pictures: Sequence[str],
        again: Set[str] = frozenset(),
        *,
        answers_bytes: int = 0,
    ) -> None:
        self._folder = folder
        self._answers = KeptAnswers(folder, answers_bytes)
        self._blocks = {path: index // BLOCK for index, path in enumerate(pictures)}
        self._left: dict[int, int] = defaultdict(int)
        self._finish_replacements()
        self._remove(SKIPPED, self._pictures(SKIPPED))
        held = {kind: self._pictures(kind) for kind in _OF_EXPLAINED}
        self.done = set.intersection(*held.values()) - again
        # Explanations first: a process that is killed here leaves rows that the next one removes.
        for kind in (EXPLANATIONS, SUPERPIXELS, THUMBNAILS):
            self._remove(kind, held[kind] - self.done)
        self._answers.keep_only(self.done)
        self._remove_drafts()
        for path in self._blocks.keys() - self.done:
            self._left[self._blocks[path]] += 1

    def add(self, outcome: Outcome) -> None:
        """Write the rows of one picture."""
        path = outcome.picture.path
        tables = dict(outcome.tables)
        if outcome.skipped is not None:
            tables = {SKIPPED: pa.Table.from_pylist([{"picture": path, "reason": outcome.skipped}], SCHEMAS[SKIPPED])}
        if outcome.answers is not None:
            self._answers.keep(path, outcome.answers)
        for kind in _WRITTEN:
            if kind in tables:
                self._folder.write_part(kind, part_name(path), tables[kind])
        self.done.add(path)
        block = self._blocks[path]
        self._left[block] -= 1
        if self._left[block] == 0:
            self._compact([block])

    def finish(self) -> None:
        """Leave large files only, also where the last picture was written in part."""
        self._finish_replacements()
        for kind in _WRITTEN:
            self._remove_small(kind, self._small(kind).keys() - {part_name(path) for path in self.done})
        self._remove_drafts()
        self._compact(sorted(set(self._blocks.values())))

    def _pictures(self, kind: str) -> set[str]:
        return set(pc.unique(self._folder.table(kind, ["picture"])["picture"]).to_pylist())

    def _small(self, kind: str) -> dict[str, Path]:
        return {file.stem: file for file in (self._folder.path / kind).glob("picture-*.parquet")}

    def _remove(self, kind: str, pictures: set[str]) -> None:
        """Remove all rows of some pictures."""
        self._remove_small(kind, {part_name(path) for path in pictures})
        left = pictures & self._pictures(kind) if pictures else pictures
        if not left:
            return
        for file in sorted((self._folder.path / kind).glob("*.parquet")):
            rows = read_rows(file, kind)
            others = rows.filter(pc.invert(pc.is_in(rows["picture"], pa.array(sorted(left), pa.string()))))
            if not len(others):
                delete(file)
            elif len(others) < len(rows):
                self._folder.write_part(kind, file.stem, others)

    def _remove_small(self, kind: str, names: set[str]) -> None:
        small = self._small(kind)
        for name in sorted(names & small.keys()):
            delete(small[name])

    def _remove_drafts(self) -> None:
        """Remove what a killed process left half written."""
        for kind in _WRITTEN:
            for draft in drafts(self._folder.path / kind):
                delete(draft)

    def _compact(self, blocks: Iterable[int]) -> None:
        chosen = set(blocks)
        members: dict[int, list[str]] = defaultdict(list)
        for path in self.done & self._blocks.keys():
            if self._blocks[path] in chosen:
                members[self._blocks[path]].append(part_name(path))
        for kind in _WRITTEN:
            small = self._small(kind)
            for block, names in sorted(members.items()):
                files = [small[name] for name in sorted(names) if name in small]
                if files:
                    self._replace(kind, f"part-{block:06d}", files)

    def _replace(self, kind: str, name: str, small: Sequence[Path]) -> None:
        """Put the rows of small files into a large one, with those of the block that are in one already."""
        folder = self._folder.path / kind
        files = [*sorted(folder.glob(f"{name}-*.parquet")), *small]
        rows = pa.concat_tables(read_rows(file, kind) for file in files)
        # The sort is stable: the rows of one picture stay in their order.
        order = np.argsort(np.array(rows["picture"].to_pylist(), object), kind="stable")
        earlier = [int(file.stem.rpartition("-")[2]) for file in files[: len(files) - len(small)]]
        part = f"{name}-{max(earlier, default=-1) + 1:06d}"
        self._folder.write_text(f"{kind}/{part}{REPLACES}", json.dumps([file.stem for file in files]))
        self._folder.write_part(kind, part, rows.take(pa.array(order)))
        self._finish_replacements((kind,))

    def _finish_replacements(self, kinds: Iterable[str] = _WRITTEN) -> None:
        """Remove the files whose rows are in a larger one, then the notes."""
        for kind in kinds:
            folder = self._folder.path / kind
            for name in replaced_files(folder, {file.name for file in folder.glob("*.parquet")}):
                delete(folder / name)
            for note in folder.glob(f"*{REPLACES}"):
                delete(note)
