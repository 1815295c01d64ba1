"""Files of this machine, read only as far as they are allowed to be long."""

from __future__ import annotations

import errno
import os
import stat
from typing import TYPE_CHECKING

from lime_core.collections.protocol import is_picture_name, writable
from lime_core.errors import LimeError
from lime_core.picture.limits import MAX_BYTES, check_bytes

if TYPE_CHECKING:
    from pathlib import Path

# Opening a pipe would wait for whoever writes into it. Windows has neither such pipes nor these flags.
_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
_PROBLEMS = {
    errno.ENOENT: "does not exist, or is a link to what does not exist",
    errno.ELOOP: "is a link that leads in a circle",
    errno.EACCES: "may not be read by this user",
    errno.ENAMETOOLONG: "has too long a name",
}


def read_picture_file(path: Path) -> bytes:
    """Return the bytes of a picture's file.

    Raises
    ------
    LimeError
        If it is missing, no plain file, empty, or longer than a picture may be.
    """
    data = read_file(path, MAX_BYTES)
    check_bytes(len(data), writable(str(path)))
    return data


def read_file(path: Path, max_bytes: int) -> bytes:
    """Return the first `max_bytes` + 1 bytes of a plain file; the size of one that is longer is checked first.

    Raises
    ------
    LimeError
        If it cannot be read, is no plain file, or is longer than a picture may be where that is the limit.
    """
    name = writable(str(path))
    try:
        descriptor = os.open(path, _FLAGS)
        with open(descriptor, "rb") as file:  # noqa: PTH123 - of a descriptor, not of a path
            facts = os.fstat(file.fileno())
            if not stat.S_ISREG(facts.st_mode):
                raise LimeError(f"{name} is {_kind(facts.st_mode)}, not a file.")
            if max_bytes == MAX_BYTES:
                check_bytes(facts.st_size, name)
            # It may be growing.
            return file.read(max_bytes + 1)
    except IsADirectoryError:
        # So Python refuses the descriptor of a folder.
        raise LimeError(f"{name} is a folder, {_not_a_picture(path.name)}") from None
    except OSError as error:
        if error.errno == errno.ENOENT and any("\\x" in part for part in path.parts):
            raise LimeError(f"{name} does not exist, or its name is not UTF-8. Rename it.") from None
        raise LimeError(f"{name} {_PROBLEMS.get(error.errno or 0, f'cannot be read: {error.strerror}')}.") from error
    except ValueError as error:  # a name with a zero byte
        raise LimeError(f"{name!r} is not the path of a file: {error}.") from error


def _not_a_picture(name: str) -> str:
    if is_picture_name(name):
        return "though its name ends like a picture's; pictures in it are not looked for. Rename it if there are any."
    return "not a picture, and pictures in it are not looked for. Name these instead."


def _kind(mode: int) -> str:
    if stat.S_ISFIFO(mode):
        return "a pipe"
    return "a socket" if stat.S_ISSOCK(mode) else "a device"
