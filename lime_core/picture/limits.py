"""How large a picture and its file may be."""

from __future__ import annotations

from lime_core.errors import ImageError

MAX_BYTES = 20 * 1024 * 1024
MAX_PIXELS = 50_000_000


def check_size(width: int, height: int, name: str) -> None:
    """Raise `ImageError` for a picture with too many pixels, or with fewer than two."""
    if width * height > MAX_PIXELS:
        raise too_many_pixels(name, width, height)
    if width * height <= 1:
        raise ImageError(
            f"{name} is {'a single pixel' if width * height else 'without pixels'}: there is nothing to cut into "
            "superpixels. Choose a larger picture."
        )


def check_bytes(size: int, name: str) -> None:
    """Raise `ImageError` for a file of more bytes than `MAX_BYTES`, or of none."""
    if size > MAX_BYTES:
        megabytes = text_above(size / 2**20, MAX_BYTES / 2**20, digits=1)
        raise ImageError(
            f"{name} is {megabytes} MB; at most {MAX_BYTES // 2**20} MB are allowed. "
            "Scale it down or save it with stronger compression."
        )
    if size == 0:
        raise ImageError(f"{name} is empty (0 bytes). Copy or download it again.")


def too_many_pixels(name: str, width: int = 0, height: int = 0) -> ImageError:
    """Return the error for a picture above the limit; its size is left out where it is not known."""
    limit = MAX_PIXELS // 1_000_000
    megapixels = text_above(width * height / 1e6, limit)
    given = f"is {width}×{height} = {megapixels} megapixels" if width else "has too many pixels"
    return ImageError(f"{name} {given}; at most {limit} megapixels are allowed. Scale it down first.")


def text_above(value: float, limit: float, digits: int = 0) -> str:
    """Return a number above a limit as text, with enough decimal places to show that it is above."""
    while float(f"{value:.{digits}f}") <= limit and digits < 12:
        digits += 1
    return f"{value:.{digits}f}"
