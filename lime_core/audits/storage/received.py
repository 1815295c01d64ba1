"""An audit in a zip file that need not be trusted: unpacked within limits, and copied by a process apart."""

from __future__ import annotations

import io
import json
import re
import shutil
import subprocess
import tempfile
import zipfile
from pathlib import Path
from typing import Final

from lime_core.audits.storage.audit_folder import ABOUT, FINDINGS
from lime_core.audits.storage.copy_child import COPIED, GIVEN, OUTCOME
from lime_core.audits.storage.tables import SCHEMAS
from lime_core.errors import LimeError
from lime_core.models.own.limits import Limits
from lime_core.models.own.process import end_child, start_child

MOST_BYTES: Final = 1 << 30  # unpacked
MOST_FILES: Final = 20_000
_TEXT_BYTES: Final = 64 << 20  # of audit.json and of about.json; fewer are left when they are copied
_SECONDS: Final = 90
_MEMORY: Final = 2 << 30
_CHUNK: Final = 1 << 20
# Packing on macOS adds a folder __MACOSX, with files whose names begin with a dot.
_WANTED = re.compile(
    rf"((?!\.|__MACOSX/)[^/]+/)?(({'|'.join(SCHEMAS)})/[\w-][\w.-]*\.parquet|{re.escape(FINDINGS)}|{re.escape(ABOUT)})"
)


def unpack_audit(content: bytes, name: str, target: Path, *, most_bytes: int = MOST_BYTES) -> None:
    """Unpack an audit; the zip file need not be trusted.

    Only the tables, ``audit.json`` and ``about.json`` are taken, and nothing is ever written outside of `target`. They
    are read in a process of its own with limits on time and memory, which copies what has the right form and is not
    larger than what a page can show, see `lime_core.audits.storage.copy_child`.

    Parameters
    ----------
    content : bytes
        The zip file; the audit may lie in a folder inside of it.
    name : str
        What its owner calls it, for messages.
    target : Path
        An empty folder.
    most_bytes : int
        Largest size, unpacked.

    Raises
    ------
    LimeError
        When it is no zip file of an audit, damaged, too large, or made by another version.
    """
    with tempfile.TemporaryDirectory(prefix="limelight-") as room:
        _extract(content, name, Path(room), most_bytes)
        texts = {each: Path(room) / GIVEN / each for each in (FINDINGS, ABOUT)}
        missing = [each for each, file in texts.items() if not file.is_file()]
        if missing:
            raise LimeError(f"{name} is no audit: there is no {' and no '.join(missing)} in it.")
        wrong = _copy(Path(room), name)
        if wrong:
            raise LimeError(f"{name} is damaged, or an audit of another version of Limelight ({wrong}).")
        shutil.copytree(Path(room) / COPIED, target, dirs_exist_ok=True)


def _extract(content: bytes, name: str, room: Path, most_bytes: int) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            _extract_wanted(archive, name, room, most_bytes)
    except LimeError:
        raise
    except Exception as error:
        # Reading a damaged archive can raise any exception.
        raise LimeError(f"{name} is not a zip file that can be read; it is damaged, or something else.") from error


def _extract_wanted(archive: zipfile.ZipFile, name: str, room: Path, left: int) -> None:
    entries = archive.infolist()
    if len(entries) > MOST_FILES:
        raise LimeError(f"{name} holds more than the {MOST_FILES:,} files that are allowed.")
    found = [(entry, wanted) for entry in entries if (wanted := _WANTED.fullmatch(entry.filename)) is not None]
    places = sorted({wanted[1] or "" for _, wanted in found})
    if len(places) > 1:
        named = " and ".join(f"one in {place[:80]!r}" if place else "one at its top" for place in places[:2])
        raise LimeError(f"{name} holds more than one audit: {named}. Make a zip file of one of them.")
    if len({wanted[2] for _, wanted in found}) < len(found):
        raise LimeError(f"{name} holds two files of the same name. Make the zip file anew.")
    for entry, wanted in found:
        file = room / GIVEN / wanted[2]
        file.parent.mkdir(parents=True, exist_ok=True)
        left -= _write(archive, entry, file, left if wanted[3] else min(left, _TEXT_BYTES), name)


def _write(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, file: Path, most: int, name: str) -> int:
    """Unpack an entry, and return its size; what the archive says of its size counts for nothing."""
    size = 0
    with archive.open(entry) as source, file.open("xb") as target:
        while chunk := source.read(_CHUNK):
            size += len(chunk)
            if size > most:
                raise LimeError(f"{name} is larger, unpacked, than what is allowed here.")
            target.write(chunk)
    return size


def _copy(room: Path, name: str) -> str:
    """Let a process of its own copy the audit, and return what is wrong with it."""
    process = start_child(room, "lime_core.audits.storage.copy_child", {}, Limits(_SECONDS, _MEMORY, MOST_BYTES))
    try:
        process.wait(_SECONDS)
    except subprocess.TimeoutExpired as error:
        raise LimeError(f"Reading {name} took longer than {_SECONDS} seconds and was stopped.") from error
    finally:
        end_child(process)
    try:
        return str(json.loads((room / OUTCOME).read_text(encoding="utf-8"))) if process.returncode == 0 else _CRASHED
    except (OSError, ValueError):
        return _CRASHED


_CRASHED: Final = "it cannot be read"
