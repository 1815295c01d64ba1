"""The table of contents of a zip archive, checked before anything is unpacked."""

from __future__ import annotations

import stat
import struct
import zipfile
import zlib
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from lime_core.errors import ModelError, in_words

if TYPE_CHECKING:
    from pathlib import Path

_MOST_ENTRIES = 1000
_LONGEST_TABLE = 1 << 20
_END = b"PK\x05\x06"
_END_SIZE = 22
_LONGEST_COMMENT = (1 << 16) - 1
_ZIP64_LOCATOR = b"PK\x06\x07"
_ZIP64_LOCATOR_SIZE = 20
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_ENCRYPTED = 0x1


def checked_contents(path: Path, max_bytes: int) -> dict[str, int]:
    """Return the unpacked size of each entry of a zip archive, by name.

    Sizes and names are checked before anything is unpacked, and then the checksums. `zipfile` never unpacks more of an
    entry than the size that is stated.

    Parameters
    ----------
    path : Path
        The archive; it need not be trusted.
    max_bytes : int
        Largest sum of the unpacked sizes.

    Raises
    ------
    ModelError
        If it is no zip archive or a damaged one, has too many or too large entries, the same name twice, a name that
        leads out of the archive, a link, or an encrypted entry.
    """
    _check_table(path)
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, NotImplementedError, ValueError, struct.error, OSError) as error:
        raise ModelError(f"The zip archive is damaged: {in_words(error)}.") from error
    if len(entries) > _MOST_ENTRIES:
        raise ModelError(f"The zip archive has {len(entries)} entries; at most {_MOST_ENTRIES} are allowed.")
    for entry in entries:
        _check_entry(entry)
    contents = {entry.filename: entry.file_size for entry in entries}
    if len(contents) < len(entries):
        raise ModelError("The zip archive has two entries of the same name, so it is unclear which one is meant.")
    unpacked = sum(contents.values())
    if unpacked > max_bytes:
        raise ModelError(
            f"The zip archive holds {unpacked / 1e6:,.0f} MB when unpacked; at most {max_bytes / 1e6:,.0f} MB are "
            "allowed."
        )
    _check_sums(path)
    return contents


def _check_sums(path: Path) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            damaged = archive.testzip()
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError, ValueError, OSError) as error:
        raise ModelError(f"The zip archive is damaged: {in_words(error)}.") from error
    if damaged is not None:
        raise ModelError(f"The zip archive is damaged: the checksum of {damaged[:80]!r} is wrong; copy the file again.")


def _check_table(path: Path) -> None:
    """Check how long the table of contents is, because `zipfile` would read all of it."""
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - _END_SIZE - _LONGEST_COMMENT - _ZIP64_LOCATOR_SIZE))
        tail = file.read()
    at = tail.rfind(_END)
    if at < 0 or len(tail) - at < _END_SIZE:
        raise ModelError("The zip archive is damaged: it has no table of contents; copy or save the file again.")
    (length,) = struct.unpack_from("<I", tail, at + 12)
    if _ZIP64_LOCATOR in tail[max(0, at - _ZIP64_LOCATOR_SIZE) : at] or length > _LONGEST_TABLE:
        raise ModelError(
            f"The zip archive's table of contents is longer than {_LONGEST_TABLE >> 20} MB, or in the zip64 format: "
            f"a model file has at most {_MOST_ENTRIES} entries and needs neither."
        )


def _check_entry(entry: zipfile.ZipInfo) -> None:
    name = entry.filename
    shown = repr(name[:80])
    climbs = name.startswith("/") or "\\" in name or ":" in name or ".." in PurePosixPath(name).parts
    if climbs or entry.orig_filename != name:
        raise ModelError(f"The zip archive has an entry named {shown}, which leads out of the archive.")
    if stat.S_ISLNK(entry.external_attr >> 16):
        raise ModelError(f"The zip archive's entry {shown} is a link to another file; only plain files are allowed.")
    if entry.flag_bits & _ENCRYPTED:
        raise ModelError(f"The zip archive's entry {shown} is encrypted: save the model without a password.")
    if entry.compress_type not in _METHODS:
        raise ModelError(f"The zip archive's entry {shown} is compressed by another method than deflate.")
