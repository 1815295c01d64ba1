from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lime_core.audits import writer
from lime_core.audits.storage import audit_folder
from lime_core.audits.storage.audit_folder import AuditFolder
from lime_core.audits.storage.tables import EXPLANATIONS, ROWS_A_GROUP, SCHEMAS, SKIPPED, SUPERPIXELS, THUMBNAILS
from lime_core.audits.workers.pool import Outcome
from lime_core.audits.writer import AuditWriter
from lime_core.collections import CollectedPicture

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PATHS = [f"{index}.png" for index in range(8)]
KINDS = (EXPLANATIONS, SUPERPIXELS, THUMBNAILS, SKIPPED)


class KilledError(BaseException):
    """As if the process were killed here."""


def outcome(path: str) -> Outcome:
    picture = CollectedPicture(path)
    if path == "3.png":
        return Outcome(picture, skipped="It is broken.")
    row = {"picture": path, "class_index": 1}
    tables = {
        THUMBNAILS: [{"picture": path, "thumbnail": b"small", "segments": b"labels"}],
        SUPERPIXELS: [
            row | {"superpixel": number, "coefficient": 0.5}
            | dict.fromkeys(("top", "left", "bottom", "right", "area"), number)
            for number in (2, 0, 1)
        ],
        EXPLANATIONS: [
            row | {"class_name": "cat", "role": "predicted", "probability": 0.9, "level": "solid", "findings": []}
            | dict.fromkeys(("superpixels", "calls", "seed", "height", "width"), 3) | {"sha256": path}
        ],
    }  # fmt: skip
    return Outcome(picture, {kind: pa.Table.from_pylist(rows, SCHEMAS[kind]) for kind, rows in tables.items()})


def write(folder: Path, paths: list[str]) -> None:
    written = AuditWriter(AuditFolder(folder), PATHS)
    for path in paths:
        if path not in written.done:
            written.add(outcome(path))
    written.finish()


def rows(folder: Path) -> dict[str, list[dict[str, object]]]:
    return {kind: AuditFolder(folder).table(kind).to_pylist() for kind in KINDS}


def files(folder: Path) -> int:
    return sum(1 for kind in KINDS for _ in (folder / kind).glob("*"))


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "BLOCK", 4)


def test_rows_are_in_the_order_of_the_collection_in_few_files_whatever_came_first(tmp_path: Path) -> None:
    write(tmp_path / "a", PATHS)
    write(tmp_path / "b", PATHS[::-1])
    assert rows(tmp_path / "a") == rows(tmp_path / "b")
    assert [row["picture"] for row in rows(tmp_path / "a")[THUMBNAILS]] == [p for p in PATHS if p != "3.png"]
    assert [row["superpixel"] for row in rows(tmp_path / "a")[SUPERPIXELS]] == [2, 0, 1] * 7
    assert files(tmp_path / "a") == 3 * 2 + 1


def test_whoever_wants_a_few_pictures_need_not_read_the_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ROWS_A_GROUP, THUMBNAILS, 2)
    write(tmp_path, PATHS)
    groups = [pq.ParquetFile(file).metadata for file in sorted((tmp_path / THUMBNAILS).glob("*.parquet"))]
    assert [[each.row_group(index).num_rows for index in range(each.num_row_groups)] for each in groups] == [
        [2, 1],
        [2, 2],
    ]
    ends = [each.row_group(index).column(0).statistics for each in groups for index in range(each.num_row_groups)]
    assert [(each.min, each.max) for each in ends] == [
        ("0.png", "1.png"), ("2.png", "2.png"), ("4.png", "5.png"), ("6.png", "7.png")
    ]  # fmt: skip
    wanted = AuditFolder(tmp_path).table(THUMBNAILS, ["picture"], pictures=["1.png", "6.png"])
    assert wanted["picture"].to_pylist() == ["1.png", "6.png"]


def test_an_audit_that_is_finished_in_parts_is_the_same(tmp_path: Path) -> None:
    write(tmp_path / "whole", PATHS)
    for count in range(len(PATHS) + 1):
        write(tmp_path / "parts", PATHS[::2][:count])
    write(tmp_path / "parts", PATHS)
    assert rows(tmp_path / "parts") == rows(tmp_path / "whole")
    assert files(tmp_path / "parts") == files(tmp_path / "whole")


def test_a_kill_at_any_step_loses_one_picture_at_most_and_doubles_no_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "whole", PATHS)
    whole = rows(tmp_path / "whole")

    def killed_before(step: int) -> Callable[[Callable[..., object]], Callable[..., object]]:
        steps = itertools.count()

        def limited(function: Callable[..., object]) -> Callable[..., object]:
            def run(*arguments: object, **named: object) -> object:
                if next(steps) >= step:
                    raise KilledError
                return function(*arguments, **named)

            return run

        return limited

    survived = 0
    for step in range(1000):
        folder = tmp_path / f"killed-{step}"
        with monkeypatch.context() as patch:
            limited = killed_before(step)
            # Every change on the disk is one of these two.
            patch.setattr(audit_folder.os, "replace", limited(audit_folder.os.replace))
            patch.setattr("pathlib.Path.unlink", limited(type(folder).unlink))
            try:
                write(folder, PATHS)
            except KilledError:
                survived += 1
            else:
                break
        for kind, found in rows(folder).items():
            names = [row["picture"] for row in found]
            per_picture = 3 if kind == SUPERPIXELS else 1
            assert max(map(names.count, names), default=per_picture) == per_picture, step
        write(folder, PATHS)
        assert rows(folder) == whole, step
        assert files(folder) == files(tmp_path / "whole"), step
    assert survived > 40


def test_a_picture_counts_when_all_its_rows_are_there_and_rows_without_an_explanation_go(tmp_path: Path) -> None:
    write(tmp_path / "whole", PATHS)
    for kind in (EXPLANATIONS, SUPERPIXELS, THUMBNAILS):
        write(tmp_path / kind, PATHS)
        # As when a process was killed that deleted the audit, or somebody has deleted one file of several.
        first = min((tmp_path / kind / kind).glob("*.parquet"))
        first.unlink()
        assert AuditWriter(AuditFolder(tmp_path / kind), PATHS).done == set(PATHS[4:])
        for each in (EXPLANATIONS, SUPERPIXELS, THUMBNAILS):
            assert {row["picture"] for row in rows(tmp_path / kind)[each]} == set(PATHS[4:])
        write(tmp_path / kind, PATHS)
        assert rows(tmp_path / kind) == rows(tmp_path / "whole")


def test_a_skipped_picture_is_not_done_for_the_next_writer(tmp_path: Path) -> None:
    write(tmp_path, PATHS)
    again = AuditWriter(AuditFolder(tmp_path), PATHS)
    assert set(PATHS) - again.done == {"3.png"}
    assert rows(tmp_path)[SKIPPED] == []
    again.add(outcome("3.png"))
    again.finish()
    assert [row["picture"] for row in rows(tmp_path)[SKIPPED]] == ["3.png"]
