"""Hundreds of damaged or odd picture files, made on the spot, each from its own name."""

from __future__ import annotations

import io
import struct
import zlib
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import PIL.Image
import pillow_heif
import tifffile

if TYPE_CHECKING:
    from collections.abc import Callable

HEIGHT, WIDTH = 37, 53
FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "TIFF", "GIF", "AVIF", "HEIC")


def scene(height: int = HEIGHT, width: int = WIDTH) -> np.ndarray:
    """A picture with gradients and noise, so that no format packs it into a few bytes."""
    rows, columns = np.mgrid[:height, :width]
    noise = np.random.default_rng(7).integers(0, 40, (height, width))
    return np.stack([rows * 5 % 216, columns * 3 % 216, noise], axis=-1).astype(np.uint8) + noise[..., None].astype(
        np.uint8
    )


def encode(picture: PIL.Image.Image | np.ndarray, kind: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    picture = PIL.Image.fromarray(picture) if isinstance(picture, np.ndarray) else picture
    if kind == "HEIC":
        pillow_heif.from_pillow(picture).save(buffer, **options)
    else:
        picture.save(buffer, kind, **options)
    return buffer.getvalue()


def rare_tiff(array: np.ndarray, **options: Any) -> bytes:
    """A TIFF as scientific programs write it, of any type and number of bands."""
    buffer = io.BytesIO()
    tifffile.imwrite(buffer, array, metadata=None, **options)
    return buffer.getvalue()


def png_chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(width: int, height: int, rows: bytes, *, depth: int = 8, color: int = 2, extra: bytes = b"") -> bytes:
    header = png_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + extra + png_chunk(b"IDAT", zlib.compress(rows)) + png_chunk(b"IEND", b"")


def tiff(width: int, height: int, samples: bytes, *, bits: tuple[int, ...], kind: int = 1, photo: int = 1) -> bytes:
    """A one-strip little-endian TIFF; `kind` 1 unsigned, 2 signed, 3 float; `photo` 1 grey, 2 RGB."""
    bits_offset = 8 + 2 + 11 * 12 + 4
    data_offset = bits_offset + 2 * len(bits)
    first_bits = bits[0] if len(bits) == 1 else bits_offset
    entries = [
        (256, 4, 1, width), (257, 4, 1, height), (258, 3, len(bits), first_bits), (259, 3, 1, 1),
        (262, 3, 1, photo), (273, 4, 1, data_offset), (277, 3, 1, len(bits)), (278, 4, 1, height),
        (279, 4, 1, len(samples)), (284, 3, 1, 1), (339, 3, 1, kind),
    ]  # fmt: skip
    directory = b"".join(struct.pack("<HHII", *entry) for entry in entries)
    header = b"II*\0" + struct.pack("<IH", 8, len(entries)) + directory + struct.pack("<I", 0)
    return header + struct.pack(f"<{len(bits)}H", *bits) + samples


def gif_claiming(width: int, height: int, *, frame: tuple[int, int] = (1, 1)) -> bytes:
    image = b"," + struct.pack("<HHHHB", 0, 0, *frame, 0) + b"\x02\x02\x44\x01\x00"
    return b"GIF89a" + struct.pack("<HHBBB", width, height, 0x80, 0, 0) + b"\0\0\0\xff\xff\xff" + image + b";"


def webp_claiming(width: int, height: int) -> bytes:
    body = b"WEBPVP8X" + struct.pack("<I", 10) + b"\0\0\0\0"
    body += struct.pack("<I", width - 1)[:3] + struct.pack("<I", height - 1)[:3]
    return b"RIFF" + struct.pack("<I", len(body)) + body


def orientation(value: int, order: str = "<") -> bytes:
    mark = b"II*\0" if order == "<" else b"MM\0*"
    return b"Exif\0\0" + mark + struct.pack(f"{order}IHHHIHHI", 8, 1, 0x0112, 3, 1, value, 0, 0)


def cut(kind: str, end: float) -> bytes:
    data = encode(scene(), kind)
    return data[: int(end if end > 1 else end * len(data))]


def frames(kind: str) -> bytes:
    pictures = [PIL.Image.fromarray(np.roll(scene(), step * 9, axis=1)) for step in range(3)]
    return encode(pictures[0], kind, save_all=True, append_images=pictures[1:])


def malformed_exif() -> list[bytes]:
    return [
        b"Exif\0\0",
        b"Exif\0\0II",
        b"Exif\0\0XX*\0\x08\0\0\0",
        b"Exif\0\0II*\0\xff\xff\xff\xff",
        orientation(6)[:-10],
        b"Exif\0\0II*\0\x08\0\0\0\xff\xff\x69\x87\4\0\1\0\0\0\xff\xff\0\0",
    ]


def in_mode(mode: str) -> PIL.Image.Image:
    """Return the scene in any of Pillow's modes."""
    color = PIL.Image.fromarray(scene())
    if mode == "LAB":
        return PIL.Image.merge("LAB", color.split())
    path = {"I": ("L", "I"), "F": ("L", "F"), "PA": ("P", "PA")}.get(mode, (mode,))
    for step in path:
        color = color.convert(step)
    return color


MODES = {
    "PNG": ("1", "L", "LA", "P", "RGBA"),
    "TIFF": ("1", "L", "LA", "P", "PA", "RGBA", "CMYK", "YCbCr", "LAB", "I", "F"),
    "WEBP": ("1", "L", "LA", "P", "RGBA"),
    "GIF": ("1", "L", "LA", "P", "RGBA"),
    "BMP": ("1", "L", "P", "RGBA"),
    "JPEG": ("1", "L", "CMYK", "YCbCr"),
}
COMPRESSIONS = ("tiff_lzw", "tiff_adobe_deflate", "packbits", "jpeg", "raw")


def odd_but_whole() -> dict[str, Callable[[], bytes]]:
    """Unusual files that must load."""
    color = PIL.Image.fromarray(scene())
    grey16 = scene()[..., 0].astype(np.uint16) * 257
    jpeg = partial(encode, color, "JPEG")
    files: dict[str, Callable[[], bytes]] = {kind: partial(encode, color, kind) for kind in FORMATS}
    files |= {f"{mode} {kind}": partial(encode, in_mode(mode), kind) for kind in MODES for mode in MODES[kind]}
    files |= {f"TIFF {name}": partial(encode, color, "TIFF", compression=name) for name in COMPRESSIONS}
    files |= {f"orientation {n} {way}": partial(jpeg, exif=orientation(n, way)) for n in range(10) for way in "<>"}
    files |= {
        f"orientation 6 {kind}": partial(encode, color, kind, exif=orientation(6)) for kind in ("PNG", "WEBP", "TIFF")
    }
    for kind in ("JPEG", "WEBP"):
        files |= {
            f"malformed exif {n} {kind}": partial(encode, color, kind, exif=e) for n, e in enumerate(malformed_exif())
        }
    files |= {
        "16-bit grey PNG": lambda: encode(grey16, "PNG"),
        "16-bit grey TIFF": lambda: encode(grey16, "TIFF"),
        "16-bit RGB PNG": lambda: png(2, 1, b"\0" + bytes(12), depth=16),
        "16-bit RGB TIFF": lambda: tiff(2, 1, bytes(12), bits=(16, 16, 16), photo=2),
        "one-bit PNG with transparency": lambda: encode(color.convert("1"), "PNG", transparency=0),
        "grey PNG with transparency": lambda: encode(color.convert("L"), "PNG", transparency=0),
        "RGB PNG with transparency": lambda: encode(color, "PNG", transparency=(0, 0, 0)),
        "palette PNG with one transparent": lambda: encode(color.convert("P"), "PNG", transparency=3),
        "palette PNG with transparencies": lambda: encode(color.convert("P"), "PNG", transparency=bytes(range(256))),
        "palette GIF with transparency": lambda: encode(color.convert("P"), "GIF", transparency=3),
        "interlaced GIF": lambda: encode(color.convert("P"), "GIF", interlace=1),
        "progressive JPEG": lambda: encode(color, "JPEG", progressive=True),
        "lossless WebP": lambda: encode(color.convert("RGBA"), "WEBP", lossless=True),
        "animated GIF": lambda: frames("GIF"),
        "animated WebP": lambda: frames("WEBP"),
        "animated PNG": lambda: frames("PNG"),
        "many-page TIFF": lambda: frames("TIFF"),
        "MPO": lambda: frames("MPO"),
        "1×5000": lambda: encode(scene(5000, 1), "PNG"),
        "5000×1": lambda: encode(scene(1, 5000), "PNG"),
        "1×2": lambda: encode(scene(2, 1), "PNG"),
        "larger than the working image": lambda: encode(scene(900, 700), "JPEG"),
        "JPEG with rubbish after it": lambda: encode(color, "JPEG") + b"rubbish" * 99,
        "PNG with rubbish after it": lambda: encode(color, "PNG") + b"rubbish" * 99,
    }
    return files


def refused() -> dict[str, Callable[[], bytes]]:
    """Files that must be refused."""
    one = scene(1, 1)
    whole = png(2, 1, b"\0" + bytes(6))
    files: dict[str, Callable[[], bytes]] = {f"one pixel {kind}": partial(encode, one, kind) for kind in FORMATS}
    for kind in FORMATS:
        files |= {f"{kind} cut at {n}/8": partial(cut, kind, n / 8) for n in range(1, 8)}
        files |= {f"{kind} of {n} bytes": partial(cut, kind, n) for n in (2, 5, 14, 30)}
    files |= {
        "nothing": lambda: b"",
        "one byte": lambda: b"\xff",
        "text": lambda: b"The quick brown fox",
        "web page": lambda: b"\xef\xbb\xbf<!DOCTYPE html><html><body>404</body></html>",
        "SVG": lambda: b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>',
        "PDF": lambda: b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n",
        "PostScript": lambda: b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 99 99\n",
        "HEIC": lambda: b"\0\0\0\x18ftypheic\0\0\0\0mif1heic",
        "zip": lambda: b"PK\x03\x04" + bytes(60),
        "icon": lambda: encode(scene(32, 32), "ICO"),
        "PPM": lambda: encode(scene(), "PPM"),
        "video": lambda: b"\0\0\0\x18ftypisom\0\0\2\0isommp42" + bytes(60),
        "WAV": lambda: b"RIFF\x24\0\0\0WAVEfmt " + bytes(40),
        "zeros": lambda: bytes(4096),
        "noise": lambda: np.random.default_rng(1).bytes(4096),
        "PNG bomb by claim": lambda: png(60000, 60000, b""),
        "PNG bomb where Pillow only warns": lambda: png(10000, 10000, b""),
        "PNG just above the cap": lambda: png(50_000_001, 1, b""),
        "PNG of no width": lambda: png(0, 5, b""),
        "PNG bomb in its colour profile": lambda: png(
            2, 1, b"\0" + bytes(6), extra=png_chunk(b"iCCP", b"k\0\0" + zlib.compress(bytes(80_000_000)))
        ),
        "PNG bomb in its text": lambda: png(
            2, 1, b"\0" + bytes(6), extra=png_chunk(b"zTXt", b"k\0\0" + zlib.compress(bytes(80_000_000)))
        ),
        "PNG of countless chunks": lambda: png(2, 1, b"\0" + bytes(6), extra=png_chunk(b"abCd", b"") * 100_000),
        "PNG with a wrong sum": lambda: whole[:20] + b"\x07" + whole[21:],
        "JPEG of padding": lambda: b"\xff\xd8" + b"\xff" * 100_000,
        "JPEG of zeros": lambda: b"\xff\xd8\xff\xe0" + bytes(5000),
        "TIFF bomb": lambda: tiff(60000, 60000, b"", bits=(8,)),
        "TIFF bomb where Pillow only warns": lambda: tiff(10000, 10000, b"", bits=(8,)),
        "TIFF that points to itself": lambda: b"II*\0\x08\0\0\0\0\0\x08\0\0\0",
        "TIFF of no pages": lambda: b"II*\0\0\0\0\0",
        "TIFF beyond its end": lambda: b"MM\0*\xff\xff\xff\xf0",
        "GIF bomb": lambda: gif_claiming(65535, 65535),
        "GIF whose frame is a bomb": lambda: gif_claiming(9, 9, frame=(65535, 65535)),
        "GIF whose frame is a smaller bomb": lambda: gif_claiming(9, 9, frame=(10000, 10000)),
        "GIF without a picture": lambda: b"GIF89a" + bytes(7) + b";",
        "WebP bomb": lambda: webp_claiming(2**24, 2**24),
        "WebP bomb where Pillow only warns": lambda: webp_claiming(10000, 10000),
        "BMP bomb": lambda: (data := encode(scene(), "BMP"))[:18] + struct.pack("<ii", 60000, 60000) + data[26:],
        "BMP of negative width": lambda: (data := encode(scene(), "BMP"))[:18] + struct.pack("<i", -5) + data[22:],
        "float TIFF beyond 255": lambda: encode(np.full((3, 4), 300.0, np.float32), "TIFF"),
        "float TIFF below 0": lambda: encode(np.full((3, 4), -1.0, np.float32), "TIFF"),
        "float TIFF with NaN first": lambda: encode(np.array([[np.nan, 1, 0]], np.float32), "TIFF"),
        "float TIFF with NaN later": lambda: encode(np.array([[0, 1, np.nan]], np.float32), "TIFF"),
        "float TIFF with infinity": lambda: encode(np.array([[0, 1, np.inf]], np.float32), "TIFF"),
        "int TIFF beyond 65535": lambda: encode(np.array([[0, 70000]], np.int32), "TIFF"),
        "int TIFF below 0": lambda: encode(np.array([[0, -3]], np.int32), "TIFF"),
    }  # fmt: skip
    return files


def flipped(kind: str, seed: int) -> bytes:
    rng = np.random.default_rng(seed)
    data = bytearray(encode(scene(), kind))
    for position in rng.integers(0, len(data) if seed % 2 else min(len(data), 200), size=1 + seed % 5):
        data[position] ^= 1 << int(rng.integers(8))
    return bytes(data)


WHOLE, REFUSED = odd_but_whole(), refused()
FLIPPED = [(kind, seed) for kind in FORMATS for seed in range(16)]
