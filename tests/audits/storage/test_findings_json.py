"""Findings as JSON."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import pytest
from audits.known_audit import STICKER_CONCEPT, known_audit, known_findings, path_of

import lime_core as lc
from lime_core.audits.storage.audit_folder import FINDINGS, AuditFolder
from lime_core.audits.storage.findings import Findings


def test_findings_survive_a_round_trip() -> None:
    found = known_findings()
    again = Findings.from_json(found.to_json())
    assert again.to_json() == found.to_json()
    # NaN is not equal to itself, so the rest is compared without it.
    assert math.isnan(again.concepts[2].p_adjusted)
    assert _tested(again) == _tested(found)


def _tested(findings: Findings) -> Findings:
    return replace(findings, concepts=findings.concepts[:2])


def test_numbers_that_are_not_finite_survive() -> None:
    found = known_findings()
    moved = replace(found.concepts[0].take_away, interval=(-math.inf, math.inf), effect=math.nan)
    changed = replace(found, accuracy=math.nan, concepts=(replace(found.concepts[0], take_away=moved),))
    again = Findings.from_json(changed.to_json())
    assert again.concepts[0].take_away.interval == (-math.inf, math.inf)
    assert math.isnan(again.accuracy)
    assert math.isnan(again.concepts[0].take_away.effect)


def test_the_form_is_the_one_that_was_promised() -> None:
    document = json.loads(known_findings().to_json())
    first = document["shortcut_candidates"][0]
    assert first["class"] == "cat"
    assert first["concept"] == STICKER_CONCEPT
    assert first["pictures"][0] == {"path": path_of(0), "box": [60, 30, 90, 60]}  # left, top, right, bottom
    assert first["interval"] == pytest.approx([0.32, 0.48])
    assert {"effect", "p_adjusted", "reasons"} <= first.keys()
    assert document["representative"] == [path_of(0), path_of(3)]
    assert document["representative_coverage"]["coverage"] == [0.7, 1.0]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda document: document.pop("format"), "format"),
        (lambda document: document.update(format="limelight-explanation/2"), "limelight-explanation/2"),
        (lambda document: document.pop("notes"), "no notes"),
        (lambda document: document.update(pictures="20"), "it.pictures is '20'; expected int"),
        (lambda document: document.update(pictures=True), "expected int"),
        (lambda document: document.update(complete=1), "expected bool"),
        (lambda document: document.update(pictures=10**400), "more than 64 bits"),
        (lambda document: document.update(accuracy=10**400), "more than 64 bits"),
        (lambda document: document["representative"].pop(), r"needs its coverage and a random one; got \(1, 2, 2\)"),
        (lambda document: document["concepts"][0].pop("class"), r"it.concepts\[0\] has no class"),
        (lambda document: document["shortcut_candidates"][0].update(interval=[1]), "1 items where 2"),
        (lambda document: document["shortcut_candidates"][0]["pictures"][0].update(box=[1, 2, 3]), "3 items where 4"),
        (lambda document: document["shortcut_candidates"][0]["pictures"][0].pop("path"), "path"),
        (lambda document: document.update(shortcut_candidates=5), "not iterable"),
        (lambda document: document.update(representative_coverage=None), "not a mapping"),
        (lambda document: document["mistakes"].update(flips={}), "expected list"),
    ],
)
def test_damaged_findings_are_refused(change: object, message: str) -> None:
    document = json.loads(known_findings().to_json())
    change(document)
    with pytest.raises(lc.LimeError, match=message) as caught:
        Findings.from_json(json.dumps(document))
    assert str(caught.value).startswith("Not readable findings of an audit (JSON): ")


@pytest.mark.parametrize("text", ["", "[]", "null", "{", "[" * 100_000, b"\xff\xfe", '{"format": []}'])
def test_other_text_is_refused(text: str | bytes) -> None:
    with pytest.raises(lc.LimeError, match="Not readable findings"):
        Findings.from_json(text)


def test_a_folder_keeps_its_findings(tmp_path: Path) -> None:
    folder = known_audit(tmp_path / "audit")
    assert folder.findings().to_json() == known_findings().to_json()
    again = replace(known_findings(), notes=("Another.",))
    folder.write_findings(again)
    assert folder.findings().notes == ("Another.",)
    assert [path.name for path in folder.path.iterdir() if path.is_file()] == [FINDINGS]  # no draft is left


def test_a_folder_without_findings_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(lc.LimeError, match=r"holds no findings: audit\.json cannot be read"):
        AuditFolder(tmp_path).findings()
