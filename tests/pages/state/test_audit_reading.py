"""What an audit may hold that a page shows: all else is refused in a sentence, before anything is drawn."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import lime_core as lc
from lime_core.audits.storage.audit_folder import ABOUT, FINDINGS, AuditFolder
from lime_core.audits.storage.tables import EXPLANATIONS, SCHEMAS
from pages.state.audit_reading import read_audit
from tests.audits.known_audit import known_audit, path_of


def changed_audit(
    folder: Path,
    *,
    explanations: dict[str, Any] | None = None,
    findings: Callable[[Any], object] = lambda document: None,
    about: str = "{}",
) -> Path:
    """Write the known audit with values of every explanation, findings or the settings changed."""
    audit: AuditFolder = known_audit(folder, 6)
    (folder / ABOUT).write_text(about, encoding="utf-8")
    document = json.loads((folder / FINDINGS).read_text(encoding="utf-8"))
    findings(document)
    (folder / FINDINGS).write_text(json.dumps(document), encoding="utf-8")
    rows = [row | (explanations or {}) for row in audit.table(EXPLANATIONS).to_pylist()]
    nullable = pa.schema([field.with_nullable(True) for field in SCHEMAS[EXPLANATIONS]])
    pq.write_table(pa.Table.from_pylist(rows, schema=nullable), folder / EXPLANATIONS / "part-0.parquet")
    return folder


def test_the_known_audit_is_read(tmp_path: Path) -> None:
    assert list(read_audit(changed_audit(tmp_path), "mine", "key").pictures) == sorted(map(path_of, range(6)))


def _twice(paths: list[str]) -> None:
    paths[1] = paths[0]


def _picked(document: Any, count: int) -> None:
    document["representative"] = [f"{number}.png" for number in range(count)]
    document["representative_coverage"] = {"coverage": [1.0] * count, "random_coverage": [[1.0, 1.0, 1.0]] * count}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"explanations": {"level": "[here](http://evil.example)"}}, "is no verdict"),
        ({"explanations": {"probability": None}}, "a value of the column probability is missing"),
        (
            {"findings": lambda document: document["concepts"][0]["take_away"].update(unit="![x](http://e)")},
            "is no unit of an effect",
        ),
        ({"findings": lambda document: _twice(document["representative"])}, "names one of them twice"),
        (
            {"findings": lambda document: document["mistakes"].update(meaningless=[path_of(0)] * 2)},
            "names one of them twice",
        ),
        (
            {"findings": lambda document: document["concepts"][0].update({"class": "cat\ud800"})},
            "holds half of a character",
        ),
        ({"findings": lambda document: _picked(document, 101)}, "more than 100 representative pictures"),
        ({"about": '{"model": "\\ud800"}'}, "it is damaged"),
    ],
    ids=[
        "level",
        "missing",
        "unit",
        "twice",
        "twice in mistakes",
        "half of a character",
        "picks",
        "half of one in the settings",
    ],
)
def test_what_cannot_be_shown_is_refused(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(lc.LimeError, match=message):
        read_audit(changed_audit(tmp_path, **changes), "mine", "key")


def test_units_of_every_target_can_be_shown(tmp_path: Path) -> None:
    def change(document: Any) -> None:
        document["concepts"][0]["take_away"]["unit"] = "probability"
        document["concepts"][0]["add"]["unit"] = "log-odds"

    read = read_audit(changed_audit(tmp_path, findings=change), "mine", "key")
    taken_away = read.findings.concepts[0].take_away
    assert taken_away is not None
    assert taken_away.unit == "probability"
