"""Audits in zip files of strangers: what fits is taken, all else gives a sentence, nothing is written outside."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lime_core.audits.storage.audit_folder import ABOUT, FINDINGS, AuditFolder
from lime_core.audits.storage.copy_child import copy_audit
from lime_core.audits.storage.findings import Findings
from lime_core.audits.storage.received import unpack_audit
from lime_core.audits.storage.tables import EXPLANATIONS, MEMBERS, SCHEMAS, SKIPPED, SUPERPIXELS, THUMBNAILS
from lime_core.errors import LimeError
from tests.audits.known_audit import known_audit

PICTURES = 6


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The files of a known audit by their paths."""
    root = tmp_path_factory.mktemp("known")
    known_audit(root, PICTURES)
    (root / ABOUT).write_text(json.dumps({"model": {"id": "known-audit"}}), encoding="utf-8")
    return {file.relative_to(root).as_posix(): file.read_bytes() for file in root.rglob("*") if file.is_file()}


def zipped(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def as_parquet(table: pa.Table) -> bytes:
    buffer = io.BytesIO()
    pq.write_table(table, buffer)
    return buffer.getvalue()


@pytest.mark.parametrize("below", ["", "my audit/"])
def test_an_audit_comes_out_as_it_went_in(tmp_path: Path, files: dict[str, bytes], below: str) -> None:
    given, target = tmp_path / "given", tmp_path / "target"
    target.mkdir()
    expected = known_audit(given, PICTURES)
    unpack_audit(zipped({below + name: content for name, content in files.items()}), "a.zip", target)
    taken = AuditFolder(target)
    for kind in SCHEMAS:
        assert taken.table(kind).equals(expected.table(kind))
    assert taken.findings() == expected.findings()


def test_nothing_else_is_taken_and_nothing_leads_outside(tmp_path: Path, files: dict[str, bytes]) -> None:
    target = tmp_path / "a" / "target"
    target.mkdir(parents=True)
    strange = {
        "../outside.parquet": b"x",
        "/tmp/limelight-outside/audit.json": b"x",  # noqa: S108 - a path in the file, which must not be used
        "members/../../outside.parquet": b"x",
        "members/../outside.parquet": b"x",
        "report.html": b"<script>",
        "run.py": b"x",
    }
    unpack_audit(zipped(files | strange), "a.zip", target)
    assert {path.name for path in target.iterdir()} == {ABOUT, FINDINGS, *SCHEMAS}
    assert not list(tmp_path.rglob("outside*"))
    assert not Path("/tmp/limelight-outside").exists()  # noqa: S108


@pytest.mark.parametrize("below", ["", "my audit/"])
def test_what_packing_on_macos_adds_is_left_out(tmp_path: Path, files: dict[str, bytes], below: str) -> None:
    hidden = [f"__MACOSX/{below}{EXPLANATIONS}/._part-0.parquet", f"__MACOSX/{FINDINGS}", f".old/{FINDINGS}"]
    hidden.append(f"{below}{EXPLANATIONS}/._part-0.parquet")
    given = {below + name: content for name, content in files.items()} | dict.fromkeys(hidden, b"no part of it")
    unpack_audit(zipped(given), "a.zip", tmp_path)
    assert {file.relative_to(tmp_path).as_posix() for file in tmp_path.rglob("*") if file.is_file()} == set(files)


@pytest.mark.parametrize("first", ["", "a/"])
def test_two_audits_in_one_file_are_refused_by_that_name(tmp_path: Path, files: dict[str, bytes], first: str) -> None:
    both = {below + name: content for name, content in files.items() for below in (first, "b/")}
    with pytest.raises(
        LimeError, match=r"more than one audit: one (at its top|in 'a/') and one in 'b/'\. Make a zip file of one"
    ):
        unpack_audit(zipped(both), "a.zip", tmp_path)


def test_two_files_of_one_name_are_refused(tmp_path: Path, files: dict[str, bytes]) -> None:
    buffer = io.BytesIO(zipped(files))
    with zipfile.ZipFile(buffer, "a") as archive, pytest.warns(UserWarning, match="Duplicate name"):
        archive.writestr(FINDINGS, files[FINDINGS])
    with pytest.raises(LimeError, match="two files of the same name"):
        unpack_audit(buffer.getvalue(), "a.zip", tmp_path)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({FINDINGS: None}, "no audit: there is no audit.json"),
        ({ABOUT: None, FINDINGS: None}, "no audit"),
        ({f"{EXPLANATIONS}/part-0.parquet": b"PAR1 no parquet"}, "damaged, or an audit of another version"),
        ({f"{EXPLANATIONS}/part-0.parquet": as_parquet(pa.table({"other": [1]}))}, "no column picture"),
        (
            {f"{THUMBNAILS}/part-0.parquet": as_parquet(pa.table({n: ["text"] for n in SCHEMAS[THUMBNAILS].names}))},
            None,
        ),
        (
            {f"{EXPLANATIONS}/part-0.parquet": as_parquet(pa.table({n: ["a"] for n in SCHEMAS[EXPLANATIONS].names}))},
            "damaged, or an audit of another version",
        ),
    ],
)
def test_what_does_not_fit_is_refused_in_a_sentence(
    tmp_path: Path, files: dict[str, bytes], changed: dict[str, bytes | None], message: str | None
) -> None:
    given = {name: content for name, content in (files | changed).items() if content is not None}
    if message is None:
        unpack_audit(zipped(given), "a.zip", tmp_path)
        return
    with pytest.raises(LimeError, match=message):
        unpack_audit(zipped(given), "a.zip", tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_what_is_no_zip_file_or_only_a_part_of_one_is_refused(tmp_path: Path, files: dict[str, bytes]) -> None:
    whole = zipped(files)
    for content in (b"", b"no zip", whole[: len(whole) // 2]):
        with pytest.raises(LimeError, match="not a zip file"):
            unpack_audit(content, "a.zip", tmp_path)


def test_a_bomb_is_stopped_at_the_limit(tmp_path: Path, files: dict[str, bytes]) -> None:
    bomb = zipped(files | {"members/bomb.parquet": bytes(50_000_000)})
    assert len(bomb) < 1_000_000
    with pytest.raises(LimeError, match="larger, unpacked"):
        unpack_audit(bomb, "a.zip", tmp_path, most_bytes=10_000_000)


def test_a_table_that_unpacks_to_more_than_the_memory_allowed_is_refused(
    tmp_path: Path, files: dict[str, bytes]
) -> None:
    # A dictionary makes gigabytes of a few kilobytes.
    text = "x" * 1_000_000
    column = pa.DictionaryArray.from_arrays(pa.array([0] * 20_000, pa.int32()), pa.array([text]))
    table = pa.table({"picture": column, "reason": column})
    bomb = as_parquet(table)
    assert len(bomb) < 3_000_000
    with pytest.raises(LimeError, match=r"damaged|longer|cannot be read"):
        unpack_audit(zipped(files | {"skipped/part-0.parquet": bomb}), "a.zip", tmp_path)


def many(kind: str, rows: int, **changed: object) -> pa.Table:
    """Return so many equal rows; `changed` has a value for all, or one for each."""
    plain = {pa.string(): "a", pa.bool_(): True, pa.binary(): b"a", pa.list_(pa.string()): []}
    columns = []
    for field in SCHEMAS[kind]:
        value = changed.get(field.name, plain.get(field.type, None if field.nullable else 0))
        columns.append(
            pa.array(value if isinstance(value, list) and len(value) == rows else [value] * rows, field.type)
        )
    return pa.table(columns, schema=SCHEMAS[kind])


def wrong_with(files: dict[str, bytes], folder: Path) -> str:
    """Return what the copying process would say of an audit."""
    for name, content in files.items():
        (folder / "given" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "given" / name).write_bytes(content)
    return copy_audit(folder / "given", folder / "copied")


def with_members(count: int) -> dict[str, bytes]:
    return {f"{MEMBERS}/part-{n}.parquet": as_parquet(many(MEMBERS, count // 2)) for n in (0, 1)}


@pytest.mark.parametrize(
    ("kind", "rows", "message"),
    [
        (EXPLANATIONS, many(EXPLANATIONS, 100_001, picture=list(map(str, range(100_001)))), "more than 100,000 rows"),
        (EXPLANATIONS, many(EXPLANATIONS, 5), "more than 4 rows about one picture"),
        (EXPLANATIONS, many(EXPLANATIONS, 1, class_name="x" * 5000), "class_name has 5,000 bytes; at most 4,096"),
        (EXPLANATIONS, many(EXPLANATIONS, 1, findings=[["x" * 5000]]), "findings has 5,000 bytes"),
        (SKIPPED, many(SKIPPED, 30_000, reason="x" * 4000), "hold more than 67,108,864 bytes"),
        (SUPERPIXELS, many(SUPERPIXELS, 5000), "more than 4,092 rows about one picture"),
        (THUMBNAILS, many(THUMBNAILS, 3), "more than 2 rows about one picture"),
        (THUMBNAILS, many(THUMBNAILS, 1, thumbnail=bytes(600_000)), "thumbnail has 600,000 bytes"),
    ],
    ids=["rows", "one picture", "name", "sentence", "bytes", "superpixels", "thumbnails", "thumbnail"],
)
def test_tables_that_would_take_much_memory_to_show_are_refused(
    tmp_path: Path, files: dict[str, bytes], kind: str, rows: pa.Table, message: str
) -> None:
    changed = files | {f"{kind}/part-0.parquet": as_parquet(rows)}
    assert len(zipped(changed)) < 2_000_000
    assert message in wrong_with(changed, tmp_path)


def test_rows_are_counted_over_all_files_of_a_kind(tmp_path: Path, files: dict[str, bytes]) -> None:
    assert "members: there are more than 1,000,000 rows" in wrong_with(files | with_members(1_000_002), tmp_path)


def test_json_is_read_apart_and_nothing_unknown_in_it_is_taken(tmp_path: Path, files: dict[str, bytes]) -> None:
    document = json.loads(files[FINDINGS])
    document["other"] = [[]] * 100_000
    unpack_audit(zipped(files | {FINDINGS: json.dumps(document).encode()}), "a.zip", tmp_path)
    assert (tmp_path / FINDINGS).read_bytes() == Findings.from_json(files[FINDINGS]).to_json().encode()


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        (ABOUT, b"[" + b"[]," * 10 + b"[]]", "about.json: it is not an object"),
        (ABOUT, b'{"a": [' + b"[]," * 500_000 + b"[]]}", "about.json: it has more than 1,048,576 bytes"),
        (ABOUT, b"{", "about.json"),
        (FINDINGS, b"[" * 100_000, "Not readable findings"),
    ],
    ids=["no object", "large", "damaged", "deep"],
)
def test_json_that_does_not_fit_is_refused(
    tmp_path: Path, files: dict[str, bytes], name: str, content: bytes, message: str
) -> None:
    assert message in wrong_with(files | {name: content}, tmp_path)


@pytest.mark.parametrize("notes", [["x" * 1000] * 20_000, [""] * 3_000_000], ids=["as given", "as copied"])
def test_findings_are_bounded(tmp_path: Path, files: dict[str, bytes], notes: list[str]) -> None:
    document = json.loads(files[FINDINGS])
    document["notes"] = notes
    changed = files | {FINDINGS: json.dumps(document, separators=(",", ":")).encode()}
    assert "audit.json: it has more than 16,777,216 bytes" in wrong_with(changed, tmp_path)
