"""``limelight diff``: what it prints and writes, and the status that guards a pipeline."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from lime_core.audits.storage.tables import SCHEMAS, SUPERPIXELS
from lime_core.cli.main import main
from tests.audits.known_audit import STICKER, known_audit
from tests.audits.small_audits import Said, audit_of

PLAIN = Said()


@pytest.fixture
def audits(tmp_path):
    """Twenty pictures; in the second audit the sticker of seven of them counts nothing."""
    a, b = known_audit(tmp_path / "a"), known_audit(tmp_path / "b")
    table = b.table(SUPERPIXELS)
    rows = [row | ({"coefficient": 0.0} if row["superpixel"] == STICKER else {}) for row in table.to_pylist()]
    b.write_part(SUPERPIXELS, "part-0", table.from_pylist(rows, schema=SCHEMAS[SUPERPIXELS]))
    return str(a.path), str(b.path)


def test_without_a_condition_a_change_is_told_and_the_status_is_0(audits, capsys):
    assert main(["diff", *audits]) == 0
    printed = capsys.readouterr().out
    assert "20 pictures in both." in printed
    assert "Another prediction: 0 of 20 pictures." in printed
    assert re.search(r"Evidence beyond its error bars: \d+ of 132 superpixels, in 7 of 20 pictures\.", printed)
    assert "Shortcut candidate of A, also in the other: cat, concept 0:" in printed
    assert "Changed" not in printed


def test_a_stated_change_ends_with_status_1_and_says_why(audits, capsys):
    assert main(["diff", *audits, "--fail-on", "prediction", "evidence:30%"]) == 1
    last = capsys.readouterr().out.splitlines()[-1]
    assert (
        last == "Changed: Evidence moved beyond its error bars in 7 of 20 pictures, more than the allowed 0.3 of them."
    )


def test_no_stated_change_ends_with_status_0(audits, capsys):
    assert main(["diff", *audits, "--fail-on", "prediction", "accuracy", "verdict", "shortcut", "evidence:40%"]) == 0
    assert capsys.readouterr().out.endswith("No change in prediction, accuracy, verdict, shortcut, evidence:0.4.\n")


@pytest.mark.parametrize("arguments", [["nowhere"], ["--rows", "3"], ["b", "--fail-on", "everything"]])
def test_errors_end_with_another_status_than_changes(tmp_path, arguments, capsys):
    known_audit(tmp_path / "a")
    known_audit(tmp_path / "b")
    given = [str(tmp_path / word) if word in ("b", "nowhere") else word for word in arguments]
    try:
        code = main(["diff", str(tmp_path / "a"), *given])
    except SystemExit as stop:
        code = stop.code
    assert code == 2
    assert "Traceback" not in capsys.readouterr().err


def test_a_condition_that_cannot_be_looked_at_is_an_error(tmp_path, capsys):
    a, b = audit_of(tmp_path / "a", {"x": PLAIN}), audit_of(tmp_path / "b", {"x": replace(PLAIN, area=1)})
    assert main(["diff", str(a.path), str(b.path), "--fail-on", "evidence"]) == 2
    assert "needs explanations that can be compared" in capsys.readouterr().err


def test_the_result_is_written_as_json_and_as_a_page_of_its_own(audits, tmp_path, capsys):
    data, page = tmp_path / "new" / "diff.json", tmp_path / "diff.html"
    assert main(["diff", *audits, "--output", str(data), "--html", str(page)]) == 0
    document = json.loads(data.read_text(encoding="utf-8"))
    assert len(document["pictures"]) == 20
    assert sum(bool(picture["moved"]) for picture in document["pictures"]) == 7
    html = page.read_text(encoding="utf-8")
    assert html.count("<section>") == 7
    assert html.count("data:image/jpeg") == 2 * 9  # two of the seven are explained for two classes
    assert not re.findall(r"(?:src|href)=\"(?!data:)", html)
    assert "<script" not in html
    assert capsys.readouterr().err == ""


def test_names_on_the_page_are_escaped(tmp_path):
    name = "<img src=x onerror=alert(1)>.png"
    a = audit_of(tmp_path / "a", {name: PLAIN})
    b = audit_of(tmp_path / "b", {name: replace(PLAIN, predicted="<b>dog", index=1)})
    page = tmp_path / "diff.html"
    assert main(["diff", str(a.path), str(b.path), "--html", str(page)]) == 0
    html = page.read_text(encoding="utf-8")
    assert "<img src=x" not in html
    assert "<b>dog" not in html
    assert "&lt;b&gt;dog" in html


def test_names_do_not_control_the_terminal(tmp_path, capsys):
    name = "\x1b[31mred\n.png"
    a = audit_of(tmp_path / "a", {name: PLAIN})
    b = audit_of(tmp_path / "b", {name: replace(PLAIN, predicted="\x9b2Jdog", index=1)})
    assert main(["diff", str(a.path), str(b.path)]) == 0
    printed = capsys.readouterr().out
    assert not {"\x1b", "\x9b"} & set(printed)
    assert r"\x1b[31mred\n.png" in printed
    assert r"\x9b2Jdog" in printed


@pytest.mark.parametrize("rows", ["-1", "1.5", "all"])
def test_a_number_of_rows_that_is_none_is_refused(audits, capsys, rows):
    with pytest.raises(SystemExit) as stop:
        main(["diff", *audits, f"--rows={rows}"])
    assert stop.value.code == 2
    assert f"argument --rows: it must be a whole number of at least 0; got '{rows}'" in capsys.readouterr().err


def test_a_file_that_cannot_be_written_is_an_error(audits, tmp_path, capsys):
    (tmp_path / "file").write_text("")
    assert main(["diff", *audits, "--output", str(tmp_path / "file" / "diff.json")]) == 2
    assert "Choose another file" in capsys.readouterr().err


@pytest.mark.slow
def test_a_reader_that_stops_does_not_turn_a_change_into_a_success(audits):
    command = [sys.executable, "-m", "lime_core", "diff", *audits, "--fail-on", "evidence"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, cwd=Path(__file__).parents[2])
    process.stdout.close()
    assert process.wait(timeout=120) == 1
