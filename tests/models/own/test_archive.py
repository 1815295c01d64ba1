from __future__ import annotations

import io
import stat
import struct
import zipfile
from typing import TYPE_CHECKING

import pytest

from lime_core.errors import ModelError
from lime_core.models.own.archive import checked_contents

if TYPE_CHECKING:
    from pathlib import Path

MOST = 1 << 20


def _written(path: Path, entries: list[tuple[zipfile.ZipInfo | str, bytes]]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in entries:
            archive.writestr(name, data)
    return path


def _link(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name)
    entry.external_attr = (stat.S_IFLNK | 0o777) << 16
    return entry


def test_the_sizes_of_the_entries_are_returned(tmp_path: Path) -> None:
    path = _written(tmp_path / "a.zip", [("config.json", b"{}"), ("assets/x.txt", b"abc")])
    assert checked_contents(path, MOST) == {"config.json": 2, "assets/x.txt": 3}


def test_a_megabyte_more_than_allowed_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    path = _written(tmp_path / "bomb.zip", [("config.json", bytes(MOST)), ("b", bytes(MOST))])
    assert path.stat().st_size < MOST / 100
    with pytest.raises(ModelError, match="holds 2 MB when unpacked; at most 1 MB"):
        checked_contents(path, MOST)


def test_an_entry_is_never_unpacked_beyond_its_stated_size(tmp_path: Path) -> None:
    path = _written(tmp_path / "liar.zip", [("config.json", bytes(50 * MOST))])
    content = bytearray(path.read_bytes())
    for at, offset in ((content.find(b"PK\x03\x04"), 22), (content.find(b"PK\x01\x02"), 24)):
        struct.pack_into("<I", content, at + offset, 10)
    path.write_bytes(content)
    with pytest.raises(ModelError, match="damaged"):
        checked_contents(path, MOST)


@pytest.mark.parametrize(
    "name", ["../config.jso", "/etc/passwd", "a/../../b", "..\\b", "C:/b", "a\\..\\b", "b\x00.json"]
)
def test_names_that_lead_out_of_the_archive_are_refused(tmp_path: Path, name: str) -> None:
    path = _written(tmp_path / "a.zip", [("placeholder__", b"{}")])
    padded = name.ljust(13, "_").encode()
    path.write_bytes(path.read_bytes().replace(b"placeholder__", padded))
    with pytest.raises(ModelError, match="leads out of the archive"):
        checked_contents(path, MOST)


def test_two_dots_inside_a_name_lead_nowhere(tmp_path: Path) -> None:
    path = _written(tmp_path / "a.zip", [("layers/conv..1", b"{}")])
    assert checked_contents(path, MOST) == {"layers/conv..1": 2}


def test_links_are_refused(tmp_path: Path) -> None:
    path = _written(tmp_path / "a.zip", [(_link("config.json"), b"/etc/passwd")])
    with pytest.raises(ModelError, match="is a link to another file"):
        checked_contents(path, MOST)


def test_two_entries_of_one_name_are_refused(tmp_path: Path) -> None:
    path = _written(tmp_path / "a.zip", [("config.jsoN", b"{}"), ("config.json", b"[]")])
    path.write_bytes(path.read_bytes().replace(b"jsoN", b"json"))
    with pytest.raises(ModelError, match="two entries of the same name"):
        checked_contents(path, MOST)


def test_too_many_entries_are_refused(tmp_path: Path) -> None:
    path = _written(tmp_path / "a.zip", [(str(index), b"") for index in range(1001)])
    with pytest.raises(ModelError, match="1001 entries; at most 1000"):
        checked_contents(path, MOST)


def test_a_table_of_a_million_entries_is_not_even_read(tmp_path: Path) -> None:
    entry = struct.pack("<4s6H3I5H2I", b"PK\x01\x02", 20, 20, *[0] * 14) + b""
    table = entry * 1_000_000
    end = struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, 0xFFFF, 0xFFFF, len(table), 0, 0)
    path = tmp_path / "a.zip"
    path.write_bytes(b"PK\x03\x04" + table + end)
    with pytest.raises(ModelError, match="table of contents is longer than 1 MB"):
        checked_contents(path, MOST)


def test_encrypted_entries_are_refused(tmp_path: Path) -> None:
    path = _written(tmp_path / "a.zip", [("config.json", b"{}")])
    content = bytearray(path.read_bytes())
    content[content.find(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(content)
    with pytest.raises(ModelError, match="is encrypted"):
        checked_contents(path, MOST)


def test_a_wrong_checksum_is_noticed(tmp_path: Path) -> None:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("config.json", b"A" * 100)
    path = tmp_path / "a.zip"
    path.write_bytes(target.getvalue().replace(b"AAAA", b"AABA", 1))
    with pytest.raises(ModelError, match=r"checksum of 'config\.json' is wrong"):
        checked_contents(path, MOST)


@pytest.mark.parametrize("length", [0, 4, 30, 80, 100])
def test_every_truncation_is_refused(tmp_path: Path, length: int) -> None:
    path = _written(tmp_path / "a.zip", [("config.json", b"{}" * 20)])
    path.write_bytes(path.read_bytes()[:length])
    with pytest.raises(ModelError, match="damaged"):
        checked_contents(path, MOST)
