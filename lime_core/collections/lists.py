"""Lists of pictures: of paths, or of paths and true classes, from Python, a text file or a CSV."""

from __future__ import annotations

import csv
import io
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from lime_core.collections.addresses import ending_of, is_address, is_local, joined, read_address, scheme_of, shown
from lime_core.collections.local_files import read_file, read_picture_file
from lime_core.collections.protocol import ENDINGS, CollectedPicture, writable
from lime_core.errors import LimeError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

TABLE_ENDINGS = (".csv", ".tsv")
LIST_ENDINGS = (".txt", *TABLE_ENDINGS)
_MAX_BYTES = 256 << 20
_DELIMITERS = (",", ";", "\t", "|")
_SAMPLED_ROWS = 100
_MOST_NAMED = 5
_LONGEST_HEADER = 200  # of a message
_PATH_NAMES = ("path", "file", "filename", "file_name", "filepath", "file_path", "image", "image_path", "img",
               "picture", "photo", "url", "address", "uri")  # fmt: skip
_LABEL_NAMES = ("label", "class", "class_name", "classname", "target", "category", "y", "true", "true_class")

Row = tuple[int, str, str | None]  # line, path, label


@dataclass(frozen=True, slots=True)
class ListedCollection:
    """Pictures that somebody listed.

    Attributes
    ----------
    root : str
        Path or address of the list; of a list given from Python the folder that all files are in.
    base : str
        Folder or address that paths are relative to.
    """

    root: str
    base: str
    pictures: tuple[CollectedPicture, ...]

    def read(self, path: str) -> bytes:
        """Return the bytes of a picture, see `Collection.read`."""
        if is_address(self.base):
            return read_address(_allowed(joined(self.base, path), self.base))
        file = self.file_of(path)
        return read_address(path) if file is None else read_picture_file(file)

    def file_of(self, path: str) -> Path | None:
        """Return the file of a picture, see `OnThisMachine`."""
        local = not is_address(self.base) and is_local(path, self.base)
        return Path(self.base, path) if local else None


def from_paths(paths: Iterable[str | Path]) -> ListedCollection:
    """Return the pictures at paths or addresses, given from Python; they have no labels.

    Raises
    ------
    LimeError
        When there is none, or something else is in the list, also a folder, a zip file or another list.
    """
    given = list(paths)
    for item in given:
        if not isinstance(item, str | os.PathLike):
            raise LimeError(f"A list of pictures holds paths and addresses; got {type(item).__name__} ({item!r:.80}).")
    places = [os.path.abspath(item) if not isinstance(item, str) or is_local(item) else item for item in given]  # noqa: PTH100
    for place in places:
        _check_one_picture(place)
    local = [place for place in places if not is_address(place)]
    base = os.path.commonpath([os.path.dirname(place) for place in local]) if local else str(Path.cwd())  # noqa: PTH120
    rows = [
        (number, place if is_address(place) else writable(Path(os.path.relpath(place, base)).as_posix()), None)
        for number, place in enumerate(places, start=1)
    ]
    return ListedCollection(base, base, _collected(rows, "the list of paths"))


def open_list(place: str) -> ListedCollection:
    """Return the pictures in a text file of paths, one a line, or in a CSV of paths and labels.

    Paths and addresses are relative to the place of the list. A CSV is separated by commas, semicolons, tabs or bars.
    Its first row may name the columns; otherwise the first column is the path and the second, if there is one, the
    label. The column of labels is one named ``label``, ``class`` and the like, or the only one beside the paths, or the
    only one with such a word in its name. A path that is there twice counts once.

    Parameters
    ----------
    place : str
        Path or address; of a list at an address every picture must be on the web or in the same kind of storage.

    Raises
    ------
    LimeError
        When it cannot be read, has rows that cannot be understood (the message says which), or holds no picture.
    """
    data = read_address(place, _MAX_BYTES) if is_address(place) else read_file(Path(place), _MAX_BYTES)
    if len(data) > _MAX_BYTES:
        raise LimeError(f"The list {shown(place)} is longer than {_MAX_BYTES >> 20} MB. Split it into several.")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise LimeError(f"The list {shown(place)} is not UTF-8 (byte {error.start}). Save it as UTF-8.") from None
    lines = io.StringIO(text, newline=None)
    if place.partition("?")[0].lower().endswith(TABLE_ENDINGS):
        rows = _table(text, place)
    else:
        rows = [(number, line.strip(), None) for number, line in enumerate(lines, start=1) if line.strip()]
    rows = [(number, _normal(path), label) for number, path, label in rows]
    if is_address(place):
        for _, path, _ in rows:
            _allowed(joined(place, path), place)
        return ListedCollection(place, place, _collected(rows, place))
    return ListedCollection(place, str(Path(place).parent), _collected(rows, place))


def _check_one_picture(place: str) -> None:
    """Raise `LimeError` where a path or address in a list is plainly no picture, but a whole collection."""
    ending = ending_of(place)
    if ending in ENDINGS:
        return
    if not is_address(place) and Path(place).is_dir():
        raise LimeError(
            f"The list of pictures holds {shown(place)}, which is a folder. Give the folder alone: its subfolders "
            "are the classes. For the folders of the classes, given one by one, that is the one around them, "
            f"{shown(str(Path(place).parent))}."
        )
    if ending in (".zip", *LIST_ENDINGS):
        raise LimeError(
            f"The list of pictures holds {shown(place)}, which is {'a zip file' if ending == '.zip' else 'a list'} and "
            "no picture. Give it alone, or leave it out; to explain several together, make one list of their pictures."
        )


def _allowed(address: str, base: str) -> str:
    """Return an address in a list from elsewhere, unless it leads to this machine's files or to another storage."""
    if "::" in address or scheme_of(address) not in {"http", "https", scheme_of(base)}:
        raise LimeError(
            f"The list {shown(base)} names {shown(address)[:200]!r}. A list at an address may name only what is on the "
            "web or in the same kind of storage. Download the list if you trust it."
        )
    return address


def _normal(path: str) -> str:
    return path if is_address(path) else os.path.normpath(path).replace(os.sep, "/")


def _collected(rows: Iterable[Row], place: str) -> tuple[CollectedPicture, ...]:
    """Return the pictures of rows, each once; the same path with two labels is an error."""
    first: dict[str, Row] = {}
    for row in rows:
        line, path, label = row
        earlier = first.setdefault(path, row)
        if earlier[2] != label:
            raise LimeError(
                f"In {shown(place)}, {shown(path)} is a {earlier[2]!r} in line {earlier[0]} and a {label!r} in line "
                f"{line}. Leave one of them out."
            )
    if not first:
        raise LimeError(f"There is no picture in {shown(place)}: it is empty.")
    return tuple(CollectedPicture(path, first[path][2]) for path in sorted(first))


def _table(text: str, place: str) -> list[Row]:
    """Return the rows of a CSV without its header."""
    rows = list(_cells(text, _delimiter(text), place))
    if not rows:
        return []
    header, (path_column, label_column) = _columns(rows, place)
    rows = rows[header:]
    width = max(path_column, -1 if label_column is None else label_column) + 1
    wrong = [line for line, cells in rows if len(cells) < width or not cells[path_column]]
    widths = {len(cells) for _, cells in rows}
    if not header and len(widths) > 1:
        # Without names of columns, a comma that was meant as a part of a name cannot be told from one between columns.
        wrong += [line for line, cells in rows if len(cells) != len(rows[0][1])]
    if wrong:
        named = sorted(set(wrong))
        more = f" and {len(named) - _MOST_NAMED} more" if len(named) > _MOST_NAMED else ""
        raise LimeError(
            f"In {shown(place)}, line {', '.join(map(str, named[:_MOST_NAMED]))}{more} cannot be read as "
            f"{'a path' if width == 1 else 'a path and a label'}: cells are missing or too many. Put what holds the "
            "separator into quotation marks."
        )
    return [
        (line, cells[path_column], None if label_column is None else (cells[label_column] or None))
        for line, cells in rows
    ]


def _columns(rows: Sequence[tuple[int, list[str]]], place: str) -> tuple[int, tuple[int, int | None]]:
    """Return how many rows are the header (0 or 1), and the columns of path and label."""
    names = [cell.lower() for cell in rows[0][1]]
    paths = [names.index(name) for name in _PATH_NAMES if name in names]
    # A label may be named like a column of paths; a row with a picture in it is no header.
    if paths and not any(map(_is_picture, names)):
        return 1, (paths[0], _label_column(names, paths[0], place))
    if len(names) > 2:
        raise LimeError(
            f"{shown(place)} has {len(names)} columns, and its first row does not say which is which. Name the columns "
            "'path' and 'label' in the first row."
        )
    header = not _is_picture(names[0]) and len(rows) > 1 and all(_is_picture(cells[0]) for _, cells in rows[1:])
    return int(header), (0, 1 if len(names) > 1 else None)


def _label_column(names: Sequence[str], path_column: int, place: str) -> int | None:
    """Return the column of labels: that of a known name, or the only one, or the only one named like a label."""
    known = [names.index(name) for name in _LABEL_NAMES if name in names]
    if known:
        return known[0]
    # Pandas leaves the name of its row numbers empty.
    others = [column for column, name in enumerate(names) if column != path_column and name]
    similar = [column for column in others if "label" in names[column] or "class" in names[column]]
    for columns in (others, similar):
        if len(columns) == 1:
            return columns[0]
    if not others:
        return None
    raise LimeError(
        f"{shown(place)} has the columns {', '.join(names)[:_LONGEST_HEADER]!r}, and it is unclear which one holds the "
        f"labels. Name it 'label' in the first row ({', '.join(_LABEL_NAMES[1:])} are understood too, and so is a "
        "single name with 'label' or 'class' in it); without labels, leave only the column of paths."
    )


def _delimiter(text: str) -> str:
    """Return the delimiter with which most rows have a picture in a cell, and the same number of cells."""

    def fit(delimiter: str) -> tuple[int, int]:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
        try:
            rows = [row for _, row in zip(range(_SAMPLED_ROWS), reader, strict=False) if row]
        except csv.Error:
            return -1, -1
        widths = [len(row) for row in rows]
        pictures = sum(any(_is_picture(cell) for cell in row) for row in rows)
        same = max((widths.count(width) for width in set(widths) if width > 1), default=0)
        return pictures, same

    return max(_DELIMITERS, key=fit)


def _is_picture(cell: str) -> bool:
    return cell.partition("?")[0].strip().lower().endswith(ENDINGS)


def _cells(text: str, delimiter: str, place: str) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        for row in reader:
            if any(cell.strip() for cell in row):
                yield reader.line_num, [cell.strip() for cell in row]
    except csv.Error as error:
        raise LimeError(f"In {shown(place)}, line {reader.line_num} is no CSV: {error}.") from None
