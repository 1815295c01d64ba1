"""The folder of results: it holds one picture's files, and is written whole or not at all."""

from __future__ import annotations

import contextlib
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from lime_core.cli.earlier_results import FILES, files_to_replace
from lime_core.cli.signals import uninterrupted
from lime_core.errors import LimeError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from lime_core.answers.origin import Provenance

_DRAFT = ".unfinished-"


class OutputFolder:
    """Where a command leaves its results.

    Parameters
    ----------
    path : str
        As it was given; it need not exist.

    Attributes
    ----------
    path : Path
        The folder.
    written : bool
        Whether the results of this run are in it, complete.

    Raises
    ------
    LimeError
        If `path` is an address.
    """

    def __init__(self, path: str | Path) -> None:
        if "://" in str(path):
            raise LimeError(f"--output {path} is an address; results are written to a folder of this machine.")
        self.path = Path(path)
        self.written = False

    def __str__(self) -> str:
        return str(self.path)

    def check(self) -> None:
        """Raise `LimeError` if nothing can be written there, by trying; nothing is left of that."""
        try:
            with _made(self.path), tempfile.TemporaryDirectory(dir=self.path, prefix=_DRAFT):
                _check_no_folder_in_the_way(self.path, FILES)
        except OSError as error:
            raise self._refused(error) from error

    @contextmanager
    def writing(self, command: str, about: Provenance) -> Iterator[Path]:
        """Give a folder to write into, and move its files into place when the block has succeeded.

        Files of the same names are replaced, and with them all that an earlier run has left of another picture or
        model; files that no run has written stay. An interrupt that comes while files are moved waits until they are.

        Parameters
        ----------
        command : str
            ``explain``, ``trust`` or ``methods``.
        about : Provenance
            What the results are about.

        Yields
        ------
        draft : Path
            An empty folder, removed afterwards.

        Raises
        ------
        LimeError
            If the folder or a file cannot be written.
        """
        try:
            # Inside the folder, so that moving a file up is one step on the same disk.
            with _made(self.path), tempfile.TemporaryDirectory(dir=self.path, prefix=_DRAFT) as work:
                draft, replaced = Path(work) / "new", Path(work) / "replaced"
                draft.mkdir()
                replaced.mkdir()
                yield draft
                with uninterrupted():
                    _exchange(draft, self.path, replaced, files_to_replace(self.path, command, about))
                    self.written = True
        except OSError as error:
            raise self._refused(error) from error

    def _refused(self, error: OSError) -> LimeError:
        return LimeError(f"Cannot write to {self.path}: {error.strerror or error}. Choose another --output.")


@contextmanager
def _made(folder: Path) -> Iterator[None]:
    """Make a folder with its parents, and remove again what has stayed empty of them."""
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        yield
    finally:
        for path in missing:
            # Succeeds only if nothing was written.
            with contextlib.suppress(OSError):
                path.rmdir()


def _exchange(draft: Path, folder: Path, replaced: Path, stale: Iterable[str]) -> None:
    """Move the files of `draft` into `folder` and the stale ones out of it; after an error all is as it was."""
    names = sorted(file.name for file in draft.iterdir())
    _check_no_folder_in_the_way(folder, names)
    moved: list[tuple[Path, Path]] = []
    try:
        for name in sorted({*names, *stale}):
            if (folder / name).is_file() or (folder / name).is_symlink():
                _move(folder / name, replaced / name, moved)
        for name in names:
            _move(draft / name, folder / name, moved)
    except BaseException:
        for origin, target in reversed(moved):
            target.replace(origin)
        raise


def _move(origin: Path, target: Path, moved: list[tuple[Path, Path]]) -> None:
    origin.replace(target)
    moved.append((origin, target))


def _check_no_folder_in_the_way(folder: Path, names: Iterable[str]) -> None:
    for name in names:
        if (folder / name).is_dir():
            raise LimeError(f"Cannot write {folder / name}: there is a folder of that name. Choose another --output.")
